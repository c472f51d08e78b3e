"""The disclosure rule, against an adversary who subtracts everything published from everything published."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkperf.ledger.disclosure import (
    MAX_LEVELS,
    Publication,
    Reason,
    Tree,
    check_tree,
    disclose,
    totals,
)

K_MIN = 5


@st.composite
def trees(draw: st.DrawFn, most: int = 9) -> Tree:
    """Random trees, parents first."""
    size = draw(st.integers(1, most))
    parents: list[int | None] = [None]
    parents += [draw(st.integers(0, unit - 1)) for unit in range(1, size)]
    return check_tree(parents)


def numbers_for(tree: Tree, draw: st.DrawFn) -> dict[int, int]:
    leaf_numbers = {leaf: draw(st.integers(0, 12)) for leaf in tree.leaves()}
    return totals(tree, leaf_numbers)


def derivable(rows: list[list[int]], width: int) -> list[tuple[int, ...]]:
    """Every set of leaves, as a 0/1 vector, that is a rational combination of ``rows``.

    That is everything an adversary learns a total of by adding and subtracting what is published.
    """
    basis: list[list[Fraction]] = []
    for row in rows:
        reduced = reduce(basis, [Fraction(entry) for entry in row])
        if any(reduced):
            pivot = next(place for place, entry in enumerate(reduced) if entry)
            basis.append([entry / reduced[pivot] for entry in reduced])
    return [
        subset
        for subset in product((0, 1), repeat=width)
        if any(subset) and not any(reduce(basis, [Fraction(entry) for entry in subset]))
    ]


def reduce(basis: list[list[Fraction]], row: list[Fraction]) -> list[Fraction]:
    for vector in basis:
        pivot = next(place for place, entry in enumerate(vector) if entry)
        factor = row[pivot]
        row = [entry - factor * other for entry, other in zip(row, vector, strict=True)]
    return row


def assert_nothing_small_follows(tree: Tree, publication: Publication, numbers: dict[int, int]) -> None:
    leaves = [leaf for leaf in tree.leaves() if numbers[leaf] > 0]
    rows = [[int(leaf in tree.below(unit)) for leaf in leaves] for unit in publication.published]
    for subset in derivable(rows, len(leaves)):
        people = sum(numbers[leaf] for leaf, taken in zip(leaves, subset, strict=True) if taken)
        assert people >= K_MIN, f"the total of {people} people follows from what is published"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_subtracting_everything_from_everything_yields_no_small_group(data: st.DataObject) -> None:
    tree = data.draw(trees())
    numbers = numbers_for(tree, data.draw)
    assert_nothing_small_follows(tree, disclose(tree, numbers, K_MIN), numbers)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_rule_run_again_on_those_who_answered_yields_no_small_group(data: st.DataObject) -> None:
    tree = data.draw(trees())
    numbers = numbers_for(tree, data.draw)
    before = disclose(tree, numbers, K_MIN)
    answered = totals(tree, {leaf: data.draw(st.integers(0, numbers[leaf])) for leaf in tree.leaves()})
    known = {unit: answered[unit] for unit in before.published}
    again = disclose(tree, known, K_MIN, before=before)
    assert set(again.published) <= set(before.published)
    assert_nothing_small_follows(tree, again, answered)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_withheld_children_are_none_or_at_least_two_with_enough_ratings(data: st.DataObject) -> None:
    tree = data.draw(trees())
    numbers = numbers_for(tree, data.draw)
    publication = disclose(tree, numbers, K_MIN)
    for unit in publication.published:
        hidden = [
            child
            for child in tree.children(unit)
            if publication.withheld.get(child, Reason.EMPTY) is not Reason.EMPTY
        ]
        shown = [child for child in tree.children(unit) if child in publication.published]
        if hidden and shown:
            assert len(hidden) >= 2
            assert sum(numbers[child] for child in hidden) >= K_MIN


def test_the_smallest_published_child_protects_a_single_small_one() -> None:
    tree = check_tree([None, 0, 0, 0])
    publication = disclose(tree, {0: 63, 1: 3, 2: 20, 3: 40}, K_MIN)
    assert publication.withheld == {1: Reason.SMALL, 2: Reason.SHIELD}


def test_ties_are_broken_by_identifier() -> None:
    tree = check_tree([None, 0, 0, 0])
    publication = disclose(tree, {0: 43, 1: 3, 2: 20, 3: 20}, K_MIN)
    assert publication.withheld == {1: Reason.SMALL, 2: Reason.SHIELD}


def test_two_small_children_with_too_few_together_take_a_third() -> None:
    tree = check_tree([None, 0, 0, 0, 0])
    publication = disclose(tree, {0: 64, 1: 2, 2: 2, 3: 20, 4: 40}, K_MIN)
    assert publication.withheld == {1: Reason.SMALL, 2: Reason.SMALL, 3: Reason.SHIELD}


def test_three_small_children_with_enough_together_need_no_shield() -> None:
    tree = check_tree([None, 0, 0, 0, 0])
    publication = disclose(tree, {0: 32, 1: 4, 2: 4, 3: 4, 4: 20}, K_MIN)
    assert publication.withheld == dict.fromkeys((1, 2, 3), Reason.SMALL)


def test_if_all_would_be_withheld_all_are_and_the_parent_stands() -> None:
    tree = check_tree([None, 0, 0])
    publication = disclose(tree, {0: 13, 1: 3, 2: 10}, K_MIN)
    assert publication.published == [0]


def test_a_child_without_ratings_does_not_count_as_withheld() -> None:
    tree = check_tree([None, 0, 0])
    publication = disclose(tree, {0: 10, 1: 0, 2: 10}, K_MIN)
    assert publication.withheld == {1: Reason.EMPTY}


def test_a_withheld_nodes_subtree_is_withheld() -> None:
    tree = check_tree([None, 0, 1, 1, 0, 0])
    publication = disclose(tree, {0: 44, 1: 4, 2: 2, 3: 2, 4: 10, 5: 30}, K_MIN)
    assert publication.withheld == {
        1: Reason.SMALL,
        2: Reason.PARENT,
        3: Reason.PARENT,
        4: Reason.SHIELD,
    }


def test_a_root_below_the_minimum_is_withheld_with_everything_in_it() -> None:
    tree = check_tree([None, 0])
    assert disclose(tree, {0: 4, 1: 4}, K_MIN).published == []
    assert disclose(tree, {0: 0, 1: 0}, K_MIN).withheld == {0: Reason.EMPTY, 1: Reason.PARENT}


@pytest.mark.parametrize("parents", [[], [0], [None, None], [None, 1], [None, 2, 0], [None, -1]])
def test_a_tree_lists_parents_before_children(parents: list[int | None]) -> None:
    with pytest.raises(ValueError, match=r"unit|root"):
        check_tree(parents)


def test_a_tree_is_not_deeper_than_what_goes_down_it_can_bear() -> None:
    chain: list[int | None] = [None, *range(MAX_LEVELS)]
    check_tree(chain)
    with pytest.raises(ValueError, match="unit 33: more than 32 levels"):
        check_tree([*chain, MAX_LEVELS])
