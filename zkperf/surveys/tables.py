"""A survey's result and an audit's verdict as tables for the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from circuits.questionnaire import Questionnaire
from zkperf.surveys.results import (
    AuditResult,
    Comparison,
    SurveyResult,
    label,
    share,
    visible,
    withheld_reason,
)

NAMED = 6
"""Services, or rounds, that a note names."""


def result_table(
    result: SurveyResult, questionnaire: Questionnaire, compare: Comparison | None = None
) -> Table:
    """All units together: every option with its count and share, beside the shares of ``compare``."""
    total = result["total"]
    table = Table(title=_plain(label(questionnaire.title, questionnaire.id, "en")), caption=_caption(result))
    table.add_column("Question and option")
    table.add_column("People", justify="right")
    table.add_column("Share", justify="right")
    if compare:
        table.add_column(_plain(label(compare.label, "compared", "en")), justify="right")
    reason = withheld_reason(total)
    if reason is not None:
        table.add_row("", "", _plain(f"withheld: {reason}", "yellow"))
        return table
    for question in questionnaire.questions:
        figures = total["questions"][question.id]
        heading = _plain(label(question.text, question.id, "en"), "bold")
        table.add_section()
        if (reason := withheld_reason(figures)) is not None:
            table.add_row(heading, "", _plain(f"withheld: {reason}", "yellow"))
            continue
        answered = figures.get("answered") or 0
        table.add_row(heading, f"{answered:,}", "answered")
        names = {option.id: label(option.text, option.id, "en") for option in question.options}
        for choice, count in (figures.get("counts") or {}).items():
            cells = [f"{count:,}", share(count, answered, 2)]
            if compare:
                cells.append(compare.shares.get(question.id, {}).get(choice, ""))
            table.add_row(_plain(f"  {names.get(choice, choice)}"), *cells)
        if (mean := figures.get("mean")) is not None:
            table.add_row("  mean", mean)
            table.add_row("  total", f"{figures.get('total'):,}")
    return table


def units_table(result: SurveyResult) -> Table:
    """Every unit: how many ratings counted, and whether its figures are published."""
    table = Table(title="Units")
    table.add_column("Unit")
    table.add_column("Ratings", justify="right")
    table.add_column("Published")
    for name, unit in result["units"].items():
        reason = withheld_reason(unit)
        verdict = Text("yes", "green") if reason is None else _plain(f"no: {reason}", "yellow")
        table.add_row(_plain(name), f"{unit['counted']:,}", verdict)
    return table


def audit_table(audit: AuditResult) -> Table:
    """Every check with its verdict, every failure of those that failed, and what there is of figures."""
    verdict = "passed" if audit["ok"] else "FAILED"
    whole = f"{audit['ratings']:,} ratings, {_extent(audit)}{audit['seconds']:.1f} s, {_origin(audit)}"
    table = Table(
        title=Text(f"Audit {verdict}", "bold green" if audit["ok"] else "bold red"),
        caption=Text("\n").join(_plain(line) for line in [whole, *_figures(audit), *_notes(audit)]),
    )
    table.add_column("Check")
    table.add_column("Verdict")
    table.add_column("Failures", overflow="fold")
    for check in audit["checks"]:
        failures = check["failures"]
        lines = [f"{_place(failure['index'])}{failure['reason']}" for failure in failures]
        table.add_row(
            _plain(check["name"]),
            Text("passed", "green") if check["passed"] else Text("FAILED", "bold red"),
            Text("\n").join(_plain(line) for line in lines),
        )
    return table


def _origin(audit: AuditResult) -> str:
    """Whose log this is, as far as the audit could tell."""
    if audit["origin_verified"]:
        return "origin verified"
    if audit.get("expected") is None:
        return "origin UNVERIFIED, no genesis digest was given"
    if not audit["genesis"]:
        return "origin UNVERIFIED, the first leaf could not be read"
    return "NOT the ledger whose genesis digest was given"


def _extent(audit: AuditResult) -> str:
    """What of the ratings this audit verified, if not all."""
    if audit["part"] is not None:
        return f"of which {audit['verified']:,} verified in this part, "
    if audit["known"]:
        return f"of which {audit['verified']:,} new (leaves up to {audit['known']:,} known), "
    return ""


def _figures(audit: AuditResult) -> list[str]:
    """What there is of rounds of figures, if any, and which figures were drawn and not shown."""
    figures = audit.get("figures") or {}
    if not figures.get("rounds"):
        return []
    kinds = ("reports", "claims", "pools", "attested", "drawn")
    counts = ", ".join(f"{figures[kind]:,} {kind}" for kind in kinds)
    kept = [
        f"{item['provider']}, {item['indicator']} of {item['period']}" for item in audit.get("refused") or []
    ]
    return [
        f"rounds of figures: {figures['rounds']:,} ({counts})",
        *(f"Drawn and shown to no auditor in time: {name}" for name in kept),
        *(
            f"Contradicted itself: {item['provider']}, {item['period']}. It proved what cannot be if all "
            "that it had left unproved is false, so from then on none of that is taken for false"
            for item in audit.get("contradicted") or []
        ),
    ]


def _notes(audit: AuditResult) -> list[str]:
    """What is not wrong, and should be known."""
    silent = [f"{member['name']} ({member['number']})" for member in audit.get("silent_members") or []]
    notes = [f"Members of whom nothing is on the log but that they joined: {', '.join(silent)}"]
    return [
        *(["REHEARSAL: nothing on this ledger is for real"] if audit.get("rehearsal") else []),
        *(
            f"Abandoned by {item['member']} (leaf {item['index']}; promises are void): {item['round']}"
            for item in audit.get("abandoned") or []
        ),
        *(
            f"Fallen out because their sealed shares were lost: {item['entries']:,}, in {item['round']}"
            for item in audit.get("lost") or []
        ),
        *(notes if silent else []),
        *(
            f"In several rounds, {item['why']}: {_some(item['services'])}, in {_some(item['rounds'])}"
            for item in audit.get("shared_services") or []
        ),
    ]


def _some(names: list[str]) -> str:
    """As many names as a line bears; all of them are in the JSON."""
    left_out = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {left_out:,} more" if left_out > 0 else "")


def audit_tables(audit: AuditResult) -> list[Table]:
    """The verdict and, of a ledger with rounds of ratings, the anonymity sets."""
    found = [audit_table(audit)]
    if audit.get("cohorts") or audit.get("open_rounds"):
        found.append(anonymity_table(audit))
    return found


def anonymity_table(audit: AuditResult) -> Table:
    """Every cohort: among how many its raters are hidden, and every round that is not finished."""
    unfinished = audit.get("open_rounds") or []
    caption = "\n".join(f"Not published yet: {name}" for name in unfinished) or None
    table = Table(title="Anonymity sets", caption=_plain(caption) if caption else None)
    table.add_column("Round")
    table.add_column("Service")
    table.add_column("Ratings", justify="right")
    table.add_column("Each one of at least", justify="right")
    for cohort in audit.get("cohorts") or []:
        size = cohort["anonymity_set"]
        cells = f"{cohort['ratings']:,}", "" if size is None else f"{size:,} token{'s' * (size != 1)}"
        table.add_row(_plain(cohort["round"]), _plain(cohort["unit"]), *cells)
    return table


def _caption(result: SurveyResult) -> str:
    units = result["units"].values()
    withheld = sum(unit["status"] == "withheld" for unit in units)
    counted = result["total"]["counted"]
    rehearsal = "REHEARSAL; " if result.get("rehearsal") else ""
    lost = result["total"].get("lost", 0)
    fallen = f", fallen out because their sealed shares were lost: {lost:,}" if lost else ""
    return (
        f"{rehearsal}ratings counted: {counted:,}{fallen}, units: {len(units)}, of them withheld: {withheld}"
    )


def _place(index: int | None) -> str:
    return "" if index is None else f"leaf {index}: "


def _plain(text: str, style: str = "") -> Text:
    """Somebody else's words: not markup, and nothing that moves the cursor."""
    return Text(visible(text), style)
