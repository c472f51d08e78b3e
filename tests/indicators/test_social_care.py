"""A real input, checked against the table itself with fractions alone."""

from __future__ import annotations

import csv
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from circuits.indicators import IndicatorScheme
from tests.indicators.recomputed import recompute
from zkperf.cli.audit import audit_folder
from zkperf.indicators.figures_file import FiguresFile, load_figures
from zkperf.indicators.results import ReportResult
from zkperf.indicators.run import Rounds
from zkperf.indicators.scheme_file import load_scheme
from zkperf.indicators.social_care import write_inputs
from zkperf.roles.folder import LedgerFolder

TABLE = Path(__file__).parents[2] / "../shared/data/social_care_outcomes.csv"

needs_table = pytest.mark.skipif(not TABLE.exists(), reason="../shared/data is not there")

MEASURE = {
    "quality_of_life": ("ASC Quality of Life", 3),
    "carer_quality_of_life": ("ASC Carer Quality of Life", 1),
    "information_users": ("Ease of finding information about services : service users", 1),
    "information_carers": ("Ease of finding information about support : carers", 1),
    "short_term_services": ("Outcome of short-term services: sequel to service", 1),
    "requests": ("Requests resulting in a service", 1),
    "turnover": ("Workforce turnover rate", 2),
}


def halves_to_even(exact: Fraction) -> int:
    """Written out, so that it shares nothing with what is tested."""
    whole = exact.numerator // exact.denominator
    rest = exact - whole
    return whole + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1))


@pytest.fixture(scope="module")
def table() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[IndicatorScheme, FiguresFile]:
    folder = tmp_path_factory.mktemp("social-care")
    write_inputs(TABLE, folder / "S.toml", folder / "F.csv")
    scheme = load_scheme(folder / "S.toml")
    return scheme, load_figures(folder / "F.csv", scheme)


@needs_table
def test_every_value_of_the_table_is_in_the_file(
    table: list[dict[str, str]], inputs: tuple[IndicatorScheme, FiguresFile]
) -> None:
    expected = {
        (row["year"], row["authority"], row["measure"]): Fraction(row["value"])
        for row in table
        if row["value"]
    }
    scheme, figures = inputs
    assert [len(rows) for rows in figures.periods.values()] == [152] * 4
    seen = 0
    for row in figures.rows:
        for indicator in scheme.indicators:
            measure, scale = MEASURE[indicator.id]
            value = expected.get((row.period, row.provider, measure))
            figure = row.figures[indicator.id]
            assert (figure is None) == (value is None)
            if value is not None:
                assert figure == halves_to_even(value * 10**scale)
                seen += 1
    assert seen == len(expected) == 3344 - 134


@needs_table
def test_targets_are_medians_rounded_inward(
    table: list[dict[str, str]], inputs: tuple[IndicatorScheme, FiguresFile]
) -> None:
    scheme, _ = inputs
    medians = {(row["year"], row["measure"]): Fraction(row["median"]) for row in table}
    better = {row["measure"]: row["better"] for row in table}
    found = 0
    for indicator in scheme.indicators:
        measure, scale = MEASURE[indicator.id]
        assert (indicator.better, indicator.scale) == (better[measure], scale)
        for target in indicator.targets:
            exact = medians[target.period or "", measure]
            published = Fraction(target.value, 10**scale)
            assert published >= exact if indicator.better == "higher" else published <= exact
            assert abs(published - exact) < Fraction(1, 10**scale)
            found += 1
    assert found == len(medians)


@needs_table
def test_groups_are_types_of_authority(
    table: list[dict[str, str]], inputs: tuple[IndicatorScheme, FiguresFile]
) -> None:
    kinds = {row["authority"]: row["type"] for row in table}
    assert {row.provider: row.group for row in inputs[1].rows} == kinds


def test_as_a_command(tmp_path: Path) -> None:
    """As docs/indicators.md says it, with a made-up table."""
    header = ["year", "authority", "type", "measure", "value", "median", "better"]
    measures = [
        (name, "lower" if column == "turnover" else "higher") for column, (name, _) in MEASURE.items()
    ]
    rows = [
        [year, authority, "Unitary", name, "" if name.startswith("Requests") else value, "0.7654", better]
        for year in ("2015-16", "2016-17")
        for authority, value in (("Ash", "0.745"), ("Elm", "0.75549"))
        for name, better in measures
    ]
    with (tmp_path / "table.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])

    def run(*names: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "zkperf.indicators.social_care"]
        return subprocess.run(
            [*command, *(str(tmp_path / name) for name in names)], capture_output=True, text=True
        )

    assert run("table.csv", "care.toml", "care.csv").returncode == 0
    scheme = load_scheme(tmp_path / "care.toml")
    figures = load_figures(tmp_path / "care.csv", scheme)
    assert [row.figures for row in figures.rows if row.provider == "Ash"] == [
        {
            "quality_of_life": 745, "carer_quality_of_life": 7, "information_users": 7,
            "information_carers": 7, "short_term_services": 7, "requests": None, "turnover": 74,
        }
    ] * 2  # fmt: skip
    targets = {indicator.id: indicator.target("2016-17") for indicator in scheme.indicators}
    assert (targets["quality_of_life"], targets["requests"], targets["turnover"]) == (766, 8, 76)
    missing = run("none.csv", "care.toml", "care.csv")
    assert missing.returncode == 2 and "none.csv" in missing.stderr


def shares(result: ReportResult) -> tuple[int, int]:
    """How many claims and grades are asked, and how many would be made if everything were. A grade of which
    only some bounds are asked does not count as asked."""
    asked = made = 0
    for period in result["periods"].values():
        for provider in period["providers"].values():
            verdicts = list(provider["claims"].values())
            asked += sum(verdict in ("proved", "not proved") for verdict in verdicts)
            made += sum(verdict != "not reported" for verdict in verdicts)
            grades = provider["grades"]
            asked += grades is not None and grades[0] == grades[1]
            made += provider["grade"] is not None
    return asked, made


@needs_table
def test_every_published_figure(tmp_path: Path) -> None:
    """152 authorities, four years: pools by type of authority, claims and grades."""
    write_inputs(TABLE, tmp_path / "S.toml", tmp_path / "F.csv")
    scheme = load_scheme(tmp_path / "S.toml")
    figures = load_figures(tmp_path / "F.csv", scheme)
    folder, consortium = LedgerFolder.create(tmp_path / "ledger", members=3, threshold=2)
    try:
        result = Rounds(folder, consortium, scheme, figures, 10, lambda *_: None).run()
    finally:
        consortium.close()
    expected = recompute(tmp_path / "S.toml", tmp_path / "F.csv", 10, result)
    assert list(result["periods"]) == ["2015-16", "2016-17", "2017-18", "2018-19"]
    for period, published in result["periods"].items():
        assert published["total"] == expected["periods"][period]["total"]
        assert published["groups"] == expected["periods"][period]["groups"]
        assert len(published["providers"]) == 152
        assert published["providers"] == expected["periods"][period]["providers"]
    asked, made = shares(result)
    print(f"asked: {asked} of {made} claims and grades, {100 * asked / made:.2f} %")
    assert asked >= 0.95 * made
    # Half of the authorities are at the median or better, give or take ties and the rounding inward.
    share = result["periods"]["2016-17"]["total"]["pools"]["quality_of_life"]["share_at_target"]
    assert share is not None and 0.45 < float(share) < 0.6
    report = audit_folder(tmp_path / "ledger", None)
    assert report.ok
    assert report.figures["reports"] == sum(
        any(value is not None for value in row.figures.values()) for row in figures.rows
    )
