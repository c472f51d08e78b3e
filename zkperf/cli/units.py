"""The units of a round, as an operator writes them down (reference: docs/run-a-round.md).

Either names of services under one root, or a CSV file with one row for each service: its columns are
the levels of the tree, from the root down.

    city,district,service
    Springfield,North,Library
    Springfield,North,Surgery
    Springfield,South,Library
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from zkperf.errors import InputError
from zkperf.ledger.figure_transactions import Auditor, FiguresOpened, Place
from zkperf.ledger.rules.rounds import service_path
from zkperf.ledger.transactions import RoundOpened, Unit
from zkperf.surveys.results import is_deceptive

MAX_NAME = 200
KEY = "key"
"""The last column of a providers file."""
SEPARATOR = "/"
"""Between the names of a path; a name does not contain it."""


def services_under(root: str, names: Sequence[str], registrar: bytes) -> tuple[Unit, ...]:
    """A root and its services. InputError for a name that is none, or that is there twice."""
    rows = [(_name(root, "--root"), _name(name, f"--unit {name!r}")) for name in names]
    return _tree([(row, f"--unit {row[-1]!r}") for row in rows], registrar)


def load_units(path: Path, registrar: bytes) -> tuple[Unit, ...]:
    """The units in a CSV file, parents first. InputError, naming file and row, if they make no tree."""
    header, rows = _read(path, "service")
    return _tree([(_row(cells, len(header), where), where) for cells, where in rows], registrar)


def load_providers(path: Path) -> tuple[Place, ...]:
    """The providers in a CSV file, parents first: like units, with a last column ``key``, the public key of
    each. InputError, naming file and row, if they make no tree, or a name or a key is there twice."""
    header, rows = _read(path, "provider")
    if header[-1] != KEY or len(header) < 3:
        raise InputError(
            f"{path}: expected columns for the levels from the root down, and a last one {KEY!r}"
        )
    keys: dict[bytes, str] = {}
    names: dict[str, str] = {}
    paths = []
    for cells, where in rows:
        if len(cells) != len(header):
            raise InputError(f"{where}: has {len(cells)} fields, the header has {len(header)}")
        *levels, key = cells
        row = _row(levels, len(levels), where)
        decoded = _key(key, f"{where}, column {KEY}")
        number = f"row {where.rpartition(' ')[2]}"
        if (before := keys.setdefault(decoded, number)) != number:
            raise InputError(f"{where}: this key is in {before} already")
        if row and (before := names.setdefault(row[-1], number)) != number:
            raise InputError(f"{where}: a provider of this name is in {before} already")
        paths.append((row, where))
    order = iter(keys)
    return tuple(
        Place(name=unit.name, parent=unit.parent, provider=None if unit.registrar is None else next(order))
        for unit in _tree(paths, bytes(32))
    )


def parse_auditor(text: str) -> Auditor:
    """``NAME=KEY``. InputError for anything else."""
    name, equals, key = text.rpartition("=")
    if not equals:
        raise InputError(f"--auditor: expected NAME=KEY, got {text!r}")
    return Auditor(name=_name(name, "--auditor"), key=_key(key, "--auditor"))


def _key(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InputError(
            f"{where}: expected a public key, 64 hexadecimal digits, as the command “keys” prints it"
        )
    return key


def _read(path: Path, what: str) -> tuple[list[str], list[tuple[list[str], str]]]:
    """The header of a CSV file, and every row with where it is."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8; save the file as CSV in UTF-8") from None
    header: list[str] = []
    rows: list[tuple[list[str], str]] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1):
            if not header:
                header = cells
            elif cells:
                rows.append((cells, f"{path}: row {number}"))
    except csv.Error as error:
        raise InputError(f"{path}: row {len(rows) + 2}: not CSV: {error}") from None
    if not rows:
        raise InputError(f"{path}: expected a header that names the levels, and one row for each {what}")
    return header, rows


def unit_path(opened: RoundOpened | FiguresOpened, unit: int) -> str:
    """The names from below the root down to ``unit``; the root's own name for the root."""
    return SEPARATOR.join(service_path(opened, unit)[1:]) or opened.units[0].name


def find_unit(opened: RoundOpened, text: str) -> int:
    """The unit with this path, or with this name if only one has it. InputError otherwise."""
    paths = [unit_path(opened, unit) for unit in range(len(opened.units))]
    found = [unit for unit, path in enumerate(paths) if path == text]
    found = found or [unit for unit, item in enumerate(opened.units) if item.name == text]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"unit {text!r} is one of: {', '.join(paths[unit] for unit in found)}")
    raise InputError(f"the round has no unit {text!r}; it has: {', '.join(paths)}")


def _row(cells: Sequence[str], width: int, where: str) -> tuple[str, ...]:
    if len(cells) > width:
        raise InputError(f"{where}: has {len(cells)} fields, the header has {width}")
    names = list(cells)
    while names and not names[-1]:
        names.pop()
    return tuple(_name(name, f"{where}, column {column}") for column, name in enumerate(names, start=1))


def _name(name: str, where: str) -> str:
    if not name:
        raise InputError(f"{where}: a name is missing")
    if name != name.strip() or SEPARATOR in name or len(name) > MAX_NAME or any(map(is_deceptive, name)):
        raise InputError(
            f"{where}: expected a plain name of at most {MAX_NAME} characters, "
            f"without {SEPARATOR!r} and without blanks at the ends"
        )
    return name


def _tree(rows: Sequence[tuple[tuple[str, ...], str]], registrar: bytes) -> tuple[Unit, ...]:
    """Parents first, in the order in which they appear. Each row is the path of a service."""
    root = rows[0][0][0] if rows[0][0] else ""
    places: dict[tuple[str, ...], int] = {}
    units: list[Unit] = []
    services: set[tuple[str, ...]] = set()
    for path, where in rows:
        if len(path) < 2 or path[0] != root:
            raise InputError(f"{where}: expected the root {root!r}, then at least one more name")
        if path in services:
            raise InputError(f"{where}: this service is there twice")
        if path in places:
            raise InputError(f"{where}: {path[-1]!r} has units below it, so it is no service itself")
        for depth in range(1, len(path) + 1):
            node = path[:depth]
            if node in services:
                raise InputError(f"{where}: {node[-1]!r} is a service, so nothing can be below it")
            if node not in places:
                places[node] = len(units)
                parent = places[node[:-1]] if depth > 1 else None
                key = registrar if depth == len(path) else None
                units.append(Unit(name=node[-1], parent=parent, registrar=key))
        services.add(path)
    return tuple(units)
