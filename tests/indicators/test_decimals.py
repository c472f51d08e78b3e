"""Decimals: exact both ways, and nothing else read as one."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkperf.errors import InputError
from zkperf.indicators.decimals import decimals_of, parse_decimal, scaled, show


@settings(max_examples=50)
@given(st.integers(-(10**12), 10**12), st.integers(0, 9))
def test_shown_and_read_again(value: int, scale: int) -> None:
    text = show(value, scale)
    assert parse_decimal(text) == Fraction(value, 10**scale)
    assert scaled(parse_decimal(text), scale) == value
    assert len(text.partition(".")[2]) == scale
    assert decimals_of(text) <= scale


@pytest.mark.parametrize(("text", "places"), [("7", 0), ("7.0", 0), ("1.250", 2), ("-0.001", 3)])
def test_decimals_that_say_something(text: str, places: int) -> None:
    assert decimals_of(text) == places


@pytest.mark.parametrize(("text", "rounded"), [("0.25", 2), ("0.35", 4), ("-0.25", -2), ("0.251", 3)])
def test_halves_go_to_the_even_digit(text: str, rounded: int) -> None:
    assert scaled(parse_decimal(text), 1) == rounded


@pytest.mark.parametrize(
    "text", ["", "x", "1,5", "1.", ".5", "+1", "1e3", "--1", "1 000", "٣", "1/2", "nan", "1" * 50]
)
def test_nothing_else_is_a_decimal(text: str) -> None:
    with pytest.raises(InputError):
        parse_decimal(text)
