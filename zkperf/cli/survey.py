"""`zkperf survey`: a complete round from a questionnaire and a file of responses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from circuits.questionnaire import Questionnaire
from zkperf.cli.audit import audit_folder
from zkperf.cli.output import progress_bars, say
from zkperf.errors import InputError
from zkperf.roles.auditor import Audit
from zkperf.roles.folder import LedgerFolder
from zkperf.surveys.replay import STAGES, Replay, rehearse
from zkperf.surveys.report import Report, write_report
from zkperf.surveys.responses_file import Response
from zkperf.surveys.results import Comparison, SurveyResult

STAGE_WORDS = {
    "keys": "Members make the cohorts' keys",
    "tokens": "Citizens draw their tokens",
    "ratings": "Citizens rate, in random order",
    "tally": "Members check, sum and publish",
    "receipts": "Citizens find their ratings on the log",
}


def run_survey(
    questionnaire: Questionnaire,
    responses: list[Response],
    directory: Path,
    *,
    suite: str,
    members: int,
    threshold: int,
    min_cohort: int,
    comparison: Comparison | None = None,
    note: Mapping[str, str] | None = None,
) -> tuple[SurveyResult, Audit]:
    """Runs the round in a new ``directory``, audits it and writes the report there."""
    if not responses:
        raise InputError("the responses file has no responses")
    rehearse(questionnaire, responses, suite, min_cohort)
    folder, consortium = LedgerFolder.create(
        directory,
        suite_name=suite,
        members=members,
        threshold=threshold,
        min_cohort_floor=min_cohort,
        name=questionnaire.id,
        rehearsal=True,
    )
    say("All members' keys are in this one process: their separation is not tested here, their proofs are.")
    try:
        with progress_bars() as progress:
            bars = {stage: progress.add_task(STAGE_WORDS[stage], total=None, start=False) for stage in STAGES}

            def update(stage: str, done: int, total: int) -> None:
                progress.start_task(bars[stage])
                progress.update(bars[stage], completed=done, total=total)
                if done == total:
                    progress.stop_task(bars[stage])

            replay = Replay(folder, consortium, questionnaire, responses, min_cohort, update)
            result = replay.run()
    finally:
        consortium.close()
    audit = audit_folder(directory, bytes.fromhex(result["genesis"]))
    report = Report(
        result=result,
        questionnaire=questionnaire,
        audit=audit.to_json(),
        comparison=comparison,
        note=note or {},
        ledger=str(directory),
        min_cohort=min_cohort,
        members=members,
        threshold=threshold,
    )
    write_report(folder.report, report)
    return result, audit
