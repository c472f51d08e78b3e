"""What can go wrong with the disk below a ledger."""

from __future__ import annotations

from zkperf.errors import InputError, ZkperfError


class LedgerInUse(InputError):
    """Another process, or another store of this one, is writing to the ledger."""


class StorageError(ZkperfError):
    """The database refused a read or a write. Of a write, nothing was kept."""

    check = "storage"


class StorageFull(StorageError):
    """No space is left on the disk. Nothing of the write was kept, nothing before it is lost."""
