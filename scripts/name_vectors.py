"""Makes vectors/names.json: examples of the rule of names, for every implementation of it to run.

    python scripts/name_vectors.py

What is right follows from the readable definition, `zkperf.names_reference`. Texts are lists of code points
too, so that no editor, file or parser changes them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
VECTORS = ROOT / "vectors" / "names.json"
sys.path.insert(0, str(ROOT))

from zkperf.names_reference import MAX_NAME, fold, name_fault  # noqa: E402

NAMES = {
    "plain": ["Library", "Q1 2024", "2023/24", "A&E (day)", "North-East", "cost.per.case", "a|b"],
    "scripts": ["市民服务中心", "公民", "북구", "Ελλάδα", "Здоровье", "العيادة", "ห้องสมุด", "पुस्तकालय"],
    "characters of Unicode 15.0 and 15.1": ["\U0001fae8", "\U0002ebf0"],
    "of no version up to 15.1": ["\u0378", "\U0001fae9", "\U0001fadf"],
    "composed and not": [
        "Café",
        "Cafe\u0301",
        "\u1100\u1161\u11a8",
        "각",
        "\u212b",
        "\u1e0b\u0323",
        "a\u0323\u0307",
    ],
    "the end is missing after composition": ["Ae\u0301"],
    "blanks": [
        " a",
        "a ",
        "a  b",
        "a\u00a0b",
        "a\u3000b",
        "a\u2003b",
        "a\u202fb",
        "a\tb",
        "a\nb",
        "a\u0085b",
        "a\u2028b",
        "a\u1680b",
        " ",
    ],
    "invisible": [
        "a\u00adb",
        "a\u200bb",
        "a\u2060b",
        "\ufeffa",
        "a\u200e",
        "\u200fa",
        "a\u061cb",
        "a\u202eb",
        "a\u2066b",
        "a\u034fb",
        "\u3164",
        "\uffa0",
        "\u115f",
        "a\u2800b",
        "a\u206ab",
        "a\ufe00",
        "a\U000e0041",
    ],
    "joiners (RFC 5892, A.1 and A.2)": [
        "می\u200cخواهم",
        "a\u200cb",
        "م\u200c",
        "\u200cم",
        "د\u200cم",
        "म\u200cम",
        "क\u094d\u200cष",
        "क\u094d\u200dष",
        "ක්\u200dරම",
        "a\u200db",
        "م\u200dم",
        "م\u064e\u200c\u064eم",
    ],
    "emoji": [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
        "\u2764\ufe0f",
        "\u2764\ufe0e",
        "\U0001f469\U0001f3fd\u200d\U0001f52c",
        "1\ufe0f\u20e3",
        "a\ufe0f",
        "\ufe0f",
        "\U0001f468\u200d",
        "\u200d\U0001f468",
        "\U0001f468\u200da",
        "a\u200d\U0001f468",
        "\U0001f1e8\U0001f1f3",
        "\U0001f3fd\u200d\U0001f52c",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
    "Mongolian": [
        "ᠰᠠᠶᠢᠨ",
        "ᠠ\u180b",
        "ᠨ\u180eᠠ",
        "\u180bᠠ",
        "a\u180b",
        "a\u180ea",
        "ᠨ\u180e",
        "ᠨ\u180ea",
        "ᠠ\u180f",
    ],
    "variants of ideographs": ["葛\U000e0100城", "a\U000e0100", "\U000e0100"],
    "marks": ["\u0301a", "\u20e3", "e\u0338", "\u0903क"],
    "never": [
        "",
        "a\x00",
        "\x1b[31ma",
        "a\x7f",
        "a\u009f",
        "\ue000",
        "\U000f0000",
        "\ufdd0",
        "\uffff",
        "\U0010ffff",
        "\ufffd",
        "\ufffc",
        "a\ufff9b",
        "\ud83d",
    ],
    "length": ["x" * MAX_NAME, "x" * (MAX_NAME + 1), "\U0001f600" * MAX_NAME],
}
"""By what they are examples of."""

FOLDS = [
    ("City", "CITY"),
    ("Straße", "STRASSE"),
    ("ﬁre", "fire"),
    ("Ａ１", "a1"),
    ("Ⅳ", "iv"),
    ("ﾊﾟ", "パ"),
    ("İ", "i\u0307"),
    ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ("café", "CAFE\u0301"),
    ("a\u00adb", "ab"),
    ("می\u200cخواهم", "میخواهم"),
    ("葛\U000e0100", "葛"),
    ("\u2764\ufe0f", "\u2764"),
    ("\uf900", "豈"),
    ("①", "1"),
    ("㎏", "kg"),
    ("\u0345\u0301", "\u03b9\u0301"),
    ("\u13a0", "\uab70"),
    ("a\u00a0b", "a b"),
    ("Ω", "\u2126"),
    ("á\u0345", "\u00e1\u03b9"),
    ("北", "北"),
]
"""Pairs of texts that fold to one."""


def vectors() -> dict[str, Any]:
    """What the file holds."""
    names = [
        {"about": about, "points": _points(text), "fault": fault and fault[0], "place": fault and fault[1]}
        for about, texts in NAMES.items()
        for text in texts
        for fault in [name_fault(text)]
    ]
    folds = [{"points": _points(text), "fold": _points(fold(text))} for pair in FOLDS for text in pair]
    return {
        "unicode": "15.1.0",
        "about": "names: the first fault of a text and the place of its code point, null for a name; "
        "folds: toNFKC_Casefold. Made by scripts/name_vectors.py.",
        "names": names,
        "folds": folds,
    }


def text() -> str:
    """The file's text: one example a line."""
    found = vectors()
    lists = [
        f'  "{key}": [\n' + ",\n".join(f"    {json.dumps(item)}" for item in found[key]) + "\n  ]"
        for key in ("names", "folds")
    ]
    heads = [f'  "{key}": {json.dumps(found[key])}' for key in ("unicode", "about")]
    return "{\n" + ",\n".join(heads + lists) + "\n}\n"


def _points(text: str) -> list[str]:
    return [f"{ord(character):04X}" for character in text]


if __name__ == "__main__":
    VECTORS.write_text(text(), "ascii")
