"""Which values integers in known ranges can have where linear conditions on them hold.

A condition  low <= c·v + Σ c_i·u_i + c_0 <= high  leaves v where  low - max <= c·v <= high - min  for the
least and the greatest value of the rest, if the rest has no gap wider than the condition. Several conditions
about v and the same u are looked at together: each is a lower or an upper line for u, and v is possible
where there is an integer between every lower and every upper one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import NamedTuple

from circuits.indicators import Indicator
from zkperf.proofs.forms import Form

UNKNOWN = 2**62
"""A stride of which no more is promised than that some value is left."""

Pieces = tuple[tuple[int, int], ...]
"""Disjoint intervals of integers, ends included, ascending."""


class Possible(NamedTuple):
    """Values that a figure may have: every ``stride``-th of these pieces, and what narrowed it so."""

    pieces: Pieces
    """It is nowhere else."""
    stride: int = 1
    because: tuple[str, ...] = ()
    sure: Pieces | None = None
    """The part of the pieces where nothing else is in the way; None if that is all of them."""

    @property
    def values(self) -> int:
        """How many values there are at least."""
        sure = self.pieces if self.sure is None else self.sure
        return max(1, sum(high - low + 1 for low, high in sure) // self.stride)

    def under(self, other: Possible) -> Possible | None:
        """What is left where both hold; None if nothing is."""
        pieces = meet(self.pieces, other.pieces)
        if not pieces:
            return None
        sure = None
        if self.sure is not None or other.sure is not None:
            sure = meet(*(item.pieces if item.sure is None else item.sure for item in (self, other)))
        stride, because = lcm(self.stride, other.stride), self.because
        if (pieces, stride, sure) != (*self[:2], self.sure):
            because += tuple(reason for reason in other.because if reason not in because)
        return Possible(pieces, stride, because, sure)


class Condition(NamedTuple):
    """low <= form <= high; None where there is no bound. The form is about figures by their place."""

    form: Form
    low: int | None
    high: int | None


Alternatives = tuple[tuple[Condition, ...], ...]
"""At least one of these holds, with all of its conditions."""


def meet(left: Pieces, right: Pieces) -> Pieces:
    """What is in both."""
    met = [(max(a, c), min(b, d)) for a, b in left for c, d in right]
    return tuple(sorted((low, high) for low, high in met if low <= high))


def union(pieces: Iterable[tuple[int, int]]) -> Pieces:
    """What is in one of them."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(pieces):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def alone(
    alternatives: Alternatives, place: int, ranges: Sequence[Indicator], because: tuple[str, ...]
) -> Possible:
    """Where the figure at ``place`` can be, each of the others being anywhere in its range."""
    found = []
    for conditions in alternatives:
        left: Possible | None = Possible(((ranges[place].min, ranges[place].max),), because=because)
        for condition in conditions:
            left = left and left.under(_project(condition, place, ranges))
        if left is not None:
            found.append(left)
    stride = lcm(*(item.stride for item in found)) if found else 1
    return Possible(union(piece for item in found for piece in item.pieces), stride, because)


def _project(condition: Condition, place: int, ranges: Sequence[Indicator]) -> Possible:
    line = _line(condition, place, None, ranges)
    return Possible(solve(line.own, line.low, line.high, ranges[place]), line.stride)


def solve(factor: int, lower: int | None, upper: int | None, indicator: Indicator) -> Pieces:
    """The values v of the indicator with lower <= factor·v <= upper."""
    if factor < 0:
        factor, lower, upper = (
            -factor,
            None if upper is None else -upper,
            None if lower is None else -lower,
        )
    if factor == 0:
        possible = (lower is None or lower <= 0) and (upper is None or upper >= 0)
        return ((indicator.min, indicator.max),) if possible else ()
    low = indicator.min if lower is None else max(indicator.min, -(-lower // factor))
    high = indicator.max if upper is None else min(indicator.max, upper // factor)
    return ((low, high),) if low <= high else ()


# -- two figures together -------------------------------------------------------------------------------


class Line(NamedTuple):
    """low <= own·v + other·u <= high, once the rest is anywhere in its range. ``stride``: 1 if that is all
    that the condition says of v and u."""

    own: int
    other: int
    low: int | None
    high: int | None
    stride: int


def _line(condition: Condition, place: int, partner: int | None, ranges: Sequence[Indicator]) -> Line:
    form, low, high = condition
    own = other = 0
    least = greatest = form.constant
    rest = []
    for index, factor in form.terms:
        if index == place:
            own = factor
        elif index == partner:
            other = factor
        else:
            ends = sorted((factor * ranges[index].min, factor * ranges[index].max))
            least, greatest = least + ends[0], greatest + ends[1]
            rest.append((abs(factor), ranges[index].max - ranges[index].min))
    stride = 1
    if low is not None and high is not None and rest:
        stride = _stride(own, rest, high - low + 1)
        if stride > 1 and partner is not None:
            stride = UNKNOWN
    lower = None if low is None else low - greatest
    upper = None if high is None else high - least
    return Line(own, other, lower, upper, stride)


def _stride(own: int, rest: Sequence[tuple[int, int]], width: int) -> int:
    """Where the others' sums have gaps wider than the condition: which of the values are left. ``rest`` are
    the others' factors, and how far each can go."""
    common = gcd(*(factor for factor, _ in rest))
    # Of the multiples of `common` there are so many in every place for the condition, or in some.
    reach, gap = 0, 0
    for factor, span in sorted(rest):
        gap = max(gap, factor // common - reach)
        reach += factor // common * span
    if gap > max(1, width // common):
        return UNKNOWN
    return common // gcd(common, own) if width < common else 1


def together(
    groups: Sequence[tuple[Alternatives, int, int, Sequence[Indicator]]], because: tuple[str, ...]
) -> Possible:
    """Where a figure v can be for claims about it and the same other figure u: of each its alternatives, the
    places of v and u in it, and the indicators that it is about."""
    _, place, partner, ranges = groups[0]
    v, u = ranges[place], ranges[partner]
    lines: list[list[Line]] = [[]]
    for alternatives, own, other, about in groups:
        lines = [
            [*before, *(_line(condition, own, other, about) for condition in conditions)]
            for before in lines
            for conditions in alternatives
        ]
    outer: list[tuple[int, int]] = []
    sure: list[tuple[int, int]] = []
    for taken in lines:
        outer += _between(taken, v, u, surely=False)
        if all(line.stride == 1 for line in taken):
            sure += _between(taken, v, u, surely=True)
    return Possible(union(outer), 1, because, union(sure))


def _between(lines: Sequence[Line], v: Indicator, u: Indicator, *, surely: bool) -> Pieces:
    """The v for which a real number, or ``surely`` an integer, is between all lower and all upper lines."""
    # u >= (Σ slope·v + start), with the denominator of its values for integers v
    lower = [(Fraction(0), Fraction(u.min), 1)]
    upper = [(Fraction(0), Fraction(u.max), 1)]
    pieces: Pieces = ((v.min, v.max),)
    for line in lines:
        if line.other == 0:
            pieces = meet(pieces, solve(line.own, line.low, line.high, v))
            continue
        slope = Fraction(-line.own, line.other)
        for bound, is_low in ((line.low, True), (line.high, False)):
            if bound is not None:
                side = lower if is_low == (line.other > 0) else upper
                side.append((slope, Fraction(bound, line.other), abs(line.other)))
    for low_slope, low_start, low_denominator in lower:
        for high_slope, high_start, high_denominator in upper:
            # From a multiple of 1/d the next integer is at most 1 - 1/d away.
            gap = 1 - Fraction(1, min(low_denominator, high_denominator)) if surely else Fraction(0)
            # (high_slope - low_slope)·v >= low_start - high_start + gap
            rise, need = high_slope - low_slope, low_start - high_start + gap
            if rise == 0:
                pieces = pieces if need <= 0 else ()
            elif rise > 0:
                pieces = meet(pieces, ((max(v.min, ceil(need / rise)), v.max),))
            else:
                pieces = meet(pieces, ((v.min, min(v.max, floor(need / rise))),))
    return pieces
