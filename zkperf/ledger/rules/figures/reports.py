"""Reports and their corrections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from circuits.report import DecodedReport, ReportContext, decode_report, verify_reports
from zkperf.errors import RuleViolation, ZkperfError, bare
from zkperf.ledger.figure_transactions import ReportPosted
from zkperf.ledger.rules.common import find_figures, require
from zkperf.ledger.signing import verify_signed
from zkperf.ledger.state import FigureRound, Filed, Phase, State
from zkperf.ledger.transactions import digest

CHECK = "reports"

Verdict = DecodedReport | ZkperfError


def is_for_provider(state: State, posted: ReportPosted) -> bool:
    """Its round is on the ledger, and has this provider: nothing else is needed to verify it."""
    found = state.figure_rounds.get(posted.round)
    return found is not None and provider_key(found, posted.unit) is not None


def provider_key(found: FigureRound, unit: int) -> bytes | None:
    """The key of the provider at a unit; None if there is none."""
    return found.opened.units[unit].provider if unit < len(found.opened.units) else None


def report_context(state: State, found: FigureRound, unit: int) -> ReportContext:
    """Everything public that binds a report to its ledger, round and provider."""
    provider = provider_key(found, unit)
    if provider is None:
        raise RuleViolation(f"unit {unit} is not a provider of this round", check=CHECK)
    return ReportContext(
        ledger=state.ledger,
        scheme=found.scheme.digest,
        round=found.digest,
        unit=unit,
        provider=provider,
        threshold=state.rules.threshold,
        members=state.members,
    )


def verify_posted_reports(state: State, reports: Sequence[ReportPosted]) -> list[Verdict]:
    """For each report what it commits to, or why it is refused, whatever else is on the ledger. One batch
    for each round."""
    verdicts: list[Verdict] = [RuleViolation("its round has no such provider", check=CHECK)] * len(reports)
    rounds: dict[bytes, list[int]] = {}
    for place, posted in enumerate(reports):
        if is_for_provider(state, posted):
            rounds.setdefault(posted.round, []).append(place)
    for round_id, places in rounds.items():
        found = state.figure_rounds[round_id]
        items = [
            (report_context(state, found, reports[place].unit), reports[place].report) for place in places
        ]
        judged = verify_reports(state.commitment_group, found.form, items)
        for place, verdict in zip(places, judged, strict=True):
            verdicts[place] = verdict
    return verdicts


def decode_posted_report(state: State, posted: ReportPosted) -> Verdict:
    """The same for a report that was verified before: only decoded."""
    try:
        found = find_figures(state, posted.round, CHECK)
        return decode_report(state.commitment_group, found.form, state.rules.threshold, posted.report)
    except ZkperfError as error:
        return bare(error)


def require_once(state: State, found: FigureRound, unit: int, reported: Iterable[int]) -> None:
    """A figure of a period counts in one round only: sums over providers who differ by one would tell it."""
    indicators = found.scheme.scheme.indicators
    wanted = {indicators[k].id for k in reported if k < len(indicators)}
    mine = [same for same, place in found.identities.items() if place == unit]
    for other in state.figure_rounds.values():
        if other is found or other.opened.period != found.opened.period:
            continue
        if other.phase is Phase.ABANDONED:
            continue  # nothing of it is ever opened
        for place in {other.identities[same] for same in mine if same in other.identities}:
            filed = other.counted(place)
            before = {other.scheme.scheme.indicators[k].id for k in filed.reported} if filed else set()
            require(
                not wanted & before,
                CHECK,
                f"{min(wanted & before, default='')!r} of {found.opened.period} is reported in another round "
                "already",
            )


def check_provider(state: State, posted: ReportPosted) -> FigureRound:
    """Its round, of which the signer is the provider."""
    found = find_figures(state, posted.round, CHECK)
    context = report_context(state, found, posted.unit)
    verify_signed(posted, context.provider, state.ledger, whose="this provider")
    return found


def require_report_awaited(state: State, posted: ReportPosted) -> FigureRound:
    """Everything but its proof: the signer is its round's provider, and this is what it may report now."""
    found = check_provider(state, posted)
    require(found.phase is Phase.OPEN, CHECK, "the round takes no reports: it is not open")
    before, report = found.reports.get(posted.unit), posted.report
    expected = 0 if before is None else before.sequence + 1
    require(report.sequence == expected, CHECK, f"expected sequence number {expected}, got {report.sequence}")
    most = state.rules.max_sequence
    require(report.sequence <= most, CHECK, f"a report can be corrected at most {most} times")
    require_once(state, found, posted.unit, report.reported)
    return found


def process_report(state: State, posted: ReportPosted, verdict: Verdict) -> None:
    """A provider's report, or a correction, which replaces what it has reported before."""
    found, report = require_report_awaited(state, posted), posted.report
    if isinstance(verdict, ZkperfError):
        raise verdict
    rows = zip(verdict.commitments, verdict.coefficients, strict=True)
    found.reports[posted.unit] = Filed(
        index=state.size,
        digest=digest(posted),
        sequence=report.sequence,
        reported=report.reported,
        columns=dict(zip(verdict.columns, rows, strict=True)),
    )
    for unit, indicator in [place for place in found.attested if place[0] == posted.unit]:
        # What an auditor saw is not what counts any more.
        del found.attested[unit, indicator]
