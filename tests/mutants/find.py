"""Which mutants there are: the checks and bindings of every module that verifies."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.mutants.bindings import bindings
from tests.mutants.checks import checks
from tests.mutants.syntax import Change, own_nodes, scopes

ROOT = Path(__file__).parents[2]

VERIFIERS = (
    "circuits/*.py",
    "circuits/claims/*.py",
    "circuits/report/*.py",
    "circuits/rating/core.py",
    "circuits/rating/shares.py",
    "circuits/rating/verifier.py",
    "zkperf/randomness.py",
    "zkperf/commitments.py",
    "zkperf/encoding.py",
    "zkperf/sealing.py",
    "zkperf/sharing.py",
    "zkperf/signatures.py",
    "zkperf/names.py",
    "zkperf/transcript.py",
    "zkperf/groups/*.py",
    "zkperf/proofs/*.py",
    "zkperf/tokens/*.py",
    "zkperf/ledger/disclosure.py",
    "zkperf/ledger/export.py",
    "zkperf/ledger/paths.py",
    "zkperf/ledger/promises.py",
    "zkperf/ledger/signing.py",
    "zkperf/ledger/state.py",
    "zkperf/ledger/transactions.py",
    "zkperf/ledger/log/*.py",
    "zkperf/ledger/figure_transactions.py",
    "zkperf/ledger/rules/*.py",
    "zkperf/ledger/rules/figures/*.py",
    "zkperf/ledger/engines/*.py",
    "zkperf/ledger/store/store.py",
    "zkperf/roles/audit_parts.py",
    "zkperf/roles/auditor.py",
    "zkperf/roles/citizen.py",
    "zkperf/roles/evidence.py",
    "zkperf/roles/figure_auditor.py",
    "zkperf/roles/figure_trustee.py",
    "zkperf/roles/provider.py",
    "zkperf/roles/registrar.py",
    "zkperf/roles/replica.py",
    "zkperf/roles/report_book.py",
    "zkperf/roles/shares.py",
    "zkperf/roles/software.py",
    "zkperf/roles/trustee.py",
    "zkperf/roles/view.py",
    "zkperf/roles/wire.py",
)
"""The modules that decide whether something is accepted."""

RULES = (
    "zkperf/ledger/disclosure.py",
    "zkperf/ledger/rules/",
    "zkperf/ledger/engines/",
    "zkperf/ledger/state.py",
)
"""Those of them in which what is passed over is decided too."""


@dataclass(frozen=True)
class Mutant:
    """One check of one module that is out, or one input that is not bound."""

    file: str
    """Relative to the project's root."""
    source: str
    """SHA-256 of the module's source."""
    number: int
    """Place among the mutants of its file, from 0."""
    kind: str
    where: str
    """The dotted name of the function or class."""
    line: int
    lines: tuple[int, int]
    """First and last line of the statement around it: a test that runs one of them may tell."""
    check: str
    """The check's source, on one line."""
    effect: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.number}"


def verifiers(only: Sequence[str] = ()) -> list[Path]:
    """The modules, or those of them that are in one of the files and folders ``only``."""
    paths = [path for pattern in VERIFIERS for path in sorted(ROOT.glob(pattern))]
    wanted = [(ROOT / item).resolve() for item in only]
    return [
        path for path in paths if not wanted or any(path.resolve().is_relative_to(item) for item in wanted)
    ]


def all_mutants(only: Sequence[str] = ()) -> list[Mutant]:
    """The mutants of `verifiers`."""
    return [
        mutant
        for path in verifiers(only)
        for mutant in mutants(str(path.relative_to(ROOT)), path.read_bytes())
    ]


def mutants(file: str, source: bytes) -> list[Mutant]:
    """The mutants of one module, in order."""
    digest = sha256(source).hexdigest()
    found = _changes(file, ast.parse(source))
    return [_describe(file, digest, number, *item) for number, item in enumerate(found)]


def mutated(file: str, source: bytes, number: int) -> ast.Module:
    """The module's syntax tree with the change of its mutant of this number. IndexError if there is none."""
    tree = ast.parse(source)
    _, change, _ = _changes(file, tree)[number]
    change.apply(tree)
    return tree


def _changes(file: str, tree: ast.Module) -> list[tuple[str, Change, tuple[int, int]]]:
    """(dotted name of the scope, change, lines of the statement around it), by line."""
    errors = frozenset(
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "zkperf.errors"
        for alias in node.names
    )
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found = []
    for where, scope in scopes(tree):
        statements = [node for node in own_nodes(scope) if isinstance(node, ast.stmt | ast.ExceptHandler)]
        for change in (*checks(scope, errors, rules=file.startswith(RULES)), *bindings(scope, classes)):
            innermost = [node for node in statements if _holds(node, change.old)][-1]
            found.append((where, change, _extent(innermost)))
    return sorted(found, key=lambda item: item[2])


def _holds(statement: ast.AST, node: ast.AST) -> bool:
    return any(item is node for item in ast.walk(statement))


def _extent(statement: ast.stmt | ast.ExceptHandler) -> tuple[int, int]:
    """First and last line; of a statement with a body, those of its head."""
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno
    return statement.lineno, max(statement.lineno, last or 0)


def _describe(
    file: str, digest: str, number: int, where: str, change: Change, lines: tuple[int, int]
) -> Mutant:
    shown = " ".join(ast.unparse(change.subject or change.old).split())
    line = getattr(change.old, "lineno", lines[0])
    return Mutant(file, digest, number, change.kind, where, line, lines, shown, change.effect)
