from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import QUESTIONNAIRE, Outcome, zkperf

HEADER = ["service", "recommend", "good", "stars", "minutes"]
ROWS = (
    [["Library", "yes", "staff|rooms", "5", "10"]] * 3
    + [["Library", "no", "", "1", ""]] * 2
    + [["Surgery", "unsure", "speed", "", "0"]] * 4
    + [["Surgery", "yes", "", "3", "600"]]
    + [["Pool", "no", "", "", "7"]]
)


def write(folder: Path, rows: list[list[str]] = ROWS, header: list[str] = HEADER) -> tuple[Path, Path]:
    questionnaire, responses = folder / "q.toml", folder / "r.csv"
    questionnaire.write_text(QUESTIONNAIRE, "utf-8")
    with responses.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return questionnaire, responses


def survey(files: tuple[Path, Path], ledger: Path, *options: str) -> Outcome:
    arguments = ("--questionnaire", files[0], "--responses", files[1], "--ledger", ledger)
    return zkperf("survey", *arguments, "--members", "3", "--threshold", "2", "--min-cohort", "2", *options)


@dataclass(frozen=True)
class Surveyed:
    ledger: Path
    outcome: Outcome


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Surveyed:
    folder = tmp_path_factory.mktemp("survey")
    return Surveyed(folder / "L", survey(write(folder), folder / "L", "--json"))


def test_one_object_on_stdout_the_rest_on_stderr(surveyed: Surveyed) -> None:
    assert surveyed.outcome.code == 0, surveyed.outcome.err
    result = surveyed.outcome.json
    assert list(result) == ["round", "suite", "genesis", "rehearsal", "until", "units", "total"]
    assert result["suite"] == "ristretto255"
    assert all(len(bytes.fromhex(result[name])) == 32 for name in ("round", "genesis"))
    assert list(result["units"]) == ["Library", "Pool", "Surgery"]
    for stage in ("Members make the cohorts' keys", "Citizens rate", "Audit"):
        assert stage in surveyed.outcome.err
    assert "their separation is not tested here" in surveyed.outcome.err


def test_units_and_questions_have_the_agreed_shape(surveyed: Surveyed) -> None:
    result = surveyed.outcome.json
    # The pool is too small, and the smaller of the others protects it.
    assert result["units"]["Pool"] == {
        "status": "withheld",
        "reason": "fewer than the minimum",
        "counted": 1,
        "lost": 0,
    }
    assert result["units"]["Library"] == {
        "status": "withheld",
        "reason": "protects a smaller group",
        "counted": 5,
        "lost": 0,
    }
    surgery = result["units"]["Surgery"]
    assert list(surgery) == ["status", "reason", "counted", "lost", "questions"]
    assert surgery == {
        "status": "published",
        "reason": None,
        "counted": 5,
        "lost": 0,
        "questions": {
            "recommend": published(5, counts={"yes": 1, "unsure": 4, "no": 0}),
            "good": published(4, counts={"staff": 0, "speed": 4, "rooms": 0}),
            # One of the five has answered: how, is not told.
            "stars": {"status": "withheld", "reason": "fewer than the minimum"},
            "minutes": published(5, total=600, mean="120.000000"),
        },
    }


def published(answered: int, **figures: Any) -> dict[str, Any]:
    return {"status": "published", "reason": None, "answered": answered} | figures


def test_the_total_equals_a_plain_count(surveyed: Surveyed) -> None:
    questions = surveyed.outcome.json["total"]["questions"]
    plain = Counter(row[1] for row in ROWS)
    assert questions["recommend"]["counts"] == {name: plain[name] for name in ("yes", "unsure", "no")}
    chosen = Counter(part for row in ROWS for part in row[2].split("|") if part)
    assert questions["good"]["counts"] == {name: chosen[name] for name in ("staff", "speed", "rooms")}
    assert questions["good"]["answered"] == sum(bool(row[2]) for row in ROWS)
    stars = [int(row[3]) for row in ROWS if row[3]]
    assert questions["stars"]["total"] == sum(stars) and questions["stars"]["answered"] == len(stars)
    assert questions["stars"]["mean"] == f"{sum(stars) / len(stars):.6f}"
    minutes = [int(row[4]) for row in ROWS if row[4]]
    assert "counts" not in questions["minutes"]
    assert questions["minutes"]["total"] == sum(minutes)


def test_an_optional_question_that_too_few_answered_is_withheld(tmp_path: Path) -> None:
    rows = [["Library", "yes", "", "5", "1"]] + [["Library", "no", "", "4", ""]] * 3
    result = survey(write(tmp_path, rows), tmp_path / "L", "--json", "--suite", "P-256").json
    assert result["suite"] == "P-256"
    few = {"status": "withheld", "reason": "fewer than the minimum"}
    assert result["total"]["questions"]["minutes"] == few
    assert result["total"]["questions"]["good"] == {"status": "withheld", "reason": "nobody answered"}
    assert result["total"]["questions"]["stars"]["total"] == 17


def test_the_folder_holds_everything(surveyed: Surveyed) -> None:
    names = {path.name for path in surveyed.ledger.iterdir()}
    assert {"ledger.db", "ledger.json", "keys", "receipts", "report.html"} <= names
    described = json.loads((surveyed.ledger / "ledger.json").read_text())
    assert described["genesis"] == surveyed.outcome.json["genesis"]
    assert {path.name for path in (surveyed.ledger / "keys").iterdir()} == {
        "sequencer",
        "evaluator",
        "registrar",
        "member-1",
        "member-2",
        "member-3",
    }


def test_its_receipts_verify(surveyed: Surveyed) -> None:
    receipts = sorted((surveyed.ledger / "receipts").glob("*.tlog-proof"))
    assert len(receipts) == len(ROWS) + 1
    genesis = surveyed.outcome.json["genesis"]
    for receipt in receipts:
        outcome = zkperf("receipt", "verify", receipt, "--genesis", genesis, "--json")
        assert outcome.code == 0, outcome.err
        expected = "Genesis" if receipt.stem == "genesis" else "rating"
        assert outcome.json["transaction"] == expected and outcome.json["origin_verified"]
    assert zkperf("receipt", "verify", receipts[0], "--genesis", "ab" * 32).code == 1


def test_tables_for_people(tmp_path: Path) -> None:
    outcome = survey(write(tmp_path, ROWS[:4]), tmp_path / "L")
    assert outcome.code == 0
    assert "Would you recommend us?" in outcome.out and "Audit passed" in outcome.out
    assert "report.html" in outcome.err and "zkperf audit" in outcome.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"header": ["service", "recommend", "good", "stars"]}, "r.csv: row 1: column 'minutes' is missing"),
        ({"header": [*HEADER[:4], "colour"]}, "r.csv: row 1: unknown column 'colour'"),
        ({"header": [*HEADER[:4], "stars"]}, "r.csv: row 1: column 'stars' appears twice"),
        ({"rows": []}, "r.csv: has a header but no responses"),
        ({"rows": [["Library", "", "", "", ""]]}, "r.csv: row 2, column 'recommend': is empty"),
        ({"rows": [["Library", "maybe", "", "", ""]]}, "column 'recommend': 'maybe' is not an option"),
        ({"rows": [["Library", "yes", "staff|staff", "", ""]]}, "column 'good': 'staff' is chosen twice"),
        ({"rows": [["Library", "yes", "", "6", ""]]}, "column 'stars': '6' is not within 1 to 5"),
        ({"rows": [["Library", "yes", "", "", "601"]]}, "column 'minutes': '601' is not within 0 to 600"),
        ({"rows": [["Library", "yes", "", "", "1.5"]]}, "column 'minutes': '1.5' is not a whole number"),
        ({"rows": [["", "yes", "", "", ""]]}, "column 'service': is empty"),
        ({"rows": [["Library", "yes"]]}, "row 2: has 2 fields"),
    ],
)
def test_responses_that_cannot_be_used(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    outcome = survey(write(tmp_path, **change), tmp_path / "L", "--json")
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert not (tmp_path / "L").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id = ", "q.toml: not TOML"),
        ('id = "q"\n', "q.toml: has no questions"),
        ('id = "q"\n[[question]]\nid = "a"\nkind = "essay"\n', "question 'a': kind"),
        ('id = "q"\n[[question]]\nid = "a"\nkind = "number"\nmin = 0\n', "question 'a': max: missing"),
        ('id = "q"\n[[question]]\nid = "a"\nkind = "single"\noptions = ["x"]\n', "question 'a'"),
    ],
)
def test_questionnaires_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    files = write(tmp_path)
    files[0].write_text(text, "utf-8")
    outcome = survey(files, tmp_path / "L", "--json")
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err and not (tmp_path / "L").exists()


def test_files_that_are_not_there(tmp_path: Path) -> None:
    questionnaire, responses = write(tmp_path)
    for files in ((tmp_path / "none", responses), (questionnaire, tmp_path / "none"), (tmp_path, responses)):
        outcome = survey(files, tmp_path / "L")
        assert (outcome.code, outcome.out) == (2, "") and "cannot be read" in outcome.err


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(surveyed: Surveyed, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in surveyed.ledger.rglob("*.db")}
    outcome = survey(write(tmp_path), surveyed.ledger)
    assert (outcome.code, outcome.out) == (2, "") and "not empty" in outcome.err
    assert {path: path.stat().st_mtime_ns for path in surveyed.ledger.rglob("*.db")} == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--suite", "P-384"), "P-384"),
        (("--members", "2", "--threshold", "3"), "threshold"),
        (("--members", "101"), "members"),
        (("--min-cohort", "1"), "--min-cohort"),
        (("--min-cohort", "few"), "min-cohort"),
        (("--min-cohort", str(10**20)), "min-cohort"),
        (("--speed", "high"), "speed"),
    ],
)
def test_options_that_make_no_round(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    outcome = survey(write(tmp_path), tmp_path / "L", *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err and not (tmp_path / "L").exists()
