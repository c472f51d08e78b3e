"""What all files written by people have in common: UTF-8, TOML fields, CSV rows, and how faults are told.

Every error is an InputError that names the file and the place in it.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from circuits.questionnaire import LANGUAGE, MAX_LANGUAGE
from zkperf.errors import InputError
from zkperf.names import check_name, fold
from zkperf.surveys.csv_text import csv_text
from zkperf.surveys.results import is_deceptive

MAX_TEXT = 1000

_LANGUAGE = re.compile(LANGUAGE)


def read_text(path: Path) -> str:
    """A TOML file's text."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The TOML document ``text``; errors call the file ``name``."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Besides TOMLDecodeError: numbers of thousands of digits, arrays nested thousands deep.
        raise InputError(f"{name}: not TOML: {error}") from None


def csv_rows(path: Path, encoding: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file that are not blank, numbered from 1 as a spreadsheet shows them. The file is in
    UTF-8, unless another encoding is named."""
    text = csv_text(path, encoding)
    number = 0
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), strict=True):
            number += 1
            if cells:
                yield number, cells
    except csv.Error as error:
        problem = "a quoted field never ends" if "unexpected end of data" in str(error) else str(error)
        raise InputError(f"{path}: row {number + 1}: not CSV: {problem}") from None


def one_of(value: Any, allowed: tuple[str, ...], where: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"{where}: expected {' or '.join(map(repr, allowed))}, got {shown(value)}")
    return value


def identifier(value: Any, where: str) -> str:
    if value is None:
        raise InputError(f'{where}: missing; write id = "…"')
    if not isinstance(value, str):
        raise InputError(f"{where}: expected text in quotes, got {shown(value)}")
    check_name(value, where)
    return value


class Alike:
    """Finds names in a file that read like earlier ones without being the same."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, int]] = {}

    def fault(self, name: str, row: int) -> str | None:
        """What is wrong with a name in this row, if another row has it in another spelling."""
        before, first = self._first.setdefault(fold(name), (name, row))
        return None if before == name else f"{name!r} reads like {before!r} in row {first}: write one of them"


def texts(value: Any, where: str) -> dict[str, str]:
    """One text per language."""
    if not isinstance(value, dict):
        raise InputError(f'{where}: expected one text per language, as in {{ en = "…", zh = "…" }}')
    for language, text in value.items():
        if not _LANGUAGE.fullmatch(language) or len(language) > MAX_LANGUAGE:
            raise InputError(f"{where}: {language!r} is not a language tag such as en, zh or zh-Hant")
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"{where}: {language}: expected text in quotes that is not empty")
        if not is_plain_line(text):
            raise InputError(f"{where}: {language}: expected one plain line of at most {MAX_TEXT} characters")
    return dict(value)


def is_plain_line(text: str) -> bool:
    """Whether a reader sees what is written: no line breaks, no characters that deceive, not too long."""
    return len(text) <= MAX_TEXT and not any(is_deceptive(character) for character in text)


def refuse_unknown(table: dict[str, Any], known: tuple[str, ...], where: str, what: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where}: unknown field {key!r}; {what} has {', '.join(known)}")


def shown(value: Any) -> str:
    """Somebody's input in a message: its repr, shortened."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
