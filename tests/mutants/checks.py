"""The checks of a function: what it refuses, and the ways to make it refuse no longer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.mutants.syntax import Change, Scope, assigned, name_of, own_nodes

CHECKING = re.compile(r"_?(verify|check|require|judge|validate|decode|admissible|parse|unverified)(_|$)")
"""Functions that raise if something is wrong: a call whose result is not used is a check."""
REQUIRE = re.compile(r"_?require(_|$)")
CULPRITS = ("verify_each", "verify_tokens")
"""Functions that return what is wrong: none, once the check is out."""
PASSING = ("check_range",)
"""Functions that return their first argument if it is good."""
BOUNDS = {"ge", "gt", "le", "lt", "min_length", "max_length", "pattern", "strict", "extra"}
"""Keywords of pydantic's Field and ConfigDict by which a value is refused."""


def checks(scope: Scope, errors: frozenset[str], *, rules: bool = False) -> Iterator[Change]:
    """The changes that each take one check, or one operand of one, out of this function or class.

    ``errors`` are the names of exceptions: a verdict that is one of them is a refusal too. In ``rules`` also
    the conditions under which something is passed over are checks.
    """
    conditions: list[ast.expr] = []
    guarded: set[int] = set()
    answers = isinstance(scope, ast.FunctionDef) and ast.unparse(scope.returns or scope) == "bool"
    for node in own_nodes(scope):
        if isinstance(node, ast.If) and _refuses(node, errors, rules):
            guarded.add(id(node.body[-1]))
            conditions.append(node.test)
            yield Change("if", node.test, _without(node.test, False), "never refuses")
        elif isinstance(node, ast.ExceptHandler) and isinstance(node.body[-1], ast.Raise):
            guarded.add(id(node.body[-1]))
            yield Change("except", node.body[-1], ast.Pass(), "swallows the error", node)
        elif isinstance(node, ast.Raise) and id(node) not in guarded:
            yield Change("raise", node, ast.Pass(), "does not refuse")
        elif isinstance(node, ast.Expr) and CHECKING.match(name_of(node.value)):
            guarded.add(id(node.value))
            if REQUIRE.match(name_of(node.value)):
                assert isinstance(node.value, ast.Call)
                conditions.append(node.value.args[0])
            yield Change("call", node, ast.Pass(), "left out")
        elif isinstance(node, ast.AnnAssign) and _is_record(scope):
            yield Change("type", node.annotation, ast.Name("object", ast.Load()), "of any type", node)
        elif isinstance(node, ast.comprehension) and rules:
            for condition in node.ifs:
                conditions.append(condition)
                yield Change("filter", condition, None, "passes all")
        elif isinstance(node, ast.Return) and answers and node.value is not None:
            if not (isinstance(node.value, ast.Constant) and node.value.value is True):
                conditions.append(node.value)
                yield Change("answer", node.value, ast.Constant(True), "always says yes", node)
        elif isinstance(node, ast.Call) and id(node) not in guarded:
            yield from _calls(node)
    yield from _equations(scope)
    yield from _operands(scope, conditions)


def _refuses(branch: ast.If, errors: frozenset[str], rules: bool) -> bool:
    """It raises, notes a failure, or gives an error as the verdict; in rules, it passes something over."""
    last = branch.body[-1]
    bare = isinstance(last, ast.Return) and last.value is None
    if isinstance(last, ast.Raise) or (rules and (bare or isinstance(last, ast.Break | ast.Continue))):
        return True
    return any(
        _is_verdict(statement.value, errors)
        for statement in branch.body
        if isinstance(statement, ast.Expr | ast.Assign)
    )


def _is_verdict(value: ast.expr, errors: frozenset[str]) -> bool:
    """An error as a value, a failure in a report, or the reason why something is withheld."""
    return name_of(value) in {*errors, "fail"} or ast.unparse(value).startswith("Reason.")


def _is_record(scope: Scope) -> bool:
    """A class of objects that are decoded: the types of its fields are checks."""
    bases = scope.bases if isinstance(scope, ast.ClassDef) else []
    return any(ast.unparse(base) in ("Record", "Signed") for base in bases)


def _calls(call: ast.Call) -> Iterator[Change]:
    name = name_of(call)
    if name in CULPRITS:
        yield Change("call", call, ast.List([], ast.Load()), "finds nothing")
    elif name in PASSING:
        yield Change("call", call, call.args[0], "lets everything pass")
    elif name == "find_round" and len(call.args) > 3:
        any_phase = ast.Call(call.func, call.args[:3], call.keywords)
        yield Change("call", call, any_phase, "in every phase")
    elif name in ("Field", "ConfigDict"):
        for keyword in call.keywords:
            if keyword.arg in BOUNDS:
                yield Change("bound", keyword, None, f"{name} without it")


def _equations(scope: Scope) -> Iterator[Change]:
    """Lists of equations to be verified, each equation left out in turn."""
    for node in own_nodes(scope):
        if isinstance(node, ast.Expr) and name_of(node.value) == "append":
            assert isinstance(node.value, ast.Call)
            if name_of(node.value.args[0]) == "Equation":
                yield Change("equation", node, ast.Pass(), "left out")
        elif isinstance(node, ast.List | ast.Tuple):
            if node.elts and all(name_of(item) in ("Equation", "LinearEquation") for item in node.elts):
                for item in node.elts:
                    yield Change("equation", item, None, "left out")
        elif isinstance(node, ast.ListComp) and name_of(node.elt) == "share_equation":
            rest = ast.Subscript(node, ast.Slice(ast.Constant(1)), ast.Load())
            yield Change("equation", node, rest, "without the first")


# -- operands ---------------------------------------------------------------------------------------


def _operands(scope: Scope, conditions: list[ast.expr]) -> Iterator[Change]:
    """The parts of conditions, each left out in turn: operands, links of a chain, entries of a pair.

    A name in a condition stands for what the function has assigned to it.
    """
    seen: set[int] = set()
    pending = list(reversed(conditions))
    while pending:
        for node in ast.walk(pending.pop()):
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, ast.BoolOp):
                yield from _boolean(node)
            elif isinstance(node, ast.Compare) and len(node.ops) > 1:
                yield from _chain(node)
            elif isinstance(node, ast.Compare):
                yield from _pair(node)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                values = assigned(scope, node.id)
                pending += [value for value in values if isinstance(value, ast.BoolOp | ast.Compare)]


def _boolean(node: ast.BoolOp) -> Iterator[Change]:
    if any(isinstance(operand, ast.Constant) for operand in node.values):
        return  # `x or 0`: a default, not a condition
    neutral = isinstance(node.op, ast.And)
    for place, operand in enumerate(node.values):
        values = [*node.values[:place], _without(operand, neutral), *node.values[place + 1 :]]
        yield Change("operand", node, ast.BoolOp(node.op, values), f"without `{ast.unparse(operand)}`")


def _chain(node: ast.Compare) -> Iterator[Change]:
    terms = [node.left, *node.comparators]
    links = [
        ast.Compare(left, [op], [right])
        for left, op, right in zip(terms, node.ops, node.comparators, strict=False)
    ]
    for place, link in enumerate(links):
        rest = [*links[:place], *links[place + 1 :]]
        new = rest[0] if len(rest) == 1 else ast.BoolOp(ast.And(), list(rest))
        yield Change("operand", node, new, f"without `{ast.unparse(link)}`")


def _pair(node: ast.Compare) -> Iterator[Change]:
    left, right = node.left, node.comparators[0]
    if not (isinstance(left, ast.Tuple) and isinstance(right, ast.Tuple)):
        return
    for place, item in enumerate(left.elts):
        shorter = [
            ast.Tuple([*side.elts[:place], *side.elts[place + 1 :]], ast.Load()) for side in (left, right)
        ]
        new = ast.Compare(shorter[0], node.ops, [shorter[1]])
        yield Change("operand", node, new, f"without `{ast.unparse(item)}`")


def _without(condition: ast.expr, neutral: bool) -> ast.expr:
    """The constant ``neutral``; a condition that also assigns a name is still evaluated."""
    constant = ast.Constant(neutral)
    if not any(isinstance(node, ast.NamedExpr) for node in ast.walk(condition)):
        return constant
    return ast.Subscript(ast.Tuple([condition, constant], ast.Load()), ast.Constant(1), ast.Load())
