"""How far a ledger's key has signed, kept where a copy of the ledger does not take it along.

A folder that is set back to an older copy does not show it: all of it is true, and all of it was signed. But
to go on from it forks the ledger. So the latest checkpoint is kept in files beside it, and a ledger is not
written to whose log does not contain it.

A file has two slots of `SLOT` bytes, written in turn, in place: a crash spoils one of them, and the other one
holds the checkpoint before. That costs one flush of one block, and no new file, for each block of leaves.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from zkperf.errors import OldCopy, ZkperfError
from zkperf.files import private_folder, sync_directory
from zkperf.ledger.log.checkpoint import Checkpoint, Policy
from zkperf.ledger.log.merkle import Tree
from zkperf.ledger.store.connection import storage_errors
from zkperf.ledger.store.errors import StorageError
from zkperf.ledger.store.store import Store

SLOT = 4096
"""What a disk writes whole or not at all, at least."""


class LastSigned:
    """One such file, made if it is not there. Keep it open while the ledger is, and close it."""

    def __init__(self, path: Path, policy: Policy) -> None:
        """StorageError if the file cannot be had, or if there was something in it and both slots are spoilt.

        ``policy`` is that of the ledger's own log.
        """
        self.path = path
        self.checkpoint: Checkpoint | None = None
        """The latest one kept; None in a new file."""
        with storage_errors(path):
            _make_folder(path.parent)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.fchmod(self._file, 0o600)
        self._next = 0
        try:
            self._read(policy)
        except BaseException:
            self.close()
            raise

    def _read(self, policy: Policy) -> None:
        with storage_errors(self.path):
            written = os.pread(self._file, 2 * SLOT, 0)
            sync_directory(self.path.parent)
        for slot in (0, 1):
            note = written[slot * SLOT : (slot + 1) * SLOT].rstrip(b"\0")
            try:
                found = policy.verify(note.decode("utf-8"))
            except (ZkperfError, UnicodeDecodeError):
                continue
            if self.checkpoint is None or found.size >= self.checkpoint.size:
                self.checkpoint, self._next = found, 1 - slot
        if self.checkpoint is None and written.strip(b"\0"):
            raise StorageError(
                f"{self.path}: damaged, or another ledger's. It should say how far this ledger is signed. "
                "Make sure that this copy of the ledger is the latest, then delete the file"
            )

    def keep(self, note: str) -> None:
        """Makes a checkpoint durable. StorageError if the disk refuses: then nobody may be shown it."""
        data = note.encode("utf-8")
        if len(data) > SLOT:
            raise ValueError(f"a checkpoint of {len(data)} bytes")
        with storage_errors(self.path):
            if os.pwrite(self._file, data.ljust(SLOT, b"\0"), self._next * SLOT) != SLOT:
                raise StorageError(f"{self.path}: not written whole")
            os.fdatasync(self._file)
        self.checkpoint, self._next = Checkpoint.unverified(note), 1 - self._next

    def close(self) -> None:
        """Closes the file."""
        os.close(self._file)


class Kept:
    """How far a ledger is signed: the latest checkpoint that is kept in all of these files."""

    def __init__(self, paths: Sequence[Path], policy: Policy, store: Store) -> None:
        """Opens the files, and keeps the latest checkpoint of the store in all of them.

        StorageError as `LastSigned`; OldCopy if the store's log does not contain what one of them holds.
        """
        with ExitStack() as undo:
            self._files = []
            for path in paths:
                self._files.append(LastSigned(path, policy))
                undo.callback(self._files[-1].close)
                if (checkpoint := self._files[-1].checkpoint) is not None:
                    require_contained(store, checkpoint, f"it is kept in {path}")
            self.note = store.checkpoint()
            """Nothing later may be shown to anybody."""
            for file in self._files:
                if file.checkpoint != Checkpoint.unverified(self.note):
                    file.keep(self.note)
            undo.pop_all()
        # Flushed at the same time, two files take hardly longer than one; one after the other, many times.
        self._pool = ThreadPoolExecutor(max(1, len(self._files)), "last-signed")

    def keep(self, note: str) -> None:
        """Makes a checkpoint, already stored, durable in all files. StorageError if a disk refuses."""
        for _ in self._pool.map(lambda file: file.keep(note), self._files):
            pass
        self.note = note

    def close(self) -> None:
        """Closes the files."""
        self._pool.shutdown()
        while self._files:
            self._files.pop().close()


def require_contained(store: Store, signed: Checkpoint, where: str) -> None:
    """Raises OldCopy unless the stored log begins with the tree of this checkpoint, which the ledger's key
    has signed; ``where`` says which one it is."""
    size, folder = store.size, store.directory
    if signed.size > size:
        raise OldCopy(
            f"{folder}: an old copy. It has {size} leaves, and its key has signed a checkpoint of "
            f"{signed.size} ({where}). To go on from here would fork the ledger: use the latest copy"
        )
    if Tree.from_nodes(signed.size, store.nodes).root() != signed.root:
        raise OldCopy(
            f"{folder}: a fork. Its first {signed.size} leaves are not those of which its key has signed a "
            f"checkpoint ({where}). Keep both, and do not go on from this one"
        )


def _make_folder(folder: Path) -> None:
    """The folder and those above it, the names of new ones durable."""
    made = [path for path in (folder, *folder.parents) if not path.is_dir()]
    private_folder(folder)
    for path in made:
        sync_directory(path.parent)
