"""What has become of a provider's claims, as people read it."""

from __future__ import annotations

from typing import Literal

from circuits.claims import Grades, Published, claim_at, is_made, needs
from circuits.figures import decimal
from circuits.indicators import IndicatorScheme
from zkperf.ledger.rules.figures.claims import provider_setting
from zkperf.ledger.rules.figures.needed import figure_needed
from zkperf.ledger.state import Answered, FigureRound, State

Verdict = Literal["proved", "not proved", "not asked", "not reported", "nothing posted"]


def outcome_name(scheme: IndicatorScheme, outcome: Published | None) -> str | None:
    """What a published outcome of the index is called: a grade, or the step's lower end as a decimal.

    With a step of 0.05 the outcome 12 is called "0.60". Where not every bound of the grades was asked, the
    grade may be "B or better", "B or worse", or "A to C"; None if nothing is known of it.
    """
    if outcome is None or scheme.index is None:
        return None
    if isinstance(outcome, Grades):
        names, last = [grade.name for grade in scheme.index.grades], len(scheme.index.grades) - 1
        best, worst = outcome
        if best == worst:
            return names[best]
        if best == 0:
            return None if worst == last else f"{names[worst]} or better"
        return f"{names[best]} or worse" if worst == last else f"{names[best]} to {names[worst]}"
    assert scheme.index.step is not None
    step = scheme.index.step.exact
    digits = next(d for d in range(1, 19) if (step * 10**d).denominator == 1)
    return decimal(int(outcome * step * 10**digits), digits)


def grade_range(found: FigureRound, unit: int) -> list[str] | None:
    """The best and the worst grade that a provider may have by its proof; None if it says nothing."""
    index, answered = found.scheme.scheme.index, found.claimed.get(unit)
    if index is None or answered is None or answered.grades is None:
        return None
    best, worst = answered.grades
    if (best, worst) == (0, len(index.grades) - 1) and best != worst:
        return None
    return [index.grades[best].name, index.grades[worst].name]


def verdict(state: State, found: FigureRound, unit: int, number: int) -> Verdict:
    """What has become of one claim of one provider; the index is the one after the last."""
    return judged(state, found, unit, number, found.claimed.get(unit))


def judged(state: State, found: FigureRound, unit: int, number: int, answered: Answered | None) -> Verdict:
    """What becomes of a claim of a provider that has ``answered`` so, or not yet."""
    if answered is not None and number in answered.asked:
        return "proved" if number in answered.proved else "not proved"
    if found.counted(unit) is None:
        return "not reported"
    setting, claim = provider_setting(state, found, unit), claim_at(found.scheme.scheme, number)
    if not is_made(setting, claim):
        return "not reported"
    if any(figure_needed(found, unit, need) is None for need in needs(setting, number)):
        return "not reported"
    return "nothing posted" if answered is None else "not asked"


def index_name(state: State, found: FigureRound, unit: int) -> str | None:
    """The published grade or index of a provider, or that it is not asked; None if there is none."""
    scheme, answered = found.scheme.scheme, found.claimed.get(unit)
    if scheme.index is None or answered is None:
        return None
    number = len(scheme.claims)
    if number not in answered.proved:
        return "not asked" if verdict(state, found, unit, number) == "not asked" else None
    return outcome_name(scheme, answered.grades or answered.proved[number])
