"""What the rules decide depends on no interpreter, library or machine: they ask none of them about text.

Python's methods of text follow the Unicode version of the interpreter, its clock and its floating point the
machine. The rule of names (`zkperf.names`) has a table of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from zkperf.encoding import Record, Sequence, Text, Uint, encode
from zkperf.errors import EncodingError

ROOT = Path(__file__).parents[1]
DECIDING = (
    "circuits",
    "zkperf/encoding.py",
    "zkperf/names.py",
    "zkperf/ledger/rules",
    "zkperf/ledger/disclosure.py",
    "zkperf/ledger/figure_transactions.py",
    "zkperf/ledger/identity.py",
    "zkperf/ledger/paths.py",
    "zkperf/ledger/signed.py",
    "zkperf/ledger/state.py",
    "zkperf/ledger/transactions.py",
    "zkperf/tokens",
)
METHODS = {
    *("isprintable", "isalnum", "isalpha", "isdecimal", "isdigit", "isnumeric", "isidentifier", "isspace"),
    *("islower", "isupper", "istitle", "casefold", "lower", "upper", "title", "capitalize", "swapcase"),
    *("strip", "lstrip", "rstrip", "splitlines", "zfill", "expandtabs", "normalize"),
}
MODULES = {"unicodedata", "locale", "re", "json", "datetime", "time", "random", "platform", "math.sqrt"}


def files() -> Iterator[Path]:
    for name in DECIDING:
        path = ROOT / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


@pytest.mark.parametrize("path", list(files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_decides_asks_no_interpreter_about_text_and_uses_no_floating_point(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in METHODS, where
        elif isinstance(node, ast.Import):
            assert not {alias.name for alias in node.names} & MODULES, where
        elif isinstance(node, ast.ImportFrom):
            assert node.module not in MODULES, where
        elif isinstance(node, ast.Constant):
            assert not isinstance(node.value, float), where
        elif isinstance(node, ast.Name):
            assert node.id != "float", where


class Some(Record):
    number: Uint
    text: Text
    flag: bool
    many: Sequence[Uint]


@pytest.mark.parametrize(
    "wrong",
    [
        [True, "a", True, []],
        ["1", "a", True, []],
        [1, b"a", True, []],
        [1, 1, True, []],
        [1, "a", 1, []],
        [1, "a", "true", []],
        [1, "a", True, {}],
        [1, "a", True, "ab"],
        [1, "a", True, b"\x01"],
        [1, "a", True, None],
        [1, "a", True, ["1"]],
        [1, "a", True, [True]],
        {"number": 1, "text": "a", "flag": True, "many": []},
    ],
)
def test_no_value_is_taken_for_one_of_another_type(wrong: object) -> None:
    """Which of these would be converted changes with the library that checks types, were it left to it."""
    assert Some.decode(encode([1, "a", True, [1]])).many == (1,)
    with pytest.raises(EncodingError):
        Some.decode(encode(wrong))


@pytest.mark.parametrize(
    "bad", [b"\xed\xa0\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xc0\xaf", b"\xff", b"\xf4\x90\x80\x80"]
)
def test_text_is_utf_8_of_scalar_values(bad: bytes) -> None:
    with pytest.raises(EncodingError):
        Some.decode(b"\x84\x01" + bytes([0x60 + len(bad)]) + bad + b"\xf5\x80")


def test_lengths_of_text_are_counted_in_code_points() -> None:
    class Short(Record):
        text: Text

    assert len(Short.decode(encode(["\U0001f600" * 1000])).text) == 1000
    with pytest.raises(EncodingError):
        Short.decode(encode(["\U0001f600" * 1001]))
