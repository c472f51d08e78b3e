"""Deterministic CBOR: one object, one encoding (RFC 8949, section 4.2.1).

Decoding re-encodes and compares, so any other encoding of the same object is refused: indefinite
lengths, long-form integers, unsorted keys, duplicate keys, trailing bytes. Map keys are text of
fewer than 24 bytes wherever zkperf uses maps; there the length-first order of cbor2's canonical mode
and the bytewise order of RFC 8949 are the same.
"""

from __future__ import annotations

from typing import Any

import cbor2

from zkperf.errors import EncodingError


def encode(value: Any) -> bytes:
    """The deterministic encoding of integers, byte strings, text, booleans, None, lists and maps."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes, *, what: str = "object") -> Any:
    """The object that ``data`` is the deterministic encoding of.

    Raises EncodingError, naming ``what``, for anything else.
    """
    try:
        value = cbor2.loads(data)
    except Exception as error:  # cbor2 raises many kinds, among them RecursionError and ValueError
        raise EncodingError(f"{what}: not CBOR ({error})") from error
    try:
        canonical = encode(value) == data
    except Exception as error:
        raise EncodingError(f"{what}: holds a value that zkperf never writes") from error
    if not canonical:
        raise EncodingError(f"{what}: not deterministically encoded CBOR")
    return value
