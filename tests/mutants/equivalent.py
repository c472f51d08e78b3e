"""The table of the mutants that no test can tell from the original, each with the reason.

`equivalent.toml` has one ``[[mutant]]`` for each: ``file``, ``where`` (the dotted name of the function),
``check`` and ``effect`` as `python -m tests.mutants --list` shows them, and ``reason``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.find import Mutant

TABLE = Path(__file__).with_name("equivalent.toml")


class StaleEntry(Exception):
    """An entry of the table that fits no mutant."""


def equivalents(found: Sequence[Mutant], table: Path = TABLE) -> dict[Mutant, str]:
    """The mutants that are in the table, with the reasons.

    Raises StaleEntry for an entry about a file of these mutants that none of them fits, and ValueError for
    one without a reason or with keys that it should not have.
    """
    files = {mutant.file for mutant in found}
    reasons: dict[Mutant, str] = {}
    for entry in tomllib.loads(table.read_text(encoding="utf-8")).get("mutant", []):
        if set(entry) != {"file", "where", "check", "effect", "reason"} or not entry["reason"].strip():
            raise ValueError(f"{table.name}: expected file, where, check, effect and a reason: {entry}")
        if entry["file"] not in files:
            continue
        subject = (entry["file"], entry["where"], entry["check"], entry["effect"])
        fitting = [m for m in found if (m.file, m.where, m.check, m.effect) == subject]
        if not fitting:
            raise StaleEntry(f"{table.name}: there is no such mutant any more: {' | '.join(subject)}")
        reasons |= dict.fromkeys(fitting, " ".join(entry["reason"].split()))
    return reasons
