"""Deterministic CBOR: one object, one encoding (RFC 8949, section 4.2.1).

Decoding re-encodes and compares, so any other encoding of the same object is refused: indefinite
lengths, long-form integers, unsorted keys, duplicate keys, trailing bytes. Map keys are text of
fewer than 24 bytes wherever zkperf uses maps; there the length-first order of cbor2's canonical mode
and the bytewise order of RFC 8949 are the same.
"""

from __future__ import annotations

from typing import Annotated, Any, Self, TypeVar

import cbor2
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from zkperf.errors import EncodingError


def encode(value: Any) -> bytes:
    """The deterministic encoding of integers, byte strings, text, booleans, None, lists and maps."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes, *, what: str = "object") -> Any:
    """The object that ``data`` is the deterministic encoding of.

    Raises EncodingError, naming ``what``, for anything else.
    """
    try:
        _check_heads(data)
        value = cbor2.loads(data)
    except _Foreign as error:
        message = f"{what}: not deterministically encoded CBOR, or a value that zkperf never writes: {error}"
        raise EncodingError(message) from None
    except Exception as error:  # cbor2 raises many kinds, among them RecursionError and ValueError
        raise EncodingError(f"{what}: not CBOR ({error})") from error
    try:
        canonical = encode(value) == data
    except Exception as error:
        raise EncodingError(f"{what}: holds a value that zkperf never writes") from error
    if not canonical:
        raise EncodingError(f"{what}: not deterministically encoded CBOR")
    return value


class _Foreign(Exception):
    """CBOR that zkperf does not speak."""


_SIMPLE = {0xF4, 0xF5, 0xF6}
"""false, true and null: the only simple values that zkperf writes."""
_DEPTH = 16


def _check_heads(data: bytes) -> None:
    """Refuses what zkperf never writes before cbor2 interprets it: tags above all, whose meaning is a
    program (a regular expression to compile, say), then floats, indefinite lengths and deep nesting.

    Walks over the heads of the items (RFC 8949, section 3).
    """
    at, open_items = 0, [1]
    while open_items:
        if open_items[-1] == 0:
            open_items.pop()
            continue
        open_items[-1] -= 1
        if at >= len(data):
            raise ValueError("it ends too early")
        head, major, short = data[at], data[at] >> 5, data[at] & 31
        at += 1
        if major == 7:
            if head not in _SIMPLE:
                raise _Foreign("a float or another simple value")
            continue
        if major == 6 or short > 27:
            raise _Foreign("a tag or an indefinite length")
        size = 0 if short < 24 else 1 << short - 24
        argument = int.from_bytes(data[at : at + size], "big") if size else short
        at += size
        if major in (0, 1) and argument >= 2**63:
            raise _Foreign("an integer of more than 64 bits, the sign included")
        if major in (2, 3):
            at += argument
        elif major in (4, 5):
            # An item takes at least a byte: a longer array or map than that is refused by ending too early.
            open_items.append(argument * (major - 3))
            if len(open_items) > _DEPTH:
                raise _Foreign("nested too deeply")
    if at != len(data):
        raise _Foreign("bytes after its end")


# -- records: typed objects that are CBOR arrays on the wire -------------------------------------

Bytes32 = Annotated[bytes, Field(min_length=32, max_length=32)]
Bytes48 = Annotated[bytes, Field(min_length=48, max_length=48)]
Bytes64 = Annotated[bytes, Field(min_length=64, max_length=64)]
Bytes96 = Annotated[bytes, Field(min_length=96, max_length=96)]
Uint = Annotated[int, Field(ge=0, lt=2**63)]
Integer = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
UNSHOWN = Field(repr=False)
"""``secret: Bytes32 = UNSHOWN``: a field that no repr shows, so that it reaches neither logs nor errors."""

_Item = TypeVar("_Item")
Sequence = Annotated[tuple[_Item, ...], Field(strict=False)]
"""``Sequence[X]``: a tuple of X; a CBOR array on the wire."""


_WIRE = object()
"""The context of a validation in which every record has to be an array."""


class Record(BaseModel):
    """A typed, immutable object that is written as the CBOR array of its fields, in order.

    >>> class Point(Record):
    ...     name: Text
    ...     x: Uint
    >>> Point(name="a", x=1).encode().hex()
    '82616101'
    """

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, ser_json_bytes="hex"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_array(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, list):
            names = list(cls.model_fields)
            if len(value) != len(names):
                raise ValueError(f"expected {len(names)} fields, got {len(value)}")
            return dict(zip(names, value, strict=True))
        # In code, `Point(name="a", x=1)` comes by here as a map; on the wire a map is no record.
        if info.context is _WIRE:
            raise ValueError("expected an array")
        return value

    def to_array(self) -> list[Any]:
        """The fields as plain lists, maps, integers, text and bytes."""
        return [_plain(getattr(self, name)) for name in type(self).model_fields]

    def encode(self) -> bytes:
        """The record's one encoding."""
        return encode(self.to_array())

    @classmethod
    def from_array(cls, value: Any) -> Self:
        """The record with these fields. EncodingError, naming the first bad field, if they do not fit."""
        if not isinstance(value, list):
            raise EncodingError(f"{cls.__name__}: expected an array")
        try:
            return cls.model_validate(value, context=_WIRE)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "fields"
            raise EncodingError(f"{cls.__name__}: {where}: {first['msg']}") from None

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The record that ``data`` is the one encoding of. EncodingError otherwise."""
        return cls.from_array(decode(data, what=cls.__name__))


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_array()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value
