"""The floors of docs/architecture.md: rooms import from floors below, and from neighbours named here.

Imports are read from the source, so that those inside functions count too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OWN = ("zkperf", "circuits", "service")

FLOORS = (
    (
        "zkperf._native",
        "zkperf.errors",
        "zkperf.randomness",
        "zkperf.encoding",
        "zkperf.files",
        "zkperf.names",
        "zkperf.names_reference",
    ),
    ("zkperf.groups", "zkperf.transcript", "zkperf.signatures"),
    ("zkperf.proofs", "zkperf.commitments", "zkperf.sharing", "zkperf.sealing"),
    ("circuits", "zkperf.tokens"),
    ("zkperf.ledger",),
    ("zkperf.roles",),
    ("zkperf.surveys", "zkperf.indicators", "service", "zkperf.cli"),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

NEIGHBOURS = {
    "zkperf.encoding": {"zkperf.errors"},
    "zkperf.names": {"zkperf._native", "zkperf.errors"},
    "zkperf.transcript": {"zkperf.groups"},
    "zkperf.proofs": {"zkperf.commitments"},
    "zkperf.sharing": {"zkperf.commitments", "zkperf.proofs"},
    "zkperf.sealing": {"zkperf.sharing"},
    "zkperf.tokens": {"circuits"},
    "zkperf.indicators": {"zkperf.surveys"},
    "service": {"zkperf.indicators"},
    "zkperf.cli": {"zkperf.surveys", "zkperf.indicators", "service"},
}
"""Which rooms of its own floor a room may import from."""

LEDGER = {
    "log": set[str](),
    "paths": set[str](),
    "signed": set[str](),
    "figure_transactions": {"signed"},
    "transactions": {"figure_transactions", "signed"},
    "disclosure": set[str](),
    "envelope": {"signed", "transactions"},
    "signing": {"signed", "transactions"},
    "promises": {"signed", "signing", "transactions"},
    "identity": {"figure_transactions", "transactions"},
    "state": {"disclosure", "figure_transactions", "identity", "transactions"},
    "rules": {
        "disclosure",
        "envelope",
        "figure_transactions",
        "identity",
        "paths",
        "signed",
        "signing",
        "state",
        "transactions",
    },
    "export": {"log"},
    "store": {"log"},
    "engines": {
        "export",
        "log",
        "promises",
        "rules",
        "signing",
        "state",
        "store",
        "transactions",
        "figure_transactions",
    },
}
"""Within the ledger: the rules know no disk, no engine and no log."""

LIBRARIES = {
    "fastapi": ("service",),
    "starlette": ("service",),
    "uvicorn": ("zkperf.cli.serve", "service.protocol"),
    "httpx": ("zkperf.roles.remote",),
    "sqlalchemy": ("zkperf.ledger.store",),
    "sqlite3": ("zkperf.ledger.store",),
    "alembic": ("zkperf.ledger.store",),
    "typer": ("zkperf.cli",),
    "rich": ("zkperf.cli", "zkperf.surveys.tables", "zkperf.indicators.tables"),
    "matplotlib": ("zkperf.surveys.plots",),
    "jinja2": ("zkperf.surveys.report", "zkperf.indicators.page"),
    "cbor2": ("zkperf.encoding",),
    "petlib": ("zkperf.groups.p256",),
    "py_ecc": ("zkperf.groups.bls12381_reference",),
    "cryptography": ("zkperf.sealing", "zkperf.ledger", "zkperf.roles"),
}
"""Where a library, and with it what it is about, is known."""


@cache
def imports() -> dict[str, set[str]]:
    """By module everything that it imports, as far as the source names it."""
    found: dict[str, set[str]] = {}
    for package in OWN:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = set(_imported(ast.parse(path.read_text("utf-8"))))
    return found


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str | None:
    """The room that a module, or a name in it, belongs to. None for the package's own names."""
    first, *rest = module.split(".")
    if first != "zkperf":
        return first
    room = f"zkperf.{rest[0]}" if rest else ""
    return room if room in FLOOR else None


def within(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def test_every_module_is_in_a_room() -> None:
    homeless = {module for module in imports() if room_of(module) not in FLOOR} - {"zkperf"}
    assert not homeless


def test_imports_go_down() -> None:
    wrong = []
    for module, targets in imports().items():
        room = room_of(module)
        for target in targets:
            if target.split(".")[0] not in OWN or (other := room_of(target)) in (None, room):
                continue
            assert room is not None and other is not None, f"{module} imports {target}"
            if FLOOR[other] >= FLOOR[room] and other not in NEIGHBOURS.get(room, set()):
                wrong.append(f"{module} imports {target}")
    assert not wrong


def test_within_the_ledger_they_go_down_too() -> None:
    wrong = []
    for module, targets in imports().items():
        if not module.startswith("zkperf.ledger."):
            continue
        own = module.split(".")[2]
        others = {target.split(".")[2] for target in targets if target.startswith("zkperf.ledger.")}
        wrong += [f"{module} imports {other}" for other in others - LEDGER[own] - {own}]
    assert not wrong


def test_the_service_calls_roles_and_knows_no_cryptography() -> None:
    used = {
        room_of(target)
        for module, targets in imports().items()
        if within(module, ("service",))
        for target in targets
    }
    assert used & FLOOR.keys() == {
        "service",
        "zkperf.encoding",
        "zkperf.errors",
        "zkperf.indicators",
        "zkperf.ledger",
        "zkperf.roles",
    }


def test_nothing_but_tests_imports_tests() -> None:
    outside = {target for targets in imports().values() for target in targets}
    assert not {target for target in outside if within(target, ("tests", "benchmarks"))}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_known_where_it_belongs(library: str) -> None:
    users = {
        module
        for module, targets in imports().items()
        if any(within(target, (library,)) for target in targets)
    }
    # py_ecc is loaded by name, because importing it has a side effect that is undone.
    assert users or library == "py_ecc"
    assert all(within(module, LIBRARIES[library]) for module in users), users


def test_the_rules_look_at_no_clock_and_draw_no_secrets() -> None:
    for module, targets in imports().items():
        if within(module, ("zkperf.ledger.rules", "zkperf.ledger.state", "zkperf.ledger.disclosure")):
            for forbidden in ("time", "datetime", "random", "os", "pathlib"):
                assert not any(within(target, (forbidden,)) for target in targets), (module, forbidden)


def test_every_room_is_in_the_document() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    for room in FLOOR:
        path = "native" if room == "zkperf._native" else room.replace(".", "/")
        assert f"`{path}/`" in text or f"`{path}.py`" in text, room
