"""`zkperf audit` on files that somebody has tampered with: exit code 1 or 2, never a traceback."""

from __future__ import annotations

import json
import re
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


def test_what_is_stored_about_a_checkpoint_is_no_evidence(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The auditor hashes the leaves and reads the checkpoint itself."""
    path = edited(ledger, tmp_path / "ledger", "UPDATE checkpoint SET size = size + 100")
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


# -- damage that a reader has to be told about --------------------------------------------------------


def damaged(ledger: Path, folder: Path, *statements: str) -> Path:
    """A copy of the ledger's folder on whose database these were run."""
    copy = folder / "copy"
    shutil.copytree(ledger, copy)
    with sqlite3.connect(copy / "ledger.db") as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return copy


def failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> Any:
    """Check, leaf and reason of every failure that the audit lists."""
    assert run(monkeypatch, "audit", *arguments, "--json") == REFUSED
    checks = json.loads(capsys.readouterr().out)["checks"]
    return [(check["name"], item["index"], item["reason"]) for check in checks for item in check["failures"]]


def test_a_damaged_tree_beside_whole_leaves(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = 'WHERE level = 0 AND "index" = 5'
    copy = damaged(ledger, tmp_path, f"UPDATE node SET hash = zeroblob(32) {where}")
    [(check, index, reason)] = failed(monkeypatch, capsys, copy)
    assert (check, index) == ("log", None) and "the stored hash of leaf 5 is not that of" in reason
    # Nor is it served: its receipts and tiles would not verify.
    assert run(monkeypatch, "serve", "--ledger", copy, "--port", "0") == UNUSABLE
    said = capsys.readouterr().err
    assert "leaf 5" in said and f"zkperf audit {copy} names what is wrong" in said


def test_a_leaf_that_cannot_be_decoded(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = 1
    copy = damaged(ledger, tmp_path, f"UPDATE leaf SET data = x'8119ffff' WHERE \"index\" = {place}")
    for command in (("results", "r", "--ledger", copy), ("round", "show", "--ledger", copy)):
        assert run(monkeypatch, *command) == UNUSABLE
        said = capsys.readouterr().err
        assert f"leaf {place} is damaged" in said and f"zkperf audit {copy} names all" in said
    assert run(monkeypatch, "serve", "--ledger", copy, "--port", "0") == UNUSABLE
    assert "its last checkpoint is not that of its leaves; zkperf audit" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["audit", "export", "results", "serve"])
def test_text_where_a_leaf_belongs_moves_no_cursor(
    ledger: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    text = "CAST(x'ff1b5b33316d21' AS TEXT)"
    copy = damaged(ledger, tmp_path, f'UPDATE leaf SET data = {text} WHERE "index" = 1')
    options = {
        "audit": (copy,),
        "export": (copy, "-o", tmp_path / "out"),
        "results": ("r", "--ledger", copy),
        "serve": ("--ledger", copy, "--port", "0"),
    }
    assert run(monkeypatch, command, *options[command]) == (REFUSED if command == "audit" else UNUSABLE)
    shown = capsys.readouterr()
    # A table may break the line anywhere.
    assert "leaf1ismissingordamaged" in re.sub(r"[\s│]", "", shown.out + shown.err)
    assert "\x1b[31m" not in shown.out + shown.err


def test_what_an_error_quotes_moves_no_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "audit", tmp_path / "a\x1b[31mb") == UNUSABLE
    assert "\x1b" not in capsys.readouterr().err


def test_a_missing_leaf_is_named(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = failed(monkeypatch, capsys, damaged(ledger, tmp_path, 'DELETE FROM leaf WHERE "index" = 7'))
    assert [(check, index) for check, index, _ in found] == [("log", 7)]
    assert "leaf 7 is missing or damaged; what follows could not be read" in found[0][2]


@pytest.mark.parametrize("damage", ["DELETE FROM checkpoint", "half"])
def test_a_folder_that_cannot_be_read_is_unusable(
    ledger: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    damage: str,
) -> None:
    copy = damaged(ledger, tmp_path, *([damage] if damage != "half" else []))
    if damage == "half":
        database = copy / "ledger.db"
        data = database.read_bytes()
        database.write_bytes(data[: len(data) // 2 // 4096 * 4096])
    assert run(monkeypatch, "audit", copy) == UNUSABLE
    said = capsys.readouterr().err
    assert str(copy) in said and "refused" not in said


@pytest.mark.parametrize("data", [b"# zkperf\n", b"", b"\x84\x6dzkperf-report\x01"])
def test_what_is_no_export_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    file = tmp_path / "README.md"
    file.write_bytes(data)
    assert run(monkeypatch, "audit", file) == UNUSABLE
    assert f"{file}: not an export of zkperf" in capsys.readouterr().err


def test_where_an_export_breaks_off(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, data = tmp_path / "broken", export.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    [(check, index, reason)] = failed(monkeypatch, capsys, file)
    assert check == "encoding" and f"the file ends within: leaf {index};" in reason
    # The checkpoint is no leaf.
    for changed in (data + b"\0", data[:-3]):
        file.write_bytes(changed)
        [(check, index, reason)] = failed(monkeypatch, capsys, file)
        assert (check, index) == ("encoding", None) and "checkpoint" in reason


def test_what_the_audit_says_of_the_origin(
    ledger: Path,
    export: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    genesis = json.loads((ledger / "ledger.json").read_text("utf-8"))["genesis"]
    assert run(monkeypatch, "audit", export, "--genesis", "ab" * 32) == REFUSED
    shown = capsys.readouterr()
    assert "NOT the ledger whose genesis digest was given" in " ".join(shown.out.split())
    # Both in full, to be compared.
    assert f"Expected the ledger {'ab' * 32}\nThis is the ledger  {genesis}" in shown.err
    assert "give --genesis" not in shown.err and "…" not in shown.out
    changed = bytearray(export.read_bytes())
    changed[20] ^= 1
    (tmp_path / "changed").write_bytes(changed)
    assert run(monkeypatch, "audit", tmp_path / "changed", "--genesis", genesis) == REFUSED
    shown = capsys.readouterr()
    assert "UNVERIFIED, the first leaf could not be read" in " ".join(shown.out.split())
    assert "give --genesis" not in shown.err
