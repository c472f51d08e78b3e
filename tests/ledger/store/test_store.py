from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from random import SystemRandom

import pytest
from sqlalchemy import event

from tests.ledger.store.filling import ORIGIN, ROUND, SIGNER, append, note_after, rating
from zkperf.errors import EncodingError, InputError, InvalidLogProof, RuleViolation
from zkperf.ledger.log.checkpoint import Checkpoint, Cosigner, Policy
from zkperf.ledger.log.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_from_leaf_hashes,
    verify_consistency,
    verify_inclusion,
)
from zkperf.ledger.log.tiles import MAX_ENTRY_BYTES
from zkperf.ledger.store import connection
from zkperf.ledger.store import store as stored
from zkperf.ledger.store.block import Block
from zkperf.ledger.store.errors import StorageError, StorageFull
from zkperf.ledger.store.store import Store

PROJECT = Path(__file__).parents[3]
LEAVES = [f"leaf {i}".encode() for i in range(600)]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def holds(directory: Path, content: bytes) -> bool:
    """Whether any file of the ledger holds these bytes."""
    return any(content in path.read_bytes() for path in directory.iterdir())


# -- the log ----------------------------------------------------------------------------------------


def test_a_new_store_is_empty_and_its_owners(directory: Path) -> None:
    with Store.create(directory) as store:
        assert (store.size, store.tree().root(), list(store.leaves(0, 0))) == (0, EMPTY_ROOT, [])
        assert list(store.all_pending()) == []
        with pytest.raises(IndexError):
            store.checkpoint()
        with pytest.raises(IndexError):
            store.leaf(0)
    assert stat.S_IMODE((directory / "ledger.db").stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_what_is_appended_is_there_after_reopening(directory: Path) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:1])
        append(store, LEAVES[1:400])
        append(store, LEAVES[400:])
        note = store.checkpoint()
    with Store.open(directory) as store:
        assert store.size == len(LEAVES)
        assert store.leaf(399) == LEAVES[399]
        assert list(store.leaves(0, store.size)) == LEAVES
        assert list(store.leaves(255, 513)) == LEAVES[255:513]
        assert store.checkpoint() == note
        assert Policy(ORIGIN, SIGNER.verifier_key).verify(note).root == store.tree().root()
        assert store.tree().root() == root_from_leaf_hashes(map(leaf_hash, LEAVES))
        assert Checkpoint.unverified(store.checkpoint(400)).size == 400


def test_stored_nodes_give_proofs_for_every_checkpoint(directory: Path) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:77])
        append(store, LEAVES[77:100])
        earlier, root = (Checkpoint.unverified(store.checkpoint(size)).root for size in (77, 100))
        proof = inclusion_proof(42, 100, store.nodes)
        verify_inclusion(leaf_hash(LEAVES[42]), 42, 100, proof, root)
        verify_consistency(77, 100, earlier, root, consistency_proof(77, 100, store.nodes))
        with pytest.raises(StorageError, match="node"):
            store.nodes([(7, 0)])


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (3, 2), (0, 4)])
def test_ranges_outside_of_the_log_are_refused_at_once(directory: Path, start: int, stop: int) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:3])
        with pytest.raises(IndexError):
            store.leaves(start, stop)
        for index in (-1, 3):
            with pytest.raises(IndexError):
                store.leaf(index)


def test_the_tree_is_the_callers_own(directory: Path) -> None:
    with Store.create(directory) as store:
        store.tree().append(bytes(32))
        assert store.tree().size == 0


def test_a_checkpoint_of_another_tree_is_refused_and_nothing_kept(directory: Path) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:2])
        right = Checkpoint.unverified(note_after(store, LEAVES[2:4]))
        for wrong in (replace(right, size=3), replace(right, root=bytes(32))):
            with pytest.raises(InvalidLogProof):
                store.append(Block(2, LEAVES[2:4]), note=SIGNER.sign(wrong))
        for start in (1, 3):
            with pytest.raises(InvalidLogProof, match="begin"):
                store.append(Block(start, LEAVES[2:4]), note=SIGNER.sign(right))
        with pytest.raises(EncodingError):
            store.append(Block(2, LEAVES[2:4]), note="no note")
        assert (store.size, store.tree().size) == (2, 2)


def test_leaves_that_no_entry_bundle_can_hold_are_refused(directory: Path) -> None:
    with Store.create(directory) as store:
        append(store, [bytes(MAX_ENTRY_BYTES)])
        for leaf in (b"", bytes(MAX_ENTRY_BYTES + 1)):
            with pytest.raises(EncodingError):
                append(store, [leaf])


def test_a_note_with_more_cosignatures_replaces_that_of_the_same_size(directory: Path) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:2])
        cosigned = Cosigner("w", SIGNER._private_key).cosign(store.checkpoint(), 1)
        store.append(Block(2), note=cosigned)
        assert (store.checkpoint(), store.size) == (cosigned, 2)


# -- pending ratings and bundles ----------------------------------------------------------------------


def test_pending_ratings_wait_with_their_bundles(directory: Path) -> None:
    items = [rating(str(i), unit=1 + i % 2) for i in range(600)]
    with Store.create(directory) as store:
        store.add_pending(items)
    with Store.open(directory) as store:
        ordered = sorted(items, key=lambda item: item.rater)
        assert list(store.all_pending()) == ordered
        assert store.pending(ROUND, 2) == [item for item in ordered if item.unit == 2]
        assert store.pending(bytes(32), 2) == []
        assert store.pending_bundle(items[5].rater) == items[5].bundle
        assert store.pending_bundle((ROUND, 3, items[5].pseudonym)) is None


def test_bundles_stay_out_of_representations() -> None:
    assert "bundle" not in repr(rating("a"))


def test_a_later_rating_replaces_the_waiting_one_and_its_bundle(directory: Path) -> None:
    first, second = rating("first", pseudonym=b"X"), rating("second", pseudonym=b"X", sequence=1)
    elsewhere = rating("elsewhere", pseudonym=b"X", unit=2)
    with Store.create(directory) as store:
        store.add_pending([first, elsewhere])
        assert holds(directory, first.bundle)
        store.add_pending([second])
        assert store.pending(ROUND, 1) == [second]
        assert store.pending(ROUND, 2) == [elsewhere]
        assert store.pending_bundle(first.rater) == second.bundle
        assert not holds(directory, b"bundle of first")
        assert not holds(directory, b"core of first")
        assert holds(directory, second.bundle)


def test_both_ratings_may_come_in_one_request(directory: Path) -> None:
    first, second = rating("first", pseudonym=b"X"), rating("second", pseudonym=b"X", sequence=1)
    with Store.create(directory) as store:
        store.add_pending([first, second])
        assert list(store.all_pending()) == [second]


def test_a_rating_that_waits_already_is_left_as_it_is(directory: Path) -> None:
    item = rating("a")
    with Store.create(directory) as store:
        store.add_pending([item])
        store.add_pending([item])
        assert list(store.all_pending()) == [item]


@pytest.mark.parametrize("sequence", [0, 1])
def test_an_earlier_or_equal_rating_is_refused_with_its_whole_request(directory: Path, sequence: int) -> None:
    waiting = rating("waiting", pseudonym=b"X", sequence=1)
    with Store.create(directory) as store:
        store.add_pending([waiting])
        with pytest.raises(RuleViolation) as caught:
            store.add_pending([rating("other"), rating("late", pseudonym=b"X", sequence=sequence)])
        assert caught.value.check == "sequence"
        assert list(store.all_pending()) == [waiting]


def test_a_block_takes_in_and_forgets_in_one_step(directory: Path) -> None:
    entering, direct, waiting = rating("entering"), rating("direct"), rating("waiting")
    with Store.create(directory) as store:
        store.add_pending([entering])
        nobody = rating("nobody")
        append(
            store,
            [entering.core, direct.core, nobody.core],
            entered={0: entering.rater, 2: nobody.rater},
            bundles={1: direct.bundle},
            waiting=[waiting],
        )
        assert list(store.all_pending()) == [waiting]
        assert store.bundles(range(4)) == {0: entering.bundle, 1: direct.bundle}
        append(store, [b"opened"], needless=[0, 2, 17])
        assert store.bundles(range(4)) == {1: direct.bundle}
        assert store.pending_bundle(waiting.rater) == waiting.bundle


def test_a_refused_block_forgets_nothing(directory: Path) -> None:
    entering, waiting = rating("entering"), rating("waiting", sequence=1)
    with Store.create(directory) as store:
        store.add_pending([entering, waiting])
        wrong = SIGNER.sign(Checkpoint(ORIGIN, 1, bytes(32)))
        block = Block(0, [entering.core], entered={0: entering.rater})
        with pytest.raises(InvalidLogProof):
            store.append(block, note=wrong, waiting=[rating("more")])
        with pytest.raises(RuleViolation):
            store.append(
                block,
                note=note_after(store, block.leaves),
                waiting=[replace(waiting, sequence=0, core=b"late")],
            )
        assert (store.size, list(store.all_pending())) == (0, [entering, waiting])


def test_nothing_of_a_deleted_bundle_is_left_on_the_disk(directory: Path) -> None:
    items = [replace(rating(str(i)), bundle=os.urandom(2000)) for i in range(50)]
    with Store.create(directory) as store:
        store.add_pending(items)
        assert all(holds(directory, item.bundle[:32]) for item in items)
        raters = {place: item.rater for place, item in enumerate(items)}
        append(store, [item.core for item in items], entered=raters, needless=list(range(1, 50)))
        assert holds(directory, items[0].bundle[:32])
        for item in items[1:]:
            assert not holds(directory, item.bundle[:32])
            assert not holds(directory, item.bundle[1000:1032])


def test_a_reader_at_work_only_delays_the_overwriting(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "_SCRUB_MILLISECONDS", 10)
    item = rating("a")
    with Store.create(directory) as store:
        store.add_pending([item])
        with Store.open(directory, read_only=True) as reader:
            with reader._reading() as held:
                held.exec_driver_sql("SELECT count(*) FROM leaf").all()
                append(store, LEAVES[:1], entered={0: item.rater}, needless=[0])
                assert (store.size, store.bundles([0])) == (1, {})
                assert holds(directory, b"bundle of a")
            append(store, LEAVES[1:2])
            assert not holds(directory, b"bundle of a")


def test_a_bundle_that_a_crash_left_in_the_wal_is_overwritten_at_the_next_start(directory: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from tests.ledger.store.filling import *;"
        "s = Store.create(Path(sys.argv[1])); s._scrub = lambda: None; s.add_pending([rating('a')]);"
        "append(s, [b'x'], entered={0: rating('a').rater}, needless=[0]); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(directory)], cwd=PROJECT, check=True)
    assert holds(directory, b"bundle of a")
    with Store.open(directory) as store:
        assert store.size == 1
        assert not holds(directory, b"bundle of a")


def test_the_tables_do_not_record_an_order_of_arrival(directory: Path) -> None:
    """What waits has no row numbers, and a bundle's is that of its leaf."""
    with Store.create(directory) as store:
        store.add_pending([rating("a")])
        append(store, LEAVES[:3], bundles={2: b"bundle"})
        with store._reading() as held:
            with pytest.raises(Exception, match="no such column: rowid"):
                held.exec_driver_sql("SELECT rowid FROM pending")
            assert held.exec_driver_sql("SELECT rowid FROM bundle").scalars().all() == [2]


def test_the_write_ahead_log_is_empty_after_every_addition(directory: Path) -> None:
    """It shows what came with which write, in the order of the writes."""
    wal = directory / "ledger.db-wal"
    with Store.create(directory) as store:
        for place, name in enumerate("abc"):
            store.add_pending([rating(name)])
            assert wal.stat().st_size == 0
            append(store, [rating(name).core], entered={place: rating(name).rater})
            assert wal.stat().st_size == 0
        append(store, [b"leaf"], bundles={3: b"a report's"}, waiting=[rating("d")])
        assert wal.stat().st_size == 0
    assert not wal.exists()


def test_a_reader_at_work_delays_it_until_the_next_write_or_rest(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "_SCRUB_MILLISECONDS", 10)
    wal = directory / "ledger.db-wal"
    with Store.create(directory) as store, Store.open(directory, read_only=True) as reader:
        for then in (lambda: append(store, [b"leaf"]), store.rest):
            with reader._reading() as held:
                held.exec_driver_sql("SELECT count(*) FROM leaf").all()
                store.add_pending([rating(os.urandom(4).hex())])
                assert wal.stat().st_size > 0
            then()
            assert wal.stat().st_size == 0


def test_once_a_batch_has_entered_no_file_shows_the_order_of_arrival(tmp_path: Path) -> None:
    """Large ratings come one by one, in different orders; then the folders' files are read."""
    items = [replace(rating(f"{place:02}"), bundle=os.urandom(20_000)) for place in range(30)]
    seen = []
    for number in range(3):
        directory = tmp_path / str(number)
        with Store.create(directory) as store:
            for item in SystemRandom().sample(items, len(items)):
                store.add_pending([item])
            raters = dict(enumerate(item.rater for item in items))
            append(store, [item.core for item in items], entered=raters)
            files = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
        data = files.pop("ledger.db")
        assert not any(item.bundle[:32] in other for item in items for other in files.values())
        parts = [part for item in items for part in (item.bundle[:32], item.bundle[-32:], item.core)]
        assert all(data.count(part) == 1 for part in parts)
        seen.append(sorted(range(len(parts)), key=lambda place: data.find(parts[place])))
    assert seen[0] == seen[1] == seen[2]


# -- one writer, many readers -------------------------------------------------------------------------


def test_only_one_store_writes(directory: Path) -> None:
    with Store.create(directory):
        with pytest.raises(InputError, match="another process"):
            Store.open(directory)
        script = "import sys; from pathlib import Path; from zkperf.ledger.store.store import Store;"
        script += "Store.open(Path(sys.argv[1]))"
        other = subprocess.run(
            [sys.executable, "-c", script, str(directory)], cwd=PROJECT, capture_output=True, text=True
        )
        assert other.returncode == 1 and "LedgerInUse" in other.stderr
    Store.open(directory).close()


def test_readers_see_what_another_process_commits_and_write_nothing(directory: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.ledger.store.filling import *;"
        "s = Store.create(Path(sys.argv[1])); append(s, [b'a']); print('ready', flush=True);"
        "sys.stdin.readline(); append(s, [b'b']); print('more', flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", script, str(directory)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdin is not None and writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        with Store.open(directory, read_only=True) as first, Store.open(directory, read_only=True) as second:
            assert first.size == second.size == 1
            writer.stdin.write("\n")
            writer.stdin.flush()
            assert writer.stdout.readline() == "more\n"
            assert list(first.leaves(0, 2)) == [b"a", b"b"]
            assert Checkpoint.unverified(second.checkpoint()).root == second.tree().root()
            with pytest.raises(StorageError, match="reading only"):
                append(first, [b"c"])
            with pytest.raises(StorageError, match="reading only"):
                first.add_pending([rating("a")])
        writer.stdin.write("\n")


def test_a_ledger_on_a_disk_that_cannot_be_written_can_be_read(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:3])
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != directory and access(path, mode))
    before = sorted(directory.iterdir())
    with Store.open(directory, read_only=True) as store:
        assert list(store.leaves(0, 3)) == LEAVES[:3]
        assert sorted(directory.iterdir()) == before


def test_threads_share_a_store(directory: Path) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(10):
                store.add_pending([rating(f"{number}/{i}", unit=number)])
                assert len(store.pending(ROUND, number)) == i + 1
        except BaseException as error:
            failures.append(error)

    with Store.create(directory) as store:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert len(list(store.all_pending())) == 40


# -- bad directories, damage, full disks ----------------------------------------------------------------


def test_directories_that_cannot_be_used(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no ledger"):
        Store.open(directory)
    with pytest.raises(InputError, match="no ledger"):
        Store.open(directory, read_only=True)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="directory"):
        Store.create(tmp_path / "file")
    Store.create(directory).close()
    with pytest.raises(InputError, match="a ledger already"):
        Store.create(directory)
    Store.open(directory).close()


def test_a_lock_that_cannot_be_made_is_an_error_of_the_disk(directory: Path) -> None:
    Store.create(directory).close()
    (directory / "ledger.lock").unlink()
    (directory / "ledger.lock").mkdir()
    with pytest.raises(StorageError, match="directory"):
        Store.open(directory)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_without_room_for_a_file_is_full(
    directory: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(code, "no room")

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", refuse)
        with pytest.raises(StorageFull):
            Store.create(directory)
    Store.create(directory).close()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_database_is_refused(directory: Path, read_only: bool) -> None:
    directory.mkdir()
    (directory / "ledger.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(InputError, match="not a ledger's database"):
        Store.open(directory, read_only=read_only)
    assert (directory / "ledger.db").read_bytes() == b"not a database at all" * 100


def test_a_schema_of_another_version_is_refused(directory: Path) -> None:
    with Store.create(directory) as store, store._writing() as held:
        held.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(InputError, match="schema"):
        Store.open(directory, read_only=True)
    with pytest.raises(InputError, match="schema"):
        Store.open(directory)


def test_a_database_that_was_never_finished_is_finished(directory: Path) -> None:
    directory.mkdir()
    connection.create_database(directory / "ledger.db")
    with pytest.raises(InputError, match="schema"):
        Store.open(directory, read_only=True)
    with Store.open(directory) as store:
        assert store.size == 0


@pytest.mark.parametrize(
    "damage",
    [
        'DELETE FROM leaf WHERE "index" = 2',
        "DELETE FROM checkpoint",
        "UPDATE node SET hash = zeroblob(32) WHERE level = 1",
        "DELETE FROM node WHERE level = 1",
    ],
)
def test_a_damaged_log_is_not_written_to(directory: Path, damage: str) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:3])
        with store._writing() as held:
            held.exec_driver_sql(damage)
    with pytest.raises(StorageError):
        Store.open(directory)
    # The lock is free again.
    os.close(connection.lock_directory(directory))


def test_a_checkpoint_of_another_size_is_not_the_trees(directory: Path) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:3])
        note = store.checkpoint()
        with store._writing() as held:
            # The root is right, the number of leaves is not.
            held.exec_driver_sql("UPDATE checkpoint SET note = ?", (note.replace("\n3\n", "\n4\n"),))
    with pytest.raises(StorageError, match="damaged"):
        Store.open(directory)


def test_a_missing_leaf_is_not_skipped(directory: Path) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:5])
        with store._writing() as held:
            held.exec_driver_sql('DELETE FROM leaf WHERE "index" = 2')
        leaves = store.leaves(0, 5)
        # What comes before it is read.
        assert [next(leaves), next(leaves)] == LEAVES[:2]
        with pytest.raises(StorageError, match="leaf 2 is missing"):
            next(leaves)


@pytest.mark.parametrize("data", ["'a\x1b[31mb'", "CAST(x'ff1b5b33316d' AS TEXT)", "7"])
def test_what_is_no_leaf_is_refused_and_not_shown(directory: Path, data: str) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:3])
        with store._writing() as held:
            held.exec_driver_sql(f'UPDATE leaf SET data = {data} WHERE "index" = 1')
    with Store.open(directory, read_only=True) as reader:
        for read in (lambda: list(reader.leaves(0, 3)), lambda: reader.leaf(1)):
            with pytest.raises(StorageError, match="leaf 1 is missing or damaged") as caught:
                read()
            assert "\x1b" not in str(caught.value) and "31m" not in str(caught.value)
    with pytest.raises(StorageError, match="leaf 1"):
        Store.open(directory)


@pytest.mark.parametrize(
    ("level", "index", "place"), [(0, 3, "leaf 3"), (1, 2, "leaves 4 to 5"), (2, 0, "leaves 0 to 3")]
)
@pytest.mark.parametrize("damage", ["UPDATE node SET hash = zeroblob(32)", "DELETE FROM node"])
def test_a_damaged_tree_is_found_although_the_leaves_are_whole(
    directory: Path, damage: str, level: int, index: int, place: str
) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:7])
        with store._writing() as held:
            held.exec_driver_sql(f'{damage} WHERE level = {level} AND "index" = {index}')
    with pytest.raises(StorageError, match=rf"the stored hash of {place} is not .*; zkperf audit .* names"):
        Store.open(directory)
    with Store.open(directory, read_only=True) as reader:
        tree = Tree()
        with pytest.raises(StorageError, match=place):
            reader.check_nodes(tree.extend(map(leaf_hash, LEAVES[:7])))
        # Other nodes are not to blame.
        reader.check_nodes(Tree().extend(map(leaf_hash, LEAVES[:2])) if level < 2 else [])


def test_of_a_tree_damaged_in_many_places_the_first_is_named(directory: Path) -> None:
    leaves = [str(place).encode() for place in range(600)]
    with Store.create(directory) as store:
        append(store, leaves)
        with store._writing() as held:
            held.exec_driver_sql('DELETE FROM node WHERE level = 0 AND "index" IN (3, 500)')
    with pytest.raises(StorageError, match="the stored hash of leaf 3 is not"):
        Store.open(directory)


def test_a_damaged_leaf_is_not_that_of_the_checkpoint(directory: Path) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:7])
        with store._writing() as held:
            held.exec_driver_sql("UPDATE leaf SET data = x'00' WHERE \"index\" = 5")
    with pytest.raises(StorageError, match="its last checkpoint is not that of its leaves; zkperf audit"):
        Store.open(directory)


def test_a_full_disk_refuses_by_name_and_keeps_nothing_half(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.create(directory) as store:
        append(store, LEAVES[:3])
        store.add_pending([rating("a")])
    monkeypatch.setitem(connection.PRAGMAS, "max_page_count", "30")
    with Store.open(directory) as store:
        with pytest.raises(StorageFull) as caught:
            append(store, [bytes(1000)] * 500, entered={3: rating("a").rater})
        assert caught.value.check == "storage"
        with pytest.raises(StorageFull):
            store.add_pending([replace(rating(str(i)), bundle=bytes(1000)) for i in range(500)])
        assert (store.size, list(store.leaves(0, 3))) == (3, LEAVES[:3])
        assert list(store.all_pending()) == [rating("a")]
        append(store, LEAVES[3:4])
    monkeypatch.delitem(connection.PRAGMAS, "max_page_count")
    with Store.open(directory) as store:
        append(store, [bytes(1000)] * 500, entered={4: rating("a").rater})
        assert (store.size, list(store.all_pending())) == (504, [])
        assert store.tree().root() == Checkpoint.unverified(store.checkpoint()).root


def test_a_write_stands_where_what_it_deleted_cannot_be_overwritten(directory: Path) -> None:
    refusing = True

    def authorize(action: int, name: str | None, *_: object) -> int:
        refused = refusing and (action, name) == (sqlite3.SQLITE_PRAGMA, "wal_checkpoint")
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    with Store.create(directory) as store:
        event.listen(store._engine, "checkout", lambda driver, *_: driver.set_authorizer(authorize))
        store.add_pending([rating("a")])
        append(store, LEAVES[:1], entered={0: rating("a").rater}, needless=[0])
        assert store.size == 1
        assert holds(directory, b"bundle of a")
        refusing = False
        append(store, LEAVES[1:2])
        assert not holds(directory, b"bundle of a")


def test_no_half_made_store_stays_where_the_disk_is_full(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setitem(connection.PRAGMAS, "max_page_count", "3")
        with pytest.raises(StorageFull):
            Store.create(directory)
    Store.create(directory).close()


def test_database_errors_do_not_show_what_was_written(directory: Path) -> None:
    item = rating("secret")
    with Store.create(directory) as store:
        append(store, LEAVES[:1], bundles={0: item.bundle})
        with pytest.raises(StorageError) as caught:
            append(store, LEAVES[1:2], bundles={0: item.bundle})
        error: BaseException | None = caught.value
        while error is not None:
            assert "secret" not in str(error) and item.bundle.hex()[:16] not in str(error)
            error = error.__cause__


def test_the_digest_names_the_core() -> None:
    assert rating("a").digest == hashlib.sha256(b"core of a").digest()
