"""The figures file: every figure scaled exactly, and every fault with its row and column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.indicators.example import HEADER, SCHEME
from zkperf.errors import InputError
from zkperf.indicators.figures_file import load_figures
from zkperf.indicators.scheme_file import parse_scheme

INDICATORS = parse_scheme(SCHEME, name="S.toml")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(content: str) -> Path:
        path = tmp_path / "F.csv"
        path.write_bytes(content.encode())
        return path

    return write


def refusal(path: Path) -> list[str]:
    with pytest.raises(InputError) as error:
        load_figures(path, INDICATORS)
    return [line.removeprefix(f"{path}: ") for line in str(error.value).splitlines()]


def test_figures_are_scaled(write: Callable[[str], Path]) -> None:
    path = write(
        "provider,period,group,turnover,quality,cost,staff_cost,other_cost\n"
        'B,2022,South,12.5,30,, ,7\n"A, Ltd",2023,North,0.01,18.10,2,3,4\nB,2023,South,,,,,\n'
    )
    found = load_figures(path, INDICATORS)
    assert list(found.periods) == ["2022", "2023"]
    assert [(row.provider, row.group, row.number) for row in found.periods["2023"]] == [
        ("A, Ltd", "North", 3),
        ("B", "South", 4),
    ]
    first, second, third = found.rows
    assert first.figures == {
        "quality": 300,
        "turnover": 1250,
        "cost": None,
        "staff_cost": None,
        "other_cost": 7,
    }
    assert second.figures == {"quality": 181, "turnover": 1, "cost": 2, "staff_cost": 3, "other_cost": 4}
    assert set(third.figures.values()) == {None}
    assert found.rounded == 0


@pytest.mark.parametrize(
    "periods", [["Q3 2023", "Q4 2023", "Q1 2024", "Q2 2024"], ["9/2024", "10/2024"], ["2024", "2023"]]
)
def test_the_files_order_of_periods_counts(write: Callable[[str], Path], periods: list[str]) -> None:
    """Not that of their names."""
    by_period = [f"{period},{name},North,1,1,1,1,1\n" for period in periods for name in "AB"]
    by_provider = [f"{period},{name},North,1,1,1,1,1\n" for name in "AB" for period in periods]
    for rows in (by_period, by_provider):
        found = load_figures(write(f"{HEADER}\n{''.join(rows)}"), INDICATORS)
        assert list(found.periods) == periods
        assert found.compared == dict(zip(periods, [None, *periods], strict=False))


def test_an_order_that_contradicts_itself_is_refused(write: Callable[[str], Path]) -> None:
    """A begins with 2024, which would come first: but B has 2023 before it."""
    path = write(
        f"{HEADER}\n2024,A,North,1,1,1,1,1\n2023,B,North,1,1,1,1,1\n2024,B,North,1,1,1,1,1\n"
        "2022,B,North,1,1,1,1,1\n2023,A,North,1,1,1,1,1\n"
    )
    assert refusal(path) == [
        "row 4, column period: '2024' stands after '2023' here, but before it in row 2: which period is "
        "compared with which follows from the file's order, so sort the rows by time",
    ]


def test_figures_have_no_repr(write: Callable[[str], Path]) -> None:
    [row] = load_figures(write(f"{HEADER}\n2023,A,North,18.1,,,,\n"), INDICATORS).rows
    assert "181" not in repr(row)


def test_rounding_is_asked_for(write: Callable[[str], Path]) -> None:
    path = write(f"{HEADER}\n2023,A,North,18.15,20.005,,,\n2023,B,North,18.2500,20.015,7.5,,\n")
    assert refusal(path)[0] == (
        "row 2, column quality: 18.15 has more than the scheme's one decimal: round it (zkperf report "
        "--round does)"
    )
    assert len(refusal(path)) == 5
    found = load_figures(path, INDICATORS, rounding=True)
    assert [(row.figures["quality"], row.figures["turnover"], row.figures["cost"]) for row in found.rows] == [
        (182, 2000, None),
        (182, 2002, 8),
    ]
    assert found.rounded == 5


def test_every_fault_is_told_at_once(write: Callable[[str], Path]) -> None:
    path = write(
        f"{HEADER}\n"
        "2023,A,North,31.0,-0.01,0,many,1e3\n"
        "2023,A,North,1,1,1,1,1\n"
        "2023,,North,1,1,1,1\n"
        "2023,,North,1,1,1,1,1\n"
        "2023, B,North,1,1,1,1,1\n"
        "2024,A,South,1,1,1,1,1\n"
        "2024,C\u202e,South,1,1,1,1,1\n"
    )
    assert refusal(path) == [
        "row 2, column quality: 31.0 is above the maximum 30.0",
        "row 2, column turnover: -0.01 is below the minimum 0.00",
        "row 2, column cost: 0 is below the minimum 1",
        "row 2, column staff_cost: 'many' is not a decimal such as 7 or -2.5",
        "row 2, column other_cost: '1e3' is not a decimal such as 7 or -2.5",
        "row 3, column provider: 'A' has a row in '2023' already: row 2",
        "row 4: has 7 fields, expected 8 as in the header",
        "row 5, column provider: a name is missing",
        "row 6, column provider: it begins or ends with a blank (U+0020, character 1): ' B'",
        "row 7, column group: 'A' is in 'North' according to row 2",
        "row 8, column provider: it has an invisible character that its script does not need "
        "(U+202E, character 2): 'C\\u202e'",
    ]


def test_twenty_faults_are_shown(write: Callable[[str], Path]) -> None:
    rows = "".join(f"2023,P{number},North,99,,,,\n" for number in range(23))
    assert refusal(write(f"{HEADER}\n{rows}"))[20:] == ["and 3 more faults"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ["is empty; expected a header and one row per provider and period"]),
        (f"{HEADER}\n", ["has a header but no figures"]),
        (f"{HEADER},cost\n", ["row 1: column 'cost' appears twice"]),
        (
            HEADER.replace("group", "region") + "\n",
            [
                "row 1: unknown column 'region'; expected 'period', 'provider', 'group', 'quality', "
                "'turnover', 'cost', 'staff_cost', 'other_cost'",
                "row 1: column 'group' is missing",
            ],
        ),
        (HEADER.replace(",", ";") + "\n", [f"row 1: has one column {HEADER.replace(',', ';')!r}; separate "
                                           "the columns with commas"]),
    ],
)  # fmt: skip
def test_headers_that_are_refused(write: Callable[[str], Path], content: str, expected: list[str]) -> None:
    assert refusal(write(content)) == expected
