"""The figures file: CSV, one row per provider and period, read strictly (reference: docs/for-providers.md).

A spreadsheet with faults is refused as a whole, and every fault is told with its row and column, so that it
can be mended in one go. Rows are numbered as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from circuits.indicators import Indicator, IndicatorScheme
from zkperf.errors import InputError, InvalidName
from zkperf.indicators.decimals import decimals_of, parse_decimal, scaled, show
from zkperf.indicators.scheme_file import COLUMNS
from zkperf.names import check_name
from zkperf.surveys.csv_text import refusal
from zkperf.surveys.input_files import Alike, csv_rows


@dataclass(frozen=True)
class Row:
    """What one provider reports of one period: figures by indicator id, None for not reported. No repr."""

    period: str
    provider: str
    group: str
    figures: Mapping[str, int | None] = field(repr=False)
    number: int


@dataclass(frozen=True)
class FiguresFile:
    """All rows, and how many figures were rounded to their scale."""

    rows: Sequence[Row]
    rounded: int = 0

    @property
    def periods(self) -> dict[str, list[Row]]:
        """The rows of each period, periods and providers in the order in which the file first has them."""
        found: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            found[row.period].append(row)
        return dict(found)

    @property
    def compared(self) -> dict[str, str | None]:
        """For each period the one that it is compared with: the one before it, None for the first."""
        periods = list(self.periods)
        return dict(zip(periods, [None, *periods[:-1]], strict=True))


def load_figures(
    path: str | Path, scheme: IndicatorScheme, *, rounding: bool = False, encoding: str | None = None
) -> FiguresFile:
    """The figures in the CSV file at ``path``, scaled to integers.

    ``rounding``: decimals beyond an indicator's scale are rounded, halves to even; without it they are
    refused. ``encoding``: of the file, if it is not UTF-8. Raises InputError with every fault, each naming
    the file, the row and the column.
    """
    path = Path(path)
    reader = _Reader(str(path), scheme, rounding)
    for number, cells in csv_rows(path, encoding):
        if reader.columns is None:
            reader.read_header(number, cells)
        else:
            reader.read_row(number, cells)
    return reader.finish()


class _Reader:
    """Collects rows and faults."""

    def __init__(self, name: str, scheme: IndicatorScheme, rounding: bool) -> None:
        self.name, self.scheme, self.rounding = name, scheme, rounding
        self.columns: dict[str, int] | None = None
        self.width = 0
        self.rows: list[Row] = []
        self.rounded = 0
        self.faults: list[str] = []
        self._first: dict[tuple[str, str], int] = {}
        self._groups: dict[str, tuple[str, int]] = {}
        self._periods: dict[str, int] = {}
        """The row in which each period is first met: that is their order."""
        self._latest: dict[str, str] = {}
        """By provider the period of its last row so far."""
        self._alike = {column: Alike() for column in COLUMNS}

    def read_header(self, number: int, header: list[str]) -> None:
        """The place of each column. A header with faults is refused at once: no row makes sense then."""
        expected = [*COLUMNS, *(indicator.id for indicator in self.scheme.indicators)]
        where = f"{self.name}: row {number}"
        if len(header) == 1 and any(separator in header[0] for separator in ";\t"):
            raise InputError(f"{where}: has one column {header[0]!r}; separate the columns with commas")
        faults = [
            f"{where}: column {name!r} appears twice"
            for name in sorted(set(header))
            if header.count(name) > 1
        ]
        faults += [
            f"{where}: unknown column {name!r}; expected {', '.join(map(repr, expected))}"
            for name in dict.fromkeys(header)
            if name not in expected
        ]
        faults += [f"{where}: column {name!r} is missing" for name in expected if name not in header]
        if faults:
            raise refusal(faults)
        self.columns = {name: place for place, name in enumerate(header)}
        self.width = len(header)

    def read_row(self, number: int, cells: list[str]) -> None:
        assert self.columns is not None
        if len(cells) != self.width:
            self.faults.append(
                f"{self.name}: row {number}: has {len(cells)} fields, expected {self.width} as in the header"
            )
            return
        period, provider, group = (
            self._name(number, column, cells[self.columns[column]]) for column in COLUMNS
        )
        figures = {
            indicator.id: self._figure(number, indicator, cells[self.columns[indicator.id]])
            for indicator in self.scheme.indicators
        }
        self._place(number, period, provider, group)
        self.rows.append(Row(period, provider, group, figures, number))

    def finish(self) -> FiguresFile:
        if self.columns is None:
            raise InputError(f"{self.name}: is empty; expected a header and one row per provider and period")
        if self.faults:
            raise refusal(self.faults)
        if not self.rows:
            raise InputError(f"{self.name}: has a header but no figures")
        return FiguresFile(self.rows, self.rounded)

    def _fault(self, number: int, column: str, fault: str) -> None:
        self.faults.append(f"{self.name}: row {number}, column {column}: {fault}")

    def _name(self, number: int, column: str, cell: str) -> str:
        try:
            check_name(cell, f"{self.name}: row {number}, column {column}")
        except InvalidName as error:
            self.faults.append(str(error))
        else:
            if (fault := self._alike[column].fault(cell, number)) is not None:
                self._fault(number, column, fault)
        return cell

    def _place(self, number: int, period: str, provider: str, group: str) -> None:
        """A provider has one row in a period, and one group; its periods come in the file's order of them."""
        first = self._first.setdefault((period, provider), number)
        if first != number:
            self._fault(number, "provider", f"{provider!r} has a row in {period!r} already: row {first}")
            return
        before, row = self._groups.setdefault(provider, (group, number))
        if before != group:
            self._fault(number, "group", f"{provider!r} is in {before!r} according to row {row}")
        began = self._periods.setdefault(period, number)
        latest = self._latest.setdefault(provider, period)
        if began < self._periods[latest]:
            self._fault(
                number,
                "period",
                f"{period!r} stands after {latest!r} here, but before it in row {began}: which period is "
                "compared with which follows from the file's order, so sort the rows by time",
            )
        else:
            self._latest[provider] = period

    def _figure(self, number: int, indicator: Indicator, cell: str) -> int | None:
        cell = cell.strip()
        if not cell:
            return None
        try:
            exact = parse_decimal(cell)
        except InputError as error:
            self._fault(number, indicator.id, str(error))
            return None
        figure = scaled(exact, indicator.scale)
        if decimals_of(cell) > indicator.scale:
            if not self.rounding:
                most = {0: "no decimals", 1: "one decimal"}.get(
                    indicator.scale, f"{indicator.scale} decimals"
                )
                self._fault(
                    number,
                    indicator.id,
                    f"{cell[:60]} has more than the scheme's {most}: round it (zkperf report --round does)",
                )
                return None
            self.rounded += 1
        for beyond, bound, words in (
            (figure < indicator.min, indicator.min, "below the minimum"),
            (figure > indicator.max, indicator.max, "above the maximum"),
        ):
            if beyond:
                self._fault(number, indicator.id, f"{cell[:60]} is {words} {show(bound, indicator.scale)}")
                return None
        return figure
