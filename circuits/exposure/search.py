"""The search for points that show enough values of every figure: integers only, in a fixed order, bounded.

For a fact that may become public (protocol, section 12.6):

1. *Propagation* (`circuits.exposure.propagation`). If it refutes the fact, that cannot happen.
2. *Repair.* Points with which the fact holds stay. Each other is moved until it does: within the slack of the
   fact's figures if that suffices, each in proportion to what it can give; else within their bounds, and what
   breaks by it is repaired in turn, facts in their order. Where no point is left, one is made from the middle
   of all bounds.
3. *Room.* For each figure of which the points show too few values, in order, as many values in a row as it
   needs are put around its value in a point, at the middle, and at both ends of its bounds; with the figure
   anywhere in there all facts have to hold, and the others are repaired to that.

Whatever the search does, what it returns is checked: points with which every fact holds, and their slack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from circuits.exposure.points import Conditions, Line, Point
from circuits.exposure.propagation import propagate
from circuits.exposure.system import Fact, Interval, System, size

STEPS = 6_000
"""Facts looked at to find slack, for one fact that is added. A step is a microsecond or two."""
MOST_POINTS = 12
"""Points that are kept."""
STARTS = 2
"""Points from which room for a figure is looked for."""
FORCED = 3
"""How often a figure may be moved beyond its slack in one repair."""


class Shown(NamedTuple):
    """What is left if a fact becomes public: every figure has enough values."""

    bounds: list[Interval]
    points: list[Point]


class Search:
    """The system in a form in which facts can be tried."""

    def __init__(self, system: System) -> None:
        self.conditions = Conditions(system.figures, system.facts)
        self.bounds = list(system.bounds)
        self.points = [self._ready(Point(values)) for values in system.points]
        self._limit = 0

    def _ready(self, point: Point) -> Point:
        self.conditions.extend(point)
        point.slack = [[] for _ in point.values]
        self.conditions.refresh(point, range(len(point.values)))
        return point

    def attempt(self, fact: Fact) -> Shown | None:
        """What shows that every figure keeps enough values with ``fact``; None if nothing was found.

        Raises Refuted if it cannot become public. Changes nothing.
        """
        conditions = self.conditions
        self._limit = conditions.steps + STEPS
        place = conditions.push(fact)
        try:
            bounds = propagate(self.bounds, [place], conditions.facts, conditions.about.__getitem__)
            if any(
                high - low + 1 < need for (low, high), need in zip(bounds, conditions.needed, strict=True)
            ):
                return None
            points = [
                moved for point in self.points if (moved := self._kept(point, place, bounds)) is not None
            ]
            if not points and (made := self._made(bounds)) is not None:
                points = [made]
            if not points:
                return None
            while short := conditions.short_in_all(points):
                found = next(self._rooms(points[:STARTS], short[0], bounds), None)
                if found is None:
                    return None
                points.append(found)
            points = _chosen(conditions, points)
            return Shown(bounds, points) if not conditions.short_in_all(points) else None
        finally:
            conditions.pop()

    def narrow(self) -> None:
        """Finds the bounds from all facts. Raises Refuted if they cannot all hold."""
        conditions = self.conditions
        everything = range(len(conditions.facts))
        self.bounds = propagate(self.bounds, everything, conditions.facts, conditions.about.__getitem__)

    def commit(self, fact: Fact, shown: Shown) -> None:
        """The fact has become public."""
        self.conditions.push(fact)
        self.bounds, self.points = shown.bounds, shown.points

    # -- points -----------------------------------------------------------------------------------

    def _kept(self, point: Point, fact: int, bounds: Sequence[Interval]) -> Point | None:
        """The point, or one near it, with which the new fact holds."""
        point = point.copy()
        self.conditions.extend(point)
        before = point.values.copy()
        if not self.conditions.holds(point, fact) and not self._repair(point, {fact}, bounds, frozen=-1):
            return None
        return self._settled(point, before, self.conditions.facts[fact].figures)

    def _made(self, bounds: Sequence[Interval]) -> Point | None:
        """A point from the middle of all bounds."""
        point = Point((low + high) // 2 for low, high in bounds)
        self.conditions.extend(point)
        broken = {
            place for place in range(len(self.conditions.facts)) if not self.conditions.holds(point, place)
        }
        if not self._repair(point, broken, bounds, frozen=-1):
            return None
        return self._ready(point)

    def _settled(self, point: Point, before: Sequence[int], figures: Sequence[int]) -> Point:
        moved = [figure for figure, value in enumerate(before) if value != point.values[figure]]
        self.conditions.refresh(point, self.conditions.around({*moved, *figures}))
        return point

    def _rooms(self, starts: Sequence[Point], figure: int, bounds: Sequence[Interval]) -> Iterator[Point]:
        """Points in which a figure has room for as many values in a row as it needs."""
        conditions, (low, high) = self.conditions, bounds[figure]
        width = conditions.needed[figure] - 1
        last = high - width
        if last < low:
            return
        for start in starts:
            around = min(max(start.values[figure] - width // 2, low), last)
            for first in dict.fromkeys((around, (low + last) // 2, low, last)):
                point = start.copy()
                conditions.move(point, figure, first)
                kept = self._tighten(figure, width)
                broken = {place for place in conditions.about[figure] if not conditions.holds(point, place)}
                good = self._repair(point, broken, bounds, frozen=figure)
                for condition, ends in kept.items():
                    conditions.low[condition], conditions.high[condition] = ends
                if good:
                    point = self._settled(point, start.values, [figure])
                    if size(point.slack[figure]) > width:
                        yield point

    def _tighten(self, figure: int, width: int) -> dict[int, tuple[int | None, int | None]]:
        """Ends of conditions for the figure being up to ``width`` higher as well. Returns the old ones."""
        conditions, kept = self.conditions, {}
        for condition, factor in conditions.inside[figure]:
            low, high = kept[condition] = conditions.low[condition], conditions.high[condition]
            if factor > 0 and high is not None:
                conditions.high[condition] = high - factor * width
            elif factor < 0 and low is not None:
                conditions.low[condition] = low - factor * width
        return kept

    # -- repair -----------------------------------------------------------------------------------

    def _repair(self, point: Point, broken: set[int], bounds: Sequence[Interval], *, frozen: int) -> bool:
        """Moves the point until all facts hold, but for the figure ``frozen``. Whether it could."""
        forced: Counter[int] = Counter()
        while broken:
            if self.conditions.steps > self._limit:
                return False
            fact = min(broken)
            broken.discard(fact)
            if self.conditions.holds(point, fact):
                continue
            alternatives = self.conditions.lines[fact]
            if any(self._give(point, fact, lines, frozen) for lines in alternatives):
                continue
            if not any(self._force(point, lines, bounds, frozen, forced, broken) for lines in alternatives):
                return False
        return True

    def _give(self, point: Point, fact: int, lines: Sequence[Line], frozen: int) -> bool:
        """Makes an alternative hold within the slack of its figures, so that nothing else breaks."""
        conditions = self.conditions
        before = [(figure, point.values[figure]) for figure in conditions.facts[fact].figures]
        for line in lines:
            if not conditions.met(point, line.place):
                self._share(point, fact, line, frozen)
        if all(conditions.met(point, line.place) for line in lines):
            return True
        for figure, value in before:
            conditions.move(point, figure, value)
        return False

    def _share(self, point: Point, fact: int, line: Line, frozen: int) -> None:
        """Moves a condition's sum between its ends and by half of what is possible beyond, each figure in
        proportion to what it can give."""
        conditions, (place, factors) = self.conditions, line
        low, total = conditions.low[place], point.sums[place]
        up = low is not None and total < low
        need, room = self._distance(point, place)
        gains = {}
        for figure, factor in factors.items():
            slack = [] if figure == frozen else conditions.slack(point, figure, skip=fact)
            if slack:
                end = slack[-1][1] if (factor > 0) == up else slack[0][0]
                gains[figure] = abs(factor * (end - point.values[figure]))
        whole = sum(gains.values())
        if whole < need:
            return
        wanted = need + ((whole if room is None else min(whole, room)) - need) // 2
        for figure, gain in gains.items():
            factor = factors[figure]
            by = gain * wanted // whole // abs(factor)
            self._step(point, figure, by if (factor > 0) == up else -by, fact)
        for figure in gains:
            need, room = self._distance(point, place)
            if need == 0:
                return
            factor = factors[figure]
            by = -(-need // abs(factor))
            if room is not None:
                by = min(by, room // abs(factor))
            self._step(point, figure, by if (factor > 0) == up else -by, fact)

    def _distance(self, point: Point, place: int) -> tuple[int, int | None]:
        """How far a condition's sum is from the end that it misses (0 if none), and from the other one."""
        low, high, total = self.conditions.low[place], self.conditions.high[place], point.sums[place]
        if low is not None and total < low:
            return low - total, None if high is None else high - total
        if high is not None and total > high:
            return total - high, None if low is None else total - low
        return 0, 0

    def _step(self, point: Point, figure: int, by: int, fact: int) -> None:
        """Moves a figure so far, or as far as its slack goes."""
        own = point.values[figure]
        if by == 0:
            return
        reach = (own, own + by) if by > 0 else (own + by, own)
        inside = [
            (max(low, reach[0]), min(high, reach[1]))
            for low, high in self.conditions.slack(point, figure, skip=fact)
            if low <= reach[1] and high >= reach[0]
        ]
        if inside:
            self.conditions.move(point, figure, inside[-1][1] if by > 0 else inside[0][0])

    def _force(
        self,
        point: Point,
        lines: Sequence[Line],
        bounds: Sequence[Interval],
        frozen: int,
        forced: Counter[int],
        broken: set[int],
    ) -> bool:
        """Makes an alternative hold within the bounds of its figures; what breaks by it is broken."""
        conditions = self.conditions
        before = dict.fromkeys(figure for line in lines for figure in line.factors)
        values = {figure: point.values[figure] for figure in before}
        for place, factors in lines:
            for figure, factor in factors.items():
                need, room = self._distance(point, place)
                if need == 0:
                    break
                if figure == frozen or forced[figure] >= FORCED:
                    continue
                conditions.steps += 1
                low, total = conditions.low[place], point.sums[place]
                up = low is not None and total < low
                by = -(-need // abs(factor))
                if room is not None:
                    by = min(by, room // abs(factor))
                wanted = point.values[figure] + (by if (factor > 0) == up else -by)
                least, greatest = bounds[figure]
                conditions.move(point, figure, min(max(wanted, least), greatest))
        if not all(conditions.met(point, line.place) for line in lines):
            for figure, value in values.items():
                conditions.move(point, figure, value)
            return False
        for figure, value in values.items():
            if point.values[figure] != value:
                forced[figure] += 1
                broken.update(conditions.about[figure])
        return True


def _chosen(conditions: Conditions, points: list[Point]) -> list[Point]:
    """At most so many of the points as are kept: those that show enough values of most figures first."""
    ordered = sorted(range(len(points)), key=lambda number: (len(points[number].short), number))
    chosen: list[Point] = []
    for number in ordered:
        if len(chosen) < MOST_POINTS and (not chosen or conditions.short_in_all(chosen)):
            chosen.append(points[number])
    return chosen
