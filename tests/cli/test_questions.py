from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from circuits.layout import Answer, compile_questionnaire
from tests.cli.command import QUESTIONNAIRE
from zkperf.cli.questions import ask, confirm, load_answers
from zkperf.cli.words import WORDS, Words, default_language
from zkperf.errors import InputError
from zkperf.surveys.questionnaire_file import parse_questionnaire

ASKED = parse_questionnaire(QUESTIONNAIRE, name="visit")
EN, ZH = Words("en"), Words("zh")


def typed(*lines: str) -> object:
    """A terminal at which these lines are typed."""
    waiting: Iterator[str] = iter(lines)

    def read(prompt: str) -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    return read


def answers(*lines: str) -> Mapping[str, Answer]:
    return ask(ASKED, EN, typed(*lines))  # type: ignore[arg-type]


def test_every_kind_of_question_is_answered_by_numbers() -> None:
    assert answers("1", "3, 1", "5", "0") == {
        "recommend": "yes",
        "good": ["staff", "rooms"],
        "stars": 5,
        "minutes": 0,
    }


def test_enter_is_no_answer_where_that_is_allowed() -> None:
    assert answers("", "2", "", "", "") == {
        "recommend": "unsure",
        "good": None,
        "stars": None,
        "minutes": None,
    }


def test_none_of_several_is_an_answer() -> None:
    assert answers("3", "0", "", "")["good"] == []


def test_what_makes_no_sense_is_asked_again() -> None:
    said = (
        "0",
        "4",
        "x",
        "1.5",
        "yes",
        " 1 ",
        "4",
        "1,1",
        "1,x",
        ",",
        "2",
        "0",
        "6",
        "-1",
        "3",
        "601",
        "600",
    )
    assert answers(*said) == {"recommend": "yes", "good": ["speed"], "stars": 3, "minutes": 600}


def test_a_chinese_keyboard_is_understood() -> None:
    assert answers("\uff12", "\uff11\u3001\uff12", "\uff15", "\uff11\uff10") == {
        "recommend": "unsure",
        "good": ["staff", "speed"],
        "stars": 5,
        "minutes": 10,
    }


def test_input_that_ends_names_the_question() -> None:
    with pytest.raises(InputError, match="question 'good': nothing was sent"):
        answers("1")


def test_the_answers_that_are_asked_for_are_those_the_questionnaire_allows() -> None:
    layout = compile_questionnaire(ASKED)
    for said in (("1", "0", "1", "0"), ("3", "1 2 3", "", "600"), ("2", "", "5", "")):
        layout.bits(answers(*said))


@pytest.mark.parametrize(
    ("said", "sent"), [("", True), ("y", True), ("是", True), ("n", False), ("否", False)]
)
def test_confirming(said: str, sent: bool, capsys: pytest.CaptureFixture[str]) -> None:
    given: dict[str, Answer] = {"recommend": "yes", "good": [], "stars": 4, "minutes": None}
    assert confirm(ASKED, given, ZH, typed("perhaps", said)) is sent  # type: ignore[arg-type]
    shown = capsys.readouterr()
    assert shown.out == ""
    for text in ("您会推荐我们吗？：会", "What was good?：以上都不是", "stars：4", "minutes：不回答"):
        assert text in shown.err


def test_no_confirmation_sends_nothing() -> None:
    assert confirm(ASKED, {"recommend": "yes"}, EN, typed()) is False  # type: ignore[arg-type]


def test_both_languages_say_the_same_things() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    for key, text in WORDS["en"].items():
        fields = {part.split("}")[0].split(":")[0].split("!")[0] for part in text.split("{")[1:]}
        chinese = WORDS["zh"][key]
        assert fields == {p.split("}")[0].split(":")[0].split("!")[0] for p in chinese.split("{")[1:]}, key


@pytest.mark.parametrize(
    ("locale", "language"), [("zh_CN.UTF-8", "zh"), ("en_GB.UTF-8", "en"), ("C", "en"), ("", "en")]
)
def test_the_terminal_s_language(monkeypatch: pytest.MonkeyPatch, locale: str, language: str) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, locale)
    assert default_language() == language


def test_answers_from_a_file_and_from_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '\ufeff{"recommend": "yes", "good": ["staff"], "minutes": 3}'
    expected = {"recommend": "yes", "good": ["staff"], "minutes": 3}
    file = tmp_path / "answers.json"
    file.write_text(text, "utf-8")
    assert load_answers(str(file)) == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode("utf-8"))))
    assert load_answers("-") == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[1]",
        b"{",
        b'{"a": 1, "a": 2}',
        b"\xff",
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "' + b"x" * 1_000_000 + b'"}',
    ],
)
def test_files_that_hold_no_answers(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "answers.json"
    file.write_bytes(data)
    with pytest.raises(InputError, match=r"--answers: .*answers\.json"):
        load_answers(str(file))


def test_a_missing_file_of_answers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_answers(str(tmp_path / "none.json"))
