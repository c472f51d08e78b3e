"""`zkperf report` and `zkperf trace`: what they print, where it goes, and what is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Outcome, zkperf
from tests.indicators.example import HEADER, SCHEME, figures_csv
from tests.indicators.recomputed import recompute


def write(folder: Path, scheme: str = f"draw = 2\n{SCHEME}", figures: str = "") -> tuple[Path, Path]:
    (folder / "S.toml").write_text(scheme, "utf-8")
    (folder / "F.csv").write_text(figures or figures_csv(), "utf-8")
    return folder / "S.toml", folder / "F.csv"


def report(files: tuple[Path, Path], *options: str | Path) -> Outcome:
    arguments = ("--scheme", files[0], "--figures", files[1], "--members", "3", "--threshold", "2")
    return zkperf("report", *arguments, "--min-cohort", "3", *options)


@dataclass(frozen=True)
class Reported:
    files: tuple[Path, Path]
    ledger: Path
    outcome: Outcome


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    folder = tmp_path_factory.mktemp("report")
    files = write(folder)
    return Reported(files, folder / "ledger", report(files, "--ledger", folder / "ledger", "--json"))


def trace(reported: Reported, result: str) -> Any:
    outcome = zkperf("trace", result, "--ledger", reported.ledger)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_json_is_all_that_is_on_stdout(reported: Reported) -> None:
    assert reported.outcome.code == 0
    result = json.loads(reported.outcome.out)
    assert result == recompute(*reported.files, 3, result, rehearsal=True)
    assert "providers prove their claims" in reported.outcome.err


def test_the_page_and_the_audit(reported: Reported) -> None:
    page = (reported.ledger / "report.html").read_text("utf-8")
    assert "Home 6" in page and "✓" in page
    outcome = zkperf("audit", reported.ledger, "--json")
    audited = json.loads(outcome.out)
    assert (outcome.code, audited["ok"]) == (0, True)
    assert {"reports", "claims", "pools", "attestations", "draw"} <= {
        check["name"] for check in audited["checks"]
    }
    assert audited["figures"]["drawn"] == 4


def test_tables(tmp_path: Path) -> None:
    outcome = report(write(tmp_path, SCHEME), "--ledger", tmp_path / "ledger")
    assert outcome.code == 0
    for shown in ("Care homes: 2023", "Claims: 2024, compared with 2023", "Home 6", "Audit passed"):
        assert shown in outcome.out
    assert "2024 is compared with 2023" in outcome.err


def test_a_preview_writes_nothing(tmp_path: Path) -> None:
    outcome = report(write(tmp_path), "--preview")
    assert outcome.code == 0
    assert "nothing was sent" in outcome.out
    assert "2024 is compared with 2023" in outcome.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["F.csv", "S.toml"]


def test_a_preview_sums_up_what_is_not_asked(tmp_path: Path) -> None:
    """Which claims, of how many providers, and when first: counted here from the lines themselves."""
    narrow = SCHEME.replace('high = "25"', 'high = "10.2"')
    facts = json.loads(report(write(tmp_path, narrow), "--preview", "--json").out)
    lines = facts["previews"]
    assert [(line["period"], line["provider"]) for line in lines[:2]] == [
        ("2023", "Home 0"),
        ("2023", "Home 1"),
    ]
    assert {line["compared_with"] for line in lines if line["period"] == "2024"} == {"2023"}
    unasked = [line for line in lines if line["claims"]["quality_band"] == "not asked"]
    homes = {line["provider"] for line in unasked}
    assert 0 < len(homes) < 8
    [band] = [item for item in facts["not_asked"] if item["claim"] == "quality_band"]
    assert band == {
        "claim": "quality_band",
        "how": "not asked",
        "first": unasked[0]["period"],
        "providers": len(homes),
    }
    for item in facts["not_asked"]:
        assert item["how"] == "in part" or any(
            "not asked" in (line["claims"].get(item["claim"]), line["grade"]) for line in lines
        )
    text = report(write(tmp_path, narrow), "--preview").out
    line = f"quality_band: not asked of {len(homes)} of 8 providers, first in {band['first']}"
    assert line in text


def test_a_preview_of_which_everything_is_asked(tmp_path: Path) -> None:
    plain = SCHEME[: SCHEME.index('[[claim]]\nid = "quality_band"')]
    outcome = report(write(tmp_path, plain), "--preview")
    assert "Every provider is asked every claim that its figures allow." in outcome.out
    assert json.loads(report(write(tmp_path, plain), "--preview", "--json").out)["not_asked"] == []


def test_which_claims_a_scheme_loses_is_said_beforehand(tmp_path: Path) -> None:
    narrow = SCHEME.replace('high = "25"', 'high = "10.2"')
    rows = "\n".join(figures_csv().splitlines()[:4]) + "\n"
    outcome = report(write(tmp_path, narrow, rows), "--ledger", tmp_path / "ledger")
    said = " ".join(outcome.err.split())
    assert outcome.code == 0
    assert "Made-up providers lost first: quality_band in the 1st period." in said


@pytest.mark.parametrize("suffix", ["sum", "mean", "share"])
@pytest.mark.parametrize("group", ["total", "all", "South"])
def test_a_pool_is_traced(reported: Reported, group: str, suffix: str) -> None:
    result = json.loads(reported.outcome.out)["periods"]["2024"]
    node = result["groups"]["South"] if group == "South" else result["total"]
    pool = node["pools"]["quality"]
    traced = trace(reported, f"2024/{group}/quality.{suffix}")
    assert traced["value"] == pool["share_at_target" if suffix == "share" else suffix]
    assert len(traced["commitments"]) == pool["count"]
    assert all(proof["verified"] and proof["bytes"] > 0 for proof in traced["proofs"])
    if suffix == "share":
        # From the claims that everybody makes in public.
        claims = [proof for proof in traced["proofs"] if proof["kind"] == "target"]
        assert len(claims) == round(float(traced["value"]) * pool["count"])
        assert traced["openings"] == []
    else:
        assert len({opening["trustee"] for opening in traced["openings"]}) == 2
        assert {proof["kind"] for proof in traced["proofs"]} == {"report"}


def test_a_share_from_bits_is_traced(reported: Reported) -> None:
    traced = trace(reported, "2024/total/turnover.share")
    node = json.loads(reported.outcome.out)["periods"]["2024"]["total"]
    assert traced["value"] == node["pools"]["turnover"]["share_at_target"]
    assert len(traced["openings"]) == 2
    alike = trace(reported, "2023/South/turnover.share")
    assert (alike["value"], len(alike["openings"])) == ("1.000000", 2)


def test_claims_are_traced(reported: Reported) -> None:
    providers = json.loads(reported.outcome.out)["periods"]["2024"]["providers"]
    for name, provider in providers.items():
        traced = trace(reported, f"2024/{name}/less_turnover")
        assert traced["value"] == provider["claims"]["less_turnover"]
        improved = [proof for proof in traced["proofs"] if proof["kind"] == "improved"]
        assert len(improved) == (traced["value"] == "proved")
    traced = trace(reported, "2024/Home 0/grade")
    assert traced["value"] == providers["Home 0"]["grade"]
    assert [proof["kind"] for proof in traced["proofs"]] == ["report", "index"]
    assert len(trace(reported, "2024/Home 0/less_turnover")["commitments"]) == 2


def test_who_attested_is_traced(reported: Reported) -> None:
    attested = [
        commitment
        for group in ("total",)
        for indicator in ("quality", "turnover", "cost", "staff_cost", "other_cost")
        for commitment in trace(reported, f"2023/{group}/{indicator}")["commitments"]
        if commitment["attested_by"]
    ]
    assert len(attested) == 2
    assert {tuple(commitment["attested_by"]) for commitment in attested} == {("auditor",)}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("2022/total/quality", "periods are: 2023, 2024"),
        ("2024/total/price", "there is no such figure in 2024"),
        ("2024/West/quality", "there is no such figure in 2024"),
        ("2024/Home 0/quality", "there is no such figure in 2024"),
        ("2024", "periods are: 2023, 2024"),
    ],
)
def test_what_cannot_be_traced(reported: Reported, result: str, expected: str) -> None:
    outcome = zkperf("trace", result, "--ledger", reported.ledger)
    assert outcome.code == 2
    assert expected in outcome.err


def test_another_ledger_is_not_traced(reported: Reported) -> None:
    outcome = zkperf("trace", "2024/total/quality", "--ledger", reported.ledger, "--genesis", "00" * 32)
    assert (outcome.code, outcome.out) == (1, "")
    assert "expected the ledger" in outcome.err


def test_faults_are_told_before_anything_is_written(tmp_path: Path) -> None:
    wrong = figures_csv().replace("Home 1,North", "Home 1,North,9", 1)
    files = write(tmp_path, figures=wrong)
    outcome = report(files, "--ledger", tmp_path / "ledger", "--json")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{files[1]}: row 3: has 9 fields, expected 8" in outcome.err
    assert not (tmp_path / "ledger").exists()


def test_what_does_not_fit_is_told_before_anything_is_written(tmp_path: Path) -> None:
    many = "".join(
        f'[[indicator]]\nid = "i{n}"\nmin = "0"\nmax = "9999999"\nbetter = "lower"\ntarget = "5000"\n'
        for n in range(64)
    )
    wide = f"period,provider,group,{','.join(f'i{n}' for n in range(64))}\n2024,A,North{',5' * 64}\n"
    parts = '[[index.part]]\nsource = "rating"\nid = "good"\nweight = "1"\nlow = "1"\nhigh = "5"\n'
    groups = "".join(f"2024,P{n},G{n},20,,,,\n" for n in range(300))
    for scheme, figures, suite, reason in (
        (f'id = "x"\n{many}', wide, "P-256", "a report of all 64 indicators would have"),
        (SCHEME + parts, figures_csv(), "ristretto255", "the index takes the mean of 'good', a question"),
        (SCHEME, f"{HEADER}\n{groups}", "ristretto255", "301 groups are too many"),
    ):
        files = write(tmp_path, scheme, figures)
        outcome = report(files, "--ledger", tmp_path / "ledger", "--suite", suite)
        assert outcome.code != 0
        assert reason in outcome.err
        assert not (tmp_path / "ledger").exists()


def test_options_that_make_no_sense(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert "--ledger: name a new folder" in report(files).err
    outcome = report(files, "--ledger", tmp_path / "ledger", "--min-cohort", "1")
    assert (outcome.code, "--min-cohort: expected at least" in outcome.err) == (2, True)
    assert not (tmp_path / "ledger").exists()
