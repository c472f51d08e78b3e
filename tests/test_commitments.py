"""Pedersen commitments: what they compute, what opens them, what they hide."""

from __future__ import annotations

import pytest

from tests.suites import EVERY
from tests.toygroup import TOY
from zkperf.commitments import CommitmentKey
from zkperf.errors import InvalidOpening
from zkperf.groups.base import Group


@pytest.mark.parametrize("group", EVERY)
def test_commits_and_opens_in_every_group(group: Group) -> None:
    key = CommitmentKey.derive(group, "test", 3)
    commitment = key.commit([1, 0, group.order - 1], 9)
    g, h = key.generators, key.blinding
    assert commitment == 1 * g[0] + (group.order - 1) * g[2] + 9 * h
    key.verify_opening(commitment, [1, 0, group.order - 1], 9)
    assert commitment + commitment == key.commit([2, 0, group.order - 2], 18)


def test_generators_come_from_hashing_their_labels() -> None:
    key = CommitmentKey.derive(TOY, "slots", 2)
    dst = b"ZKPERF-V01-generators-toy"
    assert key.generators == (TOY.hash_to_element(b"slots/0", dst), TOY.hash_to_element(b"slots/1", dst))
    assert key.blinding == TOY.hash_to_element(b"blinding", dst)


def test_generators_are_shared_objects() -> None:
    short, long = CommitmentKey.derive(TOY, "slots", 2), CommitmentKey.derive(TOY, "slots", 5)
    other = CommitmentKey.derive(TOY, "other", 2)
    assert all(a is b for a, b in zip(short.generators, long.generators, strict=False))
    assert short.blinding is long.blinding is other.blinding
    assert not set(long.generators) & set(other.generators)
    assert len(set(long.generators)) == 5


@pytest.fixture
def key() -> CommitmentKey:
    return CommitmentKey.derive(TOY, "test", 2)


@pytest.mark.parametrize(
    ("values", "r"), [([3, 5], 7), ([4, 4], 7), ([3, 4], 8), ([0, 0], 0)], ids=["v1", "v0", "r", "zero"]
)
def test_other_openings_are_refused(key: CommitmentKey, values: list[int], r: int) -> None:
    with pytest.raises(InvalidOpening, match="do not open"):
        key.verify_opening(key.commit([3, 4], 7), values, r)


@pytest.mark.parametrize(("values", "r"), [([3 + TOY.order, 4], 7), ([3, 4], 7 - TOY.order)])
def test_scalars_that_are_not_reduced_are_refused(key: CommitmentKey, values: list[int], r: int) -> None:
    with pytest.raises(InvalidOpening, match="not a reduced scalar"):
        key.verify_opening(key.commit([3, 4], 7), values, r)


@pytest.mark.parametrize("values", [[3], [3, 4, 0], []])
def test_wrong_lengths_are_refused(key: CommitmentKey, values: list[int]) -> None:
    with pytest.raises(InvalidOpening, match="expected 2 values"):
        key.verify_opening(key.commit([3, 4], 7), values, 7)
    with pytest.raises(ValueError, match="expected 2 values"):
        key.commit(values, 7)


def test_every_commitment_opens_to_every_vector_in_exactly_one_way(key: CommitmentKey) -> None:
    commitment = key.commit([3, 4], 7)
    g, h = [g.log for g in key.generators], key.blinding.log
    for values in ([0, 0], [1, 0], [12345, 678]):
        # r = (C - Σ v_j·G_j) / H is the one solution of a linear equation
        rest = commitment.log - sum(v * x for v, x in zip(values, g, strict=True))
        key.verify_opening(commitment, values, rest * pow(h, -1, TOY.order) % TOY.order)


def test_random_commitment_is_never_the_identity(key: CommitmentKey) -> None:
    # With all values 0 and the blinding 0 drawn first, C would be the identity: it is drawn again.
    draws = [0, 5]
    commitment, r = key.commit_random([0, 0], lambda size: draws.pop(0).to_bytes(size, "little"))
    assert (r, draws) == (5, [])
    assert commitment == key.commit([0, 0], 5) != TOY.identity
