"""What the units of a round are called: one rule for commands, files and results.

A unit is printed as its *path*, the names from below the root down to it, as in North/Library; the root as
its own name. No two units below the root print as paths that read alike. People may also write the path with
the root in front, which tells the root from a unit of its name, or a bare name that only one unit has.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from zkperf.errors import InputError, InvalidName
from zkperf.names import check_name, fold

SEPARATOR = "/"
SHOWN = 20
"""Units that a message lists at most."""


class Node(Protocol):
    """A unit of a round of ratings, or a place of one of figures. Parents come first; 0 is the root."""

    @property
    def name(self) -> str: ...
    @property
    def parent(self) -> int | None: ...


def names_to(units: Sequence[Node], unit: int) -> tuple[str, ...]:
    """The names from the root down to ``unit``."""
    names: list[str] = []
    node: int | None = unit
    while node is not None:
        names.insert(0, units[node].name)
        node = units[node].parent
    return tuple(names)


def unit_path(units: Sequence[Node], unit: int) -> str:
    """How ``unit`` is printed."""
    return SEPARATOR.join(names_to(units, unit)[1:]) or units[unit].name


def full_path(units: Sequence[Node], unit: int) -> str:
    """The path with the root in front, which no other unit has."""
    return SEPARATOR.join(names_to(units, unit))


def check_units(units: Sequence[Node], leaves: Collection[int] = ()) -> None:
    """InvalidName unless every unit has a name, and no two below the root print alike; of ``leaves``, which
    are printed by their names alone, no two names either."""
    by_path: dict[str, int] = {}
    by_name: dict[str, int] = {}
    for number, unit in enumerate(units):
        check_name(unit.name, f"unit {number}")
        if number and (before := by_path.setdefault(fold(unit_path(units, number)), number)) != number:
            raise InvalidName(_alike(unit_path(units, before), unit_path(units, number)))
        if number in leaves and (before := by_name.setdefault(fold(unit.name), number)) != number:
            raise InvalidName(_alike(unit_path(units, before), unit_path(units, number), ", by their names"))


def _alike(one: str, other: str, how: str = "") -> str:
    same = f"two units are called {one!r}" if one == other else f"units {one!r} and {other!r} read alike{how}"
    return f"{same}: give one another name"


def matching(units: Sequence[Node], text: str, among: Collection[int]) -> list[int]:
    """The units ``among`` some that are printed as ``text``; else those that are with the root in front; else
    those of that name. Case, width and the like do not count."""
    wanted = fold(text)
    for spelt in (unit_path, full_path, lambda units, unit: units[unit].name):
        if found := [unit for unit in among if fold(spelt(units, unit)) == wanted]:
            return found
    return []


def find_unit(units: Sequence[Node], text: str, among: Collection[int], what: str) -> int:
    """The one unit ``among`` some that people mean by ``text``. InputError, with what there is, otherwise:
    ``what`` says what they look for, as in "service"."""
    found = matching(units, text, among)
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{what} {text!r} is one of: {listed(units, found)}")
    if others := matching(units, text, range(len(units))):
        raise InputError(f"{listed(units, others)} is no {what}; the round has: {listed(units, among)}")
    raise InputError(f"the round has no {what} {text!r}; it has: {listed(units, among)}")


def called(units: Sequence[Node], unit: int, among: Collection[int]) -> str:
    """What people can write for ``unit`` where they mean one ``among`` some: its path, or that with the root
    in front if the path alone means several."""
    path = unit_path(units, unit)
    return path if matching(units, path, among) == [unit] else full_path(units, unit)


def listed(units: Sequence[Node], among: Collection[int]) -> str:
    """These units for a message, as people can write them."""
    shown = [called(units, unit, among) for unit in list(among)[:SHOWN]]
    more = f" and {len(among) - SHOWN} more" if len(among) > SHOWN else ""
    return ", ".join(shown) + more
