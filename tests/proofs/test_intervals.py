"""Proofs of intervals by both systems: what is inside is proved, everything else is refused, by name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.suites import EVERY, RISTRETTO255
from tests.toygroup import TOY
from zkperf.errors import EncodingError, InvalidProof, ZkperfError
from zkperf.groups.base import Group
from zkperf.proofs.bits import Bits
from zkperf.proofs.bulletproofs import Bulletproofs
from zkperf.proofs.forms import Form
from zkperf.proofs.intervals import Interval, IntervalClaim, figure_key, interval_system

CONTEXT = b"what it is for"
A, B = (Form(((index, 1),), 0, None, None) for index in range(2))
INTERVALS = (
    Interval(A - 10, 90, capped=False),
    Interval(3 * A - B, 2**16 - 1, capped=False),
    Interval(200 - B, 150, capped=True),
)
VALUES = (50, 120)


class World:
    """Two commitments, and a proof about them."""

    def __init__(self, group: Group, intervals: tuple[Interval, ...] = INTERVALS) -> None:
        self.group, self.system, self.intervals = group, interval_system(group), intervals
        pairs = [figure_key(group).commit_random([value]) for value in VALUES]
        self.commitments, self.blindings = (tuple(part) for part in zip(*pairs, strict=True))

    def claim(self, **changes: Any) -> IntervalClaim:
        proof = self.system.prove(self.intervals, CONTEXT, VALUES, self.blindings)
        return IntervalClaim(CONTEXT, self.intervals, self.commitments, proof)._replace(**changes)

    def verdict(self, claim: IntervalClaim) -> ZkperfError | None:
        (verdict,) = self.system.verify_each([claim])
        return verdict


@pytest.mark.parametrize("group", EVERY)
def test_what_is_inside_is_proved(group: Group) -> None:
    world = World(group)
    assert world.verdict(world.claim()) is None


@pytest.mark.parametrize("group", EVERY)
@pytest.mark.parametrize("low, span", [(51, 90), (0, 49), (-100, 100), (0, 0), (50, 0), (-250, 255)])
def test_what_is_outside_cannot_be_proved(group: Group, low: int, span: int) -> None:
    world = World(group, (Interval(A - low, span, capped=False),))
    if low <= VALUES[0] <= low + span:
        assert world.verdict(world.claim()) is None
    else:
        with pytest.raises(ValueError, match="outside"):
            world.claim()


@pytest.mark.parametrize("group", EVERY)
def test_a_proof_is_for_its_context_commitments_and_intervals_alone(group: Group) -> None:
    world = World(group)
    claim = world.claim()
    other = World(group)
    first, second, third = INTERVALS
    for changed in (
        claim._replace(context=b"something else"),
        claim._replace(commitments=other.commitments),
        claim._replace(commitments=claim.commitments[::-1]),
        claim._replace(intervals=(Interval(A - 11, 90, capped=False), second, third)),
        claim._replace(intervals=(second, first, third)),
        claim._replace(intervals=(first, Interval(3 * A - B - 1, 2**16 - 1, capped=False), third)),
    ):
        assert isinstance(world.verdict(changed), InvalidProof)


@pytest.mark.parametrize("group", EVERY)
def test_every_part_of_a_proof_counts(group: Group) -> None:
    """A scalar or an element changed for another valid one is found."""
    world = World(group)
    claim = world.claim()
    proof, width = claim.proof, group.element_size
    if group.name == "P-256":
        masks = len(INTERVALS) + 2
        sizes = [width] * masks + [group.scalar_size] * ((len(proof) - masks * width) // group.scalar_size)
    else:
        sizes = [group.element_size] * (len(proof) // group.element_size)
    at, refused = 0, 0
    spare_scalar = group.encode_scalar(12345)
    spare_element = group.encode(group.random_nonzero_scalar() * group.generator)
    for size in sizes:
        for spare in (spare_scalar, spare_element):
            if len(spare) != size:
                continue
            changed = proof[:at] + spare + proof[at + size :]
            verdict = world.verdict(claim._replace(proof=changed))
            assert verdict is not None, at
            refused += isinstance(verdict, InvalidProof)
        at += size
        if at > 24 * width and group is not TOY:
            break  # the rest are of the same kinds
    assert refused


@pytest.mark.parametrize("group", EVERY)
def test_malformed_proofs_are_refused_as_such(group: Group) -> None:
    world = World(group)
    claim = world.claim()
    proof = claim.proof
    size = group.scalar_size
    unreduced = group.order.to_bytes(size, group.scalar_byteorder)  # type: ignore[arg-type]
    for changed in (
        b"",
        proof[:-1],
        proof[:-size],
        proof + bytes(size),
        bytes(group.element_size) + proof[group.element_size :],
        b"\xff" * group.element_size + proof[group.element_size :],
        proof[:-size] + unreduced,
        proof[: -2 * size] + unreduced + proof[-size:],
    ):
        assert isinstance(world.verdict(claim._replace(proof=changed)), EncodingError)


@pytest.mark.parametrize("group", EVERY)
def test_many_are_one_batch_and_culprits_are_named(group: Group) -> None:
    world, other = World(group), World(group, (Interval(A, 255, capped=False),))
    good = [world.claim(), other.claim(), world.claim()]
    bad = [good[0]._replace(context=b"x"), good[1]._replace(proof=good[1].proof[1:])]
    verdicts = world.system.verify_each([good[0], bad[0], good[1], bad[1], good[2]])
    assert [type(verdict) for verdict in verdicts] == [
        type(None),
        InvalidProof,
        type(None),
        EncodingError,
        type(None),
    ]
    assert world.system.verify_each([]) == []


def test_an_interval_has_64_bits() -> None:
    for span in (-1, 2**64):
        with pytest.raises(ValueError, match="64 bits"):
            Interval(A, span, capped=False)
    Interval(A, 2**64 - 1, capped=False)


@pytest.mark.parametrize("group", [*EVERY[:1], RISTRETTO255])
def test_the_longest_interval(group: Group) -> None:
    wide = Interval(A - 50, 2**64 - 1, capped=False)
    world = World(group, (wide,))
    assert world.verdict(world.claim()) is None
    shifted = Interval(A - 51, 2**64 - 1, capped=False)
    with pytest.raises(ValueError, match="outside"):
        World(group, (shifted,)).claim()


def test_which_system_a_group_has() -> None:
    from zkperf.groups import suite

    assert isinstance(interval_system(suite("ristretto255")), Bulletproofs)
    assert isinstance(interval_system(suite("P-256")), Bits)
    assert isinstance(interval_system(TOY), Bits)
