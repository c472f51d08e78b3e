"""A ledger's folder: what lies where, who may read it, and what is refused."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.world import FakeClock, World
from zkperf.errors import InputError
from zkperf.ledger.signing import public_bytes
from zkperf.roles.folder import DEFAULT_MAX_SEQUENCE, DEFAULT_STAGE_SECONDS, LedgerFolder


def create(path: Path, **options: Any) -> LedgerFolder:
    folder, consortium = LedgerFolder.create(path, **options)
    consortium.close()
    return folder


def test_what_lies_in_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger"
    folder, consortium = LedgerFolder.create(path, name="Health")
    state = consortium.ledger.state
    assert {item.name for item in path.iterdir()} >= {"ledger.db", "ledger.json", "keys", "receipts"}
    assert {item.name for item in (path / "keys").iterdir()} == {
        "sequencer", "evaluator", "registrar", *(f"member-{j}" for j in range(1, 6))
    }  # fmt: skip
    assert folder.describe() == {"genesis": state.ledger.hex(), "name": "Health", "suite": "ristretto255"}
    assert json.loads((path / "ledger.json").read_text("utf-8")) == folder.describe()
    rules = state.rules
    assert (rules.threshold, rules.min_cohort_floor, len(rules.members)) == (3, 10, 5)
    assert (rules.max_sequence, rules.stage_seconds) == (DEFAULT_MAX_SEQUENCE, DEFAULT_STAGE_SECONDS)
    assert rules.evaluators == (public_bytes(folder.keys("evaluator").signing_key()),)
    assert rules.log_key == public_bytes(folder.keys("sequencer").signing_key())
    assert [t.index for t in consortium.trustees] == [1, 2, 3, 4, 5]
    assert (folder.receipts, folder.report) == (path / "receipts", path / "report.html")
    consortium.close()


def test_every_key_is_its_owners_alone(tmp_path: Path) -> None:
    create(tmp_path / "l")
    for holder in (tmp_path / "l" / "keys").iterdir():
        assert stat.S_IMODE(holder.stat().st_mode) == 0o700
        for file in holder.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_ledgers_are_never_the_same(tmp_path: Path) -> None:
    one, two = create(tmp_path / "1"), create(tmp_path / "2")
    assert one.describe()["genesis"] != two.describe()["genesis"]


@pytest.mark.parametrize("suite", ["ristretto255", "P-256"])
@pytest.mark.parametrize(("members", "threshold"), [(1, 1), (4, 2), (9, 9)])
def test_any_suite_and_any_numbers_that_make_a_consortium(
    tmp_path: Path, suite: str, members: int, threshold: int
) -> None:
    path = tmp_path / "l"
    create(path, suite_name=suite, members=members, threshold=threshold, min_cohort_floor=2)
    _, consortium = LedgerFolder.open(path)
    rules = consortium.ledger.state.rules
    assert (rules.suite, len(rules.members), rules.threshold) == (suite, members, threshold)
    assert len({member.name for member in rules.members}) == members
    consortium.close()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"threshold": 0}, r"threshold: expected 1 to 5 \(the number of members\), got 0"),
        ({"threshold": 6}, r"threshold: expected 1 to 5 \(the number of members\), got 6"),
        ({"members": 0, "threshold": 0}, "members: expected 1 to 100, got 0"),
        ({"members": 101}, "members: expected 1 to 100, got 101"),
        ({"min_cohort_floor": 1}, "smallest cohort: expected at least 2, got 1"),
        ({"suite_name": "ed448"}, "ed448"),
    ],
)
def test_numbers_that_make_no_ledger_leave_nothing_behind(
    tmp_path: Path, options: dict[str, Any], match: str
) -> None:
    with pytest.raises(InputError, match=match):
        create(tmp_path / "l", **options)
    assert not (tmp_path / "l").exists()


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "l").mkdir()
    (tmp_path / "l" / "thesis.txt").write_text("years of work")
    file = tmp_path / "file"
    file.write_text("")
    for path in (tmp_path / "l", file):
        with pytest.raises(InputError, match="exists and is not empty: choose another folder for the ledger"):
            create(path)
    assert [item.name for item in (tmp_path / "l").iterdir()] == ["thesis.txt"]
    (tmp_path / "empty").mkdir()
    create(tmp_path / "empty")
    with pytest.raises(InputError, match="exists and is not empty"):
        create(tmp_path / "empty")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (None, r"there is no ledger here \(no ledger\.json\)"),
        ("{", r"ledger\.json: not readable"),
        ("[]", r"ledger\.json: the genesis digest is missing"),
        ('{"name": "x"}', r"ledger\.json: the genesis digest is missing"),
        ('{"genesis": 5}', r"ledger\.json: the genesis digest is missing"),
    ],
)
def test_a_folder_without_a_ledger(tmp_path: Path, content: str | None, match: str) -> None:
    if content is not None:
        (tmp_path / "ledger.json").write_text(content)
    with pytest.raises(InputError, match=match):
        LedgerFolder.open(tmp_path)
    with pytest.raises(InputError, match="there is no such folder; is its name right"):
        LedgerFolder.open(tmp_path / "file-or-folder-that-is-not-there")


def test_a_ledger_without_the_sequencers_key_is_not_served(tmp_path: Path) -> None:
    path = tmp_path / "l"
    create(path)
    (path / "keys" / "sequencer" / "signing.pem").unlink()
    for _ in range(2):
        with pytest.raises(InputError, match=r"sequencer/signing\.pem is missing"):
            LedgerFolder.open(path)


def test_a_ledger_is_served_by_t_of_its_members(tmp_path: Path) -> None:
    path = tmp_path / "l"
    folder = create(path, members=5, threshold=3)
    (path / "keys" / "member-2" / "sealing.key").unlink()
    (path / "keys" / "member-5" / "signing.pem").write_bytes(b"-----BEGIN")
    _, consortium = LedgerFolder.open(path)
    assert [trustee.index for trustee in consortium.trustees] == [1, 3, 4]
    assert list(consortium.absent) == [2, 5]
    assert "member-2/sealing.key is missing" in consortium.absent[2]
    assert "member-5/signing.pem is damaged" in consortium.absent[5]
    consortium.close()
    # Whole keys, but not this member's.
    folder.keys("member-4").new_sealing_key(consortium.ledger.state.commitment_group)
    for _ in range(2):
        with pytest.raises(InputError, match="3 of the 5 members are needed and 2 are here") as refused:
            LedgerFolder.open(path)
        assert "member-2/sealing.key is missing" in str(refused.value)
        assert "member 4: the genesis does not name this member's keys" in str(refused.value)


def test_a_ledger_is_the_same_when_it_is_opened_again(tmp_path: Path) -> None:
    clock = FakeClock()
    world = World.create(tmp_path / "l")
    found = world.open_round()
    world.rate(found, [{"recommend": "good"}] * 3)
    leaves, ledger = world.leaves(), world.state.ledger
    world.consortium.close()
    folder, consortium = LedgerFolder.open(tmp_path / "l", clock)
    assert consortium.ledger.state.ledger == ledger == bytes.fromhex(folder.describe()["genesis"])
    assert [consortium.ledger.leaf(i) for i in range(len(leaves))] == leaves
    again = World(folder, consortium, clock)
    again.rate(again.state.rounds[found.digest], [{"recommend": "fair"}] * 2)
    again.close_round(again.state.rounds[found.digest])
    assert again.state.rounds[found.digest].numbers[1] == 5
    assert again.audit().ok
    consortium.close()


def test_members_have_the_keys_that_the_genesis_names(tmp_path: Path) -> None:
    folder = create(tmp_path / "l", members=3, threshold=2)
    _, consortium = LedgerFolder.open(tmp_path / "l")
    state = consortium.ledger.state
    for j, member in enumerate(state.rules.members, 1):
        store = folder.keys(f"member-{j}")
        assert member.signing_key == public_bytes(store.signing_key())
        group = state.commitment_group
        assert member.sealing_key == group.encode(store.sealing_key(group) * group.generator)
    consortium.close()


def test_no_secret_leaves_the_keys_folder(tmp_path: Path) -> None:
    """Neither the database nor an export holds a key, or a deal that is not posted."""
    path = tmp_path / "l"
    world = World.create(path)
    found = world.open_round()
    world.rate(found, [{"recommend": "good"}] * 4)
    world.close_round(found)
    group = world.state.commitment_group
    secrets = []
    for holder in (path / "keys").iterdir():
        store = world.folder.keys(holder.name)
        secrets.append(store.signing_key().private_bytes_raw())
        if store.has("sealing.key"):
            secrets.append(store.read("sealing.key"))
            assert store.sealing_key(group)
    assert len(secrets) == 3 + 2 * 3
    file = io.BytesIO()
    world.consortium.ledger.export(file)
    world.consortium.close()
    public = [file.getvalue()]
    public += [item.read_bytes() for item in path.iterdir() if item.is_file()]
    for data in public:
        assert not any(secret in data or secret.hex().encode() in data for secret in secrets)
    # A deal is deleted as soon as it is posted.
    words = {f"{word}-{found.digest.hex()[:32]}" for word in ("checked", "counted")}
    kept = {item.name for item in (path / "keys" / "member-1").iterdir()}
    assert kept == {"signing.pem", "sealing.key"} | words
