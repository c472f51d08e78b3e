"""The responses file: what a row may hold, and every refusal with the row and column it names."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zkperf.errors import InputError
from zkperf.surveys.questionnaire_file import parse_questionnaire
from zkperf.surveys.responses_file import load_responses

QUESTIONS = parse_questionnaire(
    """
id = "q"
[[question]]
id = "recommend"
kind = "single"
options = ["Likely", "Don't know", { id = "no", en = "Unlikely" }]
required = true
[[question]]
id = "liked"
kind = "multi"
options = ["staff", "rooms", "wait"]
max = 2
[[question]]
id = "overall"
kind = "score"
min = -2
max = 10
[[question]]
id = "minutes"
kind = "number"
min = 0
max = 240
""",
    name="Q.toml",
)

HEADER = "service,recommend,liked,overall,minutes"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "R.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_every_kind_of_answer(write: Callable[[str | bytes], Path]) -> None:
    path = write(
        f'{HEADER}\nA,Likely,staff|wait,-2,240\n"B, ""C""",no,rooms,,\n市民服务中心,Don\'t know,,10,0\n'
    )
    found = load_responses(path, QUESTIONS)
    assert [(each.service, each.answers, each.row) for each in found] == [
        ("A", {"recommend": "Likely", "liked": ["staff", "wait"], "overall": -2, "minutes": 240}, 2),
        ('B, "C"', {"recommend": "no", "liked": ["rooms"], "overall": None, "minutes": None}, 3),
        ("市民服务中心", {"recommend": "Don't know", "liked": None, "overall": 10, "minutes": 0}, 4),
    ]


def test_answers_have_no_repr(write: Callable[[str | bytes], Path]) -> None:
    [response] = load_responses(write(f"{HEADER}\nA,Likely,staff,7,33\n"), QUESTIONS)
    assert repr(response) == "Response(service='A', row=2)"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfservice,recommend,liked,overall,minutes\nA,no,,,\n",
        b"service,recommend,liked,overall,minutes\r\nA,no,,,\r\n",
        b"service,recommend,liked,overall,minutes\rA,no,,,",
        b"minutes,overall,recommend,liked,service\n,,no,,A",
        b'"service","recommend","liked","overall","minutes"\n"A","no","","",""\n',
        b"service,recommend,liked,overall,minutes\nA,no,,,\n\n\n",
    ],
    ids=["BOM", "CRLF", "CR", "other order", "all quoted", "blank lines at the end"],
)
def test_the_same_file_as_programs_write_it(write: Callable[[str | bytes], Path], content: bytes) -> None:
    [response] = load_responses(write(content), QUESTIONS)
    assert response.service == "A"
    assert response.answers == {"recommend": "no", "liked": None, "overall": None, "minutes": None}


def test_rows_are_counted_as_a_spreadsheet_counts_them(write: Callable[[str | bytes], Path]) -> None:
    path = write(f'{HEADER}\nA,no,,,\n\nA,"x\ny",,,\n')
    with pytest.raises(InputError, match="row 4, column 'recommend'"):
        load_responses(path, QUESTIONS)
    path = write(f"{HEADER}\nA,no,,,\n\nB,no,,,\n")
    assert [response.row for response in load_responses(path, QUESTIONS)] == [2, 4]


def row(cells: str) -> str:
    return f"{HEADER}\nA,no,,,\n{cells}\n"


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "is empty"),
    "only a BOM": (b"\xef\xbb\xbf", "is empty"),
    "only blank lines": ("\n\n", "is empty"),
    "only a header": (HEADER, "has a header but no responses"),
    "not UTF-8": (f"{HEADER}\nCaf\xe9,no,,,\n".encode("latin-1"), "line 2 is not UTF-8"),
    "UTF-16": (f"{HEADER}\nA,no,,,\n".encode("utf-16"), "line 1 is not UTF-8"),
    "NUL": (f"{HEADER}\nA\0,no,,,\n", "line 2 contains a NUL byte"),
    "unknown column": (f"{HEADER},age\nA,no,,,,3", "row 1: unknown column 'age'"),
    "duplicate column": (f"{HEADER},liked\nA,no,,,,", "row 1: column 'liked' appears twice"),
    "missing service": ("recommend,liked,overall,minutes\nno,,,", "row 1: column 'service' is missing"),
    "missing question": ("service,recommend,liked,overall\nA,no,,", "row 1: column 'minutes' is missing"),
    "no header": ("A,no,,,\nB,no,,,", "row 1: "),
    "semicolons": ("service;recommend\nA;no", "separate the columns with commas"),
    "too few fields": (row("B,no,,"), "row 3: has 4 fields, expected 5"),
    "too many fields": (row("B,no,,,,"), "row 3: has 6 fields, expected 5"),
    "endless quote": (row('B,"no,,,\nC,no,,,'), "row 3: not CSV: a quoted field never ends"),
    "text after a quote": (row('B,"no"x,,,'), "row 3: not CSV"),
    "field too long for CSV": (row("B," + "x" * 200_000 + ",,,"), "row 3: not CSV"),
    "no service": (row(",no,,,"), "row 3, column 'service': is empty"),
    "blank service": (row('" ",no,,,'), "row 3, column 'service': it begins or ends with a blank"),
    "spaces around the service": (row("B ,no,,,"), "row 3, column 'service': it begins or ends with a blank"),
    "service with a line break": (row('"B\nC",no,,,'), "row 3, column 'service': it has a line break"),
    "service that turns around": (row("B\u202e,no,,,"), "row 3, column 'service': it has an invisible"),
    "service too long": (row("B" * 201 + ",no,,,"), "row 3, column 'service': a name has at most 200"),
    "service that reads like another": (
        row("B,no,,,\nb,no,,,"),
        "row 4, column 'service': 'b' reads like 'B' in row 3: write one of them",
    ),
    "required": (row("B,,,,"), "row 3, column 'recommend': is empty, but an answer is required"),
    "unknown option": (
        row("B,Maybe,,,"),
        "row 3, column 'recommend': 'Maybe' is not an option; expected one of",
    ),
    "text of an option": (row("B,Unlikely,,,"), "row 3, column 'recommend': 'Unlikely' is not an option"),
    "other case": (row("B,likely,,,"), "row 3, column 'recommend': 'likely' is not an option"),
    "several of a single": (row("B,no|Likely,,,"), "row 3, column 'recommend': 'no|Likely' is not an option"),
    "unknown option of several": (row("B,no,staff|x,,"), "row 3, column 'liked': 'x' is not an option"),
    "empty option of several": (row("B,no,staff|,,"), "row 3, column 'liked': '' is not an option"),
    "option twice": (row("B,no,staff|staff,,"), "row 3, column 'liked': 'staff' is chosen twice"),
    "too many choices": (
        row("B,no,staff|rooms|wait,,"),
        "row 3, column 'liked': has 3 choices, expected 0 to 2",
    ),
    "score too high": (row("B,no,,11,"), "row 3, column 'overall': '11' is not within -2 to 10"),
    "score too low": (row("B,no,,-3,"), "row 3, column 'overall': '-3' is not within -2 to 10"),
    "number out of range": (row("B,no,,,241"), "row 3, column 'minutes': '241' is not within 0 to 240"),
    "number too long to read": (row("B,no,,," + "9" * 9999), "row 3, column 'minutes': '999"),
    "fraction": (row("B,no,,,7.0"), "row 3, column 'minutes': '7.0' is not a whole number"),
    "spaces around a number": (row("B,no,,, 7"), "row 3, column 'minutes': ' 7' is not a whole number"),
    "leading zero": (row("B,no,,,07"), "row 3, column 'minutes': '07' is not a whole number"),
    "minus zero": (row("B,no,,,-0"), "row 3, column 'minutes': '-0' is not a whole number"),
    "other digits": (row("B,no,,,٣"), "row 3, column 'minutes': '٣' is not a whole number"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(write: Callable[[str | bytes], Path], content: str | bytes, message: str) -> None:
    path = write(content)
    with pytest.raises(InputError) as refused:
        load_responses(path, QUESTIONS)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.csv: cannot be read"):
        load_responses(tmp_path / "missing.csv", QUESTIONS)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.text(max_size=4) | st.sampled_from(["A", "no", "staff|wait", "7"]), min_size=4, max_size=6
        ),
        max_size=3,
    ),
    st.binary(max_size=3),
)
def test_any_file_is_responses_or_an_input_error(tmp_path: Path, rows: list[list[str]], tail: bytes) -> None:
    path = tmp_path / "R.csv"
    with path.open("w", encoding="utf-8", errors="ignore", newline="") as file:
        csv.writer(file).writerows([HEADER.split(","), *rows])
    path.write_bytes(path.read_bytes() + tail)
    with contextlib.suppress(InputError):
        load_responses(path, QUESTIONS)


def test_real_answers_of_surgeries(shared: Callable[[str], Path]) -> None:
    levels = ["Extremely likely", "Likely", "Neither likely nor unlikely", "Unlikely", "Extremely unlikely"]
    options = ", ".join(f'"{level}"' for level in [*levels, "Don't know"])
    questions = parse_questionnaire(
        f'id = "fft"\n[[question]]\nid = "recommend"\nkind = "single"\noptions = [{options}]',
        name="Q.toml",
    )
    found = load_responses(shared("data/fft_gp_ratings.csv"), questions)
    assert len(found) == 2555
    assert sum(response.answers["recommend"] == "Extremely likely" for response in found) == 1740
    assert len({response.service for response in found}) == 11


def test_the_example_in_the_reference(tmp_path: Path) -> None:
    reference = (Path(__file__).parents[2] / "docs" / "questionnaire.md").read_text("utf-8")
    blocks = dict(re.findall(r"```(toml|csv)\n(.*?)```", reference, re.DOTALL))
    (tmp_path / "R.csv").write_text(blocks["csv"], encoding="utf-8")
    questionnaire = parse_questionnaire(blocks["toml"], name="Q.toml")
    found = load_responses(tmp_path / "R.csv", questionnaire)
    assert [response.service for response in found] == ["Tax hall", "Tax hall", "Registry, north"]
    assert found[0].answers == {
        "satisfied": "5",
        "good": ["the staff", "the rooms"],
        "overall": 9,
        "minutes": 12,
    }
