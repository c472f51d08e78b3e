"""The public log of a service far away, read in bundles of 256 leaves that are kept once they are full.

Nothing is believed: `replica` verifies what comes out of this, wherever it was kept in between.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from zkperf.errors import InvalidLogProof
from zkperf.files import private_folder, write_private
from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.log.tiles import TILE_WIDTH
from zkperf.roles.auditor import PublicLog
from zkperf.roles.remote import RemoteLedger, entries_of


@dataclass
class RemoteLog:
    """The log that ``client`` shows, as long as it is now. Full bundles are kept in ``folder``."""

    client: RemoteLedger
    folder: Path
    note: str = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.note = self.client.checkpoint()
        self.size = Checkpoint.unverified(self.note).size
        self._bundle = lru_cache(maxsize=4)(self._read)

    def public(self) -> PublicLog:
        """For an audit or a replica."""
        return PublicLog(self.size, self._leaves(), self._leaf, lambda: self.note)

    def forget(self) -> None:
        """Deletes what is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._bundle.cache_clear()

    def _leaves(self) -> Iterator[bytes]:
        for number in range(-(-self.size // TILE_WIDTH)):
            yield from self._bundle(number)

    def _leaf(self, index: int) -> bytes:
        return self._bundle(index // TILE_WIDTH)[index % TILE_WIDTH]

    def _read(self, number: int) -> list[bytes]:
        path = self.folder / f"{number:06d}.entries"
        if path.exists():
            return entries_of(path.read_bytes())
        data = self.client.entries(number, self.size)
        leaves = entries_of(data)
        if len(leaves) != min(TILE_WIDTH, self.size - number * TILE_WIDTH):
            raise InvalidLogProof(f"the service's bundle {number} has {len(leaves)} leaves")
        if len(leaves) == TILE_WIDTH:
            write_private(private_folder(self.folder) / path.name, data)
        return leaves
