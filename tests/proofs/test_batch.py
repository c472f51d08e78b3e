"""Batches: accepted only when every equation holds, and every culprit is named."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.suites import EVERY
from tests.toygroup import TOY, ToyElement, ToyGroup
from zkperf.errors import InvalidProof
from zkperf.groups.base import Group
from zkperf.proofs.batch import Equation, verify_all, verify_each


class Counting(ToyGroup):
    """The toy group, keeping the sizes of the public multiplications it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def msm_public(self, scalars: Sequence[int], elements: Sequence[ToyElement]) -> ToyElement:
        self.sizes.append(len(scalars))
        return super().msm(scalars, elements)


def claim(group: Group, x: int, error: int = 0) -> Equation:
    """The claim x·B - (x + error)·B = 0."""
    return Equation(f"claim {x}", (x, -1), (group.generator, (x + error) * group.generator))


@pytest.mark.parametrize("group", EVERY)
def test_names_exactly_the_items_that_do_not_hold(group: Group) -> None:
    items = [[claim(group, 2), claim(group, 3)] for _ in range(9)]
    assert verify_each(group, items) == []
    items[4][1] = claim(group, 3, error=1)
    items[8][0] = claim(group, 2, error=5)
    assert verify_each(group, items) == [4, 8]


@given(st.lists(st.booleans(), max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_pattern_of_culprits(pattern: list[bool]) -> None:
    items = [[claim(TOY, index + 1, error=int(bad))] for index, bad in enumerate(pattern)]
    assert verify_each(TOY, items) == [index for index, bad in enumerate(pattern) if bad]


def test_errors_that_cancel_are_found() -> None:
    items = [[claim(TOY, 7, error=5)], [claim(TOY, 7, error=-5)], [claim(TOY, 7)]]
    assert verify_each(TOY, items) == [0, 1]
    # ... and within one item too: each equation has a weight of its own.
    assert verify_each(TOY, [[claim(TOY, 7, error=5), claim(TOY, 7, error=-5)]]) == [0]


def test_a_weight_is_never_zero() -> None:
    # This source gives 0 for ever; a weight of 0 would leave the equation out of the sum.
    assert verify_each(TOY, [[claim(TOY, 1, error=1)]], bytes) == [0]


def test_weights_come_from_the_source() -> None:
    # Two errors that cancel under the constant weights of a broken source pass: the weights matter.
    items = [[claim(TOY, 7, error=5)], [claim(TOY, 7, error=-5)]]
    assert verify_each(TOY, items, bytes) == []
    sizes: list[int] = []

    def source(size: int) -> bytes:
        sizes.append(size)
        return b"\1" + bytes(size - 1)

    verify_each(TOY, items, source)
    assert sizes == [16, 16]


def test_one_multiplication_when_all_hold_and_generators_merged() -> None:
    group = Counting()
    verify_each(group, [[claim(group, x)] for x in range(1, 65)])
    assert group.sizes == [65]  # 64 points of their own, and the generator once


def test_one_culprit_costs_a_logarithmic_number_of_multiplications() -> None:
    group = Counting()
    items = [[claim(group, x, error=int(x == 50))] for x in range(1, 65)]
    assert verify_each(group, items) == [49]
    assert len(group.sizes) <= 1 + 2 * 6


def test_empty_batch_and_empty_items_hold() -> None:
    assert verify_each(TOY, []) == []
    assert verify_each(TOY, [[], []]) == []


def test_verify_all_names_the_equations() -> None:
    verify_all(TOY, [claim(TOY, 1), claim(TOY, 2)])
    with pytest.raises(InvalidProof, match=r"^does not hold: claim 2, claim 3$"):
        verify_all(TOY, [claim(TOY, 1), claim(TOY, 2, error=1), claim(TOY, 3, error=1)])


def test_an_equation_of_the_wrong_shape_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="zip"):
        verify_each(TOY, [[Equation("odd", (1,), ())]])
