from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import BytesIO

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf.encoding import encode
from zkperf.errors import EncodingError, InputError, InvalidLogProof
from zkperf.ledger.export import MAX_NOTE_BYTES, read_export, write_export
from zkperf.ledger.log.checkpoint import Checkpoint, Cosigner, Policy, Signer
from zkperf.ledger.log.merkle import Tree, leaf_hash, root_from_leaf_hashes

ORIGIN = "zkperf.ledger/test"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
WITNESS = Cosigner("witness", Ed25519PrivateKey.from_private_bytes(b"w" * 32))
POLICY = Policy(ORIGIN, SIGNER.verifier_key, (WITNESS.verifier_key,))
LEAVES = [b"genesis", b"x", b"y" * 24, b"z" * 300]
GENESIS = hashlib.sha256(b"genesis").digest()


def note_of(leaves: list[bytes]) -> str:
    return SIGNER.sign(Checkpoint(ORIGIN, len(leaves), root_from_leaf_hashes(map(leaf_hash, leaves))))


NOTE = WITNESS.cosign(note_of(LEAVES), 1_700_000_000)


def export(leaves: list[bytes], note: str) -> bytes:
    file = BytesIO()
    write_export(leaves, note, file)
    return file.getvalue()


DATA = export(LEAVES, NOTE)


def read(data: bytes) -> tuple[bytes, list[bytes], str]:
    reader = read_export(BytesIO(data))
    return reader.genesis, list(reader.leaves()), reader.note()


def audit(data: bytes) -> None:
    """What everybody does who gets an export."""
    reader = read_export(BytesIO(data))
    tree = Tree()
    tree.extend(leaf_hash(leaf) for leaf in reader.leaves())
    checkpoint = POLICY.verify(reader.note(), only_known=True)
    if (checkpoint.size, checkpoint.root) != (tree.size, tree.root()):
        raise InvalidLogProof("the root is another")


def test_round_trip() -> None:
    assert read(DATA) == (GENESIS, LEAVES, NOTE)
    audit(DATA)


def test_the_file_is_a_cbor_sequence_of_deterministic_items() -> None:
    file, items = BytesIO(DATA), []
    while file.tell() < len(DATA):
        items.append(cbor2.load(file))
    assert items == [["zkperf-export", 1, GENESIS, 4], *LEAVES, NOTE]
    assert b"".join(encode(item) for item in items) == DATA


def test_every_changed_byte_is_caught() -> None:
    for place in range(len(DATA)):
        for flip in (0x01, 0x20, 0x80):  # the next value, the other case, another kind of byte
            changed = bytearray(DATA)
            changed[place] ^= flip
            with pytest.raises((EncodingError, InvalidLogProof)):
                audit(bytes(changed))


def test_every_truncation_insertion_and_deletion_is_caught() -> None:
    for place in range(len(DATA)):
        for changed in (DATA[:place], DATA[:place] + DATA[place + 1 :], DATA[:place] + b"\0" + DATA[place:]):
            with pytest.raises((EncodingError, InvalidLogProof)):
                audit(changed)


def test_leaves_are_read_one_at_a_time() -> None:
    file = BytesIO(DATA)
    reader = read_export(file)
    assert reader.size == 4
    assert next(reader.leaves()) == b"genesis"
    assert file.tell() == len(encode(["zkperf-export", 1, GENESIS, 4])) + len(encode(b"genesis"))
    assert list(reader.leaves()) == LEAVES[1:]


def test_the_checkpoint_comes_after_the_leaves() -> None:
    reader = read_export(BytesIO(DATA))
    with pytest.raises(ValueError, match="before"):
        reader.note()


HEADER = encode(["zkperf-export", 1, GENESIS, 1])
LEAF = encode(b"genesis")
TAIL = encode("note")


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"", 0),
        (b"\x83" + HEADER[1:] + LEAF + TAIL, 0),
        (b"\x9f" + HEADER[1:] + b"\xff" + LEAF + TAIL, 0),
        (b"\x98\x04" + HEADER[1:] + LEAF + TAIL, 0),
        (HEADER.replace(b"zkperf", b"zkperg") + LEAF + TAIL, 1),
        (encode(["x" * 14, 1, GENESIS, 1]) + LEAF + TAIL, 1),
        (encode([b"zkperf-export", 1, GENESIS, 1]) + LEAF + TAIL, 1),
        (encode(["zkperf-export", 2, GENESIS, 1]) + LEAF + TAIL, 15),
        (encode(["zkperf-export", 1, GENESIS[:31], 1]) + LEAF + TAIL, 16),
        (encode(["zkperf-export", 1, GENESIS + b"x", 1]) + LEAF + TAIL, 16),
        (encode(["zkperf-export", 1, bytes(32), 1]) + LEAF + TAIL, 16),
        (encode(["zkperf-export", 1, GENESIS, 0]) + TAIL, 50),
        (HEADER[:-1] + b"\x18\x01" + LEAF + TAIL, 50),
        (HEADER[:-1] + b"\x19\x00\x01" + LEAF + TAIL, 50),
        (HEADER[:-1] + b"\x1a\x00\x00\x00\x01" + LEAF + TAIL, 50),
        (HEADER[:-1] + b"\x1b\x00\x00\x00\x00\x00\x00\x00\x01" + LEAF + TAIL, 50),
        (HEADER[:-1] + b"\x1c" + LEAF + TAIL, 50),
        (HEADER[:-1] + b"\x20" + LEAF + TAIL, 50),
        (HEADER, 51),
        (HEADER + b"\x67genesis" + TAIL, 51),
        (HEADER + b"\x5f" + LEAF + b"\xff" + TAIL, 51),
        (HEADER + b"\x58\x07genesis" + TAIL, 51),
        (HEADER + b"\x40" + TAIL, 51),
        (HEADER + b"\x5a\x00\x01\x00\x00" + bytes(65536) + TAIL, 51),
        (HEADER + b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", 51),
        (HEADER + LEAF[:5], 56),
        (HEADER + LEAF, 59),
        (HEADER + LEAF + LEAF + TAIL, 59),
        (HEADER + LEAF + b"\x64\xff\xfe\xfd\xfc", 59),
        (HEADER + LEAF + encode("n" * (MAX_NOTE_BYTES + 1)), 59),
        (HEADER + LEAF + TAIL + b"\0", 64),
        (HEADER + LEAF + TAIL + TAIL, 64),
    ],
)
def test_anything_else_is_refused_and_the_offset_named(data: bytes, offset: int) -> None:
    assert read(HEADER + LEAF + TAIL) == (GENESIS, [b"genesis"], "note")
    with pytest.raises(EncodingError, match=rf"offset {offset}:"):
        read(data)


def test_the_writer_takes_exactly_the_leaves_of_the_checkpoint() -> None:
    def too_many() -> Iterator[bytes]:
        yield from LEAVES
        yield b"more"

    for leaves in ([], LEAVES[:3], list(too_many())):
        with pytest.raises(InputError, match="the checkpoint is of 4"):
            export(leaves, NOTE)
    with pytest.raises(InputError):
        export([], note_of([]))


def test_the_writer_writes_nothing_that_the_reader_refuses() -> None:
    for leaf in (b"", bytes(65536)):
        with pytest.raises(EncodingError):
            export([leaf], note_of([leaf]))
    largest = [bytes(65535)]
    assert read(export(largest, note_of(largest)))[1] == largest
    long_origin = "o" * (MAX_NOTE_BYTES + 1)
    note = Signer("log", Ed25519PrivateKey.generate()).sign(Checkpoint(long_origin, 1, bytes(32)))
    with pytest.raises(EncodingError, match="checkpoint is longer"):
        export([b"a"], note)
