"""What has become of a provider's claims, as people read it."""

from __future__ import annotations

from typing import Literal

from circuits.claims import KINDS, needs
from circuits.figures import decimal
from circuits.indicators import IndicatorScheme
from zkperf.ledger.rules.figures.claims import has_shown_index, provider_setting
from zkperf.ledger.rules.figures.needed import figure_needed
from zkperf.ledger.state import FigureRound, State

Verdict = Literal["proved", "not proved", "not reported"]


def outcome_name(scheme: IndicatorScheme, outcome: int | None) -> str | None:
    """What a published outcome of the index is called: a grade, or the step's lower end as a decimal.

    With a step of 0.05 the outcome 12 is called "0.60".
    """
    if outcome is None or scheme.index is None:
        return None
    if scheme.index.publish == "grade":
        return scheme.index.grades[outcome].name
    assert scheme.index.step is not None
    step = scheme.index.step.exact
    digits = next(d for d in range(1, 19) if (step * 10**d).denominator == 1)
    return decimal(int(outcome * step * 10**digits), digits)


def verdict(state: State, found: FigureRound, unit: int, number: int) -> Verdict:
    """What has become of one claim of one provider."""
    scheme, filed = found.scheme.scheme, found.counted(unit)
    if number in found.claimed.get(unit, {}):
        return "proved"
    if filed is None:
        return "not reported"
    setting, claim = provider_setting(state, found, unit), scheme.claims[number]
    if claim.kind == "index":
        return "not proved" if has_shown_index(found, setting) else "not reported"
    if any(figure_needed(found, unit, need) is None for need in needs(setting, number)):
        return "not reported"
    return "not proved" if KINDS[claim.kind].applies(setting, claim) else "not reported"
