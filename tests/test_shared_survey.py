"""Real surveys through the command line: the published figures are a plain count of the files."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.test_rounds import publishable
from zkperf.surveys.survey406 import SERVICE

FFT = "data/fft_gp_ratings.csv"
LEVELS = (
    "Extremely likely",
    "Likely",
    "Neither likely nor unlikely",
    "Unlikely",
    "Extremely unlikely",
    "Don't know",
)
FRIENDS_AND_FAMILY = f"""
id = "gp-friends-and-family"
title = {{ en = "Your visit", zh = "您的就诊" }}
[[question]]
id = "recommend"
text = {{ en = "How likely are you to recommend us?", zh = "您会推荐我们吗?" }}
kind = "single"
options = {json.dumps(LEVELS)}
disclose = "histogram"
required = true
"""

PROBLEMS = {
    "inconsistent evaluation standards": 195,
    "inaccurate data": 191,
    "opaque information": 167,
    "lack of credibility": 140,
    "no effective supervision": 115,
}
OBSTACLES = {"no mature fitting solution": 267, "staff lack the skills": 239}
"""The paper's shares of 406 people, as whole numbers of people."""


def zkperf(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, as anybody would call it."""
    return subprocess.run(
        [sys.executable, "-m", "zkperf.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"COLUMNS": "160"},
        check=False,
    )


def survey(folder: Path, questionnaire: str, responses: Path, *options: str) -> dict[str, Any]:
    """What `zkperf survey --json` prints."""
    asked = folder / "Q.toml"
    asked.write_text(questionnaire, "utf-8")
    files = ("--questionnaire", asked, "--responses", responses, "--ledger", folder / "ledger")
    done = zkperf("survey", *files, "--json", *options)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def audit(path: Path, genesis: str) -> dict[str, Any]:
    done = zkperf("audit", path, "--genesis", genesis, "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def count(rows: Sequence[dict[str, str]], question: str, levels: Sequence[str]) -> dict[str, int]:
    counted = Counter(row[question] for row in rows)
    return {level: counted[level] for level in levels}


def published(question: str, counts: dict[str, int]) -> dict[str, Any]:
    answered = sum(counts.values())
    figures = {"status": "published", "reason": None, "answered": answered, "counts": counts}
    units = {"counted": answered, "lost": 0, "questions": {question: figures}}
    return {"status": "published", "reason": None, **units}


def test_the_friends_and_family_test(shared: Callable[[str], Path], tmp_path: Path) -> None:
    """2,555 citizens of London's surgeries: every unit that may be published equals a plain count."""
    data = shared(FFT)
    with data.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2555
    result = survey(tmp_path, FRIENDS_AND_FAMILY, data)
    assert set(result) == {"round", "suite", "genesis", "rehearsal", "until", "units", "total"}
    assert result["until"] is None
    assert result["suite"] == "ristretto255"
    assert result["total"] == published("recommend", count(rows, "recommend", LEVELS))
    services = sorted({row["service"] for row in rows})
    assert list(result["units"]) == services
    of = {name: [row for row in rows if row["service"] == name] for name in services}
    numbers = {0: len(rows)} | {unit: len(of[name]) for unit, name in enumerate(services, start=1)}
    shown = publishable([None] + [0] * len(services), numbers, 10)
    small = {name for name in services if len(of[name]) < 10}
    assert len(small) == 3 and all(3 <= len(of[name]) <= 5 for name in small)
    for unit, name in enumerate(services, start=1):
        if unit in shown:
            assert result["units"][name] == published("recommend", count(of[name], "recommend", LEVELS))
        else:
            found = result["units"][name]
            assert found["status"] == "withheld" and found["reason"]
            assert found["counted"] == len(of[name]) and "questions" not in found
    assert {name for name, unit in result["units"].items() if unit["status"] == "withheld"} == small

    report = audit(tmp_path / "ledger", result["genesis"])
    assert report["ok"] and report["origin_verified"] and report["ratings"] == 2555
    assert set(report) >= {"ok", "genesis", "origin_verified", "ratings", "checks", "seconds"}
    assert all(check["passed"] and check["failures"] == [] for check in report["checks"])
    assert (tmp_path / "ledger" / "report.html").stat().st_size > 0
    assert len(list((tmp_path / "ledger" / "receipts").iterdir())) == 2555 + 1


def test_the_survey_of_406(tmp_path: Path) -> None:
    """The demonstration publishes exactly the paper's figures, and leaves a ledger that anybody can audit."""
    done = zkperf("demo", "--ledger", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    for number in (*PROBLEMS.values(), *OBSTACLES.values()):
        assert str(number) in done.stdout
    for share in ("48.03", "47.04", "41.13", "34.48", "28.33", "65.76", "58.87"):
        assert share in done.stdout
    genesis = json.loads((tmp_path / "demo" / "ledger.json").read_text("utf-8"))["genesis"]
    report = audit(tmp_path / "demo", genesis)
    assert report["ok"] and report["ratings"] == 406
    [cohort] = report["cohorts"]
    assert cohort["unit"] == SERVICE and cohort["issued"] == cohort["anonymity_set"] == 406

    results = zkperf("results", cohort["round"], "--ledger", tmp_path / "demo", "--json")
    assert results.returncode == 0, results.stderr
    problems, obstacles = json.loads(results.stdout)["total"]["questions"].values()
    assert list(problems["counts"].values()) == list(PROBLEMS.values())
    assert list(obstacles["counts"].values()) == list(OBSTACLES.values())


def test_a_survey_on_p_256_with_every_kind_of_question(tmp_path: Path) -> None:
    """30 respondents in three services, through export and audit; one is too small, another shields it."""
    asked = """
id = "visit"
[[question]]
id = "one"
kind = "single"
options = ["a", "b"]
required = true
[[question]]
id = "any"
kind = "multi"
options = ["x", "y", "z"]
max = 2
[[question]]
id = "score"
kind = "score"
min = -1
max = 1
disclose = "total"
[[question]]
id = "minutes"
kind = "number"
min = 0
max = 100
"""
    rows = [
        {
            "service": "small" if n < 3 else "middle" if n < 13 else "large",
            "one": "ab"[n % 2],
            "any": ["", "x", "y|z"][n % 3],
            "score": str(n % 3 - 1) if n % 4 else "",
            "minutes": str(n) if n >= 20 else "",
        }
        for n in range(30)
    ]
    responses = tmp_path / "R.csv"
    with responses.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    options = ("--suite", "P-256", "--members", "4", "--threshold", "2", "--min-cohort", "5")
    result = survey(tmp_path, asked, responses, *options)
    assert result["suite"] == "P-256"
    units = result["units"]
    assert {name: unit["status"] for name, unit in units.items()} == {
        "large": "published",
        "middle": "withheld",
        "small": "withheld",
    }
    assert [units[name]["counted"] for name in ("large", "middle", "small")] == [17, 10, 3]
    for unit, sheets in ((result["total"], rows), (units["large"], rows[13:])):
        questions = unit["questions"]
        assert questions["one"]["counts"] == count(sheets, "one", "ab")
        chosen = [option for row in sheets for option in row["any"].split("|") if option]
        assert questions["any"]["counts"] == {option: chosen.count(option) for option in "xyz"}
        for name in ("score", "minutes"):
            values = [int(row[name]) for row in sheets if row[name]]
            assert (questions[name]["answered"], questions[name]["total"]) == (len(values), sum(values))
            assert float(questions[name]["mean"]) == round(sum(values) / len(values), 6)

    exported = zkperf("export", tmp_path / "ledger", "-o", tmp_path / "public.zkperf")
    assert exported.returncode == 0, exported.stderr
    report = audit(tmp_path / "public.zkperf", result["genesis"])
    assert report["ok"] and report["ratings"] == 30
    again = zkperf("audit", tmp_path / "public.zkperf", "--genesis", "00" * 32, "--json")
    assert again.returncode == 1 and not json.loads(again.stdout)["ok"]


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "mine.txt").write_text("keep", "utf-8")
    (tmp_path / "Q.toml").write_text(FRIENDS_AND_FAMILY, "utf-8")
    (tmp_path / "R.csv").write_text("service,recommend\nA,Likely\n", "utf-8")
    files = ("--questionnaire", tmp_path / "Q.toml", "--responses", tmp_path / "R.csv")
    done = zkperf("survey", *files, "--ledger", tmp_path / "ledger")
    assert done.returncode == 2 and "not empty" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in (tmp_path / "ledger").iterdir()] == ["mine.txt"]
