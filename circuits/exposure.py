"""What claims and index together give away about a figure, found out before anything is reported.

Every provider's outcomes are public: of each claim that it was proved or that it was not, and the index's
grade or step. Each says something about the figures that it is about. The *exposure* of a figure is the
smallest number of values that it may still have, over everything that can come out of the claims about it
and of the index; the other figures that these are about are free in their whole ranges.

A condition  low <= c·v + Σ c_i·u_i + c_0 <= high  leaves v where  low - max <= c·v <= high - min  for the
least and the greatest value of the rest, if the rest has no gap wider than high - low + 1. What the
outcomes about all *other* figures say is not counted (protocol, section 12.6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

from circuits.claims.catalogue import KINDS, Asked, claim_at, needs, state_claim
from circuits.claims.index import PUBLISHED, has_index
from circuits.claims.kinds import Need, Setting
from circuits.indicators import Claim, Index, Indicator, IndicatorScheme, Ratio
from zkperf.errors import InputError
from zkperf.proofs.forms import Form

MAX_STEPS = 100
"""Of an exact index: its exposure is computed step by step."""
FINEST = 2
"""Digits of the finest step that is tried where the scheme names none."""

UNKNOWN = 2**62
"""A stride of which no more is promised than that some value is left."""

Pieces = tuple[tuple[int, int], ...]
"""Disjoint intervals of integers, ends included, ascending."""


class Possible(NamedTuple):
    """Values that a figure may have: every ``stride``-th of these pieces, and what narrowed it so."""

    pieces: Pieces
    stride: int = 1
    because: tuple[str, ...] = ()

    @property
    def values(self) -> int:
        whole = sum(high - low + 1 for low, high in self.pieces)
        return max(1, whole // self.stride)

    def under(self, other: Possible) -> Possible | None:
        """What is left where both hold; None if nothing is."""
        met = [(max(a, c), min(b, d)) for a, b in self.pieces for c, d in other.pieces]
        pieces = tuple(sorted((low, high) for low, high in met if low <= high))
        narrowed = pieces != self.pieces or other.stride > 1
        because = self.because + (other.because if narrowed else ())
        return Possible(pieces, lcm(self.stride, other.stride), because) if pieces else None


class Condition(NamedTuple):
    """low <= form <= high; None where there is no bound."""

    form: Form
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Exposure:
    """How far a figure can be narrowed down: to ``values`` values between ``low`` and ``high``."""

    indicator: Indicator
    values: int
    low: int
    high: int
    because: tuple[str, ...]

    def __str__(self) -> str:
        low, high = (_decimal(value, self.indicator.scale) for value in (self.low, self.high))
        ways = ", ".join(self.because) or "its range alone"
        return f"{self.indicator.id!r} could be narrowed to {low} to {high} ({self.values} values) by: {ways}"


def check_exposure(scheme: IndicatorScheme) -> None:
    """Raises InputError, with the explanation, if a figure could be narrowed to fewer values than the floor.

    That is for a provider that reports everything. For one that does not, and where the index takes
    published means, `index_allowed` decides as soon as that is known.
    """
    _check_totals(scheme)
    if scheme.index is not None and scheme.index.publish == "exact":
        step = scheme.index.step
        if step is None or step.exact < Fraction(1, MAX_STEPS):
            raise InputError(f"index: expected a step of at least 1/{MAX_STEPS}")
    periods = {target.period for indicator in scheme.indicators for target in indicator.targets}
    parts = () if scheme.index is None else scheme.index.parts
    for period in sorted(period or "" for period in periods | {None}):
        setting = Setting(scheme, period, parts=[None] * len(parts))
        for found in exposures(setting, with_index=not parts and has_index(setting)):
            if found.values < scheme.floor:
                where = f" in {period}" if period else ""
                raise InputError(
                    f"{found}{where}; the scheme's floor is {scheme.floor} values. Widen the range or the "
                    "grades, keep more decimals, or leave out one of these claims"
                )


def index_allowed(setting: Setting) -> bool:
    """Whether a provider that reports so much has an index: enough is reported, and with these published
    means its outcome would leave every figure as many values as the floor says."""
    floor = setting.scheme.floor
    return has_index(setting) and all(found.values >= floor for found in exposures(setting, with_index=True))


def with_step(scheme: IndicatorScheme) -> IndicatorScheme:
    """The scheme with the finest step of 1, 2 or 5 times a power of ten that it can publish an exact index
    in, if it names none. InputError if there is none: then it has to publish grades."""
    if scheme.index is None or scheme.index.publish != "exact" or scheme.index.step is not None:
        return scheme
    refused = InputError("index: no step leaves enough values possible: publish grades")
    for digits in range(FINEST, 0, -1):
        for mantissa in (1, 2, 5):
            step = Ratio.of(Fraction(mantissa, 10**digits))
            tried = scheme.model_copy(update={"index": scheme.index.model_copy(update={"step": step})})
            try:
                check_exposure(tried)
            except InputError as error:
                refused = InputError(f"index: no step leaves enough values possible: publish grades. {error}")
            else:
                return tried
    raise refused


def exposures(setting: Setting, *, with_index: bool) -> list[Exposure]:
    """The exposure of each figure that is reported in this setting."""
    scheme = setting.scheme
    readings = [_Reading(setting, number) for number in range(len(scheme.claims))]
    if scheme.index is not None:
        readings.append(_Reading(setting, len(scheme.claims)))
    spoken = [reading for reading in readings if reading.speaks(with_index)]
    return [_exposure(setting, k, spoken) for k in range(len(scheme.indicators)) if k not in setting.missing]


def _exposure(setting: Setting, k: int, readings: Sequence[_Reading]) -> Exposure:
    indicator = setting.scheme.indicators[k]
    found = {Possible(((indicator.min, indicator.max),))}
    # A claim about two periods is about this figure now, and once more when it is the last period's.
    about = [(reading, place) for reading in readings for place in reading.places(k)]
    # A published total may be any: it is put where it narrows most what all others have left.
    for reading, place in sorted(about, key=lambda pair: pair[0].slides):
        found = set(_narrowed(found, reading, place))
    least = min(found, key=lambda item: (item.values, item.because))
    return Exposure(indicator, least.values, least.pieces[0][0], least.pieces[-1][1], least.because)


def _narrowed(found: Iterable[Possible], reading: _Reading, place: int) -> Iterator[Possible]:
    seen: set[tuple[Pieces, int]] = set()
    for before in found:
        for said in reading.says(place, before.pieces):
            after = before.under(said)
            if after is not None and (after.pieces, after.stride) not in seen:
                seen.add((after.pieces, after.stride))
                yield after


class _Reading:
    """What one claim, or the index, can say in a setting."""

    def __init__(self, setting: Setting, number: int) -> None:
        self._setting = setting
        self._number = number
        self.claim: Claim = claim_at(setting.scheme, number)
        self._kind = KINDS[self.claim.kind]
        self.slides = self.claim != PUBLISHED and self._kind.publishes(self.claim)
        self._said: dict[int, list[Possible]] = {}

    def speaks(self, with_index: bool) -> bool:
        """Whether it is made at all."""
        if self.claim.kind == "index":
            return with_index
        return self._kind.applies(self._setting, self.claim) and not any(
            need.indicator in self._setting.missing for need in self._needs() if not need.previous
        )

    def places(self, k: int) -> list[int]:
        """Where the claim takes indicator k."""
        return [place for place, need in enumerate(self._needs()) if need.indicator == k]

    def says(self, place: int, left: Pieces) -> list[Possible]:
        """What each outcome says of the figure at ``place``; ``left`` is what others have left of it."""
        if self.slides:
            return list(self._totals(place, left))
        if place not in self._said:
            self._said[place] = list(self._outcomes(place))
        return self._said[place]

    def _outcomes(self, place: int) -> Iterator[Possible]:
        if self.claim == PUBLISHED:
            assert self._setting.scheme.index is not None
            for outcome, name in enumerate(_names(self._setting.scheme.index)):
                yield self._proved(place, self._conditions(outcome), f"index {name}")
            return
        conditions = self._conditions(None)
        yield self._proved(place, conditions, f"{self.claim.id} proved")
        yield self._not_proved(place, conditions)

    def _needs(self) -> tuple[Need, ...]:
        return needs(self._setting, self._number)

    def _conditions(self, outcome: int | None) -> list[Condition]:
        statement = state_claim(Asked(self._setting, self._number, outcome))
        if statement.products:
            raise InputError(f"claim {self.claim.id!r}: what a claim about products gives away is not known")
        return [Condition(form, 0, 0) for form in statement.zeros] + [
            Condition(item.form, 0, None if item.capped else item.span) for item in statement.intervals
        ]

    def _project(self, condition: Condition, place: int, because: str) -> Possible:
        """Where the figure at ``place`` can be for the condition to hold."""
        indicators = [self._setting.scheme.indicators[need.indicator] for need in self._needs()]
        form, (low, high) = condition.form, condition[1:]
        own, least, greatest, rest = 0, form.constant, form.constant, []
        for index, factor in form.terms:
            if index == place:
                own = factor
                continue
            ends = sorted((factor * indicators[index].min, factor * indicators[index].max))
            least, greatest = least + ends[0], greatest + ends[1]
            rest.append((abs(factor), indicators[index].max - indicators[index].min))
        lower = None if low is None else low - greatest
        upper = None if high is None else high - least
        pieces = _solve(own, lower, upper, indicators[place])
        stride = 1
        if low is not None and high is not None and rest:
            stride = _stride(own, rest, high - low + 1)
        return Possible(pieces, stride, (because,))

    def _proved(self, place: int, conditions: Sequence[Condition], because: str) -> Possible:
        indicator = self._setting.scheme.indicators[self._needs()[place].indicator]
        found = Possible(((indicator.min, indicator.max),), because=(because,))
        for condition in conditions:
            pieces = self._project(condition, place, because)
            met = found.under(pieces)
            if met is None:
                return Possible((), 1, (because,))
            found = met._replace(because=(because,))
        return found

    def _not_proved(self, place: int, conditions: Sequence[Condition]) -> Possible:
        because = f"{self.claim.id} not proved"
        pieces: list[tuple[int, int]] = []
        for form, low, high in conditions:
            if low is not None:
                pieces += self._project(Condition(form, None, low - 1), place, because).pieces
            if high is not None:
                pieces += self._project(Condition(form, high + 1, None), place, because).pieces
        return Possible(_union(pieces), 1, (because,))

    def _totals(self, place: int, left: Pieces) -> Iterator[Possible]:
        """A published total: each at which an end of what is left of the figure begins to be excluded."""
        scheme, claim = self._setting.scheme, self.claim
        first = self._kind.example(scheme, claim)
        assert first is not None
        [(form, _, _)] = self._conditions(first)
        # Σ parts = first + shift
        scale = max(scheme.indicators[scheme.number(identifier)].scale for identifier in claim.indicators)
        last = int(claim.numbers[1].exact * 10**scale)
        own = dict(form.terms)[place]
        indicator = scheme.indicators[self._needs()[place].indicator]
        assert form.low is not None and form.high is not None
        rest = (form.low - own * indicator.min, form.high - own * indicator.max)
        shifts = {0, last - first}
        for end in (end for piece in left for end in piece):
            shifts |= {own * end + rest[0], own * end + rest[1]}
        for shift in sorted(shifts):
            if 0 <= shift <= last - first:
                because = f"{claim.id} = {_decimal(first + shift, scale)}"
                yield self._proved(place, [Condition(form, shift, shift)], because)
        yield self._not_proved(place, [Condition(form, 0, last - first)])


def _solve(factor: int, lower: int | None, upper: int | None, indicator: Indicator) -> Pieces:
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


def _stride(own: int, rest: Sequence[tuple[int, int]], width: int) -> int:
    """Where the others' sums have gaps wider than the condition: which of the values are left. ``rest`` are
    the others' factors, and how far each can go."""
    common = gcd(*(factor for factor, _ in rest))
    width, reach, gap = -(-width // common), 0, 0
    for factor, span in sorted(rest):
        gap = max(gap, factor // common - reach)
        reach += factor // common * span
    if gap > width:
        return UNKNOWN
    return common // gcd(common, own) if width == 1 else 1


def _union(pieces: Iterable[tuple[int, int]]) -> Pieces:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(pieces):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def _names(index: Index) -> list[str]:
    if index.publish == "grade":
        return [f"grade {grade.name}" for grade in index.grades]
    assert index.step is not None
    step = index.step.exact
    return [f"step {place}" for place in range(-(-step.denominator // step.numerator))]


def _check_totals(scheme: IndicatorScheme) -> None:
    seen: set[str] = set()
    for claim in scheme.claims:
        if claim.kind == "parts" and claim.numbers:
            twice = seen & set(claim.indicators)
            if twice:
                raise InputError(f"claim {claim.id!r}: {min(twice)!r} is in two published totals")
            seen |= set(claim.indicators)


def _decimal(value: int, scale: int) -> str:
    whole, part = divmod(abs(value), 10**scale)
    return f"{'-' if value < 0 else ''}{whole}{f'.{part:0{scale}d}' if scale else ''}"
