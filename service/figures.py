"""What readers see of providers' figures: rounds, who has reported, and what came out. No figure is here.

As with everything in a snapshot, what cannot have changed is carried over from the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from service.views import Hex, View
from zkperf.indicators.published import node_result, provider_result
from zkperf.ledger.state import FigureRound, Filed, State


class FigureSchemeView(View):
    """A scheme of indicators on the log."""

    id: Hex
    leaf: int
    scheme: dict[str, Any] = Field(description="Figures, targets and ranges are integers: value·10^scale.")


class AuditorView(View):
    """An auditor whose attestations count in a round."""

    name: str
    key: Hex


class ReportView(View):
    """A provider's report that counts so far: which figures it commits to, never what they are."""

    leaf: int
    digest: Hex
    sequence: int = Field(description="How often the report was corrected.")
    reported: list[str]
    attested: dict[str, list[str]] = Field(description="By indicator the auditors that have seen it.")
    struck: bool = Field(description="A member's complaint about it was true: it does not count.")


class PlaceView(View):
    """A unit of a round's tree; providers are its leaves."""

    unit: int
    name: str
    parent: int | None
    provider: Hex | None = Field(description="The key that signs this provider's reports.")
    report: ReportView | None
    claimed: bool | None = Field(description="Its claims are on the log. Providers only.")


class DrawnView(View):
    """A figure that has to be shown to an auditor."""

    unit: int
    indicator: str
    status: str = Field(description="awaited, attested or refused")


class FigureLeavesView(View):
    """Where on the log the round's foundations are."""

    scheme: int
    round: int


class FigureRoundSummary(View):
    """A round of figures in a list of rounds."""

    id: Hex
    period: str
    phase: str
    scheme: Hex
    scheme_id: str
    min_cohort: int
    until: int | None = Field(description="The announced end, in Unix time. Not closed before; null: none.")
    providers: int
    reports: int = Field(description="Providers with a report on the log.")


class FigureRoundView(FigureRoundSummary):
    """A round of figures: its tree, who has reported and claimed, and what was drawn."""

    phase_text: str
    opened_at: int = Field(description="Unix time in seconds.")
    abandoned: int | None = Field(description="The leaf by which a member gave up the closed round.")
    previous: Hex | None = Field(description="The last period's round.")
    ratings: list[Hex] = Field(description="Rounds of ratings whose means the index takes.")
    auditors: list[AuditorView]
    leaves: FigureLeavesView
    units: list[PlaceView]
    drawn: list[DrawnView]


class PoolView(View):
    """Decimals are strings. A withheld pool has a reason and no sum, mean or share."""

    status: str
    reason: str | None
    count: int
    sum: str | None
    mean: str | None
    share_at_target: str | None = Field(description="Null also where it is not asked who is at the target.")
    share_of: int | None = Field(description="Over how many providers the share is: those who were asked.")
    share_from: str | None = Field(description="claims, bits or not asked; null without a target.")


class PooledView(View):
    """What is published of one unit that is no provider."""

    unit: int
    name: str
    status: str
    reason: str | None
    count: int = Field(description="Reports that count.")
    lost: int = Field(description="Reports that fell out: too few members could read their sealed shares.")
    pools: dict[str, PoolView]


class OutcomeView(View):
    """What one provider has proved."""

    unit: int
    name: str
    grade: str | None = Field(None, description="Where the scheme publishes grades; or not asked.")
    grades: list[str] | None = Field(None, description="The best and the worst grade that it may be.")
    index: str | None = Field(None, description="Where the scheme publishes the index; or not asked.")
    claims: dict[str, str] = Field(
        description="proved, not proved, not asked, not reported or nothing posted"
    )
    dropped: int = Field(description="How often a proof contradicted what it had left unproved.")


class FigureResultView(View):
    """What a round of figures has published. Unit 0 is the total."""

    round: Hex
    leaf: int
    period: str
    compared_with: str | None = Field(description="The period of the round that it names as the last.")
    units: list[PooledView]
    providers: list[OutcomeView]


@dataclass(frozen=True)
class Figures:
    """The rounds of figures of a ledger at one size, by identifiers."""

    schemes: Mapping[bytes, FigureSchemeView] = field(default_factory=dict)
    rounds: Mapping[bytes, FigureRoundView] = field(default_factory=dict)
    results: Mapping[bytes, FigureResultView] = field(default_factory=dict)
    marks: Mapping[bytes, Any] = field(default_factory=dict)
    """By round what tells whether its view has changed."""

    @classmethod
    def take(cls, state: State, before: Figures) -> Figures:
        """The picture of ``state``."""
        if not state.figure_schemes:
            return before
        marks = {digest: _mark(found) for digest, found in state.figure_rounds.items()}
        return cls(
            schemes={
                digest: before.schemes.get(digest)
                or FigureSchemeView(id=digest, leaf=item.index, scheme=item.scheme.model_dump(mode="json"))
                for digest, item in state.figure_schemes.items()
            },
            rounds={
                digest: before.rounds[digest] if before.marks.get(digest) == marks[digest] else _round(found)
                for digest, found in state.figure_rounds.items()
            },
            results={
                digest: before.results.get(digest) or _result(state, found)
                for digest, found in state.figure_rounds.items()
                if found.result is not None
            },
            marks=marks,
        )


def figure_summary(view: FigureRoundView) -> FigureRoundSummary:
    """A round in a list of rounds."""
    return FigureRoundSummary(**{name: getattr(view, name) for name in FigureRoundSummary.model_fields})


def _mark(found: FigureRound) -> Any:
    """Everything that a round's view shows and that can change."""
    reports = found.reports.values()
    return (
        found.phase,
        len(reports),
        max((filed.index for filed in reports), default=0),
        sum(filed.struck for filed in reports),
        len(found.claimed),
        sum(map(len, found.attested.values())),
    )


def _round(found: FigureRound) -> FigureRoundView:
    opened = found.opened
    names = {auditor.key: auditor.name for auditor in opened.auditors}
    units = []
    for unit, place in enumerate(opened.units):
        filed = found.reports.get(unit)
        units.append(
            PlaceView(
                unit=unit,
                name=place.name,
                parent=place.parent,
                provider=place.provider,
                report=None if filed is None else _report(found, unit, filed, names),
                claimed=None if place.provider is None else unit in found.claimed,
            )
        )
    return FigureRoundView(
        id=found.digest,
        period=opened.period,
        phase=found.phase.name.lower(),
        phase_text=str(found.phase),
        scheme=found.scheme.digest,
        scheme_id=found.scheme.scheme.id,
        min_cohort=opened.min_cohort,
        until=opened.until,
        providers=len(found.tree.leaves()),
        reports=len(found.reports),
        opened_at=opened.at,
        abandoned=None if found.abandoned is None else found.abandoned.index,
        previous=opened.previous,
        ratings=list(opened.ratings),
        auditors=[AuditorView(name=auditor.name, key=auditor.key) for auditor in opened.auditors],
        leaves=FigureLeavesView(scheme=found.scheme.index, round=found.index),
        units=units,
        drawn=[
            DrawnView(unit=item.unit, indicator=_id(found, item.indicator), status=_status(found, item))
            for item in found.drawn
        ],
    )


def _report(found: FigureRound, unit: int, filed: Filed, names: Mapping[bytes, str]) -> ReportView:
    seen = {k: found.attested.get((unit, k), {}) for k in filed.reported}
    return ReportView(
        leaf=filed.index,
        digest=filed.digest,
        sequence=filed.sequence,
        reported=[_id(found, k) for k in filed.reported],
        attested={_id(found, k): [names[key] for key in keys] for k, keys in seen.items() if keys},
        struck=filed.struck,
    )


def _status(found: FigureRound, item: Any) -> str:
    if (item.unit, item.indicator) in found.attested:
        return "attested"
    return "refused" if item in found.refused else "awaited"


def _id(found: FigureRound, indicator: int) -> str:
    return found.scheme.scheme.indicators[indicator].id


def _result(state: State, found: FigureRound) -> FigureResultView:
    assert found.result is not None and found.result_index is not None
    places = found.opened.units
    return FigureResultView(
        round=found.digest,
        leaf=found.result_index,
        period=found.opened.period,
        compared_with=None if found.previous is None else found.previous.opened.period,
        units=[
            PooledView.model_validate(
                {"unit": unit.unit, "name": unit.name, "count": unit.count, **node_result(found, unit)}
            )
            for unit in found.result
        ],
        providers=[
            OutcomeView.model_validate(
                {"unit": unit, "name": places[unit].name, **provider_result(state, found, unit)}
            )
            for unit in found.tree.leaves()
        ],
    )
