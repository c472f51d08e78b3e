"""Problem types: every check that can refuse something has one, and the documentation lists them all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.problems import CHECKS, HTTP, KINDS, of_error, type_uri
from zkperf.errors import EncodingError, RuleViolation
from zkperf.ledger.store.errors import StorageFull
from zkperf.roles.wire import PROBLEMS

ROOT = Path(__file__).parents[2]


def checks_in(path: Path) -> Iterator[str]:
    """The names of checks that a module writes down: ``check = "…"``, ``check="…"``, constants for them, and
    what the ledger's rules ``require``."""
    rules = "rules" in path.parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "check":
            yield from _text(node.value)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id in ("check", "CHECK", "COUNTED_SET", "BATCHES"):
                yield from _text(node.value)
        elif rules and isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require":
            yield from _text(node.args[1])


def _text(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_every_check_has_a_problem_type() -> None:
    sources = [path for room in ("zkperf", "circuits") for path in (ROOT / room).rglob("*.py")]
    found = {check for path in sources for check in checks_in(path)}
    assert {"batches", "disclosure", "encoding", "storage"} <= found
    assert found <= set(CHECKS)
    assert not set(CHECKS) & set(HTTP)


def test_the_documentation_lists_every_type() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (\d{3}) \| (.+?) \|", (ROOT / "docs/api.md").read_text("utf-8"), re.MULTILINE
    )
    listed = {name: (int(status), title) for name, status, title in rows}
    assert listed == {name.replace(" ", "-"): (kind.status, kind.title) for name, kind in KINDS.items()}


def test_types_are_uris() -> None:
    assert type_uri("key generation") == "https://zkperf.org/problems/key-generation"
    assert all(re.fullmatch(re.escape(PROBLEMS) + "[a-z-]+", type_uri(name)) for name in KINDS)


def test_errors_become_problems() -> None:
    view = of_error(EncodingError("Core: unit: too large")).view
    assert (view.status, view.type, view.detail) == (400, PROBLEMS + "encoding", "Core: unit: too large")
    view = of_error(RuleViolation("no", check="counted set")).view
    assert (view.status, view.type) == (409, PROBLEMS + "counted-set")


def test_an_unlisted_check_keeps_its_own_type() -> None:
    view = of_error(RuleViolation("no", check="weather")).view
    assert (view.status, view.type) == (422, PROBLEMS + "weather")


def test_paths_on_this_machine_stay_here(caplog: pytest.LogCaptureFixture) -> None:
    response = of_error(StorageFull("/srv/secret/ledger.db: the disk is full")).response()
    assert b"/srv" not in response.body and response.headers["retry-after"] == "60"
    assert "the disk is full" in caplog.text
