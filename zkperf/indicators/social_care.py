"""A real input: outcomes of adult social care in England, as a scheme and a figures file.

From a table with one row per authority, year and measure (columns `year`, `authority`, `type`, `measure`,
`value`, `median`, `better`) to one row per authority and year. Values are rounded to the scheme's scale,
halves to even. The target of a measure and year is the printed median, rounded inward: up where more is
better, down where less is, so that whoever reaches the target has reached the median.
"""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import TextIO

from zkperf.indicators.decimals import parse_decimal, scaled, show


@dataclass(frozen=True)
class Measure:
    """How a measure of the table is reported. ``bounds`` are its possible values."""

    id: str
    title: str
    unit: str
    scale: int
    bounds: tuple[str, str]
    better: str
    weight: str | None


MEASURES: Mapping[str, Measure] = {
    "ASC Quality of Life": Measure(
        "quality_of_life",
        "Quality of life of those who use services",
        "score",
        3,
        ("0", "1"),
        "higher",
        "0.2",
    ),
    "ASC Carer Quality of Life": Measure(
        "carer_quality_of_life", "Quality of life of carers", "points", 1, ("0", "12"), "higher", "0.2"
    ),
    "Ease of finding information about services : service users": Measure(
        "information_users", "Users who find information easily", "%", 1, ("0", "100"), "higher", "0.15"
    ),
    "Ease of finding information about support : carers": Measure(
        "information_carers", "Carers who find information easily", "%", 1, ("0", "100"), "higher", "0.15"
    ),
    "Outcome of short-term services: sequel to service": Measure(
        "short_term_services", "Short-term services that were enough", "%", 1, ("0", "100"), "higher", "0.15"
    ),
    "Requests resulting in a service": Measure(
        "requests", "Requests that led to a service", "per 100,000 adults", 1, ("0", "20000"), "higher", None
    ),
    "Workforce turnover rate": Measure(
        "turnover", "Staff who left within the year", "%", 2, ("0", "100"), "lower", "0.15"
    ),
}

GRADES = (("A", "0.62"), ("B", "0.59"), ("C", "0.55"), ("D", "0"))
MISSING = "0.5"


def write_inputs(table: Path, scheme: Path, figures: Path) -> None:
    """Reads ``table`` and writes the scheme (TOML) and the figures (CSV)."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    scheme.write_text(scheme_text(rows), "utf-8")
    with figures.open("w", encoding="utf-8", newline="") as file:
        write_figures(rows, file)


def scheme_text(rows: Iterable[Mapping[str, str]]) -> str:
    """The scheme: for each measure the claims "at or above the median", "better than last year"; a grade."""
    medians: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        medians[row["measure"]][row["year"]] = row["median"]
    lines = ['id = "adult-social-care"', 'title = { en = "Adult social care", zh = "成人社会照护" }', ""]
    for name, measure in MEASURES.items():
        targets = ", ".join(
            f'"{year}" = "{inward(median, measure)}"' for year, median in sorted(medians[name].items())
        )
        lines += [
            "[[indicator]]",
            f'id = "{measure.id}"',
            f'title = {{ en = "{measure.title}" }}',
            f'unit = "{measure.unit}"',
            f"scale = {measure.scale}",
            f'min = "{measure.bounds[0]}"',
            f'max = "{measure.bounds[1]}"',
            f'better = "{measure.better}"',
            f"target = {{ {targets} }}",
            *([] if measure.weight is None else [f'weight = "{measure.weight}"', f'missing = "{MISSING}"']),
            "",
        ]
    for measure in MEASURES.values():
        lines += [
            "[[claim]]",
            f'id = "{measure.id}_median"',
            'kind = "target"',
            f'indicator = "{measure.id}"',
            "",
        ]
        lines += [
            "[[claim]]",
            f'id = "{measure.id}_better"',
            'kind = "improved"',
            f'indicator = "{measure.id}"',
            'percent = "0"',
            "",
        ]
    grades = ", ".join(f'["{name}", "{least}"]' for name, least in GRADES)
    return "\n".join([*lines, "[index]", 'publish = "grade"', f"grades = [{grades}]", ""])


def write_figures(rows: Iterable[Mapping[str, str]], file: TextIO) -> None:
    """The figures file: one row per authority and year, the type of authority as its group. Years such as
    2016-17 are in the order of time when they are in that of their names, which the table does not keep."""
    values: defaultdict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for row in rows:
        measure = MEASURES[row["measure"]]
        values[row["year"], row["authority"], row["type"]][measure.id] = rounded(row["value"], measure)
    writer = csv.writer(file)
    columns = [measure.id for measure in MEASURES.values()]
    writer.writerow(["period", "provider", "group", *columns])
    for (year, authority, kind), figures in sorted(values.items()):
        writer.writerow([year, authority, kind, *(figures.get(column, "") for column in columns)])


def rounded(value: str, measure: Measure) -> str:
    """A value at the measure's scale, halves to even; an empty cell stays one."""
    return show(scaled(parse_decimal(value), measure.scale), measure.scale) if value else ""


def inward(median: str, measure: Measure) -> str:
    """The target that nobody reaches who has not reached the median."""
    exact: Fraction = parse_decimal(median) * 10**measure.scale
    return show(ceil(exact) if measure.better == "higher" else floor(exact), measure.scale)


def main() -> None:
    """``python -m zkperf.indicators.social_care TABLE SCHEME FIGURES``."""
    parser = ArgumentParser(description="A scheme and a figures file for `zkperf report`, from a table.")
    for name, help in (
        ("table", "the table of outcomes (CSV)"),
        ("scheme", "the scheme to write (TOML)"),
        ("figures", "the figures to write (CSV)"),
    ):
        parser.add_argument(name, type=Path, help=help)
    given = parser.parse_args()
    try:
        write_inputs(given.table, given.scheme, given.figures)
    except (OSError, KeyError) as error:
        parser.error(f"{given.table}: {error!r}")


if __name__ == "__main__":
    main()
