"""The public file: a whole log in one self-contained file, without secrets and without bundles.

A CBOR sequence (RFC 8742), every item in deterministic CBOR:

    ["zkperf-export", 1, genesis digest: 32 bytes, number of leaves]
    leaf 0, leaf 1, …          byte strings, in the log's order
    checkpoint                 text: the signed note over exactly these leaves

The genesis digest is SHA-256 of leaf 0. Every byte is bound: the framing and the digest by the reader,
the leaves by the checkpoint's root, and the checkpoint by its signatures (`Policy.verify` with
``only_known``).
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from zkperf.encoding import encode
from zkperf.errors import EncodingError, InputError
from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.log.tiles import MAX_ENTRY_BYTES, check_entry

MAGIC = "zkperf-export"
VERSION = 1
MAX_NOTE_BYTES = 2**16 - 1

_UINT, _BYTES, _TEXT, _ARRAY = 0, 2, 3, 4
"""Major types of CBOR (RFC 8949, section 3.1)."""
_LONG_FORMS = {24: 1, 25: 2, 26: 4, 27: 8}
"""Additional information that announces a longer argument, and the argument's length in bytes."""


def write_export(leaves: Iterable[bytes], note: str, file: BinaryIO) -> None:
    """Write the leaves that the checkpoint ``note`` is about, in order, and the note. Errors as in
    `export_pieces`; the file is then incomplete and must be thrown away."""
    for piece in export_pieces(leaves, note):
        file.write(piece)


def export_pieces(leaves: Iterable[bytes], note: str) -> Iterator[bytes]:
    """The file, piece by piece: one leaf in memory at a time.

    Only the framing is checked; whoever reads the file recomputes the root. Raises InputError if there
    are more or fewer leaves than the checkpoint says or none, EncodingError for a leaf or note that cannot be
    written.
    """
    size = Checkpoint.unverified(note).size
    written = 0
    for leaf in leaves:
        check_entry(leaf)
        if written == 0:
            yield encode([MAGIC, VERSION, hashlib.sha256(leaf).digest(), size])
        yield encode(leaf)
        written += 1
    if written != size or size == 0:
        raise InputError(f"export: {written} leaves, but the checkpoint is of {size}")
    if len(note.encode("utf-8")) > MAX_NOTE_BYTES:
        raise EncodingError(f"export: the checkpoint is longer than {MAX_NOTE_BYTES} bytes")
    yield encode(note)


def read_export(file: BinaryIO) -> ExportReader:
    """Start reading an export from a buffered binary file. EncodingError if it does not begin as one."""
    return ExportReader(file)


class ExportReader:
    """Reads an export from front to back, one leaf in memory at a time.

    First `leaves` to its end, then `note`. Both raise EncodingError, naming the offset in the file, for
    anything that `write_export` would not have written.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offset = 0
        if self._head(_ARRAY, "header") != 4:
            raise self._error("expected a header of four fields", 0)
        start = self._offset
        if self._body(_TEXT, "file type", len(MAGIC)) != MAGIC.encode():
            raise self._error("not a zkperf export", start)
        start = self._offset
        if self._head(_UINT, "version") != VERSION:
            raise self._error(f"expected version {VERSION} of the format", start)
        self._genesis_offset = self._offset
        self._genesis = self._body(_BYTES, "genesis digest", 32)
        start = self._offset
        self._size = self._head(_UINT, "number of leaves")
        if self._size == 0:
            raise self._error("expected at least one leaf", start)
        self._read = 0
        self._places = array("Q")
        """Where in the file each leaf begins."""

    @property
    def genesis(self) -> bytes:
        """The genesis digest. Reading the first leaf checks it."""
        return self._genesis

    @property
    def size(self) -> int:
        """The number of leaves, as the header claims it. Reading them all checks it."""
        return self._size

    def leaf(self, index: int) -> bytes:
        """A leaf that has been read, again. IndexError for another; EncodingError if the file has changed."""
        place, here = self._places[index], self._offset
        try:
            self._offset = self._file.seek(place)
            return self._body(_BYTES, f"leaf {index}", MAX_ENTRY_BYTES)
        finally:
            self._offset = self._file.seek(here)

    def leaves(self) -> Iterator[bytes]:
        """The leaves not yet read, in order."""
        while self._read < self._size:
            start = self._offset
            self._places.append(start)
            leaf = self._body(_BYTES, f"leaf {self._read}", MAX_ENTRY_BYTES)
            if not leaf:
                raise self._error(f"leaf {self._read} is empty", start)
            if self._read == 0 and hashlib.sha256(leaf).digest() != self._genesis:
                raise self._error("the genesis digest is not that of the first leaf", self._genesis_offset)
            self._read += 1
            yield leaf

    def note(self) -> str:
        """The checkpoint's signed note, not verified; nothing follows it. ValueError if leaves are unread."""
        if self._read < self._size:
            raise ValueError("the leaves come before the checkpoint")
        start = self._offset
        data = self._body(_TEXT, "checkpoint", MAX_NOTE_BYTES)
        try:
            note = data.decode("utf-8")
        except UnicodeDecodeError:
            raise self._error("the checkpoint is not UTF-8 text", start) from None
        if self._file.read(1):
            raise self._error("bytes after the checkpoint", self._offset)
        return note

    # -- CBOR, as little of it as the format has ---------------------------------------------------

    def _body(self, major: int, what: str, limit: int) -> bytes:
        """The content of a byte string or text of at most ``limit`` bytes."""
        start = self._offset
        length = self._head(major, what)
        if length > limit:
            raise self._error(f"{what}: expected at most {limit} bytes, got {length}", start)
        return self._take(length, what)

    def _head(self, major: int, what: str) -> int:
        """The argument of an item of this major type, in its shortest form."""
        start = self._offset
        first = self._take(1, what)[0]
        argument = first & 0x1F
        if first >> 5 != major or (argument > 23 and argument not in _LONG_FORMS):
            raise self._error(f"{what}: expected another kind of item", start)
        if argument in _LONG_FORMS:
            length = _LONG_FORMS[argument]
            argument = int.from_bytes(self._take(length, what), "big")
            # One byte is for values from 24 on; n bytes are for values that n/2 bytes cannot hold.
            if argument < (24 if length == 1 else 1 << (4 * length)):
                raise self._error(f"{what}: a number not in its shortest form", start)
        return argument

    def _take(self, count: int, what: str) -> bytes:
        data = self._file.read(count)
        if len(data) != count:
            raise self._error(f"the file ends within: {what}", self._offset + len(data))
        self._offset += count
        return data

    @staticmethod
    def _error(message: str, offset: int) -> EncodingError:
        return EncodingError(f"export, offset {offset}: {message}")
