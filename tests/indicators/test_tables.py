"""The tables: what they show of each node and provider, and nothing that moves the cursor."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from tests.indicators.example import SCHEME, result
from zkperf.indicators.scheme_file import parse_scheme
from zkperf.indicators.tables import pools_table, providers_table

INDICATORS = parse_scheme(SCHEME, name="S.toml")
PERIOD = result()["periods"]["2023"]


def printed(table: Table) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(table)
    return console.export_text()


def test_pools() -> None:
    text = printed(pools_table(INDICATORS, "2023", PERIOD))
    [quality] = [line for line in text.splitlines() if "Quality of life" in line]
    assert [cell.strip() for cell in quality.split("│")[2:5]] == [
        "18.250000 (24, 45.8%)",
        "17.000000 (12, 25.0%)",
        "21.750000 (12, 66.7%)",
    ]
    [turnover] = [line for line in text.splitlines() if "turnover" in line]
    assert "withheld (2)" in turnover
    assert "Care homes: 2023" in text


def test_a_share_that_is_not_asked_is_no_share_of_none() -> None:
    period = result()["periods"]["2023"]
    period["total"]["pools"]["quality"] |= {"share_at_target": None, "share_from": "not asked"}
    text = printed(pools_table(INDICATORS, "2023", period))
    assert "18.250000 (24, share not asked)" in text
    period["total"]["pools"]["quality"] |= {"share_of": 0, "share_from": "claims"}
    assert "18.250000 (24, share not asked)" in printed(pools_table(INDICATORS, "2023", period))


def test_a_share_of_those_who_were_asked() -> None:
    text = printed(pools_table(INDICATORS, "2024", result()["periods"]["2024"]))
    assert "20.000000 (12, 90.0% of 10 asked)" in text


def test_what_is_not_asked_and_who_contradicted_itself() -> None:
    text = printed(providers_table(INDICATORS, "2024", result()["periods"]["2024"]))
    cells = {
        name: [cell.strip() for cell in line.split("│")[1:9]]
        for line in text.splitlines()
        for name in ("Cherry Yard", "Damson Row", "Elder Grove")
        if name in line
    }
    assert cells == {
        "Cherry Yard": ["Cherry Yard †", "B or better", "✓", "?", "?", "✗", "?", "?"],
        "Damson Row": ["Damson Row", "not asked", *"??????"],
        "Elder Grove": ["Elder Grove", "–", *"○○○○○○"],
    }
    assert "it says nothing about the provider" in " ".join(text.split())
    assert "† it proved what cannot be" in text
    without = printed(providers_table(INDICATORS, "2023", PERIOD))
    assert "†" not in without and "it says nothing about the provider" not in " ".join(without.split())


def test_providers() -> None:
    text = printed(providers_table(INDICATORS, "2023\x1b[2J", PERIOD))
    assert "\x1b[2J" not in text
    [ash] = [line for line in text.splitlines() if "Ash <b>House</b>" in line]
    assert [cell.strip() for cell in ash.split("│")[2:9]] == ["A", "✓", "✗", "–", "✓", "✓", "✗"]
