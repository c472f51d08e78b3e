from __future__ import annotations

import hashlib

import pytest

from tests.ledger.log.test_merkle import Nodes
from zkperf.errors import EncodingError
from zkperf.ledger.log.merkle import leaf_hash, root_from_leaf_hashes
from zkperf.ledger.log.tiles import MAX_ENTRY_BYTES, Tile, check_entry, framed, hash_tile

PATHS = {
    "tile/0/000": Tile(0, 0),
    "tile/0/000.p/1": Tile(0, 0, 1),
    "tile/63/999.p/255": Tile(63, 999, 255),
    "tile/1/x001/x234/067": Tile(1, 1234067),
    "tile/0/x001/000": Tile(0, 1000),
    "tile/entries/x001/x234/067.p/12": Tile(None, 1234067, 12),
    "tile/entries/273": Tile(None, 273),
}


@pytest.mark.parametrize("path", PATHS)
def test_paths(path: str) -> None:
    assert Tile.parse(path) == PATHS[path]
    assert PATHS[path].path == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/-1/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/entry/000",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "tile/0/../000",
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(EncodingError):
        Tile.parse(path)


def test_the_tiles_of_a_log_of_70000() -> None:
    # The example of C2SP tlog-tiles, section "Partial Tiles".
    size = 70_000
    exist = [
        Tile(0, 0), Tile(0, 272), Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1),
        Tile(None, 272), Tile(None, 273, 112),
    ]  # fmt: skip
    missing = [
        Tile(0, 273), Tile(0, 273, 113), Tile(0, 274, 1), Tile(1, 1, 18), Tile(1, 1), Tile(2, 0, 2),
        Tile(3, 0, 1), Tile(63, 0, 1), Tile(None, 273, 113), Tile(None, 274, 1),
    ]  # fmt: skip
    for tile in exist:
        assert len(tile.span(size)) == tile.width
    for tile in missing:
        with pytest.raises(IndexError):
            tile.span(size)


def test_hash_tiles_hold_the_nodes_and_lead_to_the_root() -> None:
    leaves = [bytes([i >> 8, i & 255]) for i in range(600)]
    nodes = Nodes([leaf_hash(leaf) for leaf in leaves])
    full = hash_tile(Tile(0, 1), 600, nodes)
    assert full == b"".join(hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves[256:512])
    assert hash_tile(Tile(0, 2, 88), 600, nodes)[-32:] == leaf_hash(leaves[599])
    above = hash_tile(Tile(1, 0, 2), 600, nodes)
    assert above[32:] == root_from_leaf_hashes(full[i : i + 32] for i in range(0, len(full), 32))
    # A tree that grew since still serves the partial tile of the smaller one.
    assert hash_tile(Tile(0, 2, 1), 513, nodes) == leaf_hash(leaves[512])
    with pytest.raises(IndexError):
        hash_tile(Tile(0, 2, 2), 513, nodes)
    with pytest.raises(ValueError, match="entry bundle"):
        hash_tile(Tile(None, 0), 600, nodes)


def test_entry_bundles_prefix_each_leaf_with_its_length() -> None:
    assert framed(b"a") == b"\x00\x01a"
    assert framed(b"bc" * 150) == b"\x01\x2c" + b"bc" * 150


def test_entries_have_1_to_65535_bytes() -> None:
    assert MAX_ENTRY_BYTES == 65_535
    check_entry(bytes(MAX_ENTRY_BYTES))
    for size in (0, MAX_ENTRY_BYTES + 1):
        with pytest.raises(EncodingError, match="65535 bytes"):
            check_entry(bytes(size))
        with pytest.raises(EncodingError, match="65535 bytes"):
            framed(bytes(size))
