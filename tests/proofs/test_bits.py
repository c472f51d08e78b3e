"""Intervals by bits: which equation each part answers to, and that proofs hide perfectly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.proofs.test_intervals import CONTEXT, INTERVALS, A
from tests.toygroup import TOY
from zkperf.commitments import CommitmentKey
from zkperf.errors import InvalidProof
from zkperf.proofs import bits as module
from zkperf.proofs.batch import verify_each
from zkperf.proofs.bits import Bits
from zkperf.proofs.digits import decompose, digits
from zkperf.proofs.intervals import Interval, IntervalClaim, figure_key

SYSTEM, KEY, Q = Bits(TOY), figure_key(TOY), TOY.order


def opening(key: CommitmentKey, commitment: Any, values: Sequence[int]) -> int:
    """The one r with C = Com(values; r): known because logarithms are."""
    rest = commitment.log - sum(v * g.log for v, g in zip(values, key.generators, strict=True))
    return int(rest * pow(key.blinding.log, -1, Q) % Q)


def replay(draws: Sequence[int]) -> Callable[[int], bytes]:
    remaining: Iterator[int] = iter(draws)
    return lambda size: next(remaining).to_bytes(size, "little")


def parts(claim: IntervalClaim) -> tuple[list[Any], list[int], list[int], int]:
    """(A_k, U, V), f, z_k, z_u"""
    count, size = len(claim.intervals), TOY.element_size
    items = [claim.proof[at : at + size] for at in range(0, len(claim.proof), size)]
    scalars = [TOY.decode_scalar(item) for item in items[count + 2 :]]
    f = scalars[: -count - 1]
    return [TOY.decode(item) for item in items[: count + 2]], f, scalars[len(f) : -1], scalars[-1]


@pytest.mark.parametrize("secret", [20, 50, 99])
def test_every_value_explains_the_same_proof(secret: int) -> None:
    """For any other value inside there is randomness with which the prover writes the same bytes."""
    interval = Interval(A - 10, 90, capped=False)
    commitment, r = KEY.commit_random([secret])
    proof = SYSTEM.prove([interval], CONTEXT, [secret], [r])
    claim = IntervalClaim(CONTEXT, (interval,), (commitment,), proof)
    (mask, u_point, v_point), f, (z,), z_u = parts(claim)
    (equation, *_) = SYSTEM.equations(claim)
    e = equation.scalars[0]
    for other in (10, 11, 64, 100):
        b = decompose(other - 10, digits(90))
        a = [(f_i - e * b_i) % Q for f_i, b_i in zip(f, b, strict=True)]
        auxiliary = CommitmentKey.derive(TOY, "auxiliary", 2 * len(b))
        u = opening(auxiliary, u_point, [*b, *(a_i * (1 - 2 * b_i) for a_i, b_i in zip(a, b, strict=True))])
        rho = opening(KEY, commitment, [other])
        draws = [*a, (z - e * rho) % Q, u, (z_u - e * u) % Q]
        assert SYSTEM.prove([interval], CONTEXT, [other], [rho], replay(draws)) == proof
    assert mask != u_point != v_point


def forged(bits: list[int], monkeypatch: pytest.MonkeyPatch) -> IntervalClaim:
    """A proof about 50 - 10 whose prover takes these integers for its bits."""
    remaining = iter(bits)
    with monkeypatch.context() as patch:
        patch.setattr(module, "decompose", lambda value, weights: [next(remaining) for _ in weights])
        pairs = [KEY.commit_random([value]) for value in (50, 0)]
        proof = SYSTEM.prove(INTERVALS[:1], CONTEXT, [50, 0], [r for _, r in pairs])
    return IntervalClaim(CONTEXT, INTERVALS[:1], tuple(c for c, _ in pairs), proof)


def test_what_are_not_bits_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digits 0, 1 and 2 that add up to the right value: only the equation of the bits tells."""
    weights = digits(90)
    honest = decompose(40, weights)
    two = next(i for i, (w, b) in enumerate(zip(weights, honest, strict=True)) if b and w // 2 in weights)
    half = weights.index(weights[two] // 2)
    cheating = [0 if i == two else b + 2 * (i == half) for i, b in enumerate(honest)]
    assert sum(w * b for w, b in zip(weights, cheating, strict=True)) == 40
    claim = forged(cheating, monkeypatch)
    equations = SYSTEM.equations(claim)
    failed = verify_each(TOY, [[equation] for equation in equations])
    assert [equations[index].name for index in failed] == ["bits"]
    assert isinstance(SYSTEM.verify_each([claim])[0], InvalidProof)


def test_bits_of_another_value_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = forged(decompose(41, digits(90)), monkeypatch)
    equations = SYSTEM.equations(claim)
    failed = verify_each(TOY, [[equation] for equation in equations])
    assert [equations[index].name for index in failed] == ["interval 0"]


def test_the_challenge_is_made_of_everything() -> None:
    """Context, spans, each form's commitment, and the first message."""
    commitments = [KEY.commit_random([value])[0] for value in (1, 2)]
    wider = (Interval(A - 10, 91, capped=False), *INTERVALS[1:2])
    two = INTERVALS[:2]
    challenges = [
        module._challenge(TOY, *arguments)
        for arguments in (
            (two, CONTEXT, commitments, b"first"),
            (two, b"another", commitments, b"first"),
            (wider, CONTEXT, commitments, b"first"),
            (two, CONTEXT, commitments[::-1], b"first"),
            (two, CONTEXT, [commitments[0], TOY.identity], b"first"),
            (two, CONTEXT, commitments, b"second"),
        )
    ]
    assert len(set(challenges)) == len(challenges)
