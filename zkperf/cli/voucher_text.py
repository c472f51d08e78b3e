"""A voucher as it comes out of mails, chats and documents.

A voucher is one word, alone or behind ``#voucher=`` in a link. On its way it gets line breaks, quotes,
brackets, percent signs, zero-width characters, and tracking parameters on both sides. `find_vouchers` looks
past all that for words that begin as vouchers do, and decodes each strictly: nothing is guessed about the
word itself. Every voucher of the protocol begins with the same bytes and has one of a few lengths, so it is
known where its word begins and ends.
"""

from __future__ import annotations

import quopri
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit, urlunsplit

from zkperf.errors import EncodingError
from zkperf.roles.registrar import Voucher

FRAGMENT = "voucher="
"""A link carries its voucher behind '#': browsers do not send that part to any server."""


def _blank(unit: int) -> str:
    return Voucher(
        ledger=bytes(32), round=bytes(32), unit=unit, secret=bytes(32), registrar_signature=bytes(64)
    ).text()


_LENGTHS = range(len(_blank(0)), len(_blank(2**63 - 1)) + 1)
BEGINNING = _blank(0)[:4]
"""Of every voucher: an array of five, the first of which has 32 bytes."""
_LETTER = re.compile(r"[A-Za-z0-9_-]")
_BREAK = re.compile(r"[\s>|]+")
"""What mail programs put into a long word: breaks, and the marks before the lines of a quoted mail."""
_OCTET = re.compile(r"%[\s>|]*([0-9A-Fa-f])[\s>|]*([0-9A-Fa-f])")
"""An octet in percent signs (RFC 3986), perhaps with breaks in it."""
_LINK = re.compile(
    r"(https?://(?:(?!https?://)[^#<>\"'])*)#(?:[^#<>\"']*[&?;])?" + FRAGMENT + "$", re.IGNORECASE
)
_HYPHENS = {0x2010: "-", 0x2011: "-", 0x2012: "-", 0x2013: "-", 0x2212: "-", 0x2014: "--"}
"""What word processors make of one hyphen, and of two."""
_LONGEST_ADDRESS = 2000
_DECODED = 3
"""How often what stands in percent signs may stand in percent signs again."""


def find_vouchers(text: str) -> dict[Voucher, str | None]:
    """The vouchers in a text, each with the address of the service that its link names, if it has one."""
    for reading in _readings(text):
        if found := dict(_find(_legible(reading))):
            return found
    return {}


def _readings(text: str) -> Iterator[str]:
    """The text, and what it says if it is quoted-printable (RFC 2045), if it is in percent signs, or both."""
    for reading in (text, quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")):
        yield reading
        for _ in range(_DECODED):
            reading = unquote(_OCTET.sub(r"%\1\2", reading))
            yield reading


def _legible(text: str) -> str:
    """Without characters that nobody sees, and with plain hyphens."""
    kept = (c for c in text if unicodedata.category(c) != "Cf" and not "\ufe00" <= c <= "\ufe0f")
    return "".join(kept).translate(_HYPHENS)


def _find(text: str) -> Iterator[tuple[Voucher, str | None]]:
    for start in re.finditer(BEGINNING[0], text):
        before = text[: start.start()]
        if before and _LETTER.match(before[-1]):
            continue
        if _word(text, start.start(), len(BEGINNING))[0] != BEGINNING:
            continue
        word, follows = _word(text, start.start(), _LENGTHS.stop)
        for length in _LENGTHS:
            if length == len(word) or length in follows:
                try:
                    yield Voucher.from_text(word[:length]), _address(before)
                except EncodingError:
                    continue


def _word(text: str, place: int, most: int) -> tuple[str, set[int]]:
    """At most so many letters from ``place`` on, across breaks; and after how many of them there is a break,
    where the word may be over."""
    letters: list[str] = []
    breaks: set[int] = set()
    while len(letters) < most and place < len(text):
        if gap := _BREAK.match(text, place):
            breaks.add(len(letters))
            place = gap.end()
        elif _LETTER.match(text, place):
            letters.append(text[place])
            place += 1
        else:
            break
    return "".join(letters), breaks


def _address(before: str) -> str | None:
    """The address in the link that ends with ``before``, without its query. None if that is none."""
    link = _LINK.search(_BREAK.sub("", before[-_LONGEST_ADDRESS:]))
    if link is None:
        return None
    try:
        parts = urlsplit(link[1])
    except ValueError:
        return None
    return urlunsplit((parts.scheme.lower(), parts.netloc, parts.path, "", "")) if parts.netloc else None
