"""What a scheme of indicators may publish, and which claims it will not be able to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from circuits.claims import KINDS, Need, Setting, claim_at, figures_of, truths
from circuits.exposure.asking import Outcome, ask
from circuits.exposure.system import Figure, System
from circuits.indicators import IndicatorScheme
from zkperf.errors import InputError

NO_FLOOR = 1
"""A floor up to this promises nothing: some value is always left."""

PERIODS = 8
"""Periods that a scheme is tried with."""
TRIED = ((4, 0), (1, 0), (7, 0), (2, 2), (6, -2))
"""Providers that a scheme is tried with: where all their figures are in the first period, from the worst to
the best in eighths of the range, and by how many 32nds of it they move from one period to the next."""


def check_floors(scheme: IndicatorScheme) -> None:
    """InputError unless every figure under a published number is said to have no floor.

    A published total, or an exact index, can fix figures at the ends of their ranges: a total of 0 does.
    """
    for number in range(len(scheme.claims) + (scheme.index is not None)):
        claim = claim_at(scheme, number)
        if number < len(scheme.claims):
            names, published = list(claim.indicators), KINDS[claim.kind].publishes(claim)
        else:
            names = [item.id for item in scheme.indicators if item.weight is not None]
            published = scheme.index is not None and scheme.index.publish == "exact"
        for name in names if published else ():
            if scheme.floor_of(name) > NO_FLOOR:
                what = "an exact index" if claim.kind == "index" else f"the total of {claim.id!r}"
                raise InputError(
                    f"{what} can fix indicator {name!r} at an end of its range, so it can have no floor: "
                    "give it the line floor = 1, or publish less"
                )


def enter(
    system: System, scheme: IndicatorScheme, period: bytes, reported: Sequence[str]
) -> tuple[System, dict[str, int]]:
    """The system with the figures that a provider has reported in a period, and their places by indicator.

    ``period`` tells one period's figures from another's. Figures that the system has stay as they are.
    """
    system, places = system.copy(), {}
    for name in reported:
        indicator = scheme.named(name)
        place = system.place((period, name))
        if place is None:
            place = system.add(Figure((period, name), indicator.min, indicator.max, scheme.floor_of(name)))
        places[name] = place
    return system, places


class Figures(NamedTuple):
    """What a provider reports in a period, by indicator; ``label`` tells them from other periods'."""

    label: bytes
    period: str
    values: Mapping[str, int]

    def __repr__(self) -> str:
        return "<figures>"


class Foreseen(NamedTuple):
    """What a provider would be asked."""

    made: frozenset[int]
    """The claims that could be made of it, by number: what they need is reported."""
    true: Mapping[int, int | None]
    """Those that hold, asked or not, with what each would publish: of a grade that is its place."""
    outcome: Outcome

    def __repr__(self) -> str:
        return "<foreseen>"


def foresee(scheme: IndicatorScheme, system: System, now: Figures, before: Figures | None) -> Foreseen:
    """What a provider with these figures would be asked after what is public, and what would be true.

    Published means that the index takes count as withheld: they are not known yet.
    """
    missing = frozenset(k for k, item in enumerate(scheme.indicators) if item.id not in now.values)
    parts = () if scheme.index is None else scheme.index.parts
    setting = Setting(scheme, now.period, missing, [None] * len(parts))
    then: dict[str, int] = {}
    if before is not None:
        # The last period's scheme may have had other indicators.
        known = [name for name in before.values if any(item.id == name for item in scheme.indicators)]
        system, then = enter(system, scheme, before.label, known)
    system, own = enter(system, scheme, now.label, list(now.values))

    def value(need: Need) -> int | None:
        figures = now if not need.previous else before
        return None if figures is None else figures.values.get(need.indicator)

    def place(need: Need) -> int | None:
        return (then if need.previous else own).get(need.indicator)

    numbers = range(len(scheme.claims) + (scheme.index is not None))
    made = frozenset(number for number in numbers if figures_of(setting, number, value) is not None)
    true = truths(setting, value)
    return Foreseen(made, true, ask(system, setting, place, true))


class Loss(NamedTuple):
    """A claim that some provider is not asked: the first of its periods in which it is not, from 1."""

    claim: str
    period: int


def losses(scheme: IndicatorScheme) -> list[Loss]:
    """The claims that would be lost, found out with a few made-up providers that report everything in so many
    periods. Others may lose more, or less."""
    found: dict[int, int] = {}
    names = [period for period in scheme.periods if period]
    for start, step in TRIED:
        system, before = System(), None
        for number in range(PERIODS):
            period = names[number] if number < len(names) else ""
            now = Figures(
                bytes([number]), period, _made_up(scheme, Fraction(start, 8) + Fraction(step * number, 32))
            )
            seen = foresee(scheme, system, now, before)
            for claim in seen.made - seen.outcome.asked:
                found[claim] = min(number + 1, found.get(claim, PERIODS))
            system, before = seen.outcome.system, now
    return [Loss(claim_at(scheme, claim).id, period) for claim, period in sorted(found.items())]


def _made_up(scheme: IndicatorScheme, part: Fraction) -> dict[str, int]:
    """Figures at the same part of each range, from the worst to the best."""
    part = min(max(part, Fraction(0)), Fraction(1))
    return {
        item.id: item.min + int((item.max - item.min) * (part if item.better == "higher" else 1 - part))
        for item in scheme.indicators
    }
