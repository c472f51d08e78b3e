"""The questionnaire file: what it may say, and every refusal with the place it names."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.questionnaire import Option, Question
from zkperf.errors import InputError
from zkperf.surveys.questionnaire_file import load_questionnaire, parse_questionnaire

FULL = """
id = "gp-friends-and-family"
title = { en = "Your visit", zh = "您的就诊" }

[[question]]
id = "recommend"
text = { en = "How likely are you to recommend us?", zh-Hant = "您會推薦我們嗎?" }
kind = "single"
options = ["Likely", { id = "no", en = "Unlikely", zh = "不会" }]
disclose = "histogram"
required = true

[[question]]
id = "liked"
kind = "multi"
options = ["staff", "rooms", "wait"]
min = 1
max = 2

[[question]]
id = "overall"
kind = "score"
min = -1
max = 10
disclose = "total"

[[question]]
id = "minutes"
kind = "number"
min = 0
max = 240
"""


def with_question(*lines: str) -> str:
    return "\n".join(('id = "q"', "[[question]]", 'id = "a"', *lines))


def test_every_field_of_every_kind() -> None:
    found = parse_questionnaire(FULL, name="Q.toml")
    assert (found.id, found.title) == ("gp-friends-and-family", {"en": "Your visit", "zh": "您的就诊"})
    assert found.questions == (
        Question(
            id="recommend",
            text={"en": "How likely are you to recommend us?", "zh-Hant": "您會推薦我們嗎?"},
            kind="single",
            options=(
                Option(id="Likely", text={}),
                Option(id="no", text={"en": "Unlikely", "zh": "不会"}),
            ),
            min=None,
            max=None,
            disclose="histogram",
            required=True,
        ),
        Question(
            id="liked",
            text={},
            kind="multi",
            options=tuple(Option(id=name, text={}) for name in ("staff", "rooms", "wait")),
            min=1,
            max=2,
            disclose="histogram",
            required=False,
        ),
        Question(
            id="overall", text={}, kind="score", options=(), min=-1, max=10, disclose="total", required=False
        ),
        Question(
            id="minutes", text={}, kind="number", options=(), min=0, max=240, disclose="total", required=False
        ),
    )


def test_defaults() -> None:
    [score] = parse_questionnaire(with_question('kind = "score"', "min=0", "max=4"), name="Q").questions
    assert score.disclose == "histogram" and not score.required and score.text == {}
    [multi] = parse_questionnaire(with_question('kind = "multi"', 'options=["x"]'), name="Q").questions
    assert multi.bounds() == (0, 1)


@pytest.mark.parametrize(
    "data", [FULL.encode(), b"\xef\xbb\xbf" + FULL.encode()], ids=["plain", "with a BOM"]
)
def test_load(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "Q.toml"
    path.write_bytes(data)
    assert load_questionnaire(path) == parse_questionnaire(FULL, name="Q.toml")


CHOICE = ('kind = "single"', 'options = ["x", "y"]')

REFUSED = {
    "broken TOML": ('id = "q', "not TOML"),
    "nested too deeply": ("a = " + "[" * 10_000, "not TOML"),
    "a number too long to read": ("a = " + "9" * 10_000, "not TOML"),
    "no id": ("[[question]]", "Q.toml: id: missing"),
    "id not text": ("id = 4", "Q.toml: id: expected text in quotes, got 4"),
    "id empty": ('id = ""', "Q.toml: id: a name is missing"),
    "no questions": ('id = "q"', "has no questions"),
    "questions not a list": ('id = "q"\nquestion = 3', "has no questions"),
    "question not a table": ('id = "q"\nquestion = [3]', "question 1: expected a table"),
    "unknown field of the file": ('id = "q"\nname = "x"', "Q.toml: unknown field 'name'"),
    "question without id": ('id = "q"\n[[question]]', "question 1: id: missing"),
    "question id with a bar": (with_question(*CHOICE).replace('"a"', '"a|b"'), "'a|b'"),
    "question id with spaces": (with_question(*CHOICE).replace('"a"', '" a"'), "' a'"),
    "question id twice": (with_question(*CHOICE, "[[question]]", 'id = "a"', *CHOICE), "'a' occurs twice"),
    "reserved id": (with_question(*CHOICE).replace('"a"', '"service"'), "question 'service': id:"),
    "no kind": (with_question(), "question 'a': kind: expected 'single' or 'multi' or 'score' or 'number'"),
    "unknown kind": (with_question('kind = "text"'), "question 'a': kind: "),
    "kind not text": (with_question("kind = [1]"), "question 'a': kind: "),
    "misspelt field": (with_question(*CHOICE, "requierd = true"), "question 'a': unknown field 'requierd'"),
    "min of a single": (with_question(*CHOICE, "min = 1"), "question 'a': unknown field 'min'"),
    "options of a score": (
        with_question('kind = "score"', 'options = ["x"]', "min = 0", "max = 1"),
        "question 'a': unknown field 'options'",
    ),
    "required not a boolean": (with_question(*CHOICE, "required = 1"), "question 'a': required: "),
    "unknown disclosure": (with_question(*CHOICE, 'disclose = "none"'), "question 'a': disclose: "),
    "total of options": (with_question(*CHOICE, 'disclose = "total"'), "question 'a': disclose: "),
    "histogram of a number": (
        with_question('kind = "number"', "min = 0", "max = 9", 'disclose = "histogram"'),
        "question 'a': disclose: expected 'total'",
    ),
    "no options": (with_question('kind = "multi"'), "question 'a': options: expected a list"),
    "one option": (with_question('kind = "single"', 'options = ["x"]'), "question 'a': expected 2 to 100"),
    "empty options": (with_question('kind = "multi"', "options = []"), "question 'a': expected 1 to 100"),
    "option twice": (with_question('kind = "single"', 'options = ["x", "x"]'), "question 'a': option 'x'"),
    "option not text": (
        with_question('kind = "single"', "options = [1, 2]"),
        "options: number 1: expected text",
    ),
    "option without id": (
        with_question('kind = "single"', 'options = ["x", { en = "y" }]'),
        "options: number 2: id: missing",
    ),
    "option with a bar": (with_question('kind = "multi"', 'options = ["x|y"]'), "'x|y'"),
    "unknown field of an option": (
        with_question('kind = "single"', 'options = ["x", { id = "y", label = "Y" }]'),
        "options: number 2: 'label' is not a language tag",
    ),
    "text without language": (
        with_question(*CHOICE, 'text = "Why?"'),
        "question 'a': text: expected one text per",
    ),
    "text empty": (with_question(*CHOICE, 'text = { en = " " }'), "question 'a': text: en: expected text"),
    "text too long": (
        with_question(*CHOICE, f'text.en = "{"x" * 1001}"'),
        "question 'a': text: en: expected one",
    ),
    "text with a line break": (
        with_question(*CHOICE, r'text.en = "x\ny"'),
        "text: en: expected one plain line",
    ),
    "text that turns around": (with_question(*CHOICE, r'text.en = "x\u202ey"'), "expected one plain line"),
    "title not a table": ('id = "q"\ntitle = 3', "Q.toml: title: expected one text per language"),
    "score without max": (with_question('kind = "score"', "min = 0"), "question 'a': max: missing"),
    "score upside down": (
        with_question('kind = "score"', "min = 1", "max = 1"),
        "question 'a': expected min below",
    ),
    "score too fine": (
        with_question('kind = "score"', "min = 0", "max = 101"),
        "question 'a': a score has at most",
    ),
    "bound not whole": (
        with_question('kind = "score"', "min = 0.5", "max = 1"),
        "question 'a': min: expected a whole",
    ),
    "bound a boolean": (
        with_question('kind = "score"', "min = true", "max = 2"),
        "question 'a': min: expected",
    ),
    "bound too large": (
        with_question('kind = "number"', "min = 0", f"max = {2**63}"),
        "question 'a': max: does not",
    ),
    "number too wide": (
        with_question('kind = "number"', "min = 0", f"max = {2**48}"),
        "question 'a': a number's max",
    ),
    "multi upside down": (
        with_question('kind = "multi"', 'options = ["x", "y"]', "min = 2", "max = 1"),
        "question 'a': expected 0 <= min <= max",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_questionnaire(text, name="Q.toml")
    assert str(refused.value).startswith("Q.toml: ")
    assert message in str(refused.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.toml: cannot be read"):
        load_questionnaire(tmp_path / "missing.toml")
    with pytest.raises(InputError, match="cannot be read"):
        load_questionnaire(tmp_path)
    (tmp_path / "Q.toml").write_bytes('id = "é"'.encode("latin-1"))
    with pytest.raises(InputError, match=r"Q\.toml: byte 6 is not UTF-8"):
        load_questionnaire(tmp_path / "Q.toml")


TABLE_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["single", "multi", "score"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "en", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
TABLES = st.dictionaries(
    st.sampled_from(["id", "text", "kind", "options", "min", "max", "disclose", "required"]), TABLE_VALUES
)


@settings(max_examples=200)
@given(TABLES)
def test_any_table_is_a_question_or_an_input_error(fields: dict[str, object]) -> None:
    lines = [f"{key} = {toml}" for key, value in fields.items() if (toml := to_toml(value)) is not None]
    with contextlib.suppress(InputError):
        parse_questionnaire("\n".join(['id = "q"', "[[question]]", *lines]), name="Q.toml")


def to_toml(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" for c in value if not 0xD800 <= ord(c) < 0xE000) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(item for each in value if (item := to_toml(each)) is not None) + "]"
    if isinstance(value, dict):
        pairs = [f"{key} = {item}" for key, each in value.items() if (item := to_toml(each)) is not None]
        return "{" + ", ".join(pairs) + "}"
    return None
