"""The store: everything a ledger keeps, in one SQLite database in its directory.

Every write is one durable transaction. Nothing is cached: what a method returns is what is on disk, so
there is no state in memory that a crash or a failed write could leave behind. One store at a time may
write to a directory; any number may read it meanwhile, in other processes too. All methods may be
called from any thread.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select

from zkperf.errors import InputError, InvalidLogProof, RuleViolation
from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.log.merkle import NodeId, Tree, leaf_hash
from zkperf.ledger.log.tiles import check_entry
from zkperf.ledger.store.connection import (
    DATABASE,
    check_schema,
    create_database,
    lock_directory,
    migrate,
    open_engine,
    storage_errors,
    sync_directory,
)
from zkperf.ledger.store.errors import StorageError
from zkperf.ledger.store.models import Bundle, CheckpointNote, Leaf, Meta, Node, Pending

_CHUNK = 256
"""Rows per query of a stream: bounds memory, and how long a reader holds back the WAL."""


@dataclass(frozen=True)
class PendingRating:
    """A rating that is durable but not in the log yet, with its bundle. ``digest`` is that of its core."""

    digest: bytes
    round: bytes
    unit: int
    pseudonym: bytes
    sequence: int
    core: bytes
    bundle: bytes = field(repr=False)


class Store:
    """A ledger's database. Make one with `create` or `open`, and close it (or use ``with``)."""

    def __init__(self, path: Path, engine: Engine, lock: int | None) -> None:
        self._path = path
        self._engine = engine
        self._lock = lock
        self._mutex = threading.Lock()
        self._scrub_due = False

    @classmethod
    def create(cls, directory: Path) -> Self:
        """An empty store in ``directory``, which is made if need be, open for writing.

        InputError if the directory cannot be used or holds a store already.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise InputError(f"{directory}: cannot be made a directory ({error.strerror})") from error
        return cls._open_for_writing(directory, new=True)

    @classmethod
    def open(cls, directory: Path, *, read_only: bool = False) -> Self:
        """The store in ``directory``.

        With ``read_only`` it takes no lock, migrates nothing, and sees what other processes commit.
        InputError if there is none, if another process is writing to it, or for a schema of another version;
        StorageError if its last checkpoint is not that of its leaves (for writing only: a reader's audit
        names what is wrong).
        """
        if not (directory / DATABASE).is_file():
            raise InputError(f"{directory}: there is no ledger here ({DATABASE} is missing)")
        if not read_only:
            return cls._open_for_writing(directory, new=False)
        path = directory / DATABASE
        engine = open_engine(path, read_only=True)
        with storage_errors(path):
            check_schema(engine, path)
        return cls(path, engine, None)

    @classmethod
    def _open_for_writing(cls, directory: Path, *, new: bool) -> Self:
        path = directory / DATABASE
        with storage_errors(path), ExitStack() as undo:
            lock = lock_directory(directory)
            undo.callback(os.close, lock)
            if new:
                create_database(path)
                undo.callback(path.unlink)
            engine = open_engine(path, read_only=False)
            undo.callback(engine.dispose)
            migrate(engine, path)
            sync_directory(directory)
            store = cls(path, engine, lock)
            store._check_integrity()
            store._scrub()
            undo.pop_all()
        return store

    def close(self) -> None:
        """Close the database and let others write to it."""
        self._engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the log -----------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The number of leaves."""
        with self._reading() as connection:
            return _size(connection)

    def tree(self) -> Tree:
        """The tree over all leaves: a copy of the caller's own, to append to and see the next root."""
        with self._reading() as connection:
            return _tree(connection)

    def nodes(self, ids: Sequence[NodeId]) -> list[bytes]:
        """The hashes of these nodes, in this order: the `NodeReader` for proofs and tiles.

        StorageError if one is missing.
        """
        with self._reading() as connection:
            return _nodes(connection, ids)

    def leaf(self, index: int) -> bytes:
        """The bytes of one leaf. IndexError if there is none of that index."""
        with self._reading() as connection:
            data = connection.scalar(_LEAF, {"wanted": index})
        if data is None:
            raise IndexError(f"the log has no leaf {index}")
        return data

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """The leaves ``start`` to ``stop`` - 1, in order, a bounded number in memory.

        IndexError, before the first leaf, if the log has not got so many.
        """
        size = self.size
        if not 0 <= start <= stop <= size:
            raise IndexError(f"expected 0 <= start <= stop <= {size}, got {start} and {stop}")
        return self._stream(start, stop)

    def _stream(self, start: int, stop: int) -> Iterator[bytes]:
        for first in range(start, stop, _CHUNK):
            last = min(first + _CHUNK, stop) - 1
            query = select(Leaf.data).where(Leaf.index.between(first, last)).order_by(Leaf.index)
            with self._reading() as connection:
                chunk = connection.scalars(query).all()
            # SQLite keeps whatever type somebody else puts into a column.
            if len(chunk) != last - first + 1 or not all(isinstance(leaf, bytes) for leaf in chunk):
                raise StorageError(f"{self._path}: a leaf between {first} and {last} is missing or damaged")
            yield from chunk

    def checkpoint(self, size: int | None = None) -> str:
        """The latest signed checkpoint, or that of the tree of ``size``. IndexError if there is none."""
        query = _LATEST if size is None else _LATEST.where(CheckpointNote.size == size)
        with self._reading() as connection:
            note = connection.scalar(query)
        if note is None:
            raise IndexError("the log has no such checkpoint")
        return note

    def head(self) -> tuple[int, str]:
        """The number of leaves and the latest checkpoint, both of one moment: another process may be writing.

        StorageError if there is no checkpoint.
        """
        with self._reading() as connection:
            size, note = _size(connection), connection.scalar(_LATEST)
        if not isinstance(note, str):
            raise StorageError(f"{self._path}: the latest checkpoint is missing or damaged")
        return size, note

    def append(
        self,
        leaves: Sequence[bytes],
        *,
        note: str,
        remove_pending: Sequence[bytes] = (),
        remove_bundles: Sequence[bytes] = (),
        refused: Sequence[bytes] = (),
    ) -> None:
        """Append a block and its signed checkpoint, in one durable transaction. All of it, or nothing.

        ``remove_pending``: digests of pending ratings that this block takes into the log; their bundles
        stay. ``remove_bundles``: digests of ratings in the log whose bundles must go. ``refused``: digests of
        pending ratings that will not enter; they go with their bundles. What is not there is not missed.
        Without leaves the note replaces that of the same size (one with more cosignatures).

        Raises EncodingError for a leaf or note that is malformed, InvalidLogProof if the note is not about
        the tree with these leaves, StorageFull and StorageError if the disk refuses.
        """
        for leaf in leaves:
            check_entry(leaf)
        checkpoint = Checkpoint.unverified(note)
        with self._writing() as connection:
            tree = _tree(connection)
            first = tree.size
            completed = tree.extend(leaf_hash(leaf) for leaf in leaves)
            if (checkpoint.size, checkpoint.root) != (tree.size, tree.root()):
                raise InvalidLogProof("checkpoint: not of the tree with the appended leaves")
            _insert(connection, Leaf, [{"index": first + i, "data": leaf} for i, leaf in enumerate(leaves)])
            _insert(
                connection, Node, [{"level": n.level, "index": n.index, "hash": n.hash} for n in completed]
            )
            connection.execute(delete(CheckpointNote).where(CheckpointNote.size == tree.size))
            _insert(connection, CheckpointNote, [{"size": tree.size, "note": note}])
            _delete(connection, Pending, [*remove_pending, *refused])
            _delete(connection, Bundle, [*remove_bundles, *refused])
            if remove_pending or remove_bundles or refused:
                self._scrub_due = True

    # -- pending ratings and bundles ---------------------------------------------------------------

    def add_pending(self, items: Sequence[PendingRating]) -> None:
        """Keep ratings and their bundles until they enter the log, in one durable transaction.

        A rating replaces the pending one of the same (round, unit, pseudonym) if its sequence number is
        higher; the overtaken one and its bundle are deleted. One that is pending already is left as it is.
        RuleViolation (and nothing kept) if the sequence number is not higher.
        """
        with self._writing() as connection:
            for item in items:
                rater = {"round": item.round, "unit": item.unit, "pseudonym": item.pseudonym}
                found = connection.execute(_WAITING, rater).one_or_none()
                if found is not None:
                    if found.digest == item.digest:
                        continue
                    if found.sequence >= item.sequence:
                        raise RuleViolation("a later rating of this pseudonym is waiting", check="sequence")
                    _delete(connection, Pending, [found.digest])
                    _delete(connection, Bundle, [found.digest])
                    self._scrub_due = True
                row = {name: getattr(item, name) for name in _PENDING_COLUMNS}
                _insert(connection, Bundle, [{"digest": item.digest, "data": item.bundle}])
                _insert(connection, Pending, [row])

    def pending(self, round: bytes, unit: int) -> list[PendingRating]:
        """What waits of one cohort, in the order of the digests."""
        query = _PENDING.where(Pending.round == round, Pending.unit == unit).order_by(Pending.digest)
        with self._reading() as connection:
            return [PendingRating(**row) for row in connection.execute(query).mappings()]

    def all_pending(self) -> Iterator[PendingRating]:
        """Everything that waits, in the order of the digests, a bounded number in memory."""
        after = b""
        while True:
            query = _PENDING.where(Pending.digest > after).order_by(Pending.digest).limit(_CHUNK)
            with self._reading() as connection:
                chunk = [PendingRating(**row) for row in connection.execute(query).mappings()]
            if not chunk:
                return
            yield from chunk
            after = chunk[-1].digest

    def bundle(self, digest: bytes) -> bytes | None:
        """The bundle of the rating with this digest, or None if it is not, or no longer, kept."""
        return self.bundles([digest]).get(digest)

    def bundles(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """The bundles, by digest, of those ratings whose bundle is kept."""
        found: dict[bytes, bytes] = {}
        with self._reading() as connection:
            for start in range(0, len(digests), _CHUNK):
                wanted = Bundle.digest.in_(digests[start : start + _CHUNK])
                for row in connection.execute(select(Bundle.digest, Bundle.data).where(wanted)):
                    found[row.digest] = row.data
        return found

    # -- facts about this copy ---------------------------------------------------------------------

    def meta(self, key: str) -> bytes | None:
        """The value of a key, or None."""
        with self._reading() as connection:
            return connection.scalar(select(Meta.value).where(Meta.key == key))

    def set_meta(self, key: str, value: bytes) -> None:
        """Set the value of a key, durably."""
        with self._writing() as connection:
            connection.execute(delete(Meta).where(Meta.key == key))
            _insert(connection, Meta, [{"key": key, "value": value}])

    # -- transactions ------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with storage_errors(self._path), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self._lock is None:
            raise StorageError(f"{self._path}: opened for reading only")
        with self._mutex:
            with storage_errors(self._path), self._engine.begin() as connection:
                yield connection
            if self._scrub_due:
                self._scrub()

    def _check_integrity(self) -> None:
        """StorageError unless the last checkpoint, if any, is that of the tree."""
        tree = self.tree()
        if tree.size:
            checkpoint = Checkpoint.unverified(self.checkpoint())
            if (checkpoint.size, checkpoint.root) != (tree.size, tree.root()):
                raise StorageError(f"{self._path}: damaged, its last checkpoint is not that of its leaves")

    def _scrub(self) -> None:
        """Empty the write-ahead log, in which deleted bundles, and the order of arrival, would live on.

        A reader at work, or a full disk, may prevent it. Then the write before it stands all the same, and
        this is tried again after the next one.
        """
        connection = self._engine.raw_connection()
        try:
            busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self._scrub_due = bool(busy)
        except sqlite3.Error:
            self._scrub_due = True
        finally:
            connection.close()


# Statements of every rating or receipt: to put one together takes longer than to run it.
_LEAF = select(Leaf.data).where(Leaf.index == bindparam("wanted"))
_LATEST = select(CheckpointNote.note).order_by(CheckpointNote.size.desc()).limit(1)
_WAITING = select(Pending.digest, Pending.sequence).where(
    Pending.round == bindparam("round"),
    Pending.unit == bindparam("unit"),
    Pending.pseudonym == bindparam("pseudonym"),
)
_NODE = select(Node.hash).where(Node.level == bindparam("level"), Node.index == bindparam("index"))
_PENDING_COLUMNS = [column.name for column in Pending.__table__.columns]
_PENDING = select(*Pending.__table__.columns, Bundle.data.label("bundle")).join(
    Bundle, Bundle.digest == Pending.digest
)


def _insert(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _delete(connection: Connection, table: Any, digests: Iterable[bytes]) -> None:
    rows = [{"wanted": digest} for digest in digests]
    if rows:
        connection.execute(delete(table).where(table.digest == bindparam("wanted")), rows)


def _size(connection: Connection) -> int:
    last = connection.scalar(select(func.max(Leaf.index)))
    return 0 if last is None else last + 1


def _nodes(connection: Connection, ids: Sequence[NodeId]) -> list[bytes]:
    hashes = []
    for level, index in ids:
        found = connection.scalar(_NODE, {"level": level, "index": index})
        if found is None:
            raise StorageError(f"the tree's node ({level}, {index}) is missing")
        hashes.append(found)
    return hashes


def _tree(connection: Connection) -> Tree:
    return Tree.from_nodes(_size(connection), lambda ids: _nodes(connection, ids))
