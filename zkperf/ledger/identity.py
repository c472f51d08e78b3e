"""Who is the same in two rounds: a service of rounds of ratings, a provider of rounds of figures.

A *path* is the names from below the root down to a unit, folded, so that neither what the root is called nor
how a name is written makes another of it. (Where the root is itself the service, it is the root's name.)
A service is the same in two rounds if its path and its registrar's key are the same; a provider, if its path
or its key is. What is published of two rounds that share one could be subtracted from each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from zkperf.ledger.figure_transactions import FiguresOpened, Place
from zkperf.ledger.transactions import RoundOpened, Unit
from zkperf.names import fold

Path = tuple[str, ...]
Service = tuple[Path, bytes]


def paths(units: Sequence[Unit | Place]) -> list[Path]:
    """The path of every unit; () for a root with units below it."""
    if len(units) == 1:
        return [(fold(units[0].name),)]
    found: list[Path] = []
    for unit in units:
        found.append(() if unit.parent is None else (*found[unit.parent], fold(unit.name)))
    return found


def services(opened: RoundOpened) -> dict[Service, int]:
    """A round's services, by what makes them the same in another round: path and registrar's key."""
    both = zip(paths(opened.units), opened.units, strict=True)
    return {
        (path, unit.registrar): number
        for number, (path, unit) in enumerate(both)
        if unit.registrar is not None
    }


def providers(opened: FiguresOpened) -> dict[bytes | Path, int]:
    """A round's providers, by either of what makes them the same in another round: key or path."""
    found: dict[bytes | Path, int] = {}
    for number, (path, place) in enumerate(zip(paths(opened.units), opened.units, strict=True)):
        if place.provider is not None:
            found[place.provider] = found[path] = number
    return found
