"""What a function puts into digests, challenges, signed messages and contexts, each input left out in turn.

Such a change reaches whoever writes and whoever verifies alike, so nothing fails by itself: a test has to
show that the input is bound.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.mutants.syntax import Change, Scope, assigned, name_of, own_nodes

HASHES = ("sha256", "shake_128")


def bindings(scope: Scope, classes: dict[str, ast.ClassDef]) -> Iterator[Change]:
    """The inputs of this function's digests and messages. ``classes`` are those of its module."""
    seen: set[int] = set()
    for node in own_nodes(scope):
        if isinstance(node, ast.Expr) and name_of(node.value) == "absorb":
            yield Change("binding", node, ast.Pass(), "left out")
        for sink in _sinks(node):
            for change in _inputs(scope, sink, classes):
                if id(change.old) not in seen or change.new is not None:
                    seen.add(id(change.old))
                    yield change


def _sinks(node: ast.AST) -> Iterator[ast.expr]:
    """Expressions that become a digest or a message."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.BinOp):
        # b"label" + …: what somebody signs
        if any(_is_bytes(term) for term in _terms(node.value)):
            yield node.value
    elif isinstance(node, ast.Call):
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "info")
        name, function = name_of(node), node.func
        if name in HASHES or (name == "join" and _is_bytes(getattr(function, "value", function))):
            yield from node.args[:1]
        elif name == "encode" and isinstance(function, ast.Attribute) and not _is_module(function.value):
            yield function.value  # text, to be written as bytes
        elif name == "encode":
            yield from node.args[:1]


def _is_module(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id == "encoding"


def _is_bytes(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, bytes)


def _inputs(scope: Scope, sink: ast.expr, classes: dict[str, ast.ClassDef]) -> Iterator[Change]:
    if isinstance(sink, ast.List | ast.Tuple):
        for item in sink.elts:
            yield Change("binding", item, None, "left out")
            if isinstance(item, ast.Starred):
                yield from _inputs(scope, item.value, classes)
    elif isinstance(sink, ast.BinOp) and isinstance(sink.op, ast.Add):
        terms = _terms(sink)
        for place, term in enumerate(terms):
            rest = _sum([*terms[:place], *terms[place + 1 :]])
            yield Change("binding", sink, rest, f"without `{ast.unparse(term)}`")
    elif isinstance(sink, ast.JoinedStr):
        for value in sink.values:
            if isinstance(value, ast.FormattedValue):
                rest = ast.JoinedStr([other for other in sink.values if other is not value])
                yield Change("binding", sink, rest, f"without `{ast.unparse(value.value)}`")
    elif isinstance(sink, ast.IfExp):
        yield from _inputs(scope, sink.body, classes)
        yield from _inputs(scope, sink.orelse, classes)
    elif isinstance(sink, ast.Name):
        values = assigned(scope, sink.id)
        for value in values:
            yield from _inputs(scope, value, classes)
        begun = any(isinstance(value, ast.List) and value.elts for value in values)
        for node in own_nodes(scope) if begun else ():
            if isinstance(node, ast.Expr) and ast.unparse(node).startswith(f"{sink.id}.append("):
                yield Change("binding", node, ast.Pass(), "left out")
    elif isinstance(sink, ast.Subscript | ast.Call):
        yield from _fields(scope, sink, classes)


def _fields(scope: Scope, sink: ast.expr, classes: dict[str, ast.ClassDef]) -> Iterator[Change]:
    """``record.to_array()[…]``: the fields of the record that are in it."""
    call = sink.value if isinstance(sink, ast.Subscript) else sink
    if name_of(call) != "to_array" or not isinstance(scope, ast.FunctionDef):
        return
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    record = call.func.value
    names = {
        argument.arg: ast.unparse(argument.annotation)
        for argument in scope.args.args
        if argument.annotation is not None
    }
    owner = next((name for name, body in classes.items() if scope in body.body), "")
    known = classes.get({**names, "self": owner}.get(ast.unparse(record), ""))
    if known is None:
        return
    fields = [ast.unparse(item.target) for item in known.body if isinstance(item, ast.AnnAssign)]
    part = sink.slice if isinstance(sink, ast.Subscript) else None
    bounds = [_number(part.lower), _number(part.upper)] if isinstance(part, ast.Slice) else [None, None]
    for place, name in enumerate(fields[bounds[0] : bounds[1]]):
        kept = f"[item for place, item in enumerate({ast.unparse(sink)}) if place != {place}]"
        yield Change("binding", sink, ast.parse(kept, mode="eval").body, f"without the field `{name}`")


def _number(node: ast.expr | None) -> int | None:
    value = None if node is None else ast.literal_eval(node)
    assert value is None or isinstance(value, int)
    return value


def _terms(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_terms(node.left), *_terms(node.right)]
    return [node]


def _sum(terms: list[ast.expr]) -> ast.expr:
    total = terms[0]
    for term in terms[1:]:
        total = ast.BinOp(total, ast.Add(), term)
    return total
