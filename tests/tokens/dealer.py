"""A run of key generation in a world with known logarithms, and a dealer that can be told to cheat.

`deal_with` is written from the protocol's text, apart from `zkperf.tokens.keygen.make_deal`, and takes
all secrets as arguments. `reprove` gives a deal with changed fields everything that a dealer who knows
its own secrets can give it: a new proof of knowledge and a commitment made to fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from circuits.possession import prove_possession
from tests.toygroup import TOY
from tests.toypairing import ToyPairing
from zkperf.encoding import encode
from zkperf.sealing import seal
from zkperf.tokens.keygen import CheckedDeal, Deal, KeygenContext, check_deal_public, commitment_digest

LEDGER = sha256(b"a ledger").digest()
ROUND = sha256(b"a round").digest()

Polynomials = Sequence[Sequence[int]]


def toy_context(
    members: int = 4, threshold: int = 2, cohorts: tuple[int, ...] = (3, 5), part: int = 0
) -> KeygenContext:
    """Trustee j's secret key t_j is 1000 + j."""
    trustees = tuple((1000 + j) * TOY.generator for j in range(1, members + 1))
    return KeygenContext(ToyPairing(), TOY, LEDGER, ROUND, cohorts, threshold, trustees, part)


def digest_of_coefficients(context: KeygenContext, dealer: int, coefficients: Any) -> bytes:
    return sha256(encode([context.digest, dealer, coefficients])).digest()


def possession_point(context: KeygenContext, binding: bytes) -> Any:
    dst = b"ZKPERF-V01-possession-BLS12381G1_XMD:SHA-256_SSWU_RO_"
    return context.pairing.g1.hash_to_element(binding, dst)


def seal_for(context: KeygenContext, binding: bytes, y: int, trustee: int, plaintext: bytes) -> bytes:
    where = encode(["zkperf/v1/key-shares", binding, trustee])
    return seal(context.group, y, context.trustees[trustee - 1], where, plaintext)


def deal_with(
    context: KeygenContext, dealer: int, polynomials: Polynomials, y: int, salt: bytes = bytes(32)
) -> Deal:
    """The deal that these secrets give."""
    g1, g2 = context.pairing.g1, context.pairing.g2
    rows = [[g2.encode(a * g2.generator) for a in polynomial] for polynomial in polynomials]
    binding = digest_of_coefficients(context, dealer, rows)
    q_point = possession_point(context, binding)
    sealed = []
    for j in range(1, context.members + 1):
        plaintext = b""
        for polynomial in polynomials:
            value = 0
            for a in reversed(polynomial):
                value = (value * j + a) % g2.order
            plaintext += g2.encode_scalar(value)
        sealed.append(seal_for(context, binding, y, j, plaintext))
    deal = Deal(
        round=context.round,
        part=context.part,
        dealer=dealer,
        salt=salt,
        ephemeral=context.group.encode(y * context.group.generator),
        knowledge=b"",
        coefficients=tuple(map(tuple, rows)),
        possession=tuple(g1.encode(polynomial[0] * q_point) for polynomial in polynomials),
        sealed=tuple(sealed),
    )
    return reprove(context, deal)


def reprove(context: KeygenContext, deal: Deal, **changes: Any) -> Deal:
    """The deal with these changes and a valid proof of knowledge of y (read off from Y)."""
    ephemeral = context.group.decode(deal.ephemeral)
    draft = deal.model_copy(update={**changes, "knowledge": b""})
    binding = sha256(b"zkperf/v1/deal-knowledge" + context.digest + draft.encode()).digest()
    return draft.model_copy(
        update={"knowledge": prove_possession(context.group, ephemeral.log, ephemeral, binding)}
    )


def replaced(items: Sequence[Any], index: int, value: Any) -> tuple[Any, ...]:
    """``items`` with the one at ``index`` replaced."""
    return (*items[:index], value, *items[index + 1 :])


def check(context: KeygenContext, deal: Deal) -> CheckedDeal:
    """`check_deal_public` against a commitment that fits the deal."""
    return check_deal_public(context, commitment_digest(context, deal), deal)
