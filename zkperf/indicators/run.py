"""Complete rounds of figures from a file, one per period in order: every step that a deployment would take.

Reports, sealed shares, sums, claims, the draw and the audit are the real ones. What differs is that one
process holds every key, and that rounds are closed as soon as everybody has reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from circuits.indicators import IndicatorScheme
from zkperf.errors import InputError, RuleViolation, ZkperfError
from zkperf.groups import suite
from zkperf.indicators.figures_file import FiguresFile, Row
from zkperf.indicators.published import period_result
from zkperf.indicators.results import PeriodResult, ReportResult
from zkperf.ledger.figure_transactions import Auditor, Place
from zkperf.ledger.rules.figures.sizes import check_room, check_sizes
from zkperf.ledger.state import FigureRound, Phase
from zkperf.roles.consortium import Consortium
from zkperf.roles.figure_auditor import Inspector
from zkperf.roles.folder import DEFAULT_MAX_SEQUENCE, LedgerFolder
from zkperf.roles.provider import Provider

CHUNK = 25
"""Providers whose reports, or claims, are submitted at once."""
ROOT_NAME = "all"
AUDITOR_NAME = "auditor"

Progress = Callable[[str, str, int, int], None]
"""Called with (period, stage, done, in all); stages are reports, sums, claims and result."""


def check_fits(scheme: IndicatorScheme, figures: FiguresFile, suite_name: str, threshold: int) -> None:
    """Raises why rounds of this scheme and these figures could not be held on a new ledger with these rules:
    found out before there is one. InputError for the scheme, RuleViolation for a period's tree."""
    check_room(suite(suite_name), threshold, DEFAULT_MAX_SEQUENCE, scheme)
    for part in () if scheme.index is None else scheme.index.parts:
        if part.source == "rating":
            raise InputError(
                f"the index takes the mean of {part.id!r}, a question: here no rounds of ratings are held"
            )
    for rows in figures.periods.values():
        check_sizes(scheme, tree(rows, lambda name: bytes(32)))


def tree(rows: Sequence[Row], key: Callable[[str], bytes]) -> list[Place]:
    """Groups under one root, providers with their keys under their groups."""
    groups = sorted({row.group for row in rows})
    return [
        Place(name=ROOT_NAME, parent=None, provider=None),
        *(Place(name=group, parent=0, provider=None) for group in groups),
        *(
            Place(name=row.provider, parent=1 + groups.index(row.group), provider=key(row.provider))
            for row in rows
        ),
    ]


@dataclass
class Rounds:
    """The rounds of ``figures``, on a new ledger."""

    folder: LedgerFolder
    consortium: Consortium
    scheme: IndicatorScheme
    figures: FiguresFile
    min_cohort: int
    progress: Progress
    _providers: dict[str, Provider] = field(default_factory=dict)

    def run(self) -> ReportResult:
        """What is published. Raises the reason if anything is refused."""
        state = self.consortium.ledger.state
        evaluator = self.folder.evaluator(state.ledger)
        self.consortium.submit(evaluator.post_figure_scheme(self.scheme))
        [scheme] = state.figure_schemes
        periods: dict[str, PeriodResult] = {}
        previous: bytes | None = None
        for period, rows in self.figures.periods.items():
            found = self._open(scheme, period, rows, previous)
            self._report(found, rows)
            self._close(found)
            self._claim(found)
            self._inspect(found)
            periods[period] = period_result(self.consortium.ledger.state, found)
            previous = found.digest
        return {"periods": periods}

    # -- one round --------------------------------------------------------------------------------

    def _open(self, scheme: bytes, period: str, rows: Sequence[Row], previous: bytes | None) -> FigureRound:
        units = tree(rows, lambda name: self._provider(name).public)
        state = self.consortium.ledger.state
        auditors = []
        if self.scheme.draw:
            auditors.append(Auditor(name=AUDITOR_NAME, key=self._inspector().public))
        evaluator = self.folder.evaluator(state.ledger)
        opened = evaluator.open_figures(
            scheme, period, self.min_cohort, units, previous=previous, auditors=auditors
        )
        self.consortium.submit(opened)
        found = state.figure_rounds[sha256(opened).digest()]
        self._expect(found, Phase.OPEN)
        return found

    def _report(self, found: FigureRound, rows: Sequence[Row]) -> None:
        """Every provider that has something to report, reports it."""
        numbers = {indicator.id: k for k, indicator in enumerate(self.scheme.indicators)}
        done = 0
        self.progress(found.opened.period, "reports", done, len(rows))
        for start in range(0, len(rows), CHUNK):
            items = []
            for row in rows[start : start + CHUNK]:
                figures = {numbers[i]: value for i, value in row.figures.items() if value is not None}
                if figures:
                    state = self.consortium.ledger.state
                    data, bundle = self._provider(row.provider).report(state, found, figures)
                    items.append((data, bundle.encode()))
            _all_taken(self.consortium.submit_reports(items))
            done += len(rows[start : start + CHUNK])
            self.progress(found.opened.period, "reports", done, len(rows))

    def _close(self, found: FigureRound) -> None:
        """The members check their shares and open the sums that may be published."""
        self.progress(found.opened.period, "sums", 0, 1)
        evaluator = self.folder.evaluator(self.consortium.ledger.state.ledger)
        self.consortium.submit(evaluator.close_round(found.digest))
        if found.numbers[0]:
            self._expect(found, Phase.CLAIMING)
        self.progress(found.opened.period, "sums", 1, 1)

    def _claim(self, found: FigureRound) -> None:
        """Every provider proves what holds; with the last of them the members publish the result."""
        names = [found.opened.units[unit].name for unit in found.tree.leaves() if found.counted(unit)]
        done = 0
        for start in range(0, len(names), CHUNK):
            chunk = names[start : start + CHUNK]
            state = self.consortium.ledger.state
            claims = [self._provider(name).claim(state, found) for name in chunk]
            _all_taken(self.consortium.submit_all([data for data in claims if data is not None]))
            done += len(chunk)
            self.progress(found.opened.period, "claims", done, len(names))

    def _inspect(self, found: FigureRound) -> None:
        """What was drawn is shown to the auditor, who attests it."""
        self.progress(found.opened.period, "result", 0, 1)
        for unit in sorted({item.unit for item in found.drawn}):
            state, inspector = self.consortium.ledger.state, self._inspector()
            drawn = [item.indicator for item in found.drawn if item.unit == unit]
            provider = self._provider(found.opened.units[unit].name)
            seen = inspector.look(found, provider.show(state, found, drawn, inspector.card()))
            self.consortium.submit(inspector.attest(state, found, seen, drawn))
        self._expect(found, Phase.CONCLUDED)
        self.progress(found.opened.period, "result", 1, 1)

    # -- who takes part ---------------------------------------------------------------------------

    def _provider(self, name: str) -> Provider:
        """The provider of this name: its keys are made when it is first met."""
        if name not in self._providers:
            store = self.folder.provider_keys(name)
            key = store.signing_key() if store.has("signing.pem") else store.new_signing_key()
            self._providers[name] = Provider(key, store)
        return self._providers[name]

    def _inspector(self) -> Inspector:
        store = self.folder.keys(AUDITOR_NAME)
        group = self.consortium.ledger.state.commitment_group
        return Inspector(store, group) if store.has("signing.pem") else Inspector.enrol(store, group)

    def _expect(self, found: FigureRound, phase: Phase) -> None:
        if found.phase is not phase:
            refusals = self.consortium.refusals
            reasons = "; ".join(f"member {j}: {error}" for j, error in refusals) or "nobody says why"
            raise RuleViolation(f"the round stopped at “{found.phase}” ({reasons})", check="rounds")


def _all_taken(verdicts: Sequence[int | ZkperfError]) -> None:
    for verdict in verdicts:
        if isinstance(verdict, ZkperfError):
            raise verdict
