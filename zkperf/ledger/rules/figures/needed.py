"""The figures that a claim is about: in which round's report, and in which of its columns.

Schemes of two periods may list the same indicators at other places. So a claim names indicators by their
ids, and here, and nowhere else, an id becomes a column: in the scheme of the round that has the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from circuits.claims import ClaimContext, Need
from zkperf.ledger.rules.figures.reports import provider_key
from zkperf.ledger.state import FigureRound, Filed, State


class Figure(NamedTuple):
    """A figure that a provider has reported: the round, its place in that round, the report that counts, and
    the column that commits to the figure."""

    found: FigureRound
    unit: int
    filed: Filed
    column: int

    @property
    def commitment(self) -> Any:
        """V = v·G + r·H"""
        return self.filed.columns[self.column][0]


def figure_needed(found: FigureRound, unit: int, need: Need) -> Figure | None:
    """What a claim of the provider at ``unit`` needs; None if it is not reported."""
    place = last_place(found, unit) if need.previous else (found, unit)
    filed = None if place is None else place[0].counted(place[1])
    if place is None or filed is None:
        return None
    indicators = place[0].scheme.scheme.indicators
    for column in filed.reported:
        if indicators[column].id == need.indicator:
            return Figure(*place, filed, column)
    return None


def last_place(found: FigureRound, unit: int) -> tuple[FigureRound, int] | None:
    """The round of the last period, and the same provider's place in it; None if there is none."""
    provider, previous = provider_key(found, unit), found.previous
    if previous is None or provider is None:
        return None
    before = previous.unit_of(provider)
    return None if before is None else (previous, before)


def claim_context(state: State, found: FigureRound, unit: int, figures: Sequence[Figure]) -> ClaimContext:
    """Everything public that a claim about these figures is for. The provider's report has to count."""
    provider, filed = provider_key(found, unit), found.counted(unit)
    assert provider is not None and filed is not None
    before = next((figure for figure in figures if figure.found is not found), None)
    return ClaimContext(
        ledger=state.ledger,
        scheme=found.scheme.digest,
        round=found.digest,
        unit=unit,
        provider=provider,
        report=filed.digest,
        previous=None if before is None else before.filed.digest,
        previous_scheme=None if before is None else before.found.scheme.digest,
    )
