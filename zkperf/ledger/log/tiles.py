"""Tiles (C2SP tlog-tiles): the tree as files of 256 hashes, and the leaves as bundles of 256 entries.

    tile/<L>/<N>[.p/<W>]         hashes of the nodes (8·L, 256·N) to (8·L, 256·N + 255)
    tile/entries/<N>[.p/<W>]     the leaves 256·N to 256·N + 255, each after its length

``.p/<W>`` marks a partial tile of W < 256 at the right edge. N is written in groups of three digits, all
but the last marked with an ``x``. An entry's length has 16 bits, so a leaf is at most 65,535 bytes:
that is the limit on a transaction's size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from zkperf.errors import EncodingError
from zkperf.ledger.log.merkle import NodeReader
from zkperf.ledger.log.textual import MAX_SIZE

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_ENTRY_BYTES = 2**16 - 1
MAX_LEVEL = 63

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True)
class Tile:
    """The address of a tile: ``level`` 0 to 63, or None for an entry bundle; ``width`` 1 to 256."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The tile's path below the log's prefix."""
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(groups)}{partial}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """The tile with exactly this path. EncodingError otherwise."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise EncodingError("tile path: expected tile/<L>/<N>[.p/<W>]")
        level = None if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        tile = cls(level, index, TILE_WIDTH if match["width"] is None else int(match["width"]))
        # Writing the path again settles leading zeros and a partial tile that claims the full width.
        if tile.path != path or tile.width > TILE_WIDTH or (level or 0) > MAX_LEVEL or index >= MAX_SIZE:
            raise EncodingError("tile path: not the canonical path of a tile")
        return tile

    def span(self, size: int) -> range:
        """The indices, within its level, of what the tile holds in a tree of ``size`` leaves.

        IndexError if the tree is too small for this tile.
        """
        first = self.index * TILE_WIDTH
        # A tree of s leaves has ⌊s / 256^L⌋ complete subtrees of height 8·L.
        if first + self.width > size >> (TILE_HEIGHT * (self.level or 0)):
            raise IndexError(f"a log of {size} leaves has no {self.path}")
        return range(first, first + self.width)


def hash_tile(tile: Tile, size: int, read: NodeReader) -> bytes:
    """The hashes of a tile, one after the other. IndexError if the tree of ``size`` has no such tile."""
    if tile.level is None:
        raise ValueError("expected a tile of hashes, got an entry bundle")
    level = TILE_HEIGHT * tile.level
    return b"".join(read([(level, index) for index in tile.span(size)]))


FRAME_BYTES = 2
"""By how much an entry is longer in its bundle."""


def framed(entry: bytes) -> bytes:
    """One leaf as an entry bundle has it: after its length in two bytes. EncodingError if it is too long."""
    check_entry(entry)
    return len(entry).to_bytes(FRAME_BYTES, "big") + entry


def check_entry(entry: bytes) -> None:
    """Refuse a leaf that no entry bundle can hold, or that is empty. Raises EncodingError."""
    if not 1 <= len(entry) <= MAX_ENTRY_BYTES:
        raise EncodingError(f"log entry: expected 1 to {MAX_ENTRY_BYTES} bytes, got {len(entry)}")
