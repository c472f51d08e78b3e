"""Decimals as people write them, and integers of a scale: exact both ways, no floating point."""

from __future__ import annotations

import re
from fractions import Fraction

from circuits.figures import decimal as show
from zkperf.errors import InputError

__all__ = ["decimals_of", "parse_decimal", "scaled", "show"]

MAX_DIGITS = 19

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def parse_decimal(text: str) -> Fraction:
    """The exact number. InputError for anything but digits with at most one point and a minus before them."""
    if not _DECIMAL.fullmatch(text):
        raise InputError(f"{_shortened(text)} is not a decimal such as 7 or -2.5")
    if sum(character.isdigit() for character in text) > 2 * MAX_DIGITS:
        raise InputError(f"{_shortened(text)} has too many digits")
    return Fraction(text)


def decimals_of(text: str) -> int:
    """How many decimals a decimal has that say something: two in 1.250."""
    return len(text.partition(".")[2].rstrip("0"))


def scaled(value: Fraction, scale: int) -> int:
    """value·10^scale, rounded to the nearest integer, halves to even."""
    nearest: int = round(value * 10**scale)
    return nearest


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
