"""The privacy auditor: recomputes everything from the public log, and trusts nobody.

It applies the same rules as every validator, goes on after a failure, and lists each with its leaf.
Its only trust anchor is the genesis digest; without one it says that the origin is unverified.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Any

from zkperf.errors import InvalidLogProof, ZkperfError
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.log.merkle import Tree, leaf_hash
from zkperf.ledger.rules import apply
from zkperf.ledger.state import State
from zkperf.ledger.transactions import Genesis, decode_transaction
from zkperf.roles.view import ledger_policy

CHUNK = 2000
"""Leaves applied at a time: their ratings are verified as one batch."""

CHECKS = (
    "log",
    "encoding",
    "genesis",
    "signatures",
    "schemes",
    "rounds",
    "key generation",
    "issuance",
    "batches",
    "tokens",
    "proofs",
    "complaints",
    "counted set",
    "disclosure",
    "openings",
    "results",
)

Progress = Callable[[int, int], None]
"""Called with (leaves done, leaves in all)."""


@dataclass(frozen=True)
class PublicLog:
    """What an audit reads: every leaf in order, and the latest checkpoint."""

    size: int
    leaves: Iterable[bytes]
    checkpoint: Callable[[], str]
    """Called after the last leaf has been read: in an export the checkpoint comes last."""


@dataclass(frozen=True)
class Failure:
    index: int | None
    """The leaf at fault; None if it is the log as a whole."""
    reason: str


@dataclass(frozen=True)
class CohortSize:
    """How well one cohort's raters are hidden among each other."""

    round: str
    unit: str
    ratings: int
    issued: int
    anonymity_set: int | None
    """The smallest number of issuances that a rating of this cohort entered behind; None without ratings."""


@dataclass
class Audit:
    """What an audit found."""

    genesis: str
    origin_verified: bool
    ratings: int = 0
    failures: dict[str, list[Failure]] = field(default_factory=lambda: {name: [] for name in CHECKS})
    cohorts: list[CohortSize] = field(default_factory=list)
    open_rounds: list[str] = field(default_factory=list)
    """Rounds whose result is not published yet, and where they stand."""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not any(self.failures.values())

    def fail(self, check: str, index: int | None, reason: str) -> None:
        self.failures.setdefault(check, []).append(Failure(index, reason))

    def to_json(self) -> Any:
        """The report as plain data."""
        return {
            "ok": self.ok,
            "genesis": self.genesis,
            "origin_verified": self.origin_verified,
            "ratings": self.ratings,
            "checks": [
                {
                    "name": name,
                    "passed": not failures,
                    "failures": [{"index": failure.index, "reason": failure.reason} for failure in failures],
                }
                for name, failures in self.failures.items()
            ],
            "cohorts": [vars(cohort) for cohort in self.cohorts],
            "open_rounds": self.open_rounds,
            "seconds": round(self.seconds, 3),
        }


def audit(
    log: PublicLog, genesis: bytes | None = None, progress: Progress = lambda done, size: None
) -> Audit:
    """Recomputes a ledger from its leaves. ``genesis`` is the digest that the auditor knows it by."""
    started = time.monotonic()
    leaves: list[bytes] = []
    state = State(leaf=leaves.__getitem__, pairing=BLS12381)
    tree = Tree()
    report = Audit(genesis="", origin_verified=False)

    def failed(index: int, error: ZkperfError) -> None:
        report.fail(error.check, index, str(error))

    stream = iter(log.leaves)
    try:
        while chunk := list(islice(stream, CHUNK)):
            leaves += chunk
            tree.extend(leaf_hash(leaf) for leaf in chunk)
            apply(state, chunk, on_failure=failed)
            progress(len(leaves), log.size)
        note = log.checkpoint()
        if leaves:
            check_origin(report, leaves[0], genesis)
            check_log(report, leaves[0], tree, note)
        else:
            report.fail("log", None, "the log is empty")
    except ZkperfError as error:
        check = error.check if error.check in CHECKS else "log"
        report.fail(check, len(leaves), f"{error}; what follows could not be read")
    summarise(report, state)
    report.seconds = time.monotonic() - started
    return report


def check_origin(report: Audit, first: bytes, genesis: bytes | None) -> None:
    """Leaf 0 is the genesis that the auditor knows, if it knows one."""
    digest = sha256(first).digest()
    report.genesis = digest.hex()
    if genesis is not None:
        report.origin_verified = digest == genesis
        if not report.origin_verified:
            report.fail("genesis", 0, f"expected the ledger {genesis.hex()}, got {digest.hex()}")


def check_log(report: Audit, first: bytes, tree: Tree, note: str) -> None:
    """The checkpoint is signed by the key that the genesis names, and it is this log's."""
    try:
        genesis = decode_transaction(first)
        if not isinstance(genesis, Genesis):
            raise InvalidLogProof("leaf 0 is not a genesis")
        policy = ledger_policy(sha256(first).digest(), genesis.log_key)
        checkpoint = policy.verify(note, only_known=True)
    except ZkperfError as error:
        report.fail("log", None, str(error))
        return
    if (checkpoint.size, checkpoint.root) != (tree.size, tree.root()):
        report.fail("log", None, "the signed checkpoint is not that of these leaves")


def summarise(report: Audit, state: State) -> None:
    """Sizes of the anonymity sets, and what is not finished."""
    if state.batch is not None:
        report.fail("batches", state.size, "the log ends within an announced batch")
    for found in state.rounds.values():
        if found.result is None:
            report.open_rounds.append(f"{found.opened.name}: {found.phase}")
        for unit, cohort in found.cohorts.items():
            report.ratings += len(cohort.ratings)
            report.cohorts.append(
                CohortSize(
                    round=found.opened.name,
                    unit=found.opened.units[unit].name,
                    ratings=len(cohort.ratings),
                    issued=cohort.issued,
                    anonymity_set=min(
                        (rating.issued_before for rating in cohort.ratings.values()), default=None
                    ),
                )
            )
