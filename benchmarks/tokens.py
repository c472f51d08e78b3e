"""Blind tokens step by step: on the kernel, and on the readable reference beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks import floors
from benchmarks.cohort import MEMBERS, THRESHOLD
from benchmarks.measure import Effort, Figure, Work, timed
from zkperf.encoding import encode
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.bls12381_reference import BLS12381_REFERENCE
from zkperf.groups.pairing import Pairing
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.tokens.blind import blind, finish, message_point, sign_share, verify_tokens

LEDGER, ROUND, UNIT = b"L" * 32, b"R" * 32, 1
PSEUDONYM = bytes(32)

STEPS = {
    "hash": "Hash a pseudonym to the curve",
    "blind": "Blind it",
    "sign": "A trustee signs its share",
    "finish": "Combine three shares, unblind and verify",
}
KERNEL, REFERENCE = "blst, in the kernel", "py_ecc"


@dataclass(frozen=True)
class Issuer:
    """A cohort's key k = f(0), shared by a polynomial f of degree t-1."""

    pairing: Pairing
    coefficients: tuple[int, ...]

    @classmethod
    def make(cls, pairing: Pairing) -> Issuer:
        return cls(pairing, tuple(pairing.g2.random_nonzero_scalar() for _ in range(THRESHOLD)))

    def secret(self, j: int) -> int:
        """f(j): trustee j's share of the key, or the key itself for j = 0."""
        value: int = sum(a * j**k for k, a in enumerate(self.coefficients)) % self.pairing.g2.order
        return value

    def public(self, j: int) -> Any:
        """K_j = f(j)·g2, and K for j = 0."""
        return self.pairing.g2.msm([self.secret(j)], [self.pairing.g2.generator])


def figures(effort: Effort) -> Iterator[Figure]:
    """The steps of issuance for both implementations, then verification in batches."""
    reference = steps(Issuer.make(BLS12381_REFERENCE))
    fast = steps(Issuer.make(BLS12381))
    least = _least(BLS12381)
    for step, what in STEPS.items():
        yield timed(f"tokens.{step}", what, {"implementation": KERNEL}, fast[step], effort, least[step])
    for batch in effort.batches:
        yield _verifying(batch, effort)
    for step, what in STEPS.items():
        yield timed(
            f"tokens.{step}",
            f"{what}, on py_ecc",
            {"implementation": REFERENCE},
            reference[step],
            effort,
            {"the same on blst": fast[step]},
            few=True,
        )


def steps(issuer: Issuer) -> Mapping[str, Work]:
    """One call of each step, for an honest issuance."""
    pairing = issuer.pairing
    point = message_point(pairing, LEDGER, ROUND, UNIT, PSEUDONYM)
    blinding, blinded = blind(pairing, point)
    secret, key = issuer.secret(1), issuer.public(0)
    members = range(1, MEMBERS + 1)
    shares = {j: sign_share(pairing, issuer.secret(j), blinded) for j in members}
    keys = {j: issuer.public(j) for j in members}
    return {
        "hash": Work(lambda: message_point(pairing, LEDGER, ROUND, UNIT, PSEUDONYM)),
        "blind": Work(lambda: blind(pairing, point)),
        "sign": Work(lambda: sign_share(pairing, secret, blinded)),
        "finish": Work(lambda: finish(pairing, key, keys, point, blinding, shares, THRESHOLD)),
    }


def _least(pairing: Pairing) -> dict[str, dict[str, Work]]:
    """For each step, what it is compared with: the same calls straight to the kernel."""
    g1, g2 = pairing.g1, pairing.g2
    secret = g1.random_nonzero_scalar()
    point = secret * g1.generator
    pairs = [(point, g2.generator), (-point, g2.generator)]
    multiplication = {"one multiplication": Work(lambda: secret * point)}
    return {
        "hash": {"the kernel's hash": Work(lambda: g1.hash_to_element(PSEUDONYM, b"benchmark"))},
        "blind": multiplication,
        "sign": multiplication,
        "finish": {"one check of two pairs": Work(lambda: pairing.check(pairs))},
    }


def _verifying(batch: int, effort: Effort) -> Figure:
    pairing, issuer = BLS12381, Issuer.make(BLS12381)
    g1, key = pairing.g1, issuer.public(0)
    pseudonyms = [number.to_bytes(32, "big") for number in range(batch)]
    points = [message_point(pairing, LEDGER, ROUND, UNIT, pseudonym) for pseudonym in pseudonyms]
    tokens = [g1.encode(sign_share(pairing, issuer.secret(0), point)) for point in points]
    messages = [encode([LEDGER, ROUND, UNIT, pseudonym]) for pseudonym in pseudonyms]
    items = [
        (pairing.g2.encode(key), message, token) for message, token in zip(messages, tokens, strict=True)
    ]
    floor = floors.verifying_tokens(RISTRETTO255, pairing, items)

    def verify() -> None:
        items = [
            (key, message_point(pairing, LEDGER, ROUND, UNIT, pseudonym), pairing.decode_signature(token))
            for pseudonym, token in zip(pseudonyms, tokens, strict=True)
        ]
        assert verify_tokens(pairing, items) == []

    return timed(
        "tokens.verify",
        f"Verify a token, {batch} of a cohort at once, each",
        {"implementation": KERNEL, "batch": batch},
        Work(verify, batch),
        effort,
        {"its group operations alone": floor.work},
    )
