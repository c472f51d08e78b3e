"""Linear forms: what they are, what bounds them, and their commitments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toygroup import TOY
from zkperf.proofs.forms import LARGEST, Form
from zkperf.proofs.intervals import figure_key

VALUES = [7, -3, 100]
BOUNDS = [(0, 10), (-5, 5), (50, 200)]


def figure(index: int) -> Form:
    return Form(((index, 1),), 0, *BOUNDS[index])


@given(st.lists(st.integers(-1000, 1000), min_size=3, max_size=3), st.integers(-1000, 1000))
def test_values_bounds_blindings_and_commitments_agree(factors: list[int], constant: int) -> None:
    form = sum((factor * figure(i) for i, factor in enumerate(factors)), start=Form.of(constant))
    value = form.value(VALUES)
    assert value == constant + sum(f * v for f, v in zip(factors, VALUES, strict=True))
    ends = [sorted((f * low, f * high)) for f, (low, high) in zip(factors, BOUNDS, strict=True)]
    assert (form.low, form.high) == (constant + sum(e[0] for e in ends), constant + sum(e[1] for e in ends))
    key, blindings = figure_key(TOY), [11, 22, 33]
    commitments = [key.commit([v % TOY.order], r) for v, r in zip(VALUES, blindings, strict=True)]
    commitment = form.commitment(TOY, commitments, key.generators[0])
    key.verify_opening(commitment, [value % TOY.order], form.blinding(blindings) % TOY.order)


def test_sums_and_differences_with_numbers() -> None:
    v = figure(0)
    assert (v + 3).value(VALUES) == (3 + v).value(VALUES) == 10
    assert (v - 3).value(VALUES) == 4 and (3 - v).value(VALUES) == -4 and (-v).value(VALUES) == -7
    assert (v - v).terms == () and (0 * v).terms == ()


def test_bounds_are_unknown_where_one_of_them_is() -> None:
    unknown = Form(((0, 1),), 0, None, None)
    assert (unknown + figure(1)).low is None and (-2 * unknown).high is None
    assert unknown.within(0, 9) == Form(((0, 1),), 0, 0, 9)


@pytest.mark.parametrize("bounds", [(0, LARGEST), (-LARGEST, 0)])
def test_overflow_is_refused(bounds: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="overflows"):
        Form((), 0, *bounds)
    with pytest.raises(ValueError, match="overflows"):
        Form((), LARGEST, None, None)
    Form((), 0, 1 - LARGEST, LARGEST - 1)


def test_plain_form_is_text_for_long_integers() -> None:
    assert (2**90 * figure(1) - 2**100).to_plain() == [[[1, str(2**90)]], str(-(2**100))]
