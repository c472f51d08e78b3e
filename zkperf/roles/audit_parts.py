"""An audit in parts: by cohort, by range of tiles, or only of what is new since the last time.

What takes time is to verify the proofs and tokens of ratings and the signatures of issuances. These can be
verified in any order and on any machine. Everything else, the log's tree, the rules, the sums and the
results, each part recomputes from the whole log, taking the other parts' proofs for good: when every part
has passed, everything has been verified.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Any, ClassVar, Self

from zkperf.errors import InputError, ZkperfError
from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.log.tiles import TILE_WIDTH
from zkperf.ledger.paths import full_path, unit_path
from zkperf.ledger.rules.prepared import Judged
from zkperf.ledger.state import State
from zkperf.ledger.transactions import RoundOpened
from zkperf.names import fold
from zkperf.roles.software import software_digest

MAX_STATE = 2**20
"""Bytes of the largest state: a checkpoint has at most 64 signatures."""
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class Part:
    """Which ratings and issuances an audit verifies: those of these tiles *and* of these cohorts."""

    first: int = 0
    """The first tile of the log."""
    stop: int | None = None
    """The first tile that is not looked at; None for no end."""
    cohorts: frozenset[str] = frozenset()
    """Paths or names of services, in any round: every service that is called so. All of them, if empty."""

    @classmethod
    def parse(cls, tiles: str | None, cohorts: tuple[str, ...]) -> Self:
        """From ``"A:B"`` (tiles A to B - 1, each end may be left out) and names. InputError otherwise."""
        first, colon, stop = (tiles or ":").partition(":")
        try:
            if not colon:
                raise ValueError
            part = cls(_tile(first) or 0, _tile(stop), frozenset(cohorts))
        except ValueError:
            raise InputError(f"--range: expected tiles as FIRST:END, such as 0:40, got {tiles!r}") from None
        if part.stop is not None and part.stop <= part.first:
            raise InputError(f"--range: there is no tile from {part.first} to before {part.stop}")
        return part

    def covers(self, state: State, index: int, leaf: Judged) -> bool:
        """Whether the leaf of this index, of a round that ``state`` knows, belongs to this part."""
        tile = index // TILE_WIDTH
        if tile < self.first or (self.stop is not None and tile >= self.stop):
            return False
        found = state.rounds.get(leaf.round)
        if not self.cohorts or found is None or leaf.unit not in found.cohorts:
            return True
        return not self._wanted().isdisjoint(_called(found.opened, leaf.unit))

    def missing(self, state: State) -> list[str]:
        """Cohorts that no round of the ledger has."""
        rounds = [(found.opened, unit) for found in state.rounds.values() for unit in found.cohorts]
        there = {name for opened, unit in rounds for name in _called(opened, unit)}
        return sorted(name for name in self.cohorts if fold(name) not in there)

    def _wanted(self) -> set[str]:
        return {fold(name) for name in self.cohorts}

    def to_json(self) -> Any:
        """None for the whole; else what it is, in leaves and names."""
        if self == WHOLE:
            return None
        stop = None if self.stop is None else self.stop * TILE_WIDTH
        return {"leaves": [self.first * TILE_WIDTH, stop], "cohorts": sorted(self.cohorts)}


WHOLE = Part()


def _called(opened: RoundOpened, unit: int) -> set[str]:
    """By what a service may be named."""
    units = opened.units
    return {fold(name) for name in (unit_path(units, unit), full_path(units, unit), units[unit].name)}


def _tile(text: str) -> int | None:
    """ValueError unless a decimal number or nothing."""
    if text and not (text.isascii() and text.isdecimal()):
        raise ValueError
    return int(text) if text else None


@dataclass(frozen=True)
class Known:
    """How far an auditor has verified a log: everything under one signed checkpoint."""

    format: ClassVar[str] = "zkperf-audit/1"
    remedy: ClassVar[str] = "name another file for --state"

    genesis: bytes
    size: int
    root: bytes
    note: str
    """The checkpoint: with another one that does not continue it, proof that the log's key signed both."""
    software: str
    """Which software verified it (`software_digest`): all of it is valid under its rules."""

    @property
    def trusted(self) -> bool:
        """This very software verified it."""
        return self.software == software_digest()

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """What `save` wrote; None if there is no such file.

        InputError for any other file, and for one that others than its owner can write: who writes it
        decides what is not verified any more.
        """
        try:
            with path.open("rb") as file:
                opened = os.fstat(file.fileno())
                data = file.read(MAX_STATE)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        if opened.st_mode & OTHERS_WRITE or opened.st_uid not in (os.geteuid(), 0):
            raise InputError(f"{path}: others can write to it, so it says nothing; {cls.remedy}")
        try:
            fields = json.loads(data)
            if fields["format"] != cls.format:
                raise ValueError
            known = cls(
                bytes.fromhex(fields["genesis"]),
                int(fields["size"]),
                bytes.fromhex(fields["root"]),
                str(fields["checkpoint"]),
                str(fields["software"]),
            )
            checkpoint = Checkpoint.unverified(known.note)
            if (checkpoint.size, checkpoint.root) != (known.size, known.root):
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError, ZkperfError):
            raise InputError(f"{path}: not the state of a log; {cls.remedy}") from None
        return known

    def save(self, path: Path) -> None:
        """All of it or nothing, for the owner alone to write. InputError if it cannot be written."""
        fields = {
            "format": self.format,
            "software": self.software,
            "genesis": self.genesis.hex(),
            "size": self.size,
            "root": self.root.hex(),
            "checkpoint": self.note,
        }
        try:
            with ExitStack() as undo:
                # A name that nobody can have prepared, and a file that only its owner can write.
                descriptor, draft = mkstemp(prefix=path.name, dir=path.parent)
                undo.callback(os.unlink, draft)
                with open(descriptor, "w", encoding="utf-8") as file:
                    file.write(json.dumps(fields, indent=1) + "\n")
                    file.flush()
                    os.fsync(descriptor)
                os.replace(draft, path)
                undo.pop_all()
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror})") from None
