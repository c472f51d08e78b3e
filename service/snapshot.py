"""What readers see: a picture of the ledger's durable state that never changes.

It is taken between two writes, so nobody has to wait for a write to read, and shows nothing that the
log does not show: no waiting ratings, no times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.figures import Figures
from service.views import (
    LeavesView,
    LedgerView,
    MemberView,
    QuestionView,
    ResultView,
    RoundSummary,
    RoundView,
    SchemeView,
    UnitResultView,
    UnitView,
)
from zkperf import __version__
from zkperf.ledger.log.keys import SignatureType, VerifierKey
from zkperf.ledger.signing import log_origin
from zkperf.ledger.state import Phase, Round, Scheme, State
from zkperf.ledger.transactions import QuestionResult, UnitResult

FINISHED = (Phase.PUBLISHED.name.lower(), Phase.ABANDONED.name.lower())
"""Rounds in these phases never change again."""


@dataclass(frozen=True)
class Snapshot:
    """The ledger at one size, by identifiers."""

    ledger: LedgerView
    schemes: Mapping[bytes, SchemeView]
    rounds: Mapping[bytes, RoundView]
    results: Mapping[bytes, ResultView]
    figures: Figures

    @classmethod
    def take(cls, state: State, before: Snapshot | None) -> Snapshot:
        """The picture of ``state``. What cannot have changed is carried over from the one ``before``."""
        known = before.rounds if before else {}
        schemes = before.schemes if before else {}
        results = before.results if before else {}
        ledger = before.ledger if before else _ledger(state)
        return cls(
            ledger=ledger.model_copy(update={"size": state.size}),
            schemes={digest: schemes.get(digest) or _scheme(item) for digest, item in state.schemes.items()},
            rounds={
                digest: known[digest] if digest in known and known[digest].phase in FINISHED else _round(item)
                for digest, item in state.rounds.items()
            },
            results={
                digest: results.get(digest) or _result(item)
                for digest, item in state.rounds.items()
                if item.result is not None
            },
            figures=Figures.take(state, before.figures if before else Figures()),
        )


def summary(view: RoundView) -> RoundSummary:
    """A round in a list of rounds."""
    return RoundSummary(**{name: getattr(view, name) for name in RoundSummary.model_fields})


def _ledger(state: State) -> LedgerView:
    rules, origin = state.rules, log_origin(state.ledger)
    return LedgerView(
        genesis=state.ledger,
        name=rules.name,
        suite=rules.suite,
        members=[
            MemberView(
                name=member.name,
                signing_key=member.signing_key,
                sealing_key=member.sealing_key,
                possession=member.possession,
                signature=member.signature,
            )
            for member in rules.members
        ],
        threshold=rules.threshold,
        rehearsal=rules.rehearsal,
        min_cohort_floor=rules.min_cohort_floor,
        max_sequence=rules.max_sequence,
        evaluators=list(rules.evaluators),
        log_origin=origin,
        log_vkey=VerifierKey(origin, SignatureType.ED25519, rules.log_key).format(),
        size=state.size,
        software=f"zkperf {__version__}",
    )


def _scheme(scheme: Scheme) -> SchemeView:
    return SchemeView(
        id=scheme.digest, leaf=scheme.index, questionnaire=scheme.questionnaire.model_dump(mode="json")
    )


def _round(found: Round) -> RoundView:
    keys = [keygen.keys_index for keygen in found.keygens if keygen.keys_index is not None]
    units = []
    for number, unit in enumerate(found.opened.units):
        cohort = found.cohorts.get(number)
        units.append(
            UnitView(
                unit=number,
                name=unit.name,
                parent=unit.parent,
                registrar=unit.registrar,
                issued=None if cohort is None else cohort.issued,
                ratings=None if cohort is None else len(cohort.ratings),
            )
        )
    return RoundView(
        id=found.digest,
        name=found.opened.name,
        phase=found.phase.name.lower(),
        phase_text=str(found.phase),
        scheme=found.scheme.digest,
        min_cohort=found.opened.min_cohort,
        until=found.opened.until,
        opened_at=found.opened.at,
        abandoned=None if found.abandoned is None else found.abandoned.index,
        issued=sum(cohort.issued for cohort in found.cohorts.values()),
        ratings=sum(len(cohort.ratings) for cohort in found.cohorts.values()),
        leaves=LeavesView(scheme=found.scheme.index, round=found.index, keys=keys),
        units=units,
    )


def _result(found: Round) -> ResultView:
    assert found.result is not None and found.result_index is not None
    return ResultView(
        round=found.digest, leaf=found.result_index, units=[_unit_result(unit) for unit in found.result]
    )


def _unit_result(unit: UnitResult) -> UnitResultView:
    withheld = unit.reason is not None
    return UnitResultView(
        unit=unit.unit,
        name=unit.name,
        status=unit.status,
        reason=unit.reason,
        counted=unit.counted,
        lost=unit.lost,
        questions=None if withheld else {item.question: _question(item) for item in unit.questions},
    )


def _question(item: QuestionResult) -> QuestionView:
    counts = None if item.counts is None else {entry.option: entry.count for entry in item.counts}
    return QuestionView(
        status=item.status,
        reason=item.reason,
        answered=item.answered,
        counts=counts,
        total=item.total,
        mean=item.mean,
    )
