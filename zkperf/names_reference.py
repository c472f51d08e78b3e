"""The rule of names, written to be read: what `zkperf._native` has to do, and what tests hold it to.

A name is what people call something by: a unit, an option, a provider, a grade, a period, a round, an id. It
is one line of visible text, in one spelling. Characters are those of one version of Unicode, whose table lies
beside this file (scripts/unicode_table.py makes it): no interpreter and no library decides what a name is.

Sources: normalization, Unicode Standard, section 3.11; folding, section 3.13, rule R5 (toNFKC_Casefold);
Hangul, section 3.12; invisible characters in their contexts, RFC 5892, appendices A.1 and A.2 (joiners),
Unicode Technical Standard 51, definition ED-16 (emoji), Unicode Standard, section 13.5 (Mongolian), Unicode
Technical Standard 37 (variants of ideographs).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from pathlib import Path

MAX_NAME = 200
"""Code points of the longest name."""

ZWNJ, ZWJ = 0x200C, 0x200D
STYLES = (0xFE0E, 0xFE0F)
"""Text or emoji: variation selectors 15 and 16."""
VARIANTS = range(0xE0100, 0xE01F0)
"""Variation selectors 17 to 256, of ideographs."""
MONGOLIAN_VARIANTS = (0x180B, 0x180C, 0x180D, 0x180F)
MONGOLIAN_SEPARATOR = 0x180E
VIRAMA = "9"
"""The combining class of the signs that make conjuncts in Indic scripts."""

Fault = tuple[str, int]
"""Why a text is no name, and the place of the code point that shows it."""


def name_fault(text: str) -> Fault | None:
    """The first thing for which ``text`` is no name; None if it is one."""
    points = [ord(character) for character in text]
    if not points:
        return "empty", 0
    if len(points) > MAX_NAME:
        return "long", MAX_NAME
    for place, point in enumerate(points):
        kind = table().classes.get(point)
        if kind is None:
            return "unassigned", place
        if kind == "space":
            if place in (0, len(points) - 1):
                return "ends", place
            if points[place - 1] == point:
                return "spaces", place
        elif kind == "mark":
            if place == 0:
                return "mark", place
        elif kind == "invisible":
            if not _needed(points, place):
                return kind, place
        elif kind != "plain":
            return kind, place
    composed = _nfc(points)
    if composed != points:
        same = (a == b for a, b in zip(composed, points, strict=False))
        return "composed", next((place for place, equal in enumerate(same) if not equal), len(composed))
    return None


def fold(text: str) -> str:
    """toNFKC_Casefold: texts that differ in case, width, composition or invisible characters fold to one."""
    folds = table().folds
    folded = [to for character in text for to in folds.get(ord(character), (ord(character),))]
    return "".join(map(chr, _nfc(folded)))


def _needed(points: list[int], place: int) -> bool:
    """Whether the invisible code point at ``place`` is one that the script around it is written with."""
    point, before, after = points[place], points[:place][::-1], points[place + 1 :]
    joining, within = table().joining, table().contexts
    if not before:
        return False
    if point in STYLES:
        return "styled" in within(before[0])
    if point in VARIANTS:
        return "ideograph" in within(before[0])
    if point in MONGOLIAN_VARIANTS:
        return "mongolian" in within(before[0])
    if point == MONGOLIAN_SEPARATOR:
        return bool(after) and "mongolian" in within(before[0]) & within(after[0])
    if point in (ZWNJ, ZWJ) and table().combining.get(before[0]) == VIRAMA:
        return True
    if point == ZWNJ:
        # (Joining_Type:{L,D})(Joining_Type:T)*ZWNJ(Joining_Type:T)*(Joining_Type:{R,D})
        left = next((kind for other in before if (kind := joining.get(other)) != "T"), None)
        right = next((kind for other in after if (kind := joining.get(other)) != "T"), None)
        return left in ("L", "D") and right in ("R", "D")
    if point == ZWJ:
        # pictograph (modifier | style)* ZWJ pictograph
        left_of = (other for other in before if other != STYLES[1] and "modifier" not in within(other))
        return "pictograph" in within(next(left_of, 0)) and bool(after) and "pictograph" in within(after[0])
    return False


# -- normalization form C ----------------------------------------------------------------------------

S_BASE, L_BASE, V_BASE, T_BASE = 0xAC00, 0x1100, 0x1161, 0x11A7
L_COUNT, V_COUNT, T_COUNT = 19, 21, 28
S_COUNT = L_COUNT * V_COUNT * T_COUNT


def _nfc(points: list[int]) -> list[int]:
    """Decomposed, put in order, and composed again."""
    return _compose(_ordered([part for point in points for part in _decomposed(point)]))


def _decomposed(point: int) -> Iterator[int]:
    syllable = point - S_BASE
    if 0 <= syllable < S_COUNT:
        leading, rest = divmod(syllable, V_COUNT * T_COUNT)
        vowel, trailing = divmod(rest, T_COUNT)
        yield L_BASE + leading
        yield V_BASE + vowel
        if trailing:
            yield T_BASE + trailing
    elif point in table().decompositions:
        for part in table().decompositions[point]:
            yield from _decomposed(part)
    else:
        yield point


def _class(point: int) -> int:
    return int(table().combining.get(point) or 0)


def _ordered(points: list[int]) -> list[int]:
    """The Canonical Ordering Algorithm: marks that follow each other stand in the order of their classes."""
    ordered: list[int] = []
    for point in points:
        place = len(ordered)
        # sorted from the right, past marks of higher classes and never past a starter
        while _class(point) and place and _class(ordered[place - 1]) > _class(point):
            place -= 1
        ordered.insert(place, point)
    return ordered


def _compose(points: list[int]) -> list[int]:
    """The Canonical Composition Algorithm: each code point goes into the last starter before it, unless one
    that stands between them blocks it."""
    composed: list[int] = []
    starter = None
    for point in points:
        blocked = (
            starter is not None
            and starter < len(composed) - 1
            and (_class(composed[-1]) == 0 or _class(composed[-1]) >= _class(point))
        )
        whole = None if starter is None or blocked else _composite(composed[starter], point)
        if whole is not None and starter is not None:
            composed[starter] = whole
            continue
        if _class(point) == 0:
            starter = len(composed)
        composed.append(point)
    return composed


def _composite(first: int, second: int) -> int | None:
    leading, vowel = first - L_BASE, second - V_BASE
    if 0 <= leading < L_COUNT and 0 <= vowel < V_COUNT:
        return S_BASE + (leading * V_COUNT + vowel) * T_COUNT
    syllable, trailing = first - S_BASE, second - T_BASE
    if 0 <= syllable < S_COUNT and syllable % T_COUNT == 0 and 0 < trailing < T_COUNT:
        return first + trailing
    return table().compositions.get((first, second))


# -- the table ---------------------------------------------------------------------------------------


class Ranges:
    """A value for each code point of some ranges."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._items: list[tuple[int, str]] = []

    def add(self, low: int, high: int, value: str) -> None:
        self._starts.append(low)
        self._items.append((high, value))

    def get(self, point: int) -> str | None:
        place = bisect_right(self._starts, point) - 1
        if place < 0 or point > self._items[place][0]:
            return None
        return self._items[place][1]


class Table:
    """What names take from Unicode."""

    def __init__(self, lines: list[str]) -> None:
        self.classes, self.joining, self.combining = Ranges(), Ranges(), Ranges()
        self._contexts: dict[str, Ranges] = {}
        self.decompositions: dict[int, tuple[int, ...]] = {}
        self.compositions: dict[tuple[int, int], int] = {}
        self.folds: dict[int, tuple[int, ...]] = {}
        section = ""
        for line in lines:
            if line.startswith("["):
                section = line.strip("[]")
            elif not line.startswith("#"):
                first, *rest = line.split()
                low, _, high = first.partition("-")
                self._take(section, int(low, 16), int(high or low, 16), rest)

    def _take(self, section: str, low: int, high: int, rest: list[str]) -> None:
        if section == "decomposition":
            mark, *parts = rest
            decomposed = tuple(int(part, 16) for part in parts)
            self.decompositions[low] = decomposed
            if mark == "=":
                self.compositions[decomposed[0], decomposed[1]] = low
        elif section == "fold":
            to = tuple(int(part, 16) for part in rest[1:])
            for offset in range(high - low + 1):
                # of a run, each code point moves by as much as the first
                self.folds[low + offset] = (to[0] + offset,) if len(to) == 1 else to
        elif section == "in":
            self._contexts.setdefault(rest[0], Ranges()).add(low, high, rest[0])
        else:
            {"class": self.classes, "joining": self.joining, "combining": self.combining}[section].add(
                low, high, rest[0]
            )

    def contexts(self, point: int) -> set[str]:
        """What the code point is, of what invisible ones may stand beside."""
        return {name for name, ranges in self._contexts.items() if ranges.get(point)}


@cache
def table() -> Table:
    """The table in unicode.txt, read once."""
    return Table((Path(__file__).parent / "unicode.txt").read_text("ascii").splitlines())
