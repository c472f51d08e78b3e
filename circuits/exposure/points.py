"""Points, and what they show: each shows every value that a figure can take while all others stay.

A figure v with x_v in a point can take another value v' there if for each fact about it an alternative holds
with v' in its place: low - rest <= a·v' <= high - rest, `rest` being what the others add up to. That is a few
intervals, its *slack*. Each value in there is a value of the figure in an assignment for which every fact was
checked, so the values that some points show together are certainly possible.

A figure that an equation ties to others cannot move alone. There the figures of a *lever* move together, v by
one for each step, others of its equations by what keeps them: again a few intervals of steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from circuits.exposure.system import Fact, Figure, Interval, meet, size, union

UNBOUNDED = 2**200
"""More steps than any figure has values."""
MOST_LEVERS = 3
"""Levers of a figure that are tried."""
LONGEST_LEVER = 4
"""Figures that are moved together."""


class Line(NamedTuple):
    """A condition as points keep it: its place among all conditions, and its figures' factors."""

    place: int
    factors: dict[int, int]


class Point:
    """Values of all figures, with the sums of all conditions and, once asked for, every figure's slack."""

    __slots__ = ("short", "slack", "sums", "values")

    def __init__(self, values: Iterable[int]) -> None:
        self.values = list(values)
        self.sums: list[int] = []
        self.slack: list[list[Interval]] = []
        self.short: set[int] = set()
        """Figures that have less slack than they need values."""

    def copy(self) -> Point:
        """One that can be moved by itself."""
        made = Point.__new__(Point)
        made.values, made.sums = self.values.copy(), self.sums.copy()
        made.slack, made.short = self.slack.copy(), self.short.copy()
        return made


class Conditions:
    """The facts of a system, laid out for points: which conditions each figure is in, and their ends."""

    def __init__(self, figures: Sequence[Figure], facts: Sequence[Fact]) -> None:
        self.figures = figures
        self.needed = [figure.least for figure in figures]
        self.facts: list[Fact] = []
        self.low: list[int | None] = []
        self.high: list[int | None] = []
        self.lines: list[list[list[Line]]] = []
        """By fact and alternative."""
        self.about: list[list[int]] = [[] for _ in figures]
        """By figure the facts about it, ascending."""
        self.inside: list[list[tuple[int, int]]] = [[] for _ in figures]
        """By figure (condition, factor)."""
        self.equations: list[list[Line]] = [[] for _ in figures]
        """By figure the equations that it is in."""
        self.steps = 0
        """Facts looked at so far, to find the slack of a figure."""
        for fact in facts:
            self.push(fact)

    def push(self, fact: Fact) -> int:
        """One more fact. Returns its place."""
        place = len(self.facts)
        self.facts.append(fact)
        alternatives = []
        for conditions in fact.alternatives:
            lines = []
            for terms, low, high in conditions:
                lines.append(Line(len(self.low), dict(terms)))
                for figure, factor in terms:
                    self.inside[figure].append((len(self.low), factor))
                self.low.append(low)
                self.high.append(high)
            alternatives.append(lines)
        self.lines.append(alternatives)
        for figure in fact.figures:
            self.about[figure].append(place)
        for line in _equations(fact, alternatives):
            for figure in line.factors:
                self.equations[figure].append(line)
        return place

    def pop(self) -> None:
        """Takes the last fact away."""
        fact, alternatives = self.facts.pop(), self.lines.pop()
        for line in _equations(fact, alternatives):
            for figure in line.factors:
                self.equations[figure].pop()
        for lines in reversed(alternatives):
            for line in reversed(lines):
                self.low.pop()
                self.high.pop()
                for figure in line.factors:
                    self.inside[figure].pop()
        for about in self.about:
            if about and about[-1] == len(self.facts):
                about.pop()

    def extend(self, point: Point) -> None:
        """Adds up the conditions that came since the point was made."""
        values, first = point.values, len(point.sums)
        found = {
            line.place: sum(factor * values[figure] for figure, factor in line.factors.items())
            for alternatives in self._since(first)
            for lines in alternatives
            for line in lines
        }
        point.sums += [found[place] for place in range(first, len(self.low))]

    def _since(self, condition: int) -> list[list[list[Line]]]:
        number = len(self.lines)
        while number and self.lines[number - 1][0][0].place >= condition:
            number -= 1
        return self.lines[number:]

    def holds(self, point: Point, fact: int) -> bool:
        """Whether one of the fact's alternatives does."""
        return any(all(self.met(point, line.place) for line in lines) for lines in self.lines[fact])

    def met(self, point: Point, condition: int) -> bool:
        """Whether its sum is between its ends."""
        low, high, total = self.low[condition], self.high[condition], point.sums[condition]
        return (low is None or total >= low) and (high is None or total <= high)

    def move(self, point: Point, figure: int, value: int) -> None:
        """Gives a figure another value."""
        by = value - point.values[figure]
        point.values[figure] = value
        for condition, factor in self.inside[figure]:
            point.sums[condition] += factor * by

    def slack(self, point: Point, figure: int, skip: int = -1) -> list[Interval]:
        """Where the figure can be while all others stay; the fact ``skip`` is not looked at."""
        own = point.values[figure]
        return [(own + low, own + high) for low, high in self._steps(point, {figure: 1}, skip)]

    def _steps(self, point: Point, lever: Mapping[int, int], skip: int = -1) -> list[Interval]:
        """How many steps the figures of a lever can be moved: in each, the figure ``f`` by ``lever[f]``."""
        sums, facts = point.sums, self.about
        least, greatest = -UNBOUNDED, UNBOUNDED
        for figure, by in lever.items():
            item, own = self.figures[figure], point.values[figure]
            least, greatest = _within(least, greatest, by, item.low - own, item.high - own)
        pieces: list[list[Interval]] = []
        for fact in sorted({fact for figure in lever for fact in facts[figure]} - {skip}):
            self.steps += 1
            allowed: list[Interval] = []
            for lines in self.lines[fact]:
                low, high = least, greatest
                for place, factors in lines:
                    lower, upper, total = self.low[place], self.high[place], sums[place]
                    factor = 0
                    for figure, by in lever.items():
                        factor += by * factors.get(figure, 0)
                    # lower <= total + factor·steps <= upper
                    low, high = _within(
                        low,
                        high,
                        factor,
                        None if lower is None else lower - total,
                        None if upper is None else upper - total,
                    )
                if low <= high:
                    allowed.append((low, high))
            if len(self.lines[fact]) == 1 and allowed:
                least, greatest = allowed[0]
            else:
                pieces.append(union(allowed))
        left = [(least, greatest)]
        for allowed in pieces:
            left = meet(left, allowed)
        return left

    def _levers(self, figure: int) -> list[dict[int, int]]:
        """Ways to move a figure by one that keep every equation; none where it is in none: it moves alone."""
        if not self.equations[figure]:
            return []
        found: list[dict[int, int]] = []
        waiting = [{figure: 1}]
        while waiting and len(found) < MOST_LEVERS:
            lever = waiting.pop()
            broken = self._unbalanced(lever)
            if broken is None:
                found.append(lever)
            elif len(lever) < LONGEST_LEVER:
                factors, excess = broken
                waiting += [
                    lever | {other: -excess // factor}
                    for other, factor in reversed(factors.items())
                    if other not in lever and excess % factor == 0
                ]
        return found

    def _unbalanced(self, lever: Mapping[int, int]) -> tuple[dict[int, int], int] | None:
        """An equation that a step of the lever does not keep, and what is too much in it."""
        for figure in lever:
            for _, factors in self.equations[figure]:
                excess = sum(by * factors.get(other, 0) for other, by in lever.items())
                if excess:
                    return factors, excess
        return None

    def refresh(self, point: Point, figures: Iterable[int]) -> None:
        """Finds the slack of these figures again, by their levers too, and whether it is enough."""
        for figure in figures:
            found = self.slack(point, figure)
            own = point.values[figure]
            if size(found) < self.needed[figure]:
                for lever in self._levers(figure):
                    found += [(own + low, own + high) for low, high in self._steps(point, lever)]
                found = union(found)
            point.slack[figure] = found
            if size(found) < self.needed[figure]:
                point.short.add(figure)
            else:
                point.short.discard(figure)

    def around(self, figures: Iterable[int]) -> list[int]:
        """The figures whose slack may be another one when these have moved, or have a new fact about them.

        They are these, all that share a fact with one of them, and all that equations tie to any of those,
        since they move by levers that reach there. Ascending.
        """
        facts = {fact for figure in figures for fact in self.about[figure]}
        found = {other for fact in facts for other in self.facts[fact].figures}.union(figures)
        waiting = list(found)
        while waiting:
            for _, factors in self.equations[waiting.pop()]:
                waiting += factors.keys() - found
                found |= factors.keys()
        return sorted(found)

    def short_in_all(self, points: Sequence[Point]) -> list[int]:
        """The figures of which the points together show fewer values than they need, ascending."""
        if not points:
            return list(range(len(self.figures)))
        doubtful = set.intersection(*(point.short for point in points))
        return sorted(
            figure
            for figure in doubtful
            if size(union(piece for point in points for piece in point.slack[figure])) < self.needed[figure]
        )


def _equations(fact: Fact, alternatives: Sequence[Sequence[Line]]) -> list[Line]:
    """The conditions of a fact that fix a sum."""
    if len(alternatives) != 1:
        return []
    pairs = zip(fact.alternatives[0], alternatives[0], strict=True)
    return [line for condition, line in pairs if condition.low == condition.high]


def _within(low: int, high: int, factor: int, lower: int | None, upper: int | None) -> tuple[int, int]:
    """The part of low to high where lower <= factor·x <= upper: empty (low above high) if there is none."""
    if factor == 0:
        outside = (lower is not None and lower > 0) or (upper is not None and upper < 0)
        return (1, 0) if outside else (low, high)
    if factor < 0:
        factor, lower, upper = (
            -factor,
            None if upper is None else -upper,
            None if lower is None else -lower,
        )
    if lower is not None:
        low = max(low, -(-lower // factor))
    if upper is not None:
        high = min(high, upper // factor)
    return low, high
