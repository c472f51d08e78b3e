"""Makes zkperf/unicode.txt: all that the rules of names take from Unicode, in the one version that counts.

    python scripts/unicode_table.py FOLDER

FOLDER holds the Unicode Character Database of that version with its emoji files, unpacked, as
https://www.unicode.org/Public/15.1.0/ucd/ has it and Debian's package unicode-data 15.1.0 (in
/usr/share/unicode). Its files are known by their digests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

VERSION = "15.1.0"
TABLE = Path(__file__).parents[1] / "zkperf" / "unicode.txt"
FILES = {
    "UnicodeData.txt":
        "2fc713e6a31a87c4850a37fe2caffa4218180fadb5de86b43a143ddb4581fb86",
    "PropList.txt":
        "05672956317b6296bc2ec3d6cef1f6452b57ff4f2efc6dc55b0a19277d5fcfd1",
    "DerivedCoreProperties.txt":
        "f55d0db69123431a7317868725b1fcbf1eab6b265d756d1bd7f0f6d9f9ee108b",
    "DerivedNormalizationProps.txt":
        "8875dccee2bc1a7c1fe568a3b502a9e78c9e0495afd96b6568b4294d0ed1f7e1",
    "Scripts.txt":
        "0eacb65169ae6eb1d399cd70826b3da15fff19f6f586eecf819b70c83b1d9b32",
    "extracted/DerivedGeneralCategory.txt":
        "760720ac034f96b630a3055879a744e0907184e8aa811e89ba34583a7a487e85",
    "extracted/DerivedCombiningClass.txt":
        "b2e69512b1a96e26105f73e8af42bca6d2e40814683ba31615977f276d6734ff",
    "extracted/DerivedJoiningType.txt":
        "2e0ed3733272299007cf0b76e84a8a653192d99a4429d2232fffcabccfd2d462",
    "emoji/emoji-data.txt":
        "d7aef489c8fe4c14f09ea5695200277c6b93ac82ac60845cdd2161b0d6835cc1",
    "emoji/emoji-variation-sequences.txt":
        "8a67d0429a5831d91e744bc5170d43dc66ddccd42c6f532cbe421dc406b571fd",
}  # fmt: skip
"""SHA-256 of what is read, by its place in the folder."""

LAST = 0x10FFFF
BLANK = {0x2800}
"""BRAILLE PATTERN BLANK: a symbol that shows nothing."""
ANNOTATION = {0xFFF9, 0xFFFA, 0xFFFB, 0xFFFC}
"""Format characters that stand for something outside of the text."""
LOST = {0xFFFD}
"""REPLACEMENT CHARACTER: what stood there was lost when somebody decoded it."""


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    database = Database(Path(sys.argv[1]))
    lines = [
        f"# Unicode {VERSION}, as far as names need it. Made by scripts/unicode_table.py; do not edit.",
        "# Derived from the Unicode Character Database, copyright Unicode, Inc., under the Unicode",
        "# License (https://www.unicode.org/license.txt). Numbers are hexadecimal code points.",
    ]
    for title, rows in (
        ("class", database.classes()),
        ("joining", database.joining()),
        ("in", database.contexts()),
        ("combining", database.combining()),
        ("decomposition", database.decompositions()),
        ("fold", database.folds()),
    ):
        lines += [f"[{title}]", *rows]
    TABLE.write_text("\n".join(lines) + "\n", "ascii")


class Database:
    """The files, read as Unicode Standard Annex 44 says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name, digest in FILES.items():
            if sha256((folder / name).read_bytes()).hexdigest() != digest:
                sys.exit(f"{folder / name}: not the file of Unicode {VERSION}")

    def _rows(self, name: str) -> Iterator[tuple[list[int], list[str]]]:
        """The code points and the fields of each line; code points of sequences are the first field too."""
        for line in (self._folder / name).read_text("utf-8").splitlines():
            data = line.split("#")[0].strip()
            if data:
                first, *fields = (field.strip() for field in data.split(";"))
                low, _, high = first.split()[0].partition("..")
                yield list(range(int(low, 16), int(high or low, 16) + 1)), fields

    def _having(self, name: str, value: str) -> set[int]:
        """The code points with this property."""
        return {point for points, fields in self._rows(name) if fields[0] == value for point in points}

    def classes(self) -> Iterator[str]:
        """What a code point is to names. Those that are in no line are unassigned."""
        ignorable = self._having("DerivedCoreProperties.txt", "Default_Ignorable_Code_Point")
        space = self._having("PropList.txt", "White_Space") - {0x20}
        outside = self._having("PropList.txt", "Noncharacter_Code_Point")
        by_category = {"Cc": "control", "Cs": "surrogate", "Co": "private", "Cn": ""}
        found = {0x20: "space"}
        for points, [category] in self._rows("extracted/DerivedGeneralCategory.txt"):
            plain = "mark" if category.startswith("M") else "plain"
            found |= dict.fromkeys(points, by_category.get(category, plain))
        found[0x20] = "space"
        for members, name in (
            (space, "blank"),
            (ignorable | BLANK, "invisible"),
            (ANNOTATION, "annotation"),
            (LOST, "lost"),
            (outside, "noncharacter"),
        ):
            found |= dict.fromkeys(members, name)
        yield from _runs({point: name for point, name in found.items() if name})

    def joining(self) -> Iterator[str]:
        """Joining types, but that of what joins nothing."""
        types = {
            point: fields[0]
            for points, fields in self._rows("extracted/DerivedJoiningType.txt")
            for point in points
            if fields[0] in "LRDT"
        }
        yield from _runs(types)

    def contexts(self) -> Iterator[str]:
        """What invisible characters may stand beside."""
        letters = self._having("Scripts.txt", "Mongolian") & {
            point
            for points, [category] in self._rows("extracted/DerivedGeneralCategory.txt")
            if category in ("Lo", "Lm")
            for point in points
        }
        for members, name in (
            (self._having("PropList.txt", "Unified_Ideograph"), "ideograph"),
            (letters, "mongolian"),
            (self._having("emoji/emoji-data.txt", "Extended_Pictographic"), "pictograph"),
            (self._having("emoji/emoji-data.txt", "Emoji_Modifier"), "modifier"),
            ({points[0] for points, _ in self._rows("emoji/emoji-variation-sequences.txt")}, "styled"),
        ):
            yield from _runs(dict.fromkeys(members, name))

    def combining(self) -> Iterator[str]:
        """Canonical_Combining_Class, but 0."""
        classes = {
            point: fields[0]
            for points, fields in self._rows("extracted/DerivedCombiningClass.txt")
            for point in points
            if fields[0] != "0"
        }
        yield from _runs(classes)

    def decompositions(self) -> Iterator[str]:
        """Canonical decompositions of one step, those of Hangul aside; "!" marks what is never composed."""
        excluded = self._having("DerivedNormalizationProps.txt", "Full_Composition_Exclusion")
        for points, fields in self._rows("UnicodeData.txt"):
            mapping = fields[4]
            if mapping and not mapping.startswith("<"):
                parts = " ".join(f"{int(part, 16):X}" for part in mapping.split())
                yield f"{points[0]:X} {'!' if points[0] in excluded else '='} {parts}"

    def folds(self) -> Iterator[str]:
        """NFKC_Casefold of what it changes. A run in which every code point moves by as much as the first
        is one line."""
        folds = {
            point: [int(part, 16) for part in (fields[1].split() if len(fields) > 1 else [])]
            for points, fields in self._rows("DerivedNormalizationProps.txt")
            if fields[0] == "NFKC_CF"
            for point in points
        }

        def moved(point: int) -> tuple[int, ...]:
            # A single target is told by its distance, so that neighbours that move alike compare as equal.
            to = folds[point]
            return (to[0] - point,) if len(to) == 1 else (0, point, *to) if to else ()

        for low, high in _ranges(folds, moved):
            yield f"{_range(low, high)} > {' '.join(f'{point:X}' for point in folds[low])}".rstrip()


def _ranges(points: dict[int, object], key: Callable[[int], object]) -> Iterator[tuple[int, int]]:
    """The runs of neighbours whose keys are equal."""
    ordered = sorted(points)
    low = ordered[0]
    for before, point in zip(ordered, [*ordered[1:], LAST + 2], strict=True):
        if point != before + 1 or key(point) != key(low):
            yield low, before
            low = point


def _range(low: int, high: int) -> str:
    return f"{low:X}" if low == high else f"{low:X}-{high:X}"


def _runs(values: dict[int, str]) -> Iterator[str]:
    for low, high in _ranges(values, values.__getitem__):
        yield f"{_range(low, high)} {values[low]}"


if __name__ == "__main__":
    main()
