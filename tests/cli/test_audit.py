from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import done, zkperf
from tests.cli.conftest import Town, found
from tests.service.serving import service


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A town whose round is over."""
    folder = tmp_path_factory.mktemp("closed")
    town = found(folder)
    with service(town.folder) as running:
        town.running = running
        for number in range(3):
            arguments = ("--service", town.url, "--voucher", town.voucher(), "--now", "--delay", "0")
            wallet = ("--wallet", folder / f"wallet-{number}", "--answers", "-")
            done("rate", *arguments, *wallet, stdin='{"recommend": "yes"}')
        done("round", "close", "spring", "--yes", "--ledger", town.folder, "--service", town.url)
        assert running.stop() == 0
    return town


@pytest.fixture(scope="module")
def exported(closed: Town) -> Path:
    file = closed.folder.parent / "public"
    outcome = done("export", closed.folder, "-o", file)
    assert outcome.out == "" and "zkperf audit" in outcome.err
    return file


def test_the_verdict_in_json(closed: Town, exported: Path) -> None:
    for path in (closed.folder, exported):
        outcome = done("audit", path, "--genesis", closed.genesis, "--json")
        report = outcome.json
        for name in ("ok", "genesis", "origin_verified", "ratings", "checks", "seconds"):
            assert name in report
        assert report["ok"] is True and report["origin_verified"] is True
        assert (report["genesis"], report["ratings"]) == (closed.genesis, 3)
        assert isinstance(report["seconds"], float)
        assert all(
            check == {"name": check["name"], "passed": True, "failures": []} for check in report["checks"]
        )
        names = [check["name"] for check in report["checks"]]
        for name in ("log", "signatures", "issuance", "tokens", "proofs", "batches", "complaints", "results"):
            assert name in names
        assert "Audit" in outcome.err


def test_without_a_genesis_the_origin_is_unverified(exported: Path) -> None:
    outcome = done("audit", exported)
    assert "Audit passed" in outcome.out and "origin is unverified" in outcome.err
    assert done("audit", exported, "--json").json["origin_verified"] is False


def test_another_genesis_fails(exported: Path) -> None:
    outcome = zkperf("audit", exported, "--genesis", "00" * 32, "--json")
    assert outcome.code == 1
    report = outcome.json
    assert (report["ok"], report["origin_verified"]) == (False, False)
    [failed] = [check for check in report["checks"] if not check["passed"]]
    assert failed["name"] == "genesis" and failed["failures"][0]["index"] == 0
    assert "FAILED" in zkperf("audit", exported, "--genesis", "00" * 32).out


def test_an_export_has_no_secrets(closed: Town, exported: Path) -> None:
    data = exported.read_bytes()
    secrets = [path for path in (closed.folder / "keys").glob("*/*.key")]
    assert secrets
    for path in secrets:
        assert path.read_bytes() not in data
    assert b"PRIVATE KEY" not in data


def test_every_changed_byte_is_caught(exported: Path, tmp_path: Path) -> None:
    data = exported.read_bytes()
    file = tmp_path / "changed"
    for place in range(0, len(data), 211):
        changed = bytearray(data)
        changed[place] ^= 4
        file.write_bytes(changed)
        outcome = zkperf("audit", file, "--json")
        assert outcome.code in (1, 2), f"byte {place}"
    for other in (data[:-1], data[:-500], data + b"\0", b""):
        file.write_bytes(other)
        assert zkperf("audit", file).code in (1, 2)


def test_a_changed_leaf_in_the_folder_is_caught(closed: Town, tmp_path: Path) -> None:
    import sqlite3

    copy = tmp_path / "L"
    shutil.copytree(closed.folder, copy)
    with sqlite3.connect(copy / "ledger.db") as database:
        [(index, leaf)] = database.execute('select "index", data from leaf order by "index" desc limit 1')
        changed = leaf.replace(b"yes", b"yet")
        assert changed != leaf
        database.execute('update leaf set data = ? where "index" = ?', (changed, index))
    database.close()
    outcome = zkperf("audit", copy, "--json")
    assert outcome.code == 1
    failed = {check["name"] for check in outcome.json["checks"] if not check["passed"]}
    assert {"log", "signatures"} & failed


@pytest.mark.parametrize("command", [("audit", "{}"), ("export", "{}", "-o", "{}.out")])
def test_what_is_neither_ledger_nor_export(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "noise").write_bytes(b"noise")
    for path in (tmp_path, tmp_path / "none", tmp_path / "noise"):
        outcome = zkperf(*(word.format(path) for word in command))
        assert (outcome.code, outcome.out) == (2, ""), outcome.err
        assert str(path.name) in outcome.err or "export" in outcome.err
    assert not list(tmp_path.glob("*.out"))


def test_an_export_overwrites_nothing(closed: Town, exported: Path, tmp_path: Path) -> None:
    before = exported.read_bytes()
    outcome = zkperf("export", closed.folder, "-o", exported)
    assert outcome.code == 2 and "exists" in outcome.err and exported.read_bytes() == before
    assert zkperf("export", closed.folder, "-o", tmp_path / "none" / "file").code == 2


def test_a_digest_that_is_none(exported: Path) -> None:
    for text in ("", "00", "zz" * 32, "00" * 33):
        outcome = zkperf("audit", exported, "--genesis", text)
        assert outcome.code == 2 and "--genesis: expected 64 hexadecimal digits" in outcome.err


def test_a_state_file_saves_work(closed: Town, exported: Path, tmp_path: Path) -> None:
    state = tmp_path / "audit.json"
    first = done("audit", exported, "--state", state, "--json").json
    assert (first["ok"], first["verified"], first["known"]) == (True, 3, 0)
    again = done("audit", closed.folder, "--state", state, "--json").json
    assert (again["ok"], again["ratings"], again["verified"]) == (True, 3, 0)
    assert again["known"] > 0
    assert "of which 0 new" in " ".join(done("audit", exported, "--state", state).out.split())


def test_a_state_of_other_software_is_said_and_not_believed(exported: Path, tmp_path: Path) -> None:
    state = tmp_path / "audit.json"
    done("audit", exported, "--state", state)
    fields = json.loads(state.read_text())
    state.write_text(json.dumps(fields | {"software": "0" * 64}))
    outcome = done("audit", exported, "--state", state, "--json")
    assert (outcome.json["verified"], outcome.json["known"]) == (3, 0)
    assert "other software" in outcome.err and "verified again" in outcome.err
    assert json.loads(state.read_text()) == fields


def test_parts(exported: Path) -> None:
    whole = done("audit", exported, "--range", "0:1", "--cohort", "Library", "--json").json
    assert (whole["ok"], whole["verified"]) == (True, 3)
    assert whole["part"] == {"leaves": [0, 256], "cohorts": ["Library"]}
    none = done("audit", exported, "--range", "1:", "--json").json
    assert (none["ok"], none["ratings"], none["verified"]) == (True, 3, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--range", "5"), "FIRST:END"),
        (("--range", "5:5"), "there is no tile"),
        (("--cohort", "Atlantis"), "Atlantis"),
        (("--state", "state.json", "--range", "0:1"), "not together with"),
    ],
)
def test_parts_that_make_no_sense(exported: Path, options: tuple[str, ...], message: str) -> None:
    outcome = zkperf("audit", exported, *options)
    assert outcome.code == 2 and message in " ".join(outcome.err.split())
