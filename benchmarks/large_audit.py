"""The audit of a large log, in a process of its own, beside the kernel on the same ratings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.child import Job, Sample, child
from benchmarks.cohort import FIVE, MEMBERS, THRESHOLD
from benchmarks.large_log import write_log
from benchmarks.machine import ROOT
from benchmarks.measure import Effort, Figure, Samples, Target, once, quotients
from circuits.rating import Core
from zkperf._native import RatingLeaf
from zkperf.cli.audit import public_log
from zkperf.errors import ZkperfError
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.rules import apply
from zkperf.ledger.rules.verification import verify_ratings
from zkperf.ledger.state import State
from zkperf.ledger.transactions import Issue, kind_of
from zkperf.roles.auditor import audit

FOLDER = ROOT / "build" / "benchmarks"
"""Logs are kept here, because a large one takes long to make. Delete them when the formats change."""

SMALLEST = 10_000
OF_KERNEL, MEMORY = 0.8, 1e9
"""Targets: the rate of the audit divided by the kernel's, and bytes of memory."""
BLOCK = 1000
KIND = 1
"""Where in a leaf its kind is, after the head of the array."""


def figures(effort: Effort) -> Iterator[Figure]:
    """Logs ten times as large each time."""
    count = min(SMALLEST, effort.largest)
    while count <= effort.largest:
        yield from _audit(count, effort)
        count *= 10


def cohorts(ratings: int) -> int:
    """How many services a log of this size has."""
    return 5 if ratings < 100_000 else 50


def kept_log(ratings: int) -> tuple[Path, bytes]:
    """A log of this size, made if there is none yet, and its genesis digest."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"log-{ratings}-{cohorts(ratings)}.zkperf"
    name = path.with_suffix(".genesis")
    if not path.exists() or not name.exists():
        path.unlink(missing_ok=True)
        name.write_text(write_log(path, ratings, cohorts(ratings)).hex(), "ascii")
    return path, bytes.fromhex(name.read_text("ascii"))


def _audit(ratings: int, effort: Effort) -> Iterator[Figure]:
    path, genesis = kept_log(ratings)
    repeats = effort.few if ratings <= SMALLEST else 1
    audits: list[Sample] = []
    kernels: list[Sample] = []
    with child(kernel_job, str(path)) as kernel:
        for _ in range(repeats):
            # A new process each time: its memory is that of one audit.
            with child(audit_job, (str(path), genesis, ratings)) as auditor:
                audits.append(auditor.sample())
            kernels.append(kernel.sample())
    parameters: dict[str, str | int] = {
        "suite": "ristretto255",
        "form": FIVE.name,
        "members": MEMBERS,
        "threshold": THRESHOLD,
        "ratings": ratings,
        "cohorts": cohorts(ratings),
        "tokens": "made with the cohorts' known keys",
    }
    what = f"audit of {ratings:,} ratings with their issuances"
    rate = Samples(tuple(ratings / sample.wall for sample in audits))
    alone = Samples(tuple(ratings / sample.wall for sample in kernels))
    held = ratings >= 1_000_000
    yield Figure(
        "audit.time",
        f"An {what}",
        parameters,
        "s",
        Samples(tuple(sample.wall for sample in audits)),
        Samples(tuple(sample.processor for sample in audits)),
    )
    yield Figure("audit.rate", f"An {what}: ratings in a second", parameters, "/s", rate)
    yield Figure("audit.kernel", f"The kernel alone on these {ratings:,} ratings", parameters, "/s", alone)
    yield Figure(
        "audit.of_kernel",
        f"An {what}, of the kernel's rate",
        parameters,
        "×",
        quotients(rate, alone),
        target=Target(OF_KERNEL, least=True) if held else None,
    )
    peak = max(sample.peak_bytes for sample in audits)
    target = Target(MEMORY) if held else None
    yield once("audit.memory", f"An {what}: memory", parameters, peak, "bytes", target)
    yield once("audit.bytes", f"An {what}: bytes of the export", parameters, path.stat().st_size, "bytes")


def audit_job(argument: tuple[str, bytes, int]) -> Job:
    """The whole audit of an export."""
    path, genesis, ratings = argument

    def work() -> None:
        with public_log(Path(path)) as log:
            verdict = audit(log, genesis)
        assert verdict.ok and verdict.origin_verified and verdict.ratings == ratings

    return work


def kernel_job(path: str) -> Job:
    """The ratings of an export and nothing else, in blocks: read, decoded, verified."""
    foundation: list[bytes] = []
    with public_log(Path(path)) as log:
        for leaf in log.leaves:
            if leaf[KIND] == kind_of(Issue):
                break
            foundation.append(leaf)
    state = State(leaf=foundation.__getitem__, pairing=BLS12381)
    apply(state, foundation)

    def work() -> None:
        with public_log(Path(path)) as log:
            ratings = (leaf for leaf in log.leaves if leaf[KIND] == kind_of(Core))
            while block := list(islice(ratings, BLOCK)):
                verdicts = verify_ratings(state, [RatingLeaf(leaf) for leaf in block])
                assert not any(isinstance(verdict, ZkperfError) for verdict in verdicts)

    return work
