"""The outside of a signed transaction: its kind, its signature, and who it says has signed it.

To decode a transaction makes an object of each of its fields: a hundred times its size, and a tenth of a
second for the largest. So what comes from anybody is opened in two steps. This one passes over the heads of a
few items (RFC 8949, section 3), and finds the bytes that the signature covers where they lie; the rest is
decoded when the signature has verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from zkperf.encoding import Record
from zkperf.errors import EncodingError
from zkperf.ledger.signed import Signed
from zkperf.ledger.transactions import KINDS, MAX_TRANSACTION

_UINT, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 0, 2, 3, 4, 5, 6, 7
"""Major types of CBOR (RFC 8949, section 3.1)."""
_SIGNATURE = 64


@dataclass(frozen=True)
class Envelope:
    """A transaction of a kind that is signed."""

    kind: type[Signed]
    signature: bytes
    covered: bytes
    """SHA-256 of the array of all other fields: `zkperf.ledger.transactions.signed_digest`."""
    _data: bytes
    _start: int
    """Where the field after the signature begins."""

    @classmethod
    def open(cls, data: bytes) -> Envelope:
        """EncodingError for what does not begin as a signed transaction."""
        kind, count, at = _kind_of(data)
        if not issubclass(kind, Signed):
            raise EncodingError("transaction: of a kind that nobody signs")
        size, at = _head(data, at, _BYTES)
        start = at + size
        # The head of the array without kind and signature is one byte: no kind has as many as 24 fields.
        if count != 1 + len(kind.model_fields) or size != _SIGNATURE or start > len(data):
            raise EncodingError("transaction: not the fields of its kind")
        covered = sha256(bytes([_ARRAY << 5 | count - 2]) + data[start:]).digest()
        return cls(kind, data[at:start], covered, data, start)

    def number(self, *path: str) -> int:
        """The field at ``path``, an unsigned integer. EncodingError if it is another."""
        return _head(self._data, self._find(path), _UINT)[0]

    def bytes_at(self, *path: str) -> bytes:
        """The field at ``path``, a byte string. EncodingError if it is another."""
        size, at = _head(self._data, self._find(path), _BYTES)
        return _taken(self._data, at, size)

    def _find(self, path: tuple[str, ...]) -> int:
        """Where the field begins that these names lead to, record by record."""
        record: type[Record] = self.kind
        names = list(record.model_fields)[1:]  # after the signature
        at = self._start
        for depth, name in enumerate(path):
            if depth:
                names = list(record.model_fields)
                count, at = _head(self._data, at, _ARRAY)
                if count != len(names):
                    raise EncodingError("transaction: not the fields of its kind")
            at = _pass(self._data, at, names.index(name))
            inner = record.model_fields[name].annotation
            if depth + 1 < len(path):
                assert isinstance(inner, type) and issubclass(inner, Record)
                record = inner
        return at


def kind_of(data: bytes) -> type[Record]:
    """The kind that a transaction says it is of. EncodingError if there is no such kind."""
    return _kind_of(data)[0]


def _kind_of(data: bytes) -> tuple[type[Record], int, int]:
    """Also the number of items in the array, and where the one after the kind begins."""
    if len(data) > MAX_TRANSACTION:
        raise EncodingError(f"transaction: expected at most {MAX_TRANSACTION} bytes, got {len(data)}")
    count, at = _head(data, 0, _ARRAY)
    number, at = _head(data, at, _UINT)
    if number not in KINDS:
        raise EncodingError(f"transaction: unknown kind {number}")
    return KINDS[number], count, at


def _head(data: bytes, at: int, major: int) -> tuple[int, int]:
    """The argument of the item there, which must be of this major type, and where its head ends."""
    found, argument, end = _any_head(data, at)
    if found != major:
        raise EncodingError("transaction: a field of another type")
    return argument, end


def _any_head(data: bytes, at: int) -> tuple[int, int, int]:
    first = _taken(data, at, 1)[0]
    short = first & 31
    if short > 27:
        raise EncodingError("transaction: an indefinite length")
    size = 0 if short < 24 else 1 << short - 24
    argument = int.from_bytes(_taken(data, at + 1, size), "big") if size else short
    return first >> 5, argument, at + 1 + size


def _taken(data: bytes, at: int, size: int) -> bytes:
    found = data[at : at + size]
    if len(found) != size:
        raise EncodingError("transaction: shorter than it says")
    return found


def _pass(data: bytes, at: int, items: int) -> int:
    """Where the item after so many items begins."""
    while items:
        major, argument, at = _any_head(data, at)
        items -= 1
        if major in (_BYTES, _TEXT):
            at += argument
        elif major in (_ARRAY, _MAP):
            # An item takes at least a byte: with more of them than that, this ends too early.
            items += argument * (major - 3)
        elif major == _TAG:
            raise EncodingError("transaction: a tag")
    return at
