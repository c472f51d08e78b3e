"""Intervals on ristretto255 by aggregated Bulletproofs: the crate's prover, the kernel's batch verifier.

Source: Bünz, Bootle, Boneh, Poelstra, Wuille, Maxwell, "Bulletproofs" (IEEE S&P 2018), section 4.2. Its
statement is 0 <= x_s < 2^n for commitments to x_s, s = 1 … m, n one of 8, 16, 32, 64. An interval gives one
such x, form, and where its end is neither known already nor 2^n - 1, a second, span - form.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from zkperf._native import RangeProofs, RangeShape, RistrettoElement
from zkperf.errors import EncodingError, InvalidProof, ZkperfError
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.proofs.forms import Form
from zkperf.proofs.intervals import Interval, IntervalClaim, IntervalSystem
from zkperf.randomness import RandomBytes, system

WORDS = (8, 16, 32, 64)

_REFUSALS = {"encoding": EncodingError, "proofs": InvalidProof}


class Bulletproofs(IntervalSystem):
    """Proofs of 2·log2(n·m) + 9 parts of 32 bytes, m the number of forms, padded to a power of two."""

    def __init__(self) -> None:
        super().__init__(RISTRETTO255)
        (value,) = self.key.generators
        self._kernel = RangeProofs(value, self.key.blinding)

    def size(self, intervals: Sequence[Interval]) -> int:
        bits, forms = _forms(tuple(intervals))
        rounds = (bits * len(forms) - 1).bit_length()
        return (2 * rounds + 9) * self.group.element_size

    def prove(
        self,
        intervals: Sequence[Interval],
        context: bytes,
        values: Sequence[int],
        blindings: Sequence[int],
        source: RandomBytes = system,
    ) -> bytes:
        """The kernel draws from the operating system itself: ``source`` is not asked."""
        bits, forms = _forms(tuple(intervals))
        inside = [form.value(values) for form in forms]
        if any(not 0 <= value < 2**bits for value in inside):
            raise ValueError("a value is outside of its interval")
        return self._kernel.prove(context, bits, inside, [form.blinding(blindings) for form in forms])

    def verify_each(
        self, claims: Sequence[IntervalClaim], source: RandomBytes = system
    ) -> list[ZkperfError | None]:
        verdicts = self._kernel.verify([_present(claim) for claim in claims])
        return [None if verdict is None else _REFUSALS[verdict[0]](verdict[1]) for verdict in verdicts]

    def accepted_by_crate(self, claims: Sequence[IntervalClaim]) -> list[bool]:
        """Whether the crate's own verifier, which takes one proof at a time, accepts each claim."""
        return self._kernel.verify_by_crate([_present(claim) for claim in claims])


def _present(claim: IntervalClaim) -> tuple[bytes, RangeShape, Sequence[RistrettoElement], bytes]:
    return claim.context, _shape(claim.intervals), claim.commitments, claim.proof


@lru_cache(maxsize=1024)
def _forms(intervals: tuple[Interval, ...]) -> tuple[int, tuple[Form, ...]]:
    """n, and the forms that are proved to have at most n bits."""
    longest = max(interval.span for interval in intervals)
    bits = next(word for word in WORDS if longest < 2**word)
    forms = []
    for interval in intervals:
        forms.append(interval.form)
        if not interval.capped and interval.span != 2**bits - 1:
            forms.append(interval.span - interval.form)
    return bits, tuple(forms)


@lru_cache(maxsize=1024)
def _shape(intervals: tuple[Interval, ...]) -> RangeShape:
    bits, forms = _forms(intervals)
    return RangeShape(bits, [(list(form.terms), form.constant) for form in forms])
