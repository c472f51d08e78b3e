"""The units of a round, as an operator writes them down (reference: docs/run-a-round.md).

Either names of services under one root, or a CSV file with one row for each service: its columns are
the levels of the tree, from the root down, and the last is headed “service” or 服务.

    city,district,service
    Springfield,North,Library
    Springfield,North,Surgery
    Springfield,South,Library
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zkperf.errors import InputError
from zkperf.ledger.figure_transactions import Auditor, Place
from zkperf.ledger.paths import check_units
from zkperf.ledger.transactions import Unit
from zkperf.names import check_name, check_names, fold
from zkperf.surveys.input_files import csv_rows

SERVICE = ("service", "服务")
"""What the last column of a units file is headed: a file without a header is refused, not cut."""
KEY = "key"
"""The last column of a providers file."""


def services_under(root: str, names: Sequence[str], registrar: bytes) -> tuple[Unit, ...]:
    """A root and its services. InputError for a name that is none, or that is there twice."""
    check_name(root, "--root")
    check_names(names, "--unit")
    return _tree([((root, name), f"--unit {name!r}") for name in names], registrar)


def load_units(path: Path, registrar: bytes, encoding: str | None = None) -> tuple[Unit, ...]:
    """The units in a CSV file, parents first. InputError, naming file and row, if they make no tree."""
    header, rows = _read(path, "service", encoding)
    if header[-1] not in SERVICE or len(header) < 2:
        raise InputError(
            f"{path}: row 1: expected a header that names the levels from the root down, as in "
            f"city,district,{SERVICE[0]}, whose last column is {' or '.join(map(repr, SERVICE))}; got "
            f"{','.join(header)[:60]!r}"
        )
    return _tree([(_row(cells, len(header), where), where) for cells, where in rows], registrar)


def load_providers(path: Path, encoding: str | None = None) -> tuple[Place, ...]:
    """The providers in a CSV file, parents first: like units, with a last column ``key``, the public key of
    each. InputError, naming file and row, if they make no tree, or a name or a key is there twice."""
    header, rows = _read(path, "provider", encoding)
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
        if row and (before := names.setdefault(fold(row[-1]), number)) != number:
            raise InputError(
                f"{where}: a provider of this name, or one that reads like it, is in {before} already"
            )
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
    check_name(name, "--auditor")
    return Auditor(name=name, key=_key(key, "--auditor"))


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


def _read(
    path: Path, what: str, encoding: str | None = None
) -> tuple[list[str], list[tuple[list[str], str]]]:
    """The header of a CSV file, and every row with where it is."""
    (_, header), *rows = [*csv_rows(path, encoding)] or [(1, [])]
    if not rows:
        raise InputError(f"{path}: expected a header that names the levels, and one row for each {what}")
    return header, [(cells, f"{path}: row {number}") for number, cells in rows]


def _row(cells: Sequence[str], width: int, where: str) -> tuple[str, ...]:
    if len(cells) > width:
        raise InputError(f"{where}: has {len(cells)} fields, the header has {width}")
    names = list(cells)
    while names and not names[-1]:
        names.pop()
    for column, name in enumerate(names, start=1):
        check_name(name, f"{where}, column {column}")
    return tuple(names)


def _tree(rows: Sequence[tuple[tuple[str, ...], str]], registrar: bytes) -> tuple[Unit, ...]:
    """Parents first, in the order in which they appear. Each row is the path of a service."""
    root = rows[0][0][0] if rows[0][0] else ""
    places: dict[tuple[str, ...], int] = {}
    spelt: dict[tuple[str, ...], tuple[tuple[str, ...], str]] = {}
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
            before, first = spelt.setdefault(tuple(map(fold, node)), (node, where))
            if before != node:
                row = first.rpartition(": ")[2]
                raise InputError(
                    f"{where}: {node[-1]!r} reads like {before[-1]!r} in {row}: write one of them"
                )
            if node not in places:
                places[node] = len(units)
                parent = places[node[:-1]] if depth > 1 else None
                key = registrar if depth == len(path) else None
                units.append(Unit(name=node[-1], parent=parent, registrar=key))
        services.add(path)
    check_units(units)
    return tuple(units)
