"""The responses file: CSV with one respondent per row, read strictly (reference: docs/questionnaire.md).

Rows are numbered as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from circuits.questionnaire import Question, Questionnaire
from zkperf.errors import InputError
from zkperf.names import check_name
from zkperf.surveys.csv_text import refusal
from zkperf.surveys.input_files import Alike, csv_rows
from zkperf.surveys.questionnaire_file import SERVICE_COLUMN

Answer = None | str | list[str] | int
"""No answer; the option of a ``single``; the options of a ``multi``; a score or number."""

CHOICE_SEPARATOR = "|"
"""What joins several choices in one cell; no option's id contains it."""

_JOINTS = re.compile("[|、，,;；/]")
"""What people join choices with."""
_Read = TypeVar("_Read")

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")


@dataclass(frozen=True)
class Response:
    """One row: who was rated and what was answered, {question id: answer}. Answers have no repr."""

    service: str
    answers: dict[str, Answer] = field(repr=False)
    row: int


def load_responses(
    path: str | Path,
    questionnaire: Questionnaire,
    *,
    unit_column: str = SERVICE_COLUMN,
    encoding: str | None = None,
) -> list[Response]:
    """The responses in the CSV file at ``path``, in order.

    ``unit_column`` names the unit that was rated; ``encoding`` is the file's, if it is not UTF-8. Raises
    InputError with every fault, each naming the file, the row and the column, for whatever does not fit the
    questionnaire: nothing is skipped, guessed or repaired, save blank lines, which hold nobody.
    """
    path = Path(path)
    rows = csv_rows(path, encoding)
    header_row, header = next(rows, (1, None))
    if header is None:
        raise InputError(f"{path}: is empty; expected a header and one row per respondent")
    columns = _columns(header, questionnaire, f"{path}: row {header_row}", unit_column)
    responses: list[Response] = []
    faults: list[str] = []
    alike = Alike()

    def read(what: Callable[[str, str], _Read], column: str) -> _Read | None:
        """What a cell of the row says; None, and a fault more, if it says nothing that fits."""
        try:
            return what(cells[columns[column]], f"{where}, column {column!r}")
        except InputError as error:
            faults.append(str(error))
            return None

    for number, cells in rows:
        where = f"{path}: row {number}"
        if len(cells) != len(header):
            faults.append(f"{where}: has {len(cells)} fields, expected {len(header)} as in the header")
            continue
        service = read(partial(_service, alike, number), unit_column)
        answers = {
            question.id: read(partial(_answer, question), question.id) for question in questionnaire.questions
        }
        responses.append(Response(service=service or "", answers=answers, row=number))
    if faults:
        raise refusal(faults)
    if not responses:
        raise InputError(f"{path}: has a header but no responses; expected one row per respondent")
    return responses


def _columns(header: list[str], questionnaire: Questionnaire, where: str, unit: str) -> dict[str, int]:
    """The position of each column. The header must have each question and the unit exactly once."""
    expected = [unit, *(question.id for question in questionnaire.questions)]
    if unit in expected[1:]:
        raise InputError(f"--unit-column: {unit!r} is a question of the questionnaire")
    if len(header) == 1 and any(separator in header[0] for separator in ";\t"):
        raise InputError(f"{where}: has one column {header[0]!r}; separate the columns with commas")
    faults = [
        f"{where}: column {name!r} appears twice" for name in sorted(set(header)) if header.count(name) > 1
    ]
    faults += [
        f"{where}: unknown column {name!r}; expected {', '.join(repr(known) for known in expected)}"
        for name in dict.fromkeys(header)
        if name not in expected
    ]
    for name in expected:
        if name not in header:
            purpose = "is a question's id"
            if name == unit:
                purpose = "names the unit that was rated; if another column does, say --unit-column NAME"
            faults.append(f"{where}: column {name!r} is missing; it {purpose}")
    if faults:
        raise refusal(faults)
    return {name: position for position, name in enumerate(header)}


def _service(alike: Alike, row: int, cell: str, where: str) -> str:
    if not cell:
        raise InputError(f"{where}: is empty; every row names the unit that was rated")
    check_name(cell, where)
    if (fault := alike.fault(cell, row)) is not None:
        raise InputError(f"{where}: {fault}")
    return cell


def _answer(question: Question, cell: str, where: str) -> Answer:
    if cell == "":
        if question.required:
            raise InputError(f"{where}: is empty, but an answer is required")
        return None
    if question.kind == "single":
        return _chosen(cell, question, where)
    if question.kind == "multi":
        return _several(cell, question, where)
    return _number(cell, question, where)


def _chosen(text: str, question: Question, where: str) -> str:
    options = [option.id for option in question.options]
    if text not in options:
        shown = ", ".join(repr(option) for option in options)
        parts = [part.strip() for part in _JOINTS.split(text) if part.strip()]
        if question.kind == "multi" and len(parts) > 1 and set(parts) <= set(options):
            joined = CHOICE_SEPARATOR.join(parts)
            raise InputError(
                f"{where}: {_shortened(text)} is several choices: write {joined!r}, 多个选项之间用“|”分隔"
            )
        raise InputError(f"{where}: {_shortened(text)} is not an option; expected one of {shown}")
    return text


def _several(cell: str, question: Question, where: str) -> list[str]:
    chosen = [_chosen(part, question, where) for part in cell.split(CHOICE_SEPARATOR)]
    for option in chosen:
        if chosen.count(option) > 1:
            raise InputError(f"{where}: {option!r} is chosen twice")
    fewest, most = question.bounds()
    if not fewest <= len(chosen) <= most:
        raise InputError(f"{where}: has {len(chosen)} choices, expected {fewest} to {most}")
    return chosen


def _number(cell: str, question: Question, where: str) -> int:
    if not _INTEGER.fullmatch(cell):
        raise InputError(f"{where}: {_shortened(cell)} is not a whole number such as 7 or -2")
    # More than 64 bits is out of any range; Python refuses to convert thousands of digits.
    value = int(cell) if len(cell) <= 20 else None
    lowest, highest = question.bounds()
    if value is None or not lowest <= value <= highest:
        raise InputError(f"{where}: {_shortened(cell)} is not within {lowest} to {highest}")
    return value


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
