"""What claims and index together give away about a figure, found out before anything is reported.

Every provider's outcomes are public: of each claim that it was proved or that it was not, and the index's
grade or step. Each says something about the figures that it is about. The *exposure* of a figure is the
smallest number of values that it may still have, over everything that can come out of the claims about it
and of the index. The other figures that these are about are free in their whole ranges; but where several
claims are about the same other figure, they are looked at together (`circuits.possible`), and so are the
index and all bounds on it. What the outcomes about *other* figures say is not counted (protocol, section
12.6).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from math import ceil, floor
from typing import Any, NamedTuple

from circuits.claims.catalogue import KINDS, Asked, claim_at, needs, state_claim
from circuits.claims.index import has_index, outcome_of, weighing
from circuits.claims.kinds import Need, Setting
from circuits.figures import decimal
from circuits.indicators import Claim, Index, Indicator, IndicatorScheme, Ratio
from circuits.possible import Alternatives, Condition, Pieces, Possible, alone, together
from zkperf.errors import InputError
from zkperf.proofs.forms import Form

MAX_STEPS = 100
"""Of an exact index: its exposure is computed step by step."""
FINEST = 2
"""Digits of the finest step that is tried where the scheme names none."""

PROMISES_NOTHING = 1
"""A floor up to this: some value is always left, so nothing is counted."""
MOST_OUTCOMES = 5000
"""Of the claims about one figure, counted together: with more a scheme is refused."""
MOST_TOGETHER = 4
"""Claims about the same two figures, the index and its bounds being one."""


@dataclass(frozen=True)
class Exposure:
    """How far a figure can be narrowed down: to ``values`` values between ``low`` and ``high``."""

    indicator: Indicator
    values: int
    low: int
    high: int
    because: tuple[str, ...]

    def __str__(self) -> str:
        low, high = (decimal(value, self.indicator.scale) for value in (self.low, self.high))
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
    if scheme.floor <= PROMISES_NOTHING:
        return
    parts = () if scheme.index is None else scheme.index.parts
    for period in scheme.periods:
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
    if not has_index(setting) or setting.scheme.floor <= PROMISES_NOTHING:
        return has_index(setting)
    try:
        found = exposures(setting, with_index=True)
    except InputError:
        return False
    return all(item.values >= setting.scheme.floor for item in found)


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
    """The exposure of each figure that is reported in this setting. InputError if it is too much to count."""
    scheme = setting.scheme
    claims = [
        _ClaimReading(setting, number) for number, claim in enumerate(scheme.claims) if claim.kind != "index"
    ]
    spoken: list[_Reading] = [reading for reading in claims if reading.speaks()]
    if with_index and has_index(setting):
        spoken.append(_IndexReading(setting))
    return [_exposure(setting, k, spoken) for k in range(len(scheme.indicators)) if k not in setting.missing]


class _About(NamedTuple):
    """A reading about a figure, at one place of it."""

    reading: _Reading
    place: int

    @property
    def partners(self) -> dict[tuple[str, str], int]:
        """The other figures that it is about, with their places: of this period, the last or the next."""
        own = self.reading.needs[self.place]
        return {
            ("last" if need.previous else "next" if own.previous else "this", need.indicator): place
            for place, need in enumerate(self.reading.needs)
            if place != self.place
        }


def _exposure(setting: Setting, k: int, readings: Sequence[_Reading]) -> Exposure:
    indicator = setting.scheme.indicators[k]
    # A claim about two periods is about this figure now, and once more when it is the last period's.
    about = [_About(reading, place) for reading in readings for place in reading.places(k)]
    # A published total may be any: it is put where it narrows most what all others have left.
    about.sort(key=lambda item: item.reading.slides)
    shared = {
        place
        for one, other in combinations(range(len(about)), 2)
        if about[one].partners.keys() & about[other].partners.keys()
        for place in (one, other)
    }
    whole = Possible(((indicator.min, indicator.max),))
    found: list[tuple[Possible, _Chosen]] = [(whole, ())]
    for number, item in enumerate(about):
        seen: dict[Any, tuple[Possible, _Chosen]] = {}
        for before, chosen in found:
            for outcome in item.reading.outcomes(item.place, before.pieces):
                after = before.under(outcome.alone(item))
                taken = (*chosen, (item, outcome)) if number in shared else chosen
                if number in shared and after is not None:
                    after = _jointly(after, taken)
                if after is not None:
                    said = tuple(outcome.because for _, outcome in taken)
                    seen.setdefault((after.pieces, after.stride, after.sure, said), (after, taken))
        found = list(seen.values())
        if len(found) > MOST_OUTCOMES:
            raise InputError(f"there are too many claims about {indicator.id!r} to count what they give away")
    least = min((after for after, _ in found), key=lambda item: (item.values, item.because))
    return Exposure(indicator, least.values, least.pieces[0][0], least.pieces[-1][1], least.because)


def _jointly(left: Possible, chosen: _Chosen) -> Possible | None:
    """What the last outcome chosen leaves, together with those about the same other figures."""
    last, _ = chosen[-1]
    after: Possible | None = left
    for partner in last.partners:
        group = [(item, outcome) for item, outcome in chosen if partner in item.partners]
        if len(group) > MOST_TOGETHER:
            raise InputError(f"more than {MOST_TOGETHER} claims are about the same two figures")
        if len(group) > 1 and after is not None:
            because = tuple(reason for _, outcome in group for reason in outcome.because)
            after = after.under(
                together(
                    [
                        (outcome.alternatives, item.place, item.partners[partner], item.reading.ranges)
                        for item, outcome in group
                    ],
                    because,
                )
            )
    return after


class _Outcome(NamedTuple):
    """Something that can come out, and what it says."""

    because: tuple[str, ...]
    alternatives: Alternatives

    def alone(self, about: _About) -> Possible:
        return alone(self.alternatives, about.place, about.reading.ranges, self.because)


_Chosen = tuple[tuple[_About, _Outcome], ...]
"""What has come out of claims that are about the same other figures."""


class _Reading(ABC):
    """What a claim, or the index with all bounds on it, can say in a setting."""

    slides = False
    """Whether it publishes a number that may be anything in a range."""

    def __init__(self, setting: Setting, number: int) -> None:
        self._setting = setting
        self.needs: tuple[Need, ...] = needs(setting, number)
        self.ranges: list[Indicator] = [setting.scheme.named(need.indicator) for need in self.needs]
        self._outcomes: list[_Outcome] | None = None

    def places(self, k: int) -> list[int]:
        """Where it takes indicator k."""
        name = self._setting.scheme.indicators[k].id
        return [place for place, need in enumerate(self.needs) if need.indicator == name]

    def outcomes(self, place: int, left: Pieces) -> Sequence[_Outcome]:
        """What can come out; ``left`` is what others have left of the figure at ``place``."""
        if self._outcomes is None:
            self._outcomes = list(self._list())
        return self._outcomes

    @abstractmethod
    def _list(self) -> Iterator[_Outcome]:
        """All that can come out, where that does not depend on others."""


class _ClaimReading(_Reading):
    """What one claim can say."""

    def __init__(self, setting: Setting, number: int) -> None:
        super().__init__(setting, number)
        self._number = number
        self._claim: Claim = claim_at(setting.scheme, number)
        self._kind = KINDS[self._claim.kind]
        self.slides = self._kind.publishes(self._claim)

    def speaks(self) -> bool:
        """Whether it is made at all."""
        scheme, missing = self._setting.scheme, self._setting.missing
        return self._kind.applies(self._setting, self._claim) and not any(
            scheme.number(need.indicator) in missing for need in self.needs if not need.previous
        )

    def outcomes(self, place: int, left: Pieces) -> Sequence[_Outcome]:
        return list(self._totals(place, left)) if self.slides else super().outcomes(place, left)

    def _list(self) -> Iterator[_Outcome]:
        conditions = self._conditions(None)
        yield _Outcome((f"{self._claim.id} proved",), (conditions,))
        yield self._not_proved(conditions)

    def _conditions(self, outcome: int | None) -> tuple[Condition, ...]:
        statement = state_claim(Asked(self._setting, self._number, outcome))
        if statement.products:
            raise InputError(
                f"claim {self._claim.id!r}: what a claim about products gives away "
                f"is not known: only a scheme with floor = {PROMISES_NOTHING} may have it"
            )
        return (
            *(Condition(form, 0, 0) for form in statement.zeros),
            *(Condition(item.form, 0, None if item.capped else item.span) for item in statement.intervals),
        )

    def _not_proved(self, conditions: Sequence[Condition]) -> _Outcome:
        negated: list[tuple[Condition, ...]] = []
        for form, low, high in conditions:
            if low is not None:
                negated.append((Condition(form, None, low - 1),))
            if high is not None:
                negated.append((Condition(form, high + 1, None),))
        return _Outcome((f"{self._claim.id} not proved",), tuple(negated))

    def _totals(self, place: int, left: Pieces) -> Iterator[_Outcome]:
        """A published total: each at which an end of what is left of the figure begins to be excluded."""
        scheme, claim = self._setting.scheme, self._claim
        first = self._kind.example(scheme, claim)
        assert first is not None
        [(form, _, _)] = self._conditions(first)
        # Σ parts = first + shift
        scale = max(scheme.indicators[scheme.number(identifier)].scale for identifier in claim.indicators)
        last = int(claim.numbers[1].exact * 10**scale)
        own, indicator = dict(form.terms)[place], self.ranges[place]
        assert form.low is not None and form.high is not None
        rest = (form.low - own * indicator.min, form.high - own * indicator.max)
        shifts = {0, last - first}
        for end in (end for piece in left for end in piece):
            shifts |= {own * end + rest[0], own * end + rest[1]}
        for shift in sorted(shifts):
            if 0 <= shift <= last - first:
                because = f"{claim.id} = {decimal(first + shift, scale)}"
                yield _Outcome((because,), ((Condition(form, shift, shift),),))
        yield self._not_proved([Condition(form, 0, last - first)])


class _IndexReading(_Reading):
    """What the published index, and every claim that bounds it, can say: they cut one line into pieces."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, len(setting.scheme.claims))

    def _list(self) -> Iterator[_Outcome]:
        scheme, weighed = self._setting.scheme, weighing(self._setting)
        index, n = scheme.index, weighed.denominator
        assert index is not None
        factors = [weighed.factors[need.indicator] for need in self.needs]
        # N·index = A_0 + Σ A_k·v_k
        total = Form.of(weighed.constant)
        for place, (factor, figure) in enumerate(zip(factors, self.ranges, strict=True)):
            total += factor * Form(((place, 1),), 0, figure.min, figure.max)
        assert total.low is not None and total.high is not None
        claims = [claim for claim in scheme.claims if claim.kind == "index"]
        # Each bound lies between cut - 1 and cut.
        cuts = [_cut(claim.numbers[0].exact * n, claim.sense) for claim in claims]
        published = {ceil(least * n) for least in _leasts(index)}
        inside = sorted(cut for cut in published | set(cuts) if total.low < cut <= total.high)
        for low, high in pairwise([None, *inside, None]):
            at = total.low if low is None else low
            because = [f"index {_names(index)[outcome_of(index, Fraction(at, n))]}"]
            for claim, cut in zip(claims, cuts, strict=True):
                holds = (at >= cut) == (claim.sense == "at least")
                because.append(f"{claim.id} proved" if holds else f"{claim.id} not proved")
            condition = Condition(total, low, None if high is None else high - 1)
            yield _Outcome(tuple(because), ((condition,),))


def _cut(bound: Fraction, sense: str | None) -> int:
    return ceil(bound) if sense == "at least" else floor(bound) + 1


def _leasts(index: Index) -> list[Fraction]:
    """Where each grade or step begins."""
    if index.publish == "grade":
        return [grade.least.exact for grade in index.grades]
    assert index.step is not None
    return [place * index.step.exact for place in range(len(_names(index)))]


def _names(index: Index) -> list[str]:
    if index.publish == "grade":
        return [f"grade {grade.name}" for grade in index.grades]
    assert index.step is not None
    step = index.step.exact
    return [f"step {place}" for place in range(-(-step.denominator // step.numerator))]


def _check_totals(scheme: IndicatorScheme) -> None:
    """A published total makes each part of it known by the others: nothing else may be about two of them."""
    about = [(f"claim {claim.id!r}", set(claim.indicators)) for claim in scheme.claims]
    if scheme.index is not None:
        about.append(("the index", {item.id for item in scheme.indicators if item.weight is not None}))
    seen: set[str] = set()
    for number, claim in enumerate(scheme.claims):
        if claim.kind == "parts" and claim.numbers:
            twice = seen & set(claim.indicators)
            if twice:
                raise InputError(f"claim {claim.id!r}: {min(twice)!r} is in two published totals")
            seen |= set(claim.indicators)
            for place, (other, named) in enumerate(about):
                if place != number and len(named & set(claim.indicators)) > 1:
                    both = " and ".join(map(repr, sorted(named & set(claim.indicators))[:2]))
                    raise InputError(
                        f"claim {claim.id!r} publishes a total of {both}, and {other} is about both: "
                        "together they would tell too much"
                    )
