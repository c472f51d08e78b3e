"""Intervals in any group, by bits: the quadratic check of ratings on the digits of each form.

Each form is Σ weight·b over bits b, with weights of which the sums of subsets are exactly 0 … span. With D_k
the commitment of form k:

    PK{ (b, ρ): D_k = (Σ_{i in k} weight_i·b_i)·G + ρ_k·H,  b_i(1 - b_i) = 0 }

    a uniform      A_k = (Σ weight_i·a_i)·G + r_k·H
                   U = Com_K(b ‖ a∘(1-2b); u)      V = Com_K(a ‖ -a∘a; v)
    e = challenge  f = e·b + a      z_k = e·ρ_k + r_k      z_u = e·u + v
    check          e·D_k + A_k = (Σ weight_i·f_i)·G + z_k·H      e·U + V = Com_K(f ‖ f∘(e-f); z_u)

Sound and perfectly hiding by the argument for ratings (protocol, section 5), of which this is a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

from zkperf.commitments import CommitmentKey
from zkperf.encoding import encode
from zkperf.errors import EncodingError, InvalidProof, ZkperfError, bare
from zkperf.groups.base import Group
from zkperf.proofs.batch import Equation, verify_each
from zkperf.proofs.digits import decompose, digits
from zkperf.proofs.intervals import Interval, IntervalClaim, IntervalSystem
from zkperf.randomness import RandomBytes, system
from zkperf.transcript import Transcript, session_id


class Bits(IntervalSystem):
    """Proofs with one scalar for each bit: long, and right for groups that the kernel has not got."""

    def size(self, intervals: Sequence[Interval]) -> int:
        group, count = self.group, len(intervals)
        # A_1 ‖ … ‖ U ‖ V, then f ‖ z_1 ‖ … ‖ z_u
        bits = sum(len(digits(interval.span)) for interval in intervals)
        return (count + 2) * group.element_size + (bits + count + 1) * group.scalar_size

    def prove(
        self,
        intervals: Sequence[Interval],
        context: bytes,
        values: Sequence[int],
        blindings: Sequence[int],
        source: RandomBytes = system,
    ) -> bytes:
        group, order, (generator,), h = self.group, self.group.order, self.key.generators, self.key.blinding
        b: list[int] = []
        for interval in intervals:
            value = interval.form.value(values)
            if not 0 <= value <= interval.span:
                raise ValueError("a value is outside of its interval")
            b += decompose(value, digits(interval.span))
        a = [group.random_scalar(source) for _ in b]
        first, masks = [], []
        for weights, entries in _by_form(intervals, a):
            # A_k = (Σ weight_i·a_i)·G + r_k·H
            mask, r = self.key.commit_random([_sum(weights, entries) % order], source)
            first.append(mask)
            masks.append(r)
        auxiliary = _auxiliary(group, len(b))
        # U = Com_K(b ‖ a∘(1-2b); u)
        linear = [a_i * (1 - 2 * b_i) % order for a_i, b_i in zip(a, b, strict=True)]
        u_point, u = auxiliary.commit_random([*b, *linear], source)
        # V = Com_K(a ‖ -a∘a; v)
        v_point, v = auxiliary.commit_random([*a, *(-a_i * a_i % order for a_i in a)], source)
        message = b"".join(group.encode(element) for element in (*first, u_point, v_point))
        commitments = [
            group.msm([interval.form.value(values) % order, rho % order], [generator, h])
            for interval, rho in zip(intervals, _blindings(intervals, blindings), strict=True)
        ]
        e = _challenge(group, intervals, context, commitments, message)
        response = [
            # f = e·b + a
            *(e * b_i + a_i for b_i, a_i in zip(b, a, strict=True)),
            # z_k = e·ρ_k + r_k
            *(e * rho + r for rho, r in zip(_blindings(intervals, blindings), masks, strict=True)),
            # z_u = e·u + v
            e * u + v,
        ]
        return message + b"".join(group.encode_scalar(scalar % order) for scalar in response)

    def verify_each(
        self, claims: Sequence[IntervalClaim], source: RandomBytes = system
    ) -> list[ZkperfError | None]:
        verdicts: list[ZkperfError | None] = []
        places, equations = [], []
        for claim in claims:
            try:
                equations.append(self.equations(claim))
            except EncodingError as error:
                verdicts.append(bare(error))
                continue
            places.append(len(verdicts))
            verdicts.append(None)
        for culprit in verify_each(self.group, equations, source):
            verdicts[places[culprit]] = InvalidProof("the range proof does not hold")
        return verdicts

    def equations(self, claim: IntervalClaim) -> list[Equation]:
        """The equations that hold exactly when the proof does. EncodingError if it is malformed."""
        group, (generator,), h = self.group, self.key.generators, self.key.blinding
        bits = sum(len(digits(interval.span)) for interval in claim.intervals)
        at = (len(claim.intervals) + 2) * group.element_size
        if len(claim.proof) != self.size(claim.intervals):
            raise EncodingError(f"range proof: unexpected length {len(claim.proof)}")
        *masks, u, v = group.decode_many(_split(claim.proof[:at], group.element_size))
        scalars = [group.decode_scalar(part) for part in _split(claim.proof[at:], group.scalar_size)]
        f, z, z_u = scalars[:bits], scalars[bits:-1], scalars[-1]
        commitments = [
            interval.form.commitment(group, claim.commitments, generator) for interval in claim.intervals
        ]
        e = _challenge(group, claim.intervals, claim.context, commitments, claim.proof[:at])
        found = [
            # e·D_k + A_k = (Σ weight_i·f_i)·G + z_k·H
            Equation(
                f"interval {k}",
                (e, 1, -_sum(weights, entries), -z[k]),
                (commitments[k], masks[k], generator, h),
            )
            for k, (weights, entries) in enumerate(_by_form(claim.intervals, f))
        ]
        auxiliary = _auxiliary(group, bits)
        # e·U + V = Com_K(f ‖ f∘(e-f); z_u)
        found.append(
            Equation(
                "bits",
                (e, 1, *(-f_i for f_i in f), *(f_i * (f_i - e) for f_i in f), -z_u),
                (u, v, *auxiliary.generators, h),
            )
        )
        return found


def _by_form(intervals: Sequence[Interval], entries: Sequence[int]) -> list[tuple[list[int], Sequence[int]]]:
    """For each interval its weights, and its part of ``entries``."""
    weights = [digits(interval.span) for interval in intervals]
    ends = accumulate((len(item) for item in weights), initial=0)
    return [(item, entries[low:high]) for item, (low, high) in zip(weights, pairwise(ends), strict=True)]


def _sum(weights: Sequence[int], entries: Sequence[int]) -> int:
    return sum(weight * entry for weight, entry in zip(weights, entries, strict=True))


def _blindings(intervals: Sequence[Interval], blindings: Sequence[int]) -> list[int]:
    return [interval.form.blinding(blindings) for interval in intervals]


def _auxiliary(group: Group, bits: int) -> CommitmentKey:
    return CommitmentKey.derive(group, "auxiliary", 2 * bits)


def _challenge(
    group: Group, intervals: Sequence[Interval], context: bytes, commitments: Sequence[Any], first: bytes
) -> int:
    """e, from the context, the spans, each form's commitment and the first message."""
    # A form's commitment may be the identity, which has no encoding: said by no bytes at all.
    encoded = [b"" if element == group.identity else group.encode(element) for element in commitments]
    transcript = Transcript(session_id("bits", group))
    transcript.absorb(encode([context, [str(interval.span) for interval in intervals], encoded]))
    transcript.absorb(first)
    return transcript.challenge(group)


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]
