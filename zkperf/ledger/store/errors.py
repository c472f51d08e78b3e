"""What can go wrong with the disk below a ledger."""

from __future__ import annotations

from zkperf.errors import InputError, ZkperfError


class LedgerInUse(InputError):
    """Another process, or another store of this one, is writing to the ledger."""


class StorageError(ZkperfError):
    """The database refused a read or a write. Of a write, nothing was kept."""

    check = "storage"
    reason = "the disk refuses"
    """For those who may not see paths of this machine."""


class StorageFull(StorageError):
    """No space is left on the disk. Nothing of the write was kept, nothing before it is lost."""

    reason = "the disk is full"


class LockGone(StorageError):
    """The file that is locked is not in the directory any more: another process may be writing."""

    reason = "the lock of the ledger's folder is gone"
