"""Blind threshold BLS signatures: one token per case, which nobody can tell from any other.

A token is the BLS signature σ = k·P on P = H_G1(ledger, round, unit, pseudonym) under the cohort's
key K = k·g2. The signers see only P' = β·P. With P of prime order and β uniform among the non-zero
scalars, P' is uniform among the elements other than the identity *whatever P is*: what the ledger
records about an issuance is independent of the pseudonym, for anybody, for ever.

Signatures and messages are in G1, keys in G2. All elements taken here have been decoded strictly
(right subgroup, not the identity), but for the tokens that are verified: those are points of G1's curve
(`Pairing.decode_signature`), of which the part in G1 has to be the signature. Whoever holds a token can so
give it many forms: a token is verified, and never compared or looked up (protocol, section 4.5).

Sources: Boneh, Lynn, Shacham (2001) for the signature, Boldyreva
(PKC 2003) for the threshold and the blind variant; the random point's suite is RFC 9380,
BLS12381G1_XMD:SHA-256_SSWU_RO_.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zkperf.encoding import encode
from zkperf.errors import InvalidToken
from zkperf.groups.pairing import Pairing
from zkperf.proofs.batch import WEIGHT_BOUND
from zkperf.randomness import RandomBytes, system, uniform_nonzero
from zkperf.sharing import lagrange_at_zero

TOKEN_DST = b"ZKPERF-V01-token-BLS12381G1_XMD:SHA-256_SSWU_RO_"


class LyingTrustees(InvalidToken):
    """Too few of the shares are good. ``liars`` are the trustees whose shares are not."""

    def __init__(self, liars: Sequence[int]) -> None:
        super().__init__(f"bad signature shares of trustees {', '.join(map(str, liars))}: too few are left")
        self.liars = tuple(liars)

    def __reduce__(self) -> tuple[type[LyingTrustees], tuple[tuple[int, ...]]]:
        return type(self), (self.liars,)


@dataclass(frozen=True)
class Blinding:
    """What the device keeps between blinding and unblinding: β. It has no readable form."""

    factor: int = field(repr=False)


def message_point(pairing: Pairing, ledger: bytes, round_id: bytes, unit: int, pseudonym: bytes) -> Any:
    """P = H_G1([ledger, round, unit, pseudonym]): the point in G1 that a pseudonym's token signs.

    ``ledger`` and ``round_id`` are digests of 32 bytes, ``pseudonym`` is the encoding of X. The hashed
    message is the deterministic CBOR array of the four, so no two cohorts or pseudonyms share a point.
    """
    return pairing.g1.hash_to_element(encode([ledger, round_id, unit, pseudonym]), TOKEN_DST)


def blind(pairing: Pairing, point: Any, source: RandomBytes = system) -> tuple[Blinding, Any]:
    """(β, P') with β uniform in [1, q) and P' = β·P: uniform among the non-identity points of G1."""
    factor = pairing.g1.random_nonzero_scalar(source)
    # P' = β·P
    return Blinding(factor), pairing.g1.msm([factor], [point])


def sign_share(pairing: Pairing, secret: int, blinded: Any) -> Any:
    """Trustee j's share S_j = k_j·P' of the signature on a recorded point."""
    return pairing.g1.msm([secret], [blinded])


def combine(pairing: Pairing, shares: Mapping[int, Any], threshold: int) -> Any:
    """S = k·P' from the shares {j: S_j} of the ``threshold`` lowest trustees that are there.

    Raises InvalidToken if there are fewer.
    """
    if len(shares) < threshold:
        raise InvalidToken(f"expected shares of {threshold} trustees, got {len(shares)}")
    indices = sorted(shares)[:threshold]
    # S = Σ λ_j·S_j with λ_j = Π_{i≠j} i/(i-j), over the scalar field of G1
    weights = lagrange_at_zero(pairing.g1.order, indices)
    return pairing.g1.msm_public(weights, [shares[j] for j in indices])


def unblind(pairing: Pairing, blinding: Blinding, signature: Any) -> Any:
    """σ = β⁻¹·S."""
    return pairing.g1.msm([pow(blinding.factor, -1, pairing.g1.order)], [signature])


def verify_token(pairing: Pairing, key: Any, point: Any, token: Any) -> None:
    """Raises InvalidToken unless the token σ signs P under the cohort key K: its part in G1 is k·P."""
    # e(h·σ, -g2)·e(h·P, K) = 1 with h = h_eff
    cleared = pairing.clear([1], [token])
    pairing.check([(cleared, -pairing.g2.generator), (pairing.effective_cofactor * point, key)])


def finish(
    pairing: Pairing,
    key: Any,
    share_keys: Mapping[int, Any],
    point: Any,
    blinding: Blinding,
    shares: Mapping[int, Any],
    threshold: int,
    source: RandomBytes = system,
) -> tuple[Any, tuple[int, ...]]:
    """The verified token on P, and the trustees whose shares had to be left out because they are bad.

    ``share_keys`` are the trustees' K_j for this cohort, ``shares`` their S_j. Shares are looked at one
    by one only if the combined token is no signature. Raises LyingTrustees (an InvalidToken) if fewer
    than ``threshold`` good shares are there, InvalidToken if good shares give no token (then the K_j do
    not belong to K).
    """
    token = unblind(pairing, blinding, combine(pairing, shares, threshold))
    try:
        verify_token(pairing, key, point, token)
        return token, ()
    except InvalidToken:
        pass
    blinded = pairing.g1.msm([blinding.factor], [point])
    trustees = sorted(shares)
    bad = verify_tokens(pairing, [(share_keys[j], blinded, shares[j]) for j in trustees], source)
    liars = tuple(trustees[index] for index in bad)
    honest = {j: shares[j] for j in trustees if j not in liars}
    if len(honest) < threshold:
        raise LyingTrustees(liars)
    token = unblind(pairing, blinding, combine(pairing, honest, threshold))
    verify_token(pairing, key, point, token)
    return token, liars


def verify_tokens(
    pairing: Pairing, items: Sequence[tuple[Any, Any, Any]], source: RandomBytes = system
) -> list[int]:
    """Indices, ascending, of the items (K, P, σ) that `verify_token` refuses.

    One random linear combination over all of them (small exponents test, as in `zkperf.proofs.batch`):
    one pair for each different key and one for g2. Culprits are found by splitting. A bad item goes
    unnoticed with probability below 2^-127.
    """
    bound = min(WEIGHT_BOUND, pairing.g1.order)
    weights = [uniform_nonzero(bound, source) for _ in items]
    # A key is often the same object many times over: each object is encoded once.
    objects = {id(key): key for key, _, _ in items}
    names = {identity: pairing.g2.encode(key) for identity, key in objects.items()}

    def holds(low: int, high: int) -> bool:
        by_key: dict[bytes, tuple[Any, list[int], list[Any]]] = {}
        for weight, (key, point, _) in zip(weights[low:high], items[low:high], strict=True):
            _, key_weights, points = by_key.setdefault(names[id(key)], (key, [], []))
            key_weights.append(weight)
            points.append(point)
        # e(h·Σ w_i·σ_i, -g2) · Π_K e(h·Σ_{i under K} w_i·P_i, K) = 1 with h = h_eff
        h = pairing.effective_cofactor
        signatures = pairing.clear(weights[low:high], [token for _, _, token in items[low:high]])
        pairs = [(signatures, -pairing.g2.generator)]
        pairs += [(h * pairing.g1.msm_public(ws, points), key) for key, ws, points in by_key.values()]
        try:
            pairing.check(pairs)
        except InvalidToken:
            return False
        return True

    def culprits(low: int, high: int, *, known_bad: bool) -> list[int]:
        if not known_bad and holds(low, high):
            return []
        if high - low == 1:
            return [low]
        middle = (low + high) // 2
        left = culprits(low, middle, known_bad=False)
        # The product over both halves is not 1: where the left half's is, the right half's cannot be.
        return left + culprits(middle, high, known_bad=not left)

    return culprits(0, len(items), known_bad=False)
