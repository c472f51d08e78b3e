"""Small tools for syntax trees: a change to one, and what a name stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

Scope = ast.FunctionDef | ast.ClassDef | ast.Module


@dataclass(frozen=True)
class Change:
    """In the tree, ``old`` is put out and ``new`` in; without ``new`` it is taken out of its list."""

    kind: str
    old: ast.AST
    new: ast.AST | None
    effect: str
    """What the change does, in words."""
    subject: ast.AST | None = None
    """What to show of the source, if not ``old``."""

    def apply(self, tree: ast.Module) -> None:
        """Makes the change. LookupError if ``old`` is not in the tree."""
        for parent in ast.walk(tree):
            for name, value in ast.iter_fields(parent):
                if value is self.old and self.new is not None:
                    setattr(parent, name, ast.copy_location(self.new, self.old))
                elif isinstance(value, list) and any(item is self.old for item in value):
                    place = next(place for place, item in enumerate(value) if item is self.old)
                    value[place : place + 1] = (
                        [] if self.new is None else [ast.copy_location(self.new, self.old)]
                    )
                else:
                    continue
                ast.fix_missing_locations(tree)
                return
        raise LookupError("the node to change is not in the tree")


def name_of(call: ast.expr) -> str:
    """The last name of what is called: ``verify`` of ``self.policy.verify(note)``; "" for anything else."""
    function = call.func if isinstance(call, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def own_nodes(scope: Scope) -> Iterator[ast.AST]:
    """The nodes of a scope in order, without those of the functions and classes in it."""
    pending: list[ast.AST] = list(reversed(scope.body))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            pending += reversed(list(ast.iter_child_nodes(node)))


def scopes(tree: ast.Module) -> Iterator[tuple[str, Scope]]:
    """Every function and class with its dotted name, and the module itself with the name ""."""

    def inside(prefix: str, scope: Scope) -> Iterator[tuple[str, Scope]]:
        yield prefix, scope
        for node in own_nodes(scope):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield from inside(f"{prefix}.{node.name}".lstrip("."), node)

    return inside("", tree)


def assigned(scope: Scope, name: str) -> list[ast.expr]:
    """What the scope assigns to ``name``, or adds to it with ``+=``."""
    values: list[ast.expr] = []
    for node in own_nodes(scope):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AugAssign):
            targets, value = [node.target], node.value
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name) and target.id == name:
                values.append(value)
            elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = zip(target.elts, value.elts, strict=True)
                values += [expr for part, expr in pairs if isinstance(part, ast.Name) and part.id == name]
    return values
