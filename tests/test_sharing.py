"""Verifiable sharing: t shares give the opening, t-1 say nothing, and a wrong share is caught."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.suites import EVERY
from tests.toygroup import TOY, ToyGroup
from zkperf.commitments import CommitmentKey
from zkperf.errors import InvalidShare
from zkperf.groups.base import Group
from zkperf.proofs.batch import verify_each
from zkperf.sharing import (
    Share,
    check_share,
    deal,
    interpolate,
    lagrange_at_zero,
    share_equation,
    sum_shares,
)

KEY = CommitmentKey.derive(TOY, "test", 2)
VALUES, R = (3, 4), 77
C = KEY.commit(VALUES, R)


@pytest.mark.parametrize("group", EVERY)
def test_shares_check_and_any_t_of_them_give_the_opening(group: Group) -> None:
    key = CommitmentKey.derive(group, "test", 2)
    commitment, r = key.commit_random(VALUES)
    coefficients, shares = deal(key, VALUES, r, 3, 5)
    assert (len(coefficients), len(shares)) == (2, 5)
    for j, share in enumerate(shares, 1):
        check_share(key, commitment, coefficients, j, share)
    items = [[share_equation(key, commitment, coefficients, j, s)] for j, s in enumerate(shares, 1)]
    assert verify_each(group, items) == []
    for chosen in combinations(range(1, 6), 3):
        assert interpolate(group.order, {j: shares[j - 1] for j in chosen}) == Share(VALUES, r)


@given(
    st.lists(st.integers(0, TOY.order - 1), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None)
def test_any_vector_any_threshold(values: list[int], threshold: int, more: int, random: object) -> None:
    key = CommitmentKey.derive(TOY, "test", len(values))
    members = threshold + more
    commitment, r = key.commit_random(values)
    coefficients, shares = deal(key, values, r, threshold, members)
    chosen = random.sample(range(1, members + 1), threshold)  # type: ignore[attr-defined]
    for j in chosen:
        check_share(key, commitment, coefficients, j, shares[j - 1])
    assert interpolate(TOY.order, {j: shares[j - 1] for j in chosen}) == Share(tuple(values), r)


def spoilt(share: Share) -> dict[str, Share]:
    """Every way in which one entry of a share can be wrong."""
    first, second = share.values
    return {
        "first value": replace(share, values=(first ^ 1, second)),
        "second value": replace(share, values=(first, second ^ 1)),
        "blinding": replace(share, blinding=share.blinding ^ 1),
    }


@pytest.mark.parametrize("entry", ["first value", "second value", "blinding"])
def test_a_spoilt_share_is_caught(entry: str) -> None:
    coefficients, shares = deal(KEY, VALUES, R, 3, 5)
    bad = spoilt(shares[1])[entry]
    with pytest.raises(InvalidShare, match=r"share of trustee 2: .*do not open"):
        check_share(KEY, C, coefficients, 2, bad)
    good = share_equation(KEY, C, coefficients, 1, shares[0])
    assert verify_each(TOY, [[good], [share_equation(KEY, C, coefficients, 2, bad)]]) == [1]


def test_another_trustees_share_is_caught() -> None:
    coefficients, shares = deal(KEY, VALUES, R, 3, 5)
    with pytest.raises(InvalidShare):
        check_share(KEY, C, coefficients, 1, shares[1])
    assert verify_each(TOY, [[share_equation(KEY, C, coefficients, 1, shares[1])]]) == [0]


@pytest.mark.parametrize("position", [0, 1])
def test_each_coefficient_counts(position: int) -> None:
    coefficients, shares = deal(KEY, VALUES, R, 3, 5)
    other = list(coefficients)
    other[position] += TOY.generator
    with pytest.raises(InvalidShare):
        check_share(KEY, C, other, 4, shares[3])
    assert verify_each(TOY, [[share_equation(KEY, C, other, 4, shares[3])]]) == [0]


@pytest.mark.parametrize(
    "share", [Share((1,), 2), Share((1, 2, 3), 4), Share((1, 2), TOY.order), Share((1, -2), 3)]
)
def test_malformed_shares_are_refused(share: Share) -> None:
    coefficients, _ = deal(KEY, VALUES, R, 2, 2)
    with pytest.raises(InvalidShare):
        check_share(KEY, C, coefficients, 1, share)


def test_sums_of_shares_open_sums_of_commitments() -> None:
    first, second = deal(KEY, (1, 0), 5, 2, 3), deal(KEY, (0, 1), 6, 2, 3)
    commitment = KEY.commit((1, 0), 5) + KEY.commit((0, 1), 6)
    coefficients = [a + b for a, b in zip(first[0], second[0], strict=True)]
    sums = {j: sum_shares(TOY.order, [first[1][j - 1], second[1][j - 1]]) for j in (1, 3)}
    for j, share in sums.items():
        check_share(KEY, commitment, coefficients, j, share)
    assert interpolate(TOY.order, sums) == Share((1, 1), 11)


def test_t_minus_1_shares_fit_every_vector() -> None:
    """For any other opening of C there are polynomials with the same E_k and the same t-1 shares."""
    q, t, known = TOY.order, 3, (2, 5)
    coefficients, shares = deal(KEY, VALUES, R, t, 5)
    g, h = [g.log for g in KEY.generators], KEY.blinding.log
    for values in ((0, 0), (1, 4), (q - 1, 9)):
        r = (C.log - sum(v * x for v, x in zip(values, g, strict=True))) * pow(h, -1, q) % q
        # The polynomials through (0, (values, r)) and the known shares, at the other trustees' points:
        points = {0: Share(values, r)} | {j: shares[j - 1] for j in known}
        others = {}
        for j in (1, 3, 4):
            shifted = {(i - j) % q: share for i, share in points.items()}
            others[j] = interpolate(q, shifted)
            check_share(KEY, C, coefficients, j, others[j])
        assert interpolate(q, {1: others[1], 2: shares[1], 4: others[4]}) == Share(values, r)


def test_a_coefficient_commitment_is_never_the_identity() -> None:
    draws = [0, 0, 0, 8]  # φ = (0, 0) with ψ = 0 is drawn again
    coefficients, shares = deal(KEY, VALUES, R, 2, 2, lambda size: draws.pop(0).to_bytes(size, "little"))
    assert coefficients == (8 * KEY.blinding,)
    assert shares[1] == Share(VALUES, R + 2 * 8)


@pytest.mark.parametrize(("threshold", "members"), [(0, 3), (4, 3)])
def test_impossible_thresholds(threshold: int, members: int) -> None:
    with pytest.raises(ValueError, match="threshold"):
        deal(KEY, VALUES, R, threshold, members)


def test_there_are_fewer_trustees_than_scalars() -> None:
    """Trustee q's share would be the opening itself."""
    small = CommitmentKey.derive(ToyGroup(11), "small", 1)
    deal(small, [1], 1, 2, 10)
    with pytest.raises(ValueError, match="threshold"):
        deal(small, [1], 1, 2, 11)


@pytest.mark.parametrize("indices", [[0, 1], [1, 1], [2, TOY.order + 2], [TOY.order]])
def test_interpolation_refuses_impossible_points(indices: list[int]) -> None:
    with pytest.raises(ValueError, match="distinct"):
        lagrange_at_zero(TOY.order, indices)


def test_interpolation_refuses_nothing_and_different_lengths() -> None:
    with pytest.raises(ValueError, match="at least one"):
        interpolate(TOY.order, {})
    with pytest.raises(ValueError, match="zip"):
        interpolate(TOY.order, {1: Share((1,), 2), 2: Share((1, 2), 3)})


def test_a_share_does_not_show_itself() -> None:
    assert repr(Share((12345,), 67890)) == "Share()"
