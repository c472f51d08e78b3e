"""`zkperf audit` on files that somebody has tampered with: exit code 1 or 2, never a traceback."""

from __future__ import annotations

import json
import shutil
import sqlite3
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest

from circuits.rating import Bundle
from tests.roles.eventful import Story
from tests.world import World
from zkperf.cli.app import main
from zkperf.roles.keystore import KeyStore

DONE, REFUSED, UNUSABLE = 0, 1, 2


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """The exit code of ``zkperf ARGUMENTS``."""
    monkeypatch.setattr("sys.argv", ["zkperf", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small published round; nobody serves it any more."""
    path = tmp_path_factory.mktemp("files") / "ledger"
    world = World.create(path)
    found = world.open_round()
    world.rate(found, [{"recommend": "good"}] * 3)
    world.close_round(found)
    world.consortium.close()
    return path


@pytest.fixture(scope="module")
def export(ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "public.zkperf"
    with pytest.MonkeyPatch.context() as patch:
        assert run(patch, "export", ledger, "-o", path) == DONE
    return path


def test_a_ledger_and_its_export_pass(
    ledger: Path, export: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    genesis = json.loads((ledger / "ledger.json").read_text("utf-8"))["genesis"]
    reports = []
    for path in (ledger, export):
        assert run(monkeypatch, "audit", path, "--genesis", genesis, "--json") == DONE
        reports.append(json.loads(capsys.readouterr().out) | {"seconds": 0})
    assert reports[0] == reports[1]
    assert reports[0]["ok"] and reports[0]["origin_verified"] and reports[0]["ratings"] == 3
    assert run(monkeypatch, "audit", export) == DONE
    assert "origin is unverified" in capsys.readouterr().err
    assert run(monkeypatch, "audit", export, "--genesis", "00" * 32, "--json") == REFUSED
    refused = json.loads(capsys.readouterr().out)
    assert [check["name"] for check in refused["checks"] if not check["passed"]] == ["genesis"]
    for digest in ("", "00", "zz" * 32, genesis + "00"):
        assert run(monkeypatch, "audit", export, "--genesis", digest) == UNUSABLE


def test_the_export_holds_no_secrets(story: Story) -> None:
    """No key of anybody, and no sealed share, also of a round that is still open."""
    world, file = story.world, BytesIO()
    world.consortium.ledger.export(file)
    data = file.getvalue()
    for path in (world.folder.path / "keys").iterdir():
        store = KeyStore(path)
        assert store.signing_key().private_bytes_raw() not in data
        assert not store.has("sealing.key") or store.read("sealing.key") not in data
    digests = [rating.digest for rating in story.second.cohort(1).ratings.values()]
    bundles = world.consortium.ledger.bundles(digests)
    assert len(bundles) == len(digests) > 0
    for encoded in bundles.values():
        bundle = Bundle.decode(encoded)
        assert not any(part in data for part in (*bundle.salts, *bundle.sealed))
    assert all(leaf in data for leaf in story.leaves)


def test_any_changed_byte_of_an_export_is_caught(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, random = export.read_bytes(), Random(406)
    tampered = tmp_path / "tampered"
    places = {*range(0, 60, 3), *range(len(data) - 5, len(data)), *random.sample(range(len(data)), 30)}
    for place in places:
        flipped = data[place] ^ random.randrange(1, 256)
        tampered.write_bytes(data[:place] + bytes([flipped]) + data[place + 1 :])
        assert run(monkeypatch, "audit", tampered, "--json") in (REFUSED, UNUSABLE), place


def test_a_truncated_or_extended_export_is_caught(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, random = export.read_bytes(), Random(195)
    tampered = tmp_path / "tampered"
    cuts = [data[:size] for size in (0, 1, 50, len(data) - 1, *random.sample(range(len(data)), 9))]
    for other in (*cuts, data + b"\0", data + data, data[1:], b"PK\x03\x04" + data):
        tampered.write_bytes(other)
        assert run(monkeypatch, "audit", tampered) in (REFUSED, UNUSABLE)


def edited(ledger: Path, path: Path, *statements: str) -> Path:
    """A copy of the ledger, its database edited behind its back."""
    shutil.copytree(ledger, path)
    with sqlite3.connect(path / "ledger.db") as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return path


LEAF = 'SELECT max("index") FROM leaf'


@pytest.mark.parametrize(
    "statements",
    [
        [f'DELETE FROM leaf WHERE "index" = ({LEAF})'],
        ['DELETE FROM leaf WHERE "index" = 0'],
        ['DELETE FROM leaf WHERE "index" = 7'],
        ["DELETE FROM leaf"],
        ["DROP TABLE leaf"],
        ["UPDATE leaf SET data = x'00'"],
        ['UPDATE leaf SET data = zeroblob(70000) WHERE "index" = 5'],
        ["UPDATE leaf SET data = x'' WHERE \"index\" = 5"],
        ["UPDATE leaf SET data = 'text' WHERE \"index\" = 5"],
        ['UPDATE leaf SET data = 1 WHERE "index" = 5'],
        ['UPDATE leaf SET data = 1.5 WHERE "index" = 0'],
        ['UPDATE leaf SET "index" = 10000 WHERE "index" = 7'],
        ['UPDATE leaf SET "index" = -1 WHERE "index" = 0'],
        [f'UPDATE leaf SET "index" = 9223372036854775807 WHERE "index" = ({LEAF})'],
        [f"INSERT INTO leaf VALUES (({LEAF}) + 1, x'80')"],
        ['UPDATE leaf SET data = (SELECT data FROM leaf WHERE "index" = 8) WHERE "index" = 9'],
        ["DELETE FROM checkpoint"],
        ["DROP TABLE checkpoint"],
        ["UPDATE checkpoint SET note = ''"],
        ["UPDATE checkpoint SET note = x'ff' "],
        ["UPDATE checkpoint SET note = CAST(x'ff' AS TEXT)"],
        ["UPDATE checkpoint SET note = 5"],
        ["UPDATE checkpoint SET note = (SELECT min(note) FROM checkpoint)"],
        ["DROP TABLE alembic_version"],
        ["DELETE FROM alembic_version"],
        ["UPDATE alembic_version SET version_num = '9999'"],
    ],
    ids=lambda statements: statements[0][:50],
)
def test_a_database_edited_behind_its_back(
    statements: list[str], ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = edited(ledger, tmp_path / "ledger", *statements)
    assert run(monkeypatch, "audit", path, "--json") in (REFUSED, UNUSABLE)
    public = tmp_path / "public"
    if run(monkeypatch, "export", path, "-o", public) == DONE:
        assert run(monkeypatch, "audit", public) in (REFUSED, UNUSABLE)
    else:
        assert not public.exists()


def test_nodes_are_no_evidence(ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The auditor hashes the leaves and reads the checkpoint: what is stored about them is all one to it."""
    path = edited(
        ledger,
        tmp_path / "ledger",
        "UPDATE node SET hash = zeroblob(32)",
        "UPDATE checkpoint SET size = size + 100",
    )
    assert run(monkeypatch, "audit", path) == DONE


def test_what_is_no_ledger_is_unusable(tmp_path: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    half = tmp_path / "half"
    half.mkdir()
    shutil.copy(ledger / "ledger.json", half)
    other = tmp_path / "other"
    shutil.copytree(half, other)
    (other / "ledger.db").write_bytes(b"no database at all" * 100)
    damaged = tmp_path / "damaged"
    shutil.copytree(ledger, damaged)
    data: Any = bytearray((damaged / "ledger.db").read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    (damaged / "ledger.db").write_bytes(data)
    strange = tmp_path / "strange"
    shutil.copytree(ledger, strange)
    for text in ("", "[]", "{", '{"genesis": 5}', '{"genesis": null}', "\0"):
        (strange / "ledger.json").write_text(text, "utf-8")
        assert run(monkeypatch, "audit", strange) == UNUSABLE
    for path in (empty, half, other, tmp_path / "nothing", ledger / "ledger.db", ledger / "ledger.json"):
        assert run(monkeypatch, "audit", path) == UNUSABLE, path
    assert run(monkeypatch, "audit", damaged) in (REFUSED, UNUSABLE)
