"""The readable report of a round: one HTML file that needs nothing else and asks nobody for anything.

English and Chinese stand in the same page; a switch without a script shows one of them. A content
security policy forbids the page scripts and requests, so that even a unit named ``<script>`` could
do nothing if escaping ever failed.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from circuits.questionnaire import Questionnaire
from zkperf.ledger.disclosure import Reason
from zkperf.surveys.figures import MAX_SMALL_PLOTS, both, question_view
from zkperf.surveys.results import AuditResult, Comparison, SurveyResult, visible, withheld_reason

MAX_FAILURES = 50
"""Failures of one check shown; the audit's own output lists all."""


@dataclass(frozen=True)
class Report:
    """Everything that a report shows.

    ``result`` and ``audit`` are what the command line prints with ``--json``; ``ledger`` is the
    directory as a reader would type it. ``operated_alone`` says that one process held every member,
    which the page must then admit. ``note`` is a remark on the data, by language.
    """

    result: SurveyResult
    questionnaire: Questionnaire
    audit: AuditResult | None = None
    comparison: Comparison | None = None
    note: Mapping[str, str] = field(default_factory=dict)
    ledger: str = "DIR"
    min_cohort: int = 10
    members: int = 5
    threshold: int = 3
    operated_alone: bool = True


def write_report(path: str | Path, report: Report) -> None:
    """Writes the report as one HTML file. OSError if ``path`` cannot be written."""
    Path(path).write_text(render(report), encoding="utf-8")


def render(report: Report) -> str:
    """The report as HTML: the same text for the same report."""
    environment = Environment(
        loader=PackageLoader("zkperf.surveys"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(visible=visible)
    units = report.result["units"]
    withheld = {name: withheld_reason(unit) for name, unit in units.items()}
    return environment.get_template("report.html.j2").render(
        report=report,
        result=report.result,
        audit=report.audit,
        title=both(report.questionnaire.title, report.questionnaire.id),
        note=both(report.note, "") if report.note else None,
        compared=both(report.comparison.label, "") if report.comparison else None,
        questions=[
            question_view(question, report.result, report.comparison)
            for question in report.questionnaire.questions
        ],
        units=[(visible(name), unit["counted"], withheld[name]) for name, unit in units.items()],
        published=sum(reason is None for reason in withheld.values()),
        reasons=Reason,
        folder=shlex.quote(visible(report.ledger)),
        max_failures=MAX_FAILURES,
        max_small_plots=MAX_SMALL_PLOTS,
    )
