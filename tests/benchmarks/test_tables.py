"""The tables of docs/performance.md say what the results file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.report import read_runs
from benchmarks.tables import TABLES, fill

ROOT = Path(__file__).parents[2]
DOCUMENT, RESULTS = ROOT / "docs/performance.md", ROOT / "benchmarks/results.json"


def test_the_document_has_the_numbers_of_the_results() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert fill(text, read_runs(RESULTS)) == text


@pytest.mark.parametrize("name", ["settings", *TABLES])
def test_every_table_is_in_the_document_and_has_rows_of_one_width(name: str) -> None:
    place = f"<!-- table: {name} -->\n"
    assert DOCUMENT.read_text("utf-8").count(place) == 1
    lines = fill(f"{place}<!-- end -->", read_runs(RESULTS)).splitlines()[1:-1]
    assert len(lines) >= 2 and len({line.count("|") for line in lines}) == 1


def test_text_around_tables_stays() -> None:
    text = "before\n<!-- table: targets -->\nold\n<!-- end -->\nafter\n"
    filled = fill(text, [])
    assert filled.startswith("before\n<!-- table: targets -->\n|") and filled.endswith(
        "<!-- end -->\nafter\n"
    )
    assert "old" not in filled
