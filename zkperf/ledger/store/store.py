"""The store: everything a ledger keeps, in one SQLite database in its directory.

Every write is one durable transaction. Nothing is cached: what a method returns is what is on disk, so
there is no state in memory that a crash or a failed write could leave behind. One store at a time may
write to a directory; any number may read it meanwhile, in other processes too. All methods may be
called from any thread.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, select, tuple_

from zkperf.errors import InputError, InvalidLogProof, RuleViolation
from zkperf.files import private_folder, sync_directory
from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.log.merkle import CompletedNode, NodeId, Tree, leaf_hash
from zkperf.ledger.log.tiles import check_entry
from zkperf.ledger.store import statements
from zkperf.ledger.store.block import Block, PendingRating, Rater
from zkperf.ledger.store.connection import (
    BUSY_MILLISECONDS,
    DATABASE,
    check_lock,
    check_schema,
    create_database,
    lock_directory,
    migrate,
    open_engine,
    storage_errors,
)
from zkperf.ledger.store.errors import StorageError
from zkperf.ledger.store.models import Bundle, CheckpointNote, Node, Pending

_CHUNK = 256
"""Rows per query of a stream: bounds memory, and how long a reader holds back the WAL."""
_PIECE = 256 * 1024
"""Bytes after which a query of a stream of leaves ends, whatever its rows."""
_PROBE = 2**20
"""Bytes that there must be room for where there was none."""
_SCRUB_MILLISECONDS = 100
"""How long emptying the write-ahead log waits for readers. It is tried again after the next write."""


class Store:
    """A ledger's database. Make one with `create` or `open`, and close it (or use ``with``)."""

    def __init__(self, path: Path, engine: Engine, lock: int | None) -> None:
        self._path = path
        self._engine = engine
        self._lock = lock
        self._mutex = threading.Lock()
        self._scrub_due = False
        """The write-ahead log holds something that was deleted, or shows in which order ratings came."""

    @classmethod
    def create(cls, directory: Path) -> Self:
        """An empty store in ``directory``, which is made if need be, open for writing.

        InputError if the directory cannot be used or holds a store already.
        """
        try:
            private_folder(directory)
        except OSError as error:
            raise InputError(f"{directory}: cannot be made a directory ({error.strerror})") from error
        return cls._open_for_writing(directory, new=True)

    @classmethod
    def open(cls, directory: Path, *, read_only: bool = False) -> Self:
        """The store in ``directory``.

        With ``read_only`` it takes no lock, migrates nothing, and sees what other processes commit.
        InputError if there is none, if another process is writing to it, or for a schema of another version;
        StorageError if its last checkpoint is not that of its leaves, or the stored tree is not (for writing
        only: a reader's audit names what is wrong).
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
        if self._lock is not None:
            self.rest()
        self._engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def directory(self) -> Path:
        """Where the database lies."""
        return self._path.parent

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
            data = statements.LEAF.first(connection, wanted=index)
        if data is None:
            raise IndexError(f"the log has no leaf {index}")
        if not isinstance(data, bytes):
            raise StorageError(f"{self._path}: leaf {index} is missing or damaged")
        return data

    def check_nodes(self, nodes: Sequence[CompletedNode]) -> None:
        """StorageError, naming the first, unless these nodes are stored with these hashes.

        ``nodes`` are those that consecutive leaves complete (`Tree.extend`). Receipts and tiles are made
        from what is stored: where it is wrong, they prove nothing.
        """
        levels: dict[int, list[CompletedNode]] = {}
        for node in nodes:
            levels.setdefault(node.level, []).append(node)
        for level, row in levels.items():
            last = row[-1].index
            query = select(Node.index, Node.hash).where(
                Node.level == level, Node.index.between(row[0].index, last)
            )
            with self._reading() as connection:
                stored = {index: digest for index, digest in connection.execute(query)}
            for node in row:
                if stored.get(node.index) != node.hash:
                    first = node.index << level
                    which = f"leaf {first}" if level == 0 else f"leaves {first} to {first + (1 << level) - 1}"
                    raise StorageError(
                        f"{self._path}: the stored hash of {which} is not that of what is stored"
                    )

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """The leaves ``start`` to ``stop`` - 1, in order, a bounded number in memory.

        IndexError, before the first leaf, if the log has not got so many.
        """
        size = self.size
        if not 0 <= start <= stop <= size:
            raise IndexError(f"expected 0 <= start <= stop <= {size}, got {start} and {stop}")
        return self._stream(start, stop)

    def _stream(self, start: int, stop: int) -> Iterator[bytes]:
        while start < stop:
            piece = self._piece(start, stop)
            yield from piece
            start += len(piece)

    def _piece(self, start: int, stop: int) -> list[bytes]:
        """One or more leaves from ``start`` on, not much more than `_PIECE` bytes of them."""
        found: list[bytes] = []
        weight = 0
        with self._reading() as connection:
            for index, leaf in statements.LEAVES.rows(
                connection, first=start, last=min(start + _CHUNK, stop) - 1
            ):
                # SQLite keeps whatever type somebody else puts into a column.
                if index != start + len(found) or not isinstance(leaf, bytes):
                    break
                found.append(leaf)
                weight += len(leaf)
                if weight >= _PIECE:
                    break
        if not found:
            raise StorageError(f"{self._path}: leaf {start} is missing or damaged")
        return found

    def leaf_bytes(self, start: int, stop: int) -> int:
        """How many bytes the leaves ``start`` to ``stop`` - 1 have together."""
        with self._reading() as connection:
            return int(statements.LEAF_BYTES.first(connection, first=start, last=stop - 1) or 0)

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

    def append(self, block: Block, *, note: str, waiting: Sequence[PendingRating] = ()) -> None:
        """Append a block and its signed checkpoint, in one durable transaction. All of it, or nothing.

        ``waiting`` is first added to what waits, as by `add_pending`. Without leaves the note
        replaces that of the same size (one with more cosignatures).

        Raises EncodingError for a leaf or note that is malformed, InvalidLogProof if the block does not begin
        where the log ends or the note is not about the tree with these leaves, StorageFull and StorageError
        if the disk refuses, and what `add_pending` raises.
        """
        for leaf in block.leaves:
            check_entry(leaf)
        checkpoint = Checkpoint.unverified(note)
        with self._writing() as connection:
            tree = _tree(connection)
            if block.start != tree.size:
                raise InvalidLogProof("block: does not begin where the log ends")
            completed = tree.extend(leaf_hash(leaf) for leaf in block.leaves)
            if (checkpoint.size, checkpoint.root) != (tree.size, tree.root()):
                raise InvalidLogProof("checkpoint: not of the tree with the appended leaves")
            leaves = enumerate(block.leaves, block.start)
            statements.ADD_LEAF.run(connection, [{"index": index, "data": leaf} for index, leaf in leaves])
            statements.ADD_NODE.run(
                connection, [{"level": n.level, "index": n.index, "hash": n.hash} for n in completed]
            )
            statements.DROP_NOTE.run(connection, [{"of_size": tree.size}])
            statements.ADD_NOTE.run(connection, [{"size": tree.size, "note": note}])
            self._add_pending(connection, waiting)
            bundles = block.bundles | _waiting_bundles(connection, block.entered)
            # In the order of the leaves, so that pages are filled one after the other.
            statements.ADD_BUNDLE.run(connection, [{"index": i, "data": bundles[i]} for i in sorted(bundles)])
            if block.entered:
                statements.LEAVE.run(connection, map(_rater, block.entered.values()))
                self._scrub_due = True
            if block.gone:
                statements.LEAVE.run(connection, map(_rater, block.gone))
                self._scrub_due = True
            if block.needless:
                statements.DROP_BUNDLE.run(connection, [{"leaf": index} for index in block.needless])
                self._scrub_due = True

    # -- pending ratings and bundles ---------------------------------------------------------------

    def add_pending(self, items: Sequence[PendingRating]) -> None:
        """Keep ratings and their bundles until they enter the log, in one durable transaction.

        A rating replaces the pending one of the same (round, unit, pseudonym) if its sequence number is
        higher; the overtaken one and its bundle are deleted. One that is pending already is left as it is.
        RuleViolation (and nothing kept) if the sequence number is not higher.
        """
        with self._writing() as connection:
            self._add_pending(connection, items)

    def _add_pending(self, connection: Connection, items: Sequence[PendingRating]) -> None:
        if len({item.rater for item in items}) < len(items):
            for item in items:
                self._add_pending(connection, [item])
            return
        if not items:
            return
        self._scrub_due = True
        overtaken = [_rater(item.rater) | {"least": item.sequence} for item in items]
        statements.OVERTAKE.run(connection, overtaken)
        if statements.WAIT.run(connection, map(_row, items)) == len(items):
            return
        kept = statements.WAITING_CORE.firsts(connection, [_rater(item.rater) for item in items])
        for item, core in zip(items, kept, strict=True):
            if core != item.core:
                raise RuleViolation("a later rating of this pseudonym is waiting", check="sequence")

    def pending(self, round: bytes, unit: int) -> list[PendingRating]:
        """What waits of one cohort, in the order of the pseudonyms."""
        query = _PENDING.where(Pending.round == round, Pending.unit == unit).order_by(Pending.pseudonym)
        with self._reading() as connection:
            return [PendingRating(**row) for row in connection.execute(query).mappings()]

    def all_pending(self) -> Iterator[PendingRating]:
        """Everything that waits, sorted by rater, a bounded number in memory."""
        key = (Pending.round, Pending.unit, Pending.pseudonym)
        after: Rater = (b"", 0, b"")
        while True:
            query = _PENDING.where(tuple_(*key) > tuple_(*after)).order_by(*key).limit(_CHUNK)
            with self._reading() as connection:
                chunk = [PendingRating(**row) for row in connection.execute(query).mappings()]
            if not chunk:
                return
            yield from chunk
            after = chunk[-1].rater

    def pending_bundle(self, rater: Rater) -> bytes | None:
        """The bundle of the rating of ``rater`` that waits, or None if none does."""
        with self._reading() as connection:
            bundle: bytes | None = statements.WAITING_BUNDLE.first(connection, **_rater(rater))
        return bundle

    def bundles(self, leaves: Sequence[int]) -> dict[int, bytes]:
        """The bundles, by leaf, of those ratings on the log whose bundle is kept."""
        found: dict[int, bytes] = {}
        with self._reading() as connection:
            for start in range(0, len(leaves), _CHUNK):
                wanted = Bundle.index.in_(leaves[start : start + _CHUNK])
                for index, data in connection.execute(select(Bundle.index, Bundle.data).where(wanted)):
                    found[index] = data
        return found

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
            with storage_errors(self._path):
                check_lock(self._lock, self.directory)
            with storage_errors(self._path), self._engine.begin() as connection:
                yield connection
            if self._scrub_due:
                self._scrub()

    def rest(self) -> None:
        """To be called when there is nothing to write for a while: empties the write-ahead log if a reader
        has prevented that after the last write."""
        with self._mutex:
            if self._scrub_due:
                self._scrub()

    def probe(self) -> None:
        """Writes as much as a few hundred ratings, durably, and takes it out again. Raises the StorageError
        that refuses writes."""
        with self._writing() as connection:
            statements.ADD_BUNDLE.run(connection, [{"index": -1, "data": bytes(_PROBE)}])
            statements.DROP_BUNDLE.run(connection, [{"leaf": -1}])
            self._scrub_due = True

    def _check_integrity(self) -> None:
        """StorageError unless the leaves give the stored tree and, if there are any, the last checkpoint."""
        tree, size = Tree(), self.size
        wrong: StorageError | None = None
        advice = f"zkperf audit {shlex.quote(str(self.directory))} names what is wrong"
        for first in range(0, size, _CHUNK):
            try:
                leaves = list(self._stream(first, min(first + _CHUNK, size)))
            except StorageError as error:
                raise StorageError(f"{error}; {advice}") from None
            try:
                self.check_nodes(tree.extend(map(leaf_hash, leaves)))
            except StorageError as error:
                wrong = wrong or error
        if size:
            checkpoint = Checkpoint.unverified(self.head()[1])
            if (checkpoint.size, checkpoint.root) != (size, tree.root()):
                raise StorageError(
                    f"{self._path}: damaged, its last checkpoint is not that of its leaves; {advice}"
                ) from wrong
        if wrong is not None:
            raise StorageError(f"{wrong}; {advice}")

    def _scrub(self) -> None:
        """Empty the write-ahead log, in which deleted bundles, and the order of arrival, would live on.

        A reader at work, or a full disk, may prevent it. Then the write before it stands all the same, and
        this is tried again after the next one.
        """
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={_SCRUB_MILLISECONDS}")
            self._scrub_due = bool(cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
            cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        except sqlite3.Error:
            self._scrub_due = True
        finally:
            connection.close()


def _rater(rater: Rater) -> dict[str, Any]:
    return {"of_round": rater[0], "of_unit": rater[1], "of_pseudonym": rater[2]}


_LATEST = select(CheckpointNote.note).order_by(CheckpointNote.size.desc()).limit(1)
_PENDING = select(*Pending.__table__.columns)


def _row(item: PendingRating) -> dict[str, Any]:
    return {column.name: getattr(item, column.name) for column in Pending.__table__.columns}


def _waiting_bundles(connection: Connection, entered: Mapping[int, Rater]) -> dict[int, bytes]:
    """The bundles, by leaf, of those who wait."""
    found = statements.WAITING_BUNDLE.firsts(connection, map(_rater, entered.values()))
    return {index: bundle for index, bundle in zip(entered, found, strict=True) if bundle is not None}


def _size(connection: Connection) -> int:
    last = statements.LAST_LEAF.first(connection)
    return 0 if last is None else last + 1


def _nodes(connection: Connection, ids: Sequence[NodeId]) -> list[bytes]:
    wanted = [{"of_level": level, "wanted": index} for level, index in ids]
    found = list(statements.NODE.firsts(connection, wanted))
    for (level, index), digest in zip(ids, found, strict=True):
        # SQLite keeps whatever type somebody else puts into a column.
        if not isinstance(digest, bytes):
            raise StorageError(f"the tree's node ({level}, {index}) is missing or damaged")
    return found


def _tree(connection: Connection) -> Tree:
    return Tree.from_nodes(_size(connection), lambda ids: _nodes(connection, ids))
