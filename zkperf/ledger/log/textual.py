"""Strict textual forms: every number, hash and byte string has exactly one spelling.

The C2SP formats are text. A lenient parser would let two texts mean the same checkpoint or receipt,
so everything here refuses what it would not have written itself.
"""

from __future__ import annotations

import base64
import re

from zkperf.errors import EncodingError

HASH_BYTES = 32
"""Bytes of a SHA-256 digest, the only hash of the log."""

MAX_SIZE = 2**63
"""Tree sizes, indices and times are below this, so that they fit a signed 64-bit integer anywhere."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
"""Below U+0020, but for the newline."""
_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
"""White_Space of Unicode 15.1: what Python takes for space may change with its version."""


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str, *, what: str) -> bytes:
    """The bytes that ``text`` is the one base64 form of. EncodingError, naming ``what``, otherwise."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise EncodingError(f"{what}: not base64") from error
    # Unused bits of the last character may be set without changing the bytes: only zeros are written.
    if encode_base64(data) != text:
        raise EncodingError(f"{what}: not the canonical base64 form")
    return data


def decode_hash(text: str, *, what: str) -> bytes:
    """The 32 bytes of a hash in base64. EncodingError otherwise."""
    digest = decode_base64(text, what=what)
    if len(digest) != HASH_BYTES:
        raise EncodingError(f"{what}: expected a hash of {HASH_BYTES} bytes, got {len(digest)}")
    return digest


def decode_decimal(text: str, *, what: str) -> int:
    """A number in [0, 2^63) in ASCII digits without leading zeros. EncodingError otherwise."""
    if _DECIMAL.fullmatch(text) is None or int(text) >= MAX_SIZE:
        raise EncodingError(f"{what}: expected a decimal number below 2^63 without leading zeros")
    return int(text)


def check_note_text(text: str, *, what: str) -> None:
    """Refuse text that no signed note may hold: not UTF-8, or control characters other than newline."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EncodingError(f"{what}: not valid Unicode text") from error
    if _CONTROL.search(text):
        raise EncodingError(f"{what}: holds a control character")


def check_key_name(name: str) -> None:
    """Refuse a key name that is empty or holds a space or a plus sign (C2SP signed-note, "Format")."""
    check_note_text(name, what="key name")
    if not name or "+" in name or _SPACE.search(name):
        raise EncodingError("key name: must be non-empty and hold neither spaces nor plus signs")
