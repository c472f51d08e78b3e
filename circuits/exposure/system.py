"""What is public about one provider's figures, as a system of linear conditions over integers.

A *figure* is an integer in the range of its indicator. A *fact* is something that everybody knows about
figures: at least one of its *alternatives* holds, and an alternative holds if all of its conditions do,

    low <= Σ factor·figure <= high.

A claim that was proved is a fact with one alternative. One that was not proved is the negation: it has an
alternative for each end of a condition. A *point* is a value for every figure with which all facts hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

Interval = tuple[int, int]
"""From the first to the second, both included."""
Label = tuple[bytes, str]
"""Which figure it is: of which round (its digest), of which indicator (its id)."""


class Figure(NamedTuple):
    """An integer from low to high, of which at least ``floor`` values have to stay possible."""

    label: Label
    low: int
    high: int
    floor: int

    @property
    def least(self) -> int:
        """How many values have to stay possible: never more than there are."""
        return min(self.floor, self.high - self.low + 1)


class Condition(NamedTuple):
    """low <= Σ factor·figure <= high; None where there is no end. ``terms`` are (figure, factor), figures by
    their place in the system, factors not 0."""

    terms: tuple[tuple[int, int], ...]
    low: int | None
    high: int | None


Alternative = tuple[Condition, ...]


class Fact(NamedTuple):
    """At least one of the alternatives holds."""

    alternatives: tuple[Alternative, ...]
    proved: bool
    """False: it is only taken for true, because nobody has proved the opposite."""

    @property
    def figures(self) -> list[int]:
        """The figures that it is about, ascending."""
        return sorted(
            {figure for conditions in self.alternatives for item in conditions for figure, _ in item.terms}
        )


def negation(alternative: Alternative, *, proved: bool) -> Fact:
    """Not all of these conditions hold."""
    ends: list[Alternative] = []
    for terms, low, high in alternative:
        if low is not None:
            ends.append((Condition(terms, None, low - 1),))
        if high is not None:
            ends.append((Condition(terms, high + 1, None),))
    return Fact(tuple(ends), proved)


@dataclass
class System:
    """Everything public about one provider's figures. Plain data: it can be copied, compared and stored.

    ``bounds`` are ends between which each figure is known to lie; ``points`` show how many values each has
    left. Both follow from the facts in the order in which they came.
    """

    figures: list[Figure] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    bounds: list[Interval] = field(default_factory=list)
    points: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    opaque: set[int] = field(default_factory=set)
    """Figures about which something is public that the system does not hold. They have no floor."""
    dropped: int = 0
    """How often unproved negations were dropped, because a proof contradicted them."""

    def copy(self) -> System:
        """One that can be changed by itself."""
        return System(
            list(self.figures),
            list(self.facts),
            list(self.bounds),
            list(self.points),
            set(self.opaque),
            self.dropped,
        )

    def place(self, label: Label) -> int | None:
        """Where a figure stands; None if nothing was ever asked about it."""
        return next((place for place, item in enumerate(self.figures) if item.label == label), None)

    def add(self, figure: Figure) -> int:
        """A figure about which nothing is known but its range. Returns its place."""
        self.figures.append(figure)
        self.bounds.append((figure.low, figure.high))
        middle = (figure.low + figure.high) // 2
        self.points = [(*point, middle) for point in self.points]
        return len(self.figures) - 1


def meet(left: Iterable[Interval], right: Iterable[Interval]) -> list[Interval]:
    """What is in both. Each is a list of disjoint intervals, ascending."""
    right = list(right)
    met = [(max(a, c), min(b, d)) for a, b in left for c, d in right]
    return [(low, high) for low, high in met if low <= high]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """What is in one of them: disjoint, ascending."""
    merged: list[Interval] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def size(intervals: Iterable[Interval]) -> int:
    """How many integers are in disjoint intervals."""
    return sum(high - low + 1 for low, high in intervals)
