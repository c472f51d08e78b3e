"""The privacy auditor: recomputes everything from the public log, and trusts nobody.

It applies the same rules as every validator, goes on after a failure, and lists each with its leaf.
Its only trust anchor is the genesis digest; without one it says that the origin is unverified.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Any

from zkperf.encoding import Record
from zkperf.errors import InvalidLogProof, ZkperfError, bare
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.log.checkpoint import Policy
from zkperf.ledger.log.merkle import CompletedNode, Tree, leaf_hash
from zkperf.ledger.paths import unit_path
from zkperf.ledger.rules import apply
from zkperf.ledger.rules.figures.pools import PUBLISHED
from zkperf.ledger.rules.prepared import Judged, Prepared
from zkperf.ledger.state import Phase, State, Tallied
from zkperf.ledger.transactions import Genesis, decode_transaction, stays_bytes
from zkperf.roles.audit_notes import (
    Overlap,
    SilentMember,
    shared_services,
    signing_member,
    silent_members,
)
from zkperf.roles.audit_parts import WHOLE, Known, Part
from zkperf.roles.software import software_digest
from zkperf.roles.view import ledger_policy

CHUNK = 4096
"""Leaves applied at a time, at most: their ratings are verified as one batch."""
CHUNK_BYTES = 8 * 2**20
"""Their weight, at most, but for the last one: what they take when they are decoded is bounded with it."""
DECODED_WEIGHT = 8
"""Of a byte of what is decoded to objects, which may take 130 times the memory; all else at most 30 times."""
MOST_FAILURES = 1000
"""Of one check, that are kept: the others are counted."""
AHEAD = 2
"""Blocks in memory: one is applied while the next is verified."""

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
    "reports",
    "pools",
    "claims",
    "attestations",
    "draw",
)

Progress = Callable[[int, int], None]
"""Called with (leaves done, leaves in all)."""


@dataclass(frozen=True)
class PublicLog:
    """What an audit reads: every leaf in order, and the latest checkpoint."""

    size: int
    leaves: Iterable[bytes]
    leaf: Callable[[int], bytes]
    """One of those that have been read, again."""
    checkpoint: Callable[[], str]
    """Called after the last leaf has been read: in an export the checkpoint comes last."""
    check_nodes: Callable[[Sequence[CompletedNode]], None] = lambda nodes: None
    """Called with the subtrees that some leaves complete. Raises a ZkperfError where the log is kept with its
    tree, from which receipts and tiles are made, and that tree is not the one of its leaves."""


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


@dataclass(frozen=True)
class AbandonedRound:
    """A closed round that a member gave up: promises about it are void."""

    round: str
    index: int
    """The leaf that says so."""
    member: str


@dataclass(frozen=True)
class LostEntries:
    """How many entries of a round fell out because enough members could not read their bundles."""

    round: str
    entries: int


@dataclass(frozen=True)
class NotShown:
    """A figure that was drawn and that its provider showed to no auditor in time."""

    period: str
    provider: str
    indicator: str


@dataclass(frozen=True)
class Contradicted:
    """A provider that has proved what cannot be if all that it had left unproved is false. None of that is
    taken for false any more."""

    period: str
    provider: str


@dataclass
class Audit:
    """What an audit found."""

    genesis: str
    origin_verified: bool
    expected: str | None = None
    """The genesis digest that the auditor knows, if any."""
    size: int = 0
    root: str = ""
    """Of the tree of the leaves that were read: which log this was, among those that were signed."""
    ratings: int = 0
    failures: dict[str, list[Failure]] = field(default_factory=lambda: {name: [] for name in CHECKS})
    cohorts: list[CohortSize] = field(default_factory=list)
    open_rounds: list[str] = field(default_factory=list)
    """Rounds whose result is not published yet, and where they stand."""
    abandoned: list[AbandonedRound] = field(default_factory=list)
    lost: list[LostEntries] = field(default_factory=list)
    rehearsal: bool = False
    """The genesis says that nothing here is for real."""
    figures: dict[str, int] = field(default_factory=dict)
    """What there is of rounds of figures, by kind."""
    refused: list[NotShown] = field(default_factory=list)
    contradicted: list[Contradicted] = field(default_factory=list)
    silent_members: list[SilentMember] = field(default_factory=list)
    shared_services: list[Overlap] = field(default_factory=list)
    seconds: float = 0.0
    part: Part = WHOLE
    verified: int = 0
    """Ratings whose proofs and tokens this audit has verified."""
    known: int = 0
    """Leaves that had been verified before."""
    verified_log: Known | None = None
    """What need not be verified again; None unless everything was and passed."""
    unknown_cohorts: list[str] = field(default_factory=list)
    """Cohorts that were asked for and are in no round."""
    _uncounted: dict[str, int] = field(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        return not any(self.failures.values())

    def fail(self, check: str, index: int | None, reason: str) -> None:
        found = self.failures.setdefault(check, [])
        if len(found) < MOST_FAILURES:
            found.append(Failure(index, reason))
        else:
            # A log of nothing but faults takes no more memory than another.
            found[-1] = Failure(None, f"{self._count(check)} more failures of this kind")

    def _count(self, check: str) -> int:
        self._uncounted[check] = self._uncounted.get(check, 1) + 1
        return self._uncounted[check]

    def to_json(self) -> Any:
        """The report as plain data."""
        return {
            "ok": self.ok,
            "genesis": self.genesis,
            "origin_verified": self.origin_verified,
            "expected": self.expected,
            "size": self.size,
            "root": self.root,
            "ratings": self.ratings,
            "verified": self.verified,
            "known": self.known,
            "part": self.part.to_json(),
            "checks": [
                {
                    "name": name,
                    "passed": not failures,
                    "failures": [{"index": failure.index, "reason": failure.reason} for failure in failures],
                }
                for name, failures in self.failures.items()
            ],
            "cohorts": [vars(cohort) for cohort in self.cohorts],
            "figures": self.figures,
            "refused": [vars(item) for item in self.refused],
            "contradicted": [vars(item) for item in self.contradicted],
            "open_rounds": self.open_rounds,
            "abandoned": [vars(item) for item in self.abandoned],
            "lost": [vars(item) for item in self.lost],
            "rehearsal": self.rehearsal,
            "silent_members": [vars(member) for member in self.silent_members],
            "shared_services": [overlap.to_json() for overlap in self.shared_services],
            "seconds": round(self.seconds, 3),
        }


def audit(
    log: PublicLog,
    genesis: bytes | None = None,
    progress: Progress = lambda done, size: None,
    *,
    part: Part = WHOLE,
    known: Known | None = None,
) -> Audit:
    """Recomputes a ledger from its leaves. ``genesis`` is the digest that the auditor knows it by.

    ``part`` says whose proofs, tokens and signatures are verified; ``known`` is how far this auditor has
    verified the same log before. Everything else is recomputed always. Memory is bounded but for what the
    rules remember of each rating and each voucher, a few hundred bytes.
    """
    started = time.monotonic()
    reading = Reading(log, known)
    state = State(leaf=log.leaf, root=reading.root, pairing=BLS12381)
    report = Audit(genesis="", origin_verified=False, part=part)
    if known is not None and known.trusted:
        report.known = known.size
    report.expected = None if genesis is None else genesis.hex()

    heard: set[int | None] = set()
    """The members of whom a transaction is on the log."""
    refused: set[int] = set()
    """Leaves of the present block."""

    def failed(index: int, error: ZkperfError) -> None:
        refused.add(index)
        report.fail(error.check, index, str(error))

    def trusted(index: int, leaf: Judged) -> bool:
        return index < report.known or not part.covers(state, index, leaf)

    def prepare(first: int, chunk: Sequence[bytes]) -> Prepared:
        block = Prepared(chunk, first, trusted)
        block.verify(state)
        return block

    def settle(block: Prepared) -> None:
        first = state.size
        refused.clear()
        apply(state, block, on_failure=failed)
        heard.update(
            signing_member(item)
            for index, item in enumerate(block.items, first)
            if isinstance(item, Record) and index not in refused
        )
        report.verified += block.verified
        progress(state.size, log.size)

    note = ""
    try:
        # One block is read and verified, on all cores and without the interpreter, while another is applied.
        with ThreadPoolExecutor(1) as ahead:
            waiting: list[Future[Prepared]] = []
            for first, chunk in reading.chunks():
                waiting.append(ahead.submit(prepare, first, chunk))
                if len(waiting) == AHEAD:
                    settle(waiting.pop(0).result())
            for block in waiting:
                settle(block.result())
        if reading.first is not None:
            check_origin(report, reading.first, genesis)
        for reason in reading.damaged:
            report.fail("log", None, reason)
        if reading.broken is not None:
            raise reading.broken
        note = log.checkpoint()
        if reading.first is not None:
            check_log(report, reading.first, reading.tree, note)
            if known is not None:
                check_known(report, reading, known)
        else:
            report.fail("log", None, "the log is empty")
    except ZkperfError as error:
        check = error.check if error.check in CHECKS else "log"
        if error is reading.broken:
            report.fail(check, state.size, f"{error}; what follows could not be read")
        else:
            report.fail(check, None, str(error))
    report.size, report.root = reading.tree.size, reading.tree.root().hex()
    summarise(report, state)
    report.silent_members = silent_members(state, heard)
    report.shared_services = shared_services(state)
    if report.ok and part == WHOLE and reading.first is not None:
        digest, tree = sha256(reading.first).digest(), reading.tree
        report.verified_log = Known(digest, tree.size, tree.root(), note, software_digest())
    report.unknown_cohorts = part.missing(state)
    report.seconds = time.monotonic() - started
    return report


class Reading:
    """Reads a log from front to back and hashes it. Afterwards ``tree`` is the tree of all that was read."""

    def __init__(self, log: PublicLog, known: Known | None) -> None:
        self.tree = Tree()
        self.first: bytes | None = None
        self.known_root: bytes | None = None
        """Of the tree of as many leaves as were verified before."""
        self.broken: ZkperfError | None = None
        """Why the log could not be read to its end."""
        self.damaged: list[str] = []
        """What is wrong with the tree that is kept beside the leaves, if one is."""
        self._leaf = log.leaf
        self._check_nodes = log.check_nodes
        self._stream = iter(log.leaves)
        self._known = known.size if known else 0
        self._starts: list[Tree] = []
        """The tree before each chunk: from there it takes a few leaves to any root."""

    def root(self, size: int) -> bytes:
        """The root of the tree of the first ``size`` leaves, which have been read."""
        tree = next(start for start in reversed(self._starts) if start.size <= size).copy()
        tree.extend(leaf_hash(self._leaf(index)) for index in range(tree.size, size))
        return tree.root()

    def chunks(self) -> Iterator[tuple[int, list[bytes]]]:
        """(Index of the first leaf, leaves), in order, up to where the log breaks off."""
        while True:
            size = self.tree.size
            # Cut where the verified part ends, to see its root.
            most = min(CHUNK, self._known - size) if size < self._known else CHUNK
            chunk: list[bytes] = []
            weight = 0
            try:
                for leaf in islice(self._stream, most):
                    chunk.append(leaf)
                    weight += len(leaf) * (1 if stays_bytes(leaf) else DECODED_WEIGHT)
                    if weight >= CHUNK_BYTES:
                        break
            except ZkperfError as error:
                self.broken = bare(error)
            if not chunk:
                return
            if self.first is None:
                self.first = chunk[0]
            self._starts.append(self.tree.copy())
            completed = self.tree.extend(map(leaf_hash, chunk))
            try:
                self._check_nodes(completed)
            except ZkperfError as error:
                self.damaged.append(f"{error}: receipts and tiles made from it do not verify")
            if self.tree.size == self._known:
                self.known_root = self.tree.root()
            yield size, chunk
            if self.broken is not None:
                return


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
        checkpoint = policy_of(first).verify(note, only_known=True)
    except ZkperfError as error:
        report.fail("log", None, str(error))
        return
    if (checkpoint.size, checkpoint.root) != (tree.size, tree.root()):
        report.fail("log", None, "the signed checkpoint is not that of these leaves")


def policy_of(first: bytes) -> Policy:
    """Checkpoints of the ledger with this leaf 0. A ZkperfError if that is no genesis."""
    genesis = decode_transaction(first)
    if not isinstance(genesis, Genesis):
        raise InvalidLogProof("leaf 0 is not a genesis")
    return ledger_policy(sha256(first).digest(), genesis.log_key)


def check_known(report: Audit, reading: Reading, known: Known) -> None:
    """What was verified before is what this log begins with: it has only grown."""
    assert reading.first is not None
    if sha256(reading.first).digest() != known.genesis:
        report.fail("log", None, f"what was audited before is another ledger, {known.genesis.hex()}")
        return
    try:
        policy_of(reading.first).verify(known.note)
    except ZkperfError as error:
        report.fail("log", None, f"what was audited before: {error}")
        return
    if reading.known_root != known.root:
        report.fail(
            "log",
            None,
            f"this log does not continue the one audited before, whose checkpoint of {known.size} leaves was "
            "signed too: keep both; what is wrong with this one, an audit without a state will tell",
        )


def summarise(report: Audit, state: State) -> None:
    """Sizes of the anonymity sets, what there is of figures, and what is not finished."""
    rounds = state.figure_rounds.values()
    report.figures = {
        "rounds": len(rounds),
        "reports": sum(len(found.reports) for found in rounds),
        "claims": sum(len(answered.proved) for found in rounds for answered in found.claimed.values()),
        "pools": sum(
            pool.status == PUBLISHED for found in rounds for unit in found.result or () for pool in unit.pools
        ),
        "attested": sum(len(found.attested) for found in rounds),
        "drawn": sum(len(found.drawn) for found in rounds),
        "refused": sum(len(found.refused) for found in rounds),
    }
    report.rehearsal = state.genesis is not None and state.genesis.rehearsal
    names: list[tuple[Tallied, str]] = [
        *((found, found.opened.name) for found in state.rounds.values()),
        *((found, f"figures of {found.opened.period}") for found in rounds),
    ]
    for given_up, name in names:
        if fallen := sum(given_up.fallen.values()):
            report.lost.append(LostEntries(name, fallen))
        if given_up.abandoned is not None:
            member = state.rules.members[given_up.abandoned.trustee - 1].name
            report.abandoned.append(AbandonedRound(name, given_up.abandoned.index, member))
    for figures in rounds:
        period, indicators = figures.opened.period, figures.scheme.scheme.indicators
        report.refused += [
            NotShown(period, figures.opened.units[item.unit].name, indicators[item.indicator].id)
            for item in figures.refused
        ]
        report.contradicted += [
            Contradicted(period, figures.opened.units[unit].name)
            for unit, answered in sorted(figures.claimed.items())
            if answered.dropped
        ]
        if figures.abandoned is None and figures.phase is not Phase.CONCLUDED:
            report.open_rounds.append(f"figures of {period}: {figures.phase}")
    if state.batch is not None:
        report.fail("batches", state.size, "the log ends within an announced batch")
    for found in state.rounds.values():
        if found.abandoned is None and found.result is None:
            report.open_rounds.append(f"{found.opened.name}: {found.phase}")
        for unit, cohort in found.cohorts.items():
            report.ratings += len(cohort.ratings)
            report.cohorts.append(
                CohortSize(
                    round=found.opened.name,
                    unit=unit_path(found.opened.units, unit),
                    ratings=len(cohort.ratings),
                    issued=cohort.issued,
                    anonymity_set=min(
                        (rating.issued_before for rating in cohort.ratings.values()), default=None
                    ),
                )
            )
