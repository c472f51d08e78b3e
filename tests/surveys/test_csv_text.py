"""Spreadsheets as they are saved: encodings, workbooks that are no CSV, and all faults at once."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tests.cli.command import QUESTIONNAIRE, zkperf
from tests.indicators.example import SCHEME, figures_csv
from zkperf.errors import InputError
from zkperf.surveys.csv_text import csv_text
from zkperf.surveys.questionnaire_file import parse_questionnaire
from zkperf.surveys.responses_file import load_responses

ASKED = parse_questionnaire(QUESTIONNAIRE, name="visit.toml")
MENU = ("File > Save As > CSV UTF-8", "文件 > 另存为 > CSV UTF-8（逗号分隔）")


def zipped(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook (.xlsx)"),
        (zipped("mimetype", "content.xml"), "an OpenDocument spreadsheet (.ods)"),
        (zipped("Index/Document.iwa"), "a Numbers document (.numbers)"),
        (zipped("a.csv"), "a zip archive"),
        (b"PK\x03\x04 and nothing more", "a zip archive"),
        (b"\xd0\xcf\x11\xe0" + bytes(20), "an Excel workbook (.xls)"),
    ],
)
def test_a_workbook_is_called_what_it_is(tmp_path: Path, data: bytes, kind: str) -> None:
    file = tmp_path / "responses.csv"
    file.write_bytes(data)
    with pytest.raises(InputError) as refused:
        csv_text(file, None)
    assert f"is {kind}, not CSV" in str(refused.value)
    assert all(entry in str(refused.value) for entry in MENU)


def test_the_encoding_that_is_named_is_read(tmp_path: Path) -> None:
    file, text = tmp_path / "R.csv", "service,recommend,好\n图书馆,yes,是\n"
    for name in ("gbk", "GB18030", "utf-16", "utf-8", "utf_8_sig"):
        file.write_bytes(text.encode(name))
        assert csv_text(file, name) == text
    file.write_bytes("\ufeff".encode() + text.encode())
    assert csv_text(file, None) == csv_text(file, "utf-8") == text


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        ("图书馆".encode("gbk"), None, "line 1 is not UTF-8; if it is GBK, say --encoding gbk"),
        ("a\nb\n图书馆".encode("utf-16"), None, "it seems to be UTF-16: say --encoding utf-16"),
        (b"a\nb\xff\xff", None, "line 2 is not UTF-8; in Excel choose"),
        (b"a\n\xff\xff", "gbk", "line 2 is not gbk; in Excel choose"),
        ("\ufeff图".encode(), "gbk", "begins as UTF-8 does: leave out --encoding gbk"),
        (b"a", "klingon", "--encoding: 'klingon' is none"),
        (b"a", "zlib", "--encoding: 'zlib' is none"),
        (b"a\n\0", None, "line 2 contains a NUL byte"),
    ],
)
def test_nothing_is_guessed(tmp_path: Path, data: bytes, encoding: str | None, said: str) -> None:
    file = tmp_path / "R.csv"
    file.write_bytes(data)
    with pytest.raises(InputError) as refused:
        csv_text(file, encoding)
    assert said in str(refused.value)


def test_all_faults_of_a_responses_file_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "R.csv"
    file.write_text(
        "service,recommend,good,stars,minutes\nA,yes,staff、rooms,6,\n,maybe,,,\nA,yes\nB,yes,staff|rooms,5,1\n",
        "utf-8",
    )
    with pytest.raises(InputError) as refused:
        load_responses(file, ASKED)
    faults = str(refused.value).splitlines()
    assert [fault.removeprefix(f"{file}: ").split(": ")[0] for fault in faults] == [
        "row 2, column 'good'",
        "row 2, column 'stars'",
        "row 3, column 'service'",
        "row 3, column 'recommend'",
        "row 4",
    ]
    assert "'staff、rooms' is several choices: write 'staff|rooms'" in faults[0]
    assert "多个选项之间用“|”分隔" in faults[0]


def test_no_more_than_twenty_faults_are_told(tmp_path: Path) -> None:
    file = tmp_path / "R.csv"
    file.write_text("service,recommend,good,stars,minutes\n" + "A,maybe,,,\n" * 25, "utf-8")
    with pytest.raises(InputError) as refused:
        load_responses(file, ASKED)
    assert len(str(refused.value).splitlines()) == 21
    assert str(refused.value).endswith("and 5 more faults")


def test_all_faults_of_a_header_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "R.csv"
    file.write_text("单位,recommend,good,stars,stars\nA,yes,,,\n", "utf-8")
    with pytest.raises(InputError) as refused:
        load_responses(file, ASKED)
    for fault in ("'stars' appears twice", "unknown column '单位'", "'minutes' is missing"):
        assert fault in str(refused.value)
    assert "'service' is missing; it names the unit that was rated; if another column does" in str(
        refused.value
    )


def test_the_unit_column_may_be_named(tmp_path: Path) -> None:
    file = tmp_path / "R.csv"
    file.write_bytes("单位,recommend,good,stars,minutes\n图书馆,yes,,,\n".encode("gbk"))
    [response] = load_responses(file, ASKED, unit_column="单位", encoding="gbk")
    assert (response.service, response.answers["recommend"]) == ("图书馆", "yes")
    with pytest.raises(InputError, match="--unit-column: 'good' is a question"):
        load_responses(file, ASKED, unit_column="good", encoding="gbk")


def test_the_options_reach_the_files(tmp_path: Path) -> None:
    """The files are read in full before anything exists: faults show that the options came through."""
    questionnaire, responses = tmp_path / "q.toml", tmp_path / "R.csv"
    questionnaire.write_text(QUESTIONNAIRE, "utf-8")
    responses.write_bytes("单位,recommend,good,stars,minutes\n图书馆,maybe,,,\n".encode("gbk"))
    survey = (
        "survey",
        "--questionnaire",
        questionnaire,
        "--responses",
        responses,
        "--ledger",
        tmp_path / "L",
    )
    outcome = zkperf(*survey, "--encoding", "gbk", "--unit-column", "单位")
    assert outcome.code == 2 and "row 2, column 'recommend'" in outcome.err
    scheme, figures = tmp_path / "s.toml", tmp_path / "F.csv"
    scheme.write_text(SCHEME, "utf-8")
    figures.write_bytes(figures_csv().encode("utf-16"))
    report = ("report", "--scheme", scheme, "--figures", figures, "--preview")
    assert zkperf(*report).code == 2
    assert zkperf(*report, "--encoding", "utf-16").code == 0
    assert not (tmp_path / "L").exists()
