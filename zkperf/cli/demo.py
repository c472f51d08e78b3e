"""`make demo`: the survey of 406, replayed as a real round."""

from __future__ import annotations

from pathlib import Path

from zkperf.cli.output import results, say, say_where
from zkperf.cli.survey import run_survey
from zkperf.roles.making import is_free, making
from zkperf.surveys.responses_file import Response
from zkperf.surveys.survey406 import COMPARISON, NOTE, SERVICE, draw_respondents, questionnaire
from zkperf.surveys.tables import audit_tables, result_table


def run_demo(ledger: Path) -> bool:
    """Runs the replay in a new folder; whether the audit passed."""
    folder = unused(ledger)
    asked = questionnaire()
    responses = [
        Response(service=SERVICE, answers=dict(answers), row=row)
        for row, answers in enumerate(draw_respondents(), start=2)
    ]
    say(f"Replaying the published survey of {len(responses)} citizens as a real round in {folder}.")
    with making(folder):
        result, audited = run_survey(
            asked,
            responses,
            folder,
            suite="ristretto255",
            members=5,
            threshold=3,
            min_cohort=10,
            comparison=COMPARISON,
            note=NOTE,
        )
    results.print(result_table(result, asked, COMPARISON))
    results.print(*audit_tables(audited.to_json()))
    say_where(folder, result["genesis"])
    return audited.ok


def unused(folder: Path) -> Path:
    """``folder`` if it is new, empty or was not finished, else the first of folder-2, folder-3, … that is."""
    candidate, number = folder, 1
    while not is_free(candidate):
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate
