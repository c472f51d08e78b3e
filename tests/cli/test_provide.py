"""Providers and an inspector at the command line, each with a folder of its own, far from the ledger."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.command import Outcome, done, zkperf
from tests.indicators.example import HEADER, SCHEME
from tests.service.serving import Service, service

AUDITOR = "A=" + "ab" * 32
HOMES = ("Ash House", "Beech Court", "Cedar Lodge")
# Whoever is at the target of 19.0 and not above 25 is not asked it: the answer could leave two values.
NARROW = '[[claim]]\nid = "excellent"\nkind = "band"\nindicator = "quality"\nlow = "24.9"\nhigh = "25"\n\n'
ASKED = f"draw = 1\n{SCHEME.replace('[index]', NARROW + '[index]')}"
ROWS = {
    "Ash House": "20.0,20.00,1000,700,300",
    "Beech Court": "9.0,20.00,1201,900,301",
    "Cedar Lodge": "30.0,,1000,700,300",
}


@dataclass
class Country:
    """A ledger that is served, with a round of figures of three homes."""

    folder: Path
    genesis: str
    round: str
    running: Service

    @property
    def there(self) -> tuple[str, str]:
        return "--service", self.running.url

    def keys(self, name: str) -> Path:
        return self.folder / name

    def file(self, name: str = "F.csv", period: str = "2023", **rows: str) -> Path:
        """A figures file with these rows in place of the homes' own."""
        given = {home.replace("_", " "): row for home, row in rows.items()}
        path = self.folder / name
        lines = [f"{period},{home},North,{row}" for home, row in (ROWS | given).items()]
        path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
        return path

    def home(self, command: str, name: str, *options: str | Path, period: str = "2023") -> Outcome:
        return zkperf(
            "provider", command, "--keys", self.keys(name), "--round", period, *self.there, *options
        )

    def leaves(self) -> int:
        with self.running.remote() as remote:
            size: int = remote.ledger()["size"]
            return size


def open_round(folder: Path, through: tuple[str, ...], period: str, *options: str | Path) -> str:
    arguments = ("--ledger", folder / "L", "--scheme", "care", "--period", period, "--min-cohort", "2")
    return done("round", "open", *arguments, "--providers", folder / "providers.csv", *options, *through).line


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    folder = tmp_path_factory.mktemp("country")
    numbers = ("--members", "3", "--threshold", "2", "--min-cohort-floor", "2")
    genesis = done("init", folder / "L", *numbers).line
    (folder / "S.toml").write_text(ASKED, "utf-8")
    rows = [f"all,North,{name},{done('provider', 'keys', folder / name).line}" for name in HOMES]
    (folder / "providers.csv").write_text("country,region,home,key\n" + "\n".join(rows) + "\n")
    auditor = done("inspector", "keys", folder / "auditor").line
    with service(folder / "L") as running:
        through = ("--service", running.url)
        added = done("scheme", "add", folder / "S.toml", "--ledger", folder / "L", *through)
        assert "Made-up providers lost first: excellent in the 1st period." in " ".join(added.err.split())
        opened = open_round(folder, through, "2023", "--auditor", f"Audit Office={auditor}")
        yield Country(folder, genesis, opened, running)
        assert running.stop() == 0


def test_a_round_by_commands(country: Country) -> None:
    """The module's one story, from keys to the audit. What is refused on the way sends nothing."""
    file, ledger = country.file(), country.folder / "L"
    size = country.leaves()

    # -- before anything is sent
    shown = country.home("preview", "Ash House", "--figures", file, "--genesis", country.genesis)
    assert shown.code == 0 and "Nothing was sent" in shown.err
    assert shown.out.splitlines() == [
        "quality_target: holds",
        "quality_band: holds",
        "staff_share: holds",
        "less_turnover: not reported",
        "costs: holds",
        "good: holds",
        "excellent: not asked",
        "grade: B",
        "turnover: counts as at the target in the groups' shares; a share of 1 tells it of everybody",
    ]
    other = country.home("status", "Ash House", "--genesis", "00" * 32)
    assert other.code == 1 and "expected the ledger 0000" in other.err
    first = country.home("status", "Beech Court")
    assert f"This is the ledger {country.genesis}" in first.err and "report    none" in first.out
    out_of_range = country.file("bad.csv", Ash_House="31.0,20.00,1000,700,300")
    for command in ("report", "preview"):
        refused = country.home(command, "Ash House", "--figures", out_of_range)
        assert refused.code == 2 and "row 2, column quality: 31.0 is above the maximum 30.0" in refused.err
    refused = country.home("report", "Ash House", "--figures", country.file("later.csv", period="2024"))
    assert refused.code == 2 and "no row of provider 'Ash House' and period '2023'" in refused.err
    refused = country.home("report", "Ash House", "--figures", file, period="2031")
    assert refused.code == 2 and "no round of figures '2031'" in refused.err
    refused = country.home("report", "auditor", "--figures", file)
    assert refused.code == 1 and "this provider is not in the round" in refused.err
    refused = country.home("correct", "Ash House", "--figures", file)
    assert refused.code == 1 and "nothing to correct" in refused.err
    refused = country.home("claim", "Ash House")
    assert refused.code == 1 and "takes no claims now" in refused.err
    refused = country.home("report", "Nobody", "--figures", file)
    assert refused.code == 2 and "no keys here" in refused.err and not country.keys("Nobody").exists()
    assert country.leaves() == size
    kept = sorted(path.name for path in country.keys("Ash House").iterdir())
    assert kept == ["ledger.json", "signing.pem"]

    # -- reports and a correction
    receipts = [country.home("report", name, "--figures", file).line for name in HOMES]
    held = done("receipt", "verify", receipts[0], "--genesis", country.genesis, "--json").json
    assert (held["transaction"], held["index"]) == ("report", size)
    again = country.home("report", "Ash House", "--figures", file)
    assert again.line == receipts[0] and "on the log already" in again.err
    changed = country.file("changed.csv", Ash_House="21.0,20.00,1000,700,300")
    refused = country.home("report", "Ash House", "--figures", changed)
    assert refused.code == 1 and "zkperf provider correct" in refused.err
    corrected = country.home("correct", "Ash House", "--figures", changed)
    assert corrected.code == 0 and corrected.line != receipts[0]
    assert country.leaves() == size + 4
    early = zkperf("results", "2023", *country.there)
    assert early.code == 1 and "no result yet" in early.err

    # -- shown before the close, and made stale by a correction
    card, quality = country.keys("auditor") / "auditor.card", ("--indicator", "quality")
    stale = country.folder / "stale.shown"
    assert country.home("show", "Ash House", "--to", card, "-o", stale, *quality).code == 0
    assert stale.stat().st_mode & 0o077 == 0
    back = country.home("correct", "Ash House", "--figures", file)
    assert back.code == 0

    # -- claims
    done("round", "close", "2023", "--yes", "--ledger", ledger, *country.there)
    late = country.home("correct", "Ash House", "--figures", changed)
    assert late.code == 1 and "takes no reports" in late.err
    size = country.leaves()
    refused = country.home("claim", "Beech Court", "--require", "quality_target")
    assert refused.code == 2 and "'quality_target' does not hold" in refused.err
    refused = country.home("claim", "Beech Court", "--require", "speed")
    assert refused.code == 2 and "no claim 'speed'" in refused.err
    refused = country.home("claim", "Ash House", "--require", "excellent")
    assert refused.code == 2 and "'excellent' is not asked of you" in refused.err
    refused = country.home("claim", "Ash House", "--require", "less_turnover")
    assert refused.code == 2 and "'less_turnover' cannot be made: a figure is missing" in refused.err
    assert country.leaves() == size
    claimed = country.home("claim", "Ash House", "--require", "quality_target")
    assert claimed.code == 0
    for line in ("quality_target: proved", "less_turnover: not reported", "excellent: not asked"):
        assert line in claimed.err.splitlines()
    assert "grade: proved, B" in claimed.err.splitlines()
    again = country.home("claim", "Ash House")
    assert (again.code, again.out) == (0, "") and "on the log already" in again.err
    claimed = country.home("claim", "Beech Court")
    assert claimed.code == 0
    for line in ("quality_target: not proved", "excellent: not asked", "grade: proved, C"):
        assert line in claimed.err.splitlines()
    claimed = country.home("claim", "Cedar Lodge")
    assert claimed.code == 0 and "grade: not reported" in claimed.err.splitlines()

    # -- the inspector
    looking = ("--keys", country.keys("auditor"), *country.there)
    facts = done("round", "show", "2023", "--ledger", ledger, "--json").json
    [drawn] = facts["drawn"]
    home = facts["units"][drawn["unit"]]["name"]
    refused = zkperf("inspector", "look", "--shown", stale, *looking)
    assert refused.code == 1 and "stale commitment" in refused.err
    paper = country.folder / "drawn.shown"
    assert country.home("show", home, "--to", card, "-o", paper).code == 0
    refused = country.home("show", home, "--to", card, "-o", paper)
    assert refused.code == 2 and "exists" in refused.err
    refused = country.home("show", home, "--to", file, "-o", country.folder / "no.shown")
    assert refused.code == 2 and "not an auditor's card" in refused.err
    refused = country.home("show", home, "--to", card, "-o", country.folder / "no.shown", "--indicator", "x")
    assert refused.code == 2 and "there is no 'x'" in refused.err
    seen = done("inspector", "look", "--shown", paper, *looking, "--json").json
    columns = HEADER.split(",")[3:]
    assert seen["provider"] == home and seen["listed"]
    value = ROWS[home].split(",")[columns.index(drawn["indicator"])]
    assert seen["figures"][drawn["indicator"]]["value"] == value
    assert value in done("inspector", "look", "--shown", paper, *looking).out
    stranger = country.folder / "stranger"
    done("inspector", "keys", stranger)
    for command in ("look", "attest"):
        refused = zkperf("inspector", command, "--shown", paper, "--keys", stranger, *country.there)
        assert refused.code == 1, "sealed for somebody else"
    foreign = ("--to", stranger / "auditor.card", "-o", country.folder / "no.shown")
    refused = country.home("show", home, *foreign)
    assert refused.code == 1 and "not one of this round's: Audit Office" in refused.err
    assert not (country.folder / "no.shown").exists()
    attested = done("inspector", "attest", "--shown", paper, *looking)
    held = done("receipt", "verify", attested.line, "--genesis", country.genesis, "--json").json
    assert held["transaction"] == "attestation"
    again = zkperf("inspector", "attest", "--shown", paper, *looking)
    assert (again.code, again.out) == (0, "") and "already" in again.err

    # -- what everybody sees
    status = country.home("status", home, "--json").json
    assert status["phase"] == "concluded" and status["claimed"]
    assert status["report"]["reported"][drawn["indicator"]] == ["Audit Office"]
    far = done("results", "2023", *country.there, "--genesis", country.genesis, "--json").json
    near = done("results", country.round, "--ledger", ledger, "--json").json
    assert far == near
    assert far["total"]["pools"]["quality"]["sum"] == "59.0"
    assert far["groups"]["North"] == far["total"]
    assert {name: item["grade"] for name, item in far["providers"].items()} == {
        "Ash House": "B",
        "Beech Court": "C",
        "Cedar Lodge": None,
    }
    assert {name: item["claims"]["excellent"] for name, item in far["providers"].items()} == {
        "Ash House": "not asked",
        "Beech Court": "not asked",
        "Cedar Lodge": "not asked",
    }
    assert "Quality of life" in done("results", "2023", "--ledger", ledger).out
    table = done("round", "show", "2023", "--ledger", ledger).out
    assert "North/Ash House" in table and "posted" in table
    assert "2023" in done("round", "show", "--ledger", ledger).out
    audited = done("audit", ledger, "--genesis", country.genesis, "--json").json
    assert audited["figures"]["attested"] == 1 and audited["figures"]["refused"] == 0

    # -- the next period
    through = country.there
    open_round(country.folder, through, "2024", "--previous", "2023", "--auditor", f"A={seen_key(country)}")
    better = country.file("next.csv", period="2024", Ash_House="25.0,15.00,1000,700,300")
    shown = country.home("preview", "Ash House", "--figures", better, period="2024")
    assert "less_turnover: holds, compared with 2023" in shown.out
    shown = country.home("preview", "Beech Court", "--figures", better, period="2024")
    assert "less_turnover: does not hold, compared with 2023" in shown.out
    assert country.home("report", "Ash House", "--figures", better, period="2024").code == 0
    kept = country.home("status", "Ash House", period="2023")
    assert "report    leaf" in kept.out and "openings" not in kept.out


def seen_key(country: Country) -> str:
    return done("inspector", "keys", country.keys("auditor")).line


def test_keys_are_made_once_and_for_their_owner(tmp_path: Path) -> None:
    for role in ("provider", "inspector"):
        first = done(role, "keys", tmp_path / role)
        assert len(bytes.fromhex(first.line)) == 32
        again = done(role, "keys", tmp_path / role)
        assert again.line == first.line and "stay as they are" in again.err
        assert (tmp_path / role).stat().st_mode & 0o077 == 0
        for path in (tmp_path / role).iterdir():
            assert path.stat().st_mode & 0o077 == 0


def test_without_a_service(tmp_path: Path) -> None:
    """The same on a ledger's folder that nobody serves; an older state of it is stale."""
    done("init", tmp_path / "L", "--members", "3", "--threshold", "2", "--min-cohort-floor", "2")
    (tmp_path / "S.toml").write_text(SCHEME, "utf-8")
    done("scheme", "add", tmp_path / "S.toml", "--ledger", tmp_path / "L")
    rows = [f"all,{name},{done('provider', 'keys', tmp_path / name).line}" for name in HOMES[:2]]
    (tmp_path / "providers.csv").write_text("all,home,key\n" + "\n".join(rows) + "\n")
    opened = open_round(tmp_path, (), "2023")
    figures = [HEADER, *(f"2023,{name},all,{ROWS[name]}" for name in HOMES[:2])]
    (tmp_path / "F.csv").write_text("\n".join(figures) + "\n")

    def home(command: str, name: str, *options: str | Path) -> Outcome:
        there = ("--ledger", tmp_path / "L", "--keys", tmp_path / name, "--round", opened[:8])
        return zkperf("provider", command, *there, *options)

    shutil.copytree(tmp_path / "L", tmp_path / "before")
    for name in HOMES[:2]:
        assert home("report", name, "--figures", tmp_path / "F.csv").code == 0
    done("round", "close", "2023", "--yes", "--ledger", tmp_path / "L")
    for name in HOMES[:2]:
        assert home("claim", name).code == 0
    assert (
        done("results", "2023", "--ledger", tmp_path / "L", "--json").json["total"]["pools"]["cost"]["sum"]
        == "2201"
    )
    again = ("round", "open", "--ledger", tmp_path / "L", "--scheme", "care", "--period", "2023")
    again += ("--min-cohort", "2", "--providers", tmp_path / "providers.csv", "--auditor", f"A={AUDITOR}")
    refused = zkperf(*again, "--previous", "2023")
    assert refused.code == 2 and "that round is of 2023 too" in refused.err
    assert f"has a round of 2023 already ({opened[:12]})" in done(*again).err
    old = ("--ledger", tmp_path / "before", "--keys", tmp_path / HOMES[0], "--round", "2023")
    stale = zkperf("provider", "status", *old)
    assert stale.code == 1 and "stale" in stale.err
    nowhere = zkperf("provider", "status", "--keys", tmp_path / HOMES[0], "--round", "2023")
    assert nowhere.code == 2 and "either --service URL or --ledger DIR" in nowhere.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--name", "x", "--period", "2023"), "rounds of ratings only"),
        (("--period", "2023"), "needs --period and --providers"),
        (("--name", "x", "--unit", "A"), "is a scheme of figures"),
        (("--period", "2023", "--providers", "P.csv"), "--auditor: the scheme draws"),
        (("--period", "2023", "--providers", "P.csv", "--auditor", "A"), "expected NAME=KEY"),
        (("--period", "2023", "--providers", "P.csv", "--auditor", "A=12"), "64 hexadecimal digits"),
        (("--period", " ", "--providers", "P.csv", "--auditor", AUDITOR), "--period"),
        (("--period", "x", "--providers", "P.csv", "--auditor", AUDITOR, "--previous", "y"), "'y'"),
        (
            ("--period", "x", "--providers", "P.csv", "--auditor", AUDITOR, "--ratings", "y"),
            "round of ratings",
        ),
        (("--period", "x", "--providers", "missing.csv", "--auditor", AUDITOR), "missing.csv"),
    ],
)
def test_what_opens_no_round_of_figures(
    country: Country, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(country.folder)
    Path("P.csv").write_text(f"all,home,key\nall,A,{'ab' * 32}\n")
    size = country.leaves()
    outcome = zkperf("round", "open", "--ledger", "L", "--scheme", "care", *options, *country.there)
    assert (outcome.code, outcome.out) == (2, "") and message in outcome.err
    assert country.leaves() == size
