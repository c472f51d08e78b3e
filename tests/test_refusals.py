"""A refusal that is kept remembers nothing of where it was raised: a traceback holds all that was decoded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from zkperf.errors import RuleViolation, bare

ROOT = Path(__file__).parents[1]


def test_a_bare_error_holds_no_frame() -> None:
    def fail() -> None:
        try:
            raise ValueError("first")
        except ValueError as first:
            raise RuleViolation("second", check="c") from first

    try:
        fail()
    except RuleViolation as error:
        assert error.__traceback__ and error.__context__ and error.__cause__
        kept = bare(error)
        assert kept is error
    assert (kept.__traceback__, kept.__context__, kept.__cause__) == (None, None, None)
    assert (str(kept), kept.check) == ("second", "c")


def _kept_errors(handler: ast.ExceptHandler) -> Iterator[ast.AST]:
    """Where the caught error is stored or returned as it is."""
    parents = {child: node for node in ast.walk(handler) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(handler):
        if not (isinstance(node, ast.Name) and node.id == handler.name and isinstance(node.ctx, ast.Load)):
            continue
        parent = parents[node]
        while isinstance(parent, (ast.Tuple, ast.List, ast.IfExp, ast.BinOp)):
            parent = parents[parent]
        returned = isinstance(parent, ast.Return) or (
            isinstance(parent, ast.Assign)
            and any(not isinstance(target, ast.Name) for target in parent.targets)
        )
        stored = (
            isinstance(parent, ast.Call)
            and isinstance(parent.func, ast.Attribute)
            and parent.func.attr in ("append", "set_exception", "add")
        )
        if returned or stored:
            yield node


def test_nobody_keeps_an_error_with_its_traceback() -> None:
    found = []
    for package in ("zkperf", "circuits", "service"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ExceptHandler) and node.name is not None:
                    found += [f"{path.relative_to(ROOT)}:{name.lineno}" for name in _kept_errors(node)]
    assert found == []


def test_the_search_finds_such_places() -> None:
    source = """
try:
    pass
except ValueError as error:
    self.kept = error
    kept.append((1, error))
    future.set_exception(error)
    say(str(error))
    other = bare(error)
    raise X() from error
"""
    [handler] = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler)]
    assert sorted(name.lineno for name in _kept_errors(handler)) == [5, 6, 7]
