"""Means are exact, and rounded as stated."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.figures import Figures, check_range, decimal, mean, totalled
from zkperf.errors import InvalidOpening


@given(st.integers(-(2**62), 2**62), st.integers(1, 2**40))
def test_mean_is_the_decimal_quotient(total: int, answered: int) -> None:
    with localcontext() as context:
        context.prec = 100
        expected = (Decimal(total) / answered).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
    if not expected:
        expected = abs(expected)  # zero has no sign
    assert mean(total, answered) == str(expected)


@pytest.mark.parametrize(
    ("total", "answered", "text"),
    [
        (0, 3, "0.000000"),
        (1, 2_000_000, "0.000000"),  # half a millionth: to the even digit
        (3, 2_000_000, "0.000002"),
        (-3, 2_000_000, "-0.000002"),
        (-1, 2_000_000, "0.000000"),
        (-1, 3, "-0.333333"),
        (2**62, 1, "4611686018427387904.000000"),
    ],
)
def test_mean_by_example(total: int, answered: int, text: str) -> None:
    assert mean(total, answered) == text


def test_nobody_answered() -> None:
    assert mean(0, 0) is None
    assert totalled(0, 0) == Figures(0, None, 0, None)


@pytest.mark.parametrize("value", [-1, 6])
def test_ranges(value: int) -> None:
    assert [check_range(value, 0, 5, "x") for value in (0, 5)] == [0, 5]
    with pytest.raises(InvalidOpening, match=f"x: expected 0 to 5, got {value}"):
        check_range(value, 0, 5, "x")


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (7, 0, "7"),
        (-7, 0, "-7"),
        (-5, 2, "-0.05"),
        (190, 1, "19.0"),
        (123, 9, "0.000000123"),
    ],
)
def test_decimals_have_as_many_places_as_they_should(value: int, scale: int, text: str) -> None:
    assert decimal(value, scale) == text
