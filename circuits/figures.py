"""What is published of one question, and how exact numbers are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from zkperf.errors import InvalidOpening


@dataclass(frozen=True)
class Figures:
    """The figures of one question in one unit; None where the question has no such figure.

    ``answered``: how many answered it. ``counts``: how many chose each option, or level of a score (as
    a decimal string); every one is there. ``total`` and ``mean``: of scores and numbers; the mean is
    None also if nobody answered.
    """

    answered: int
    counts: Mapping[str, int] | None = None
    total: int | None = None
    mean: str | None = None


def mean(total: int, answered: int) -> str | None:
    """total / answered as a decimal with exactly six digits after the point, ties to the even digit.

    Exact: no floating point. None if nobody answered.

    >>> mean(-5, 3)
    '-1.666667'
    """
    if answered == 0:
        return None
    return decimal(round(Fraction(total * 10**6, answered)), 6)


def decimal(value: int, scale: int) -> str:
    """value / 10^scale with exactly ``scale`` decimals.

    >>> decimal(-5, 2)
    '-0.05'
    """
    whole, part = divmod(abs(value), 10**scale)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{part:0{scale}d}" if scale else f"{sign}{whole}"


def totalled(answered: int, total: int, counts: Mapping[str, int] | None = None) -> Figures:
    """The figures of a score or number."""
    return Figures(answered, counts, total, mean(total, answered))


def check_range(value: int, lowest: int, highest: int, what: str) -> int:
    """``value``. Raises InvalidOpening, naming ``what``, unless lowest <= value <= highest."""
    if not lowest <= value <= highest:
        raise InvalidOpening(f"{what}: expected {lowest} to {highest}, got {value}")
    return value
