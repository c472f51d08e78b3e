"""How far a ledger is signed: kept durably, in time, and whatever a crash leaves of it."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.world import World, questionnaire, single
from zkperf.errors import OldCopy
from zkperf.ledger.engines.last_signed import SLOT, Kept, LastSigned, require_contained
from zkperf.ledger.log.checkpoint import Checkpoint, Policy, Signer
from zkperf.ledger.log.keys import SignatureType, VerifierKey
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.store.errors import StorageError

KEY = Ed25519PrivateKey.generate()
POLICY = Policy("log", VerifierKey("log", SignatureType.ED25519, public_bytes(KEY)))


def note(size: int, key: Ed25519PrivateKey = KEY) -> str:
    return Signer("log", key).sign(Checkpoint("log", size, bytes(32)))


def size_in(path: Path) -> int | None:
    file = LastSigned(path, POLICY)
    file.close()
    return None if file.checkpoint is None else file.checkpoint.size


def test_the_latest_is_kept_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "zkperf" / "a"
    file = LastSigned(path, POLICY)
    assert file.checkpoint is None
    for size in (1, 2, 3, 700, 10**12):
        file.keep(note(size))
        assert file.checkpoint == Checkpoint("log", size, bytes(32))
        assert size_in(path) == size
    file.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in list(path.parents)[:2]] == [0o700, 0o700]
    again = LastSigned(path, POLICY)
    again.keep(note(10**12 + 1))
    again.close()
    assert size_in(path) == 10**12 + 1
    assert path.stat().st_size == 2 * SLOT


def test_it_is_durable_when_keep_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    file = LastSigned(tmp_path / "a", POLICY)
    real = os.pwrite

    def write(descriptor: int, data: bytes, at: int) -> int:
        calls.append("write")
        return real(descriptor, data, at)

    monkeypatch.setattr("os.pwrite", write)
    monkeypatch.setattr("os.fdatasync", lambda descriptor: calls.append("sync"))
    file.keep(note(1))
    assert calls == ["write", "sync"]
    file.close()


@pytest.mark.parametrize("torn", [b"", b"log\n3\n", b"\xff" * 100])
def test_a_crash_while_it_is_written_leaves_the_one_before(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "a"
    file = LastSigned(path, POLICY)
    for size in (1, 2, 3):
        file.keep(note(size))
    file.close()
    data = bytearray(path.read_bytes())
    slot = next(at for at in (0, SLOT) if data[at:].startswith(b"log\n3\n"))
    data[slot : slot + SLOT] = torn.ljust(SLOT, b"\0")
    path.write_bytes(data)
    assert size_in(path) == 2
    # The spoilt slot is the next to be written.
    file = LastSigned(path, POLICY)
    file.keep(note(4))
    file.close()
    assert size_in(path) == 4 and path.read_bytes()[slot:].startswith(b"log\n4\n")


@pytest.mark.parametrize("content", [b"?", b"log\n9\n", note(9, Ed25519PrivateKey.generate()).encode()])
def test_what_says_nothing_is_not_taken_for_a_new_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content.ljust(2 * SLOT, b"\0"))
    with pytest.raises(StorageError, match=r"a: damaged, or another ledger's.*delete the file"):
        LastSigned(path, POLICY)
    path.write_bytes(bytes(2 * SLOT))
    assert size_in(path) is None


def test_a_disk_that_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        LastSigned(tmp_path / "file" / "a", POLICY)
    file = LastSigned(tmp_path / "a", POLICY)
    file.keep(note(1))
    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", lambda descriptor, data, at: 5)
        with pytest.raises(StorageError, match="not written whole"):
            file.keep(note(2))
    assert file.checkpoint == Checkpoint("log", 1, bytes(32)) and size_in(tmp_path / "a") == 1
    with pytest.raises(ValueError, match="a checkpoint of"):
        file.keep("x" * (SLOT + 1))
    file.close()


# -- of a ledger ------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.create(tmp_path / "l")


def test_a_log_contains_the_checkpoints_of_its_past_and_no_others(world: World) -> None:
    ledger = world.consortium.ledger
    world.open_round()
    store = ledger._store
    notes = [Checkpoint.unverified(store.checkpoint(size)) for size in (1, 2, store.size)]
    for checkpoint in notes:
        require_contained(store, checkpoint, "it is here")
        other = Checkpoint(checkpoint.origin, checkpoint.size, bytes(32))
        with pytest.raises(OldCopy, match=rf"a fork. Its first {checkpoint.size} leaves.*\(it is here\)"):
            require_contained(store, other, "it is here")
    more = Checkpoint(notes[0].origin, store.size + 1, notes[-1].root)
    with pytest.raises(OldCopy, match=rf"an old copy. It has {store.size} leaves.*{store.size + 1} \(it is"):
        require_contained(store, more, "it is here")


def test_a_checkpoint_is_kept_after_the_write_and_before_it_is_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, real, seen = world.consortium.ledger, Kept.keep, []

    def keep(self: Kept, kept: str) -> None:
        seen.append(Checkpoint.unverified(kept).size)
        before = Checkpoint.unverified(ledger.checkpoint()).size
        assert before < seen[-1] == ledger._store.size, "stored, and not shown"
        with pytest.raises(IndexError):
            ledger.receipt(seen[-1] - 1)
        with pytest.raises(IndexError):
            ledger.tile(f"tile/entries/000.p/{seen[-1]}")
        file = io.BytesIO()
        assert ledger.export(file) == before
        assert b"".join(ledger.export_pieces()) == file.getvalue()
        real(self, kept)
        assert Checkpoint.unverified(ledger.checkpoint()).size == seen[-1]

    monkeypatch.setattr(Kept, "keep", keep)
    found = world.open_round()
    size = len(world.leaves())
    assert seen == list(range(2, size + 1))
    world.rate(found, [{"recommend": "good"}] * 3)
    # Ratings that wait are on no log: keeping them costs nothing here.
    assert seen == list(range(2, world.state.size + 1)) and world.state.size == size + 3
    world.rate(found, [{"recommend": "good"}])
    assert seen[-1] == world.state.size == size + 4 + 3, "one more issuance, and a batch of two"


def test_what_is_not_kept_is_not_shown_and_what_follows_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = world.consortium.ledger
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    shown = ledger.checkpoint()

    def refuse(self: LastSigned, kept: str) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(LastSigned, "keep", refuse)
        with pytest.raises(StorageError, match="the disk is full"):
            ledger.submit(evaluator.post_scheme(questionnaire()))
        assert ledger.checkpoint() == shown and ledger.state.size == 2
        with pytest.raises(IndexError):
            ledger.receipt(1)
    ledger.submit(evaluator.post_scheme(questionnaire(single("again"))))
    assert Checkpoint.unverified(ledger.checkpoint()).size == 3
    ledger.receipt(1)
    assert world.audit().ok
