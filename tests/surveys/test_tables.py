"""Tables for the terminal: every figure, every reason, and nothing that the names could do to it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from tests.surveys import example
from zkperf.ledger.disclosure import Reason
from zkperf.surveys import survey406
from zkperf.surveys.results import UnitResult
from zkperf.surveys.tables import anonymity_table, audit_table, audit_tables, result_table, units_table


def printed(table: Table) -> list[str]:
    """The cells of each line, joined by single bars; without the empty ones at either end."""
    console = Console(file=io.StringIO(), width=200)
    console.print(table)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    return ["|".join(cell.strip() for cell in line.split("│")).strip("|") for line in output.splitlines()]


def test_all_units_together() -> None:
    lines = printed(result_table(example.result(), example.QUESTIONNAIRE))
    assert "Would you recommend us?|1,357|answered" in lines
    assert "Certainly|1,018|75.02%" in lines
    assert "no|339|24.98%" in lines
    assert "wait|0|0.00%" in lines
    assert "3|1,357|100.00%" in lines
    assert "mean|7.000000" in lines and "total|9,499" in lines
    caption = result_table(example.result(), example.QUESTIONNAIRE).caption
    assert caption == "ratings counted: 1,357, units: 5, of them withheld: 2"


def test_the_paper_beside() -> None:
    unit: UnitResult = {
        "status": "published",
        "counted": 406,
        "questions": {
            question: {"status": "published", "answered": 406, "counts": counts}
            for question, counts in survey406.COUNTS.items()
        },
    }
    result = example.result()
    result["units"], result["total"] = {survey406.SERVICE: unit}, unit
    lines = printed(result_table(result, survey406.questionnaire(), survey406.COMPARISON))
    assert "Inconsistent evaluation standards|195|48.03%|48.03%" in lines
    assert "Staff lack the skills|239|58.87%|58.87%" in lines


def test_withheld() -> None:
    result = example.result()
    result["total"]["questions"]["minutes"] = {"status": "withheld", "reason": Reason.SHIELD}
    lines = printed(result_table(result, example.QUESTIONNAIRE))
    assert "minutes||withheld: protects a smaller group" in lines
    assert "staff" in "".join(lines)
    result["total"]["questions"]["liked"] = {"status": "withheld", "reason": Reason.SMALL}
    assert "staff" not in "".join(printed(result_table(result, example.QUESTIONNAIRE)))
    result["total"] = example.withheld(3, Reason.SMALL)
    lines = printed(result_table(result, example.QUESTIONNAIRE))
    assert "withheld: fewer than the minimum" in lines
    assert not any("Certainly" in line for line in lines)


def test_units() -> None:
    lines = printed(units_table(example.result()))
    assert "Tax hall|1,240|yes" in lines
    assert "Annex|3|no: fewer than the minimum" in lines


@pytest.mark.parametrize(
    ("name", "shown"),
    [("[bold]x[/bold]", "[bold]x[/bold]"), ("\x1b[2Jx\rA", "\ufffd[2Jx\ufffdA"), (":smile:", ":smile:")],
)
def test_names_are_text(name: str, shown: str) -> None:
    result = example.result()
    result["units"] = {name: example.published(40)}
    assert f"{shown}|40|yes" in printed(units_table(result))


def test_audit() -> None:
    passed, failed = audit_table(example.audit()), audit_table(example.audit(ok=False))
    lines = printed(passed)
    assert "Audit passed" in lines and "openings|passed" in lines
    assert str(passed.caption) == "1,357 ratings, 6.2 s, origin verified"
    lines = printed(failed)
    assert "Audit FAILED" in lines
    assert "openings|FAILED|leaf 512: unit 4: <b>not</b> the sum" in lines
    assert "missing 3" in lines and "missing 59" in lines
    assert str(failed.caption) == "1,357 ratings, 6.2 s, origin UNVERIFIED, no genesis digest was given"


def test_the_audit_of_figures_names_what_was_not_shown() -> None:
    audit = example.audit()
    audit["figures"] = {
        "rounds": 2, "reports": 24, "claims": 31, "pools": 18, "attested": 3, "drawn": 4, "refused": 1
    }  # fmt: skip
    audit["refused"] = [{"period": "2024", "provider": "Ash \x1b[2JHouse", "indicator": "turnover"}]
    assert str(audit_table(audit).caption).splitlines()[1:] == [
        "rounds of figures: 2 (24 reports, 31 claims, 18 pools, 3 attested, 4 drawn)",
        "Drawn and shown to no auditor in time: Ash \ufffd[2JHouse, turnover of 2024",
    ]


def test_the_audit_names_members_who_only_joined() -> None:
    audit = example.audit()
    assert len(str(audit_table(audit).caption).splitlines()) == 1
    audit["silent_members"] = [{"number": 2, "name": "Audit\nOffice"}, {"number": 4, "name": "Ombudsman"}]
    assert str(audit_table(audit).caption).splitlines()[1:] == [
        "Members of whom nothing is on the log but that they joined: Audit\ufffdOffice (2), Ombudsman (4)"
    ]


def test_the_audit_names_rounds_that_share_services() -> None:
    audit = example.audit()
    shared = {"why": "the same", "rounds": ["spring (0a)", "summer (0b)"]}
    audit["shared_services"] = [
        {**shared, "services": ["N/Library"]},
        {**shared, "services": [f"s{n}" for n in range(1, 1009)]},
    ]
    assert str(audit_table(audit).caption).splitlines()[1:] == [
        "In several rounds, the same: N/Library, in spring (0a), summer (0b)",
        "In several rounds, the same: s1, s2, s3, s4, s5, s6 and 1,002 more, in spring (0a), summer (0b)",
    ]


def test_anonymity_sets_and_unfinished_rounds() -> None:
    audit = example.audit()
    audit["cohorts"] = [
        {"round": "spring", "unit": "Library", "ratings": 12, "issued": 40, "anonymity_set": 31},
        {"round": "spring", "unit": "Museum", "ratings": 0, "issued": 2, "anonymity_set": None},
    ]
    audit["open_rounds"] = ["autumn: open"]
    table = anonymity_table(audit)
    lines = printed(table)
    assert "spring|Library|12|31 tokens" in lines
    assert any(line.startswith("spring|Museum|0") for line in lines)
    assert table.caption is not None and "Not published yet: autumn: open" in str(table.caption)
    assert [str(table.title) for table in audit_tables(audit)][1:] == ["Anonymity sets"]
    audit["cohorts"] = []
    assert len(audit_tables(audit)) == 2, "a round that is not published is said"
    audit["open_rounds"] = []
    assert len(audit_tables(audit)) == 1, "where nobody rated there is no table of raters"
