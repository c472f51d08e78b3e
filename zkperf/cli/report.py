"""`zkperf report`: complete rounds of figures from a scheme and a file, and a preview that sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.progress import TaskID

from circuits.exposure import Figures, System
from circuits.indicators import IndicatorScheme
from zkperf.cli.audit import audit_folder
from zkperf.cli.output import progress_bars, say
from zkperf.errors import InputError
from zkperf.indicators.asked import Previews, expected_lines, index_word, unasked
from zkperf.indicators.figures_file import FiguresFile
from zkperf.indicators.page import FiguresPage, write_page
from zkperf.indicators.results import ReportResult
from zkperf.indicators.run import Rounds, check_fits
from zkperf.ledger.rules.genesis import MIN_COHORT_FLOOR
from zkperf.roles.auditor import Audit
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.provider import Preview, preview
from zkperf.surveys.results import visible

STAGE_WORDS = {
    "reports": "providers report",
    "sums": "members check and sum",
    "claims": "providers prove their claims",
    "result": "result and inspection",
}


def run_report(
    scheme: IndicatorScheme,
    figures: FiguresFile,
    directory: Path,
    *,
    suite: str,
    members: int,
    threshold: int,
    min_cohort: int,
) -> tuple[ReportResult, Audit]:
    """Runs the rounds in a new ``directory``, audits them and writes the page there."""
    if min_cohort < MIN_COHORT_FLOOR:
        raise InputError(f"--min-cohort: expected at least {MIN_COHORT_FLOOR}, got {min_cohort}")
    check_fits(scheme, figures, suite, threshold)
    folder, consortium = LedgerFolder.create(
        directory,
        suite_name=suite,
        members=members,
        threshold=threshold,
        min_cohort_floor=min_cohort,
        name=scheme.id,
        rehearsal=True,
    )
    say(
        "All members' and providers' keys are in this one process: towards whoever runs it nothing is secret."
    )
    if figures.rounded:
        say(f"{figures.rounded:,} figures were rounded to the scheme's decimals, halves to the even digit.")
    for period, last in figures.compared.items():
        if last is not None:
            say(f"{visible(period)} is compared with {visible(last)}: the order of periods is the file's.")
    for line in expected_lines(scheme):
        say(line)
    genesis = consortium.ledger.state.ledger
    try:
        with progress_bars() as progress:
            bars: dict[tuple[str, str], TaskID] = {}

            def update(period: str, stage: str, done: int, total: int) -> None:
                place = period, stage
                if place not in bars:
                    bars[place] = progress.add_task(f"{period}: {STAGE_WORDS[stage]}", total=total)
                progress.update(bars[place], completed=done, total=total)

            result = Rounds(folder, consortium, scheme, figures, min_cohort, update).run()
    finally:
        consortium.close()
    audit = audit_folder(directory, genesis)
    write_page(
        folder.report,
        FiguresPage(
            result=result,
            scheme=scheme,
            genesis=genesis.hex(),
            groups={row.provider: row.group for row in figures.rows},
            audit=audit.to_json(),
            ledger=str(directory),
            min_cohort=min_cohort,
            members=members,
            threshold=threshold,
            rounded=figures.rounded,
        ),
    )
    return result, audit


def preview_facts(scheme: IndicatorScheme, shown: Previews) -> dict[str, Any]:
    """Previews as plain data, and what of them is not asked."""
    return {
        "previews": [
            {
                "period": period,
                "compared_with": item.compared_with,
                "provider": provider,
                "claims": {statement.claim: statement.holds for statement in item.claims},
                **({} if scheme.index is None else {index_word(scheme): item.outcome}),
                "at_target": dict(item.at_target),
            }
            for period, provider, item in shown
        ],
        "not_asked": unasked(scheme, shown),
    }


def previews(scheme: IndicatorScheme, figures: FiguresFile) -> Iterator[tuple[str, str, Preview]]:
    """(Period, provider, what would be said of it in public), in the order of the rounds."""
    before: dict[str, Figures] = {}
    systems: dict[str, System] = {}
    for period, rows in figures.periods.items():
        now = {}
        for row in rows:
            reported = {name: value for name, value in row.figures.items() if value is not None}
            now[row.provider] = Figures(period.encode(), period, reported)
            last = figures.compared[period]
            then = before.get(row.provider)
            if then is None and last is not None:
                then = Figures(last.encode(), last, {})
            shown = preview(scheme, now[row.provider], then, systems.get(row.provider))
            systems[row.provider] = shown.system
            yield period, row.provider, shown
        before = now
