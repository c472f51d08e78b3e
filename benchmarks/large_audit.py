"""The audit of a large log, in a process of its own, beside the kernel on the same ratings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path

from benchmarks.child import Job, Sample, child
from benchmarks.cohort import FIVE, MEMBERS, THRESHOLD
from benchmarks.large_log import write_log
from benchmarks.machine import ROOT
from benchmarks.measure import Effort, Figure, Samples, Target, once, quotients
from circuits.rating import Core
from zkperf._native import IssuanceLeaf, RatingLeaf, VerifiedRating
from zkperf.cli.audit import public_log
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.rules import apply
from zkperf.ledger.rules.issuance import issuance_verifier
from zkperf.ledger.state import State
from zkperf.ledger.transactions import Issue, kind_of
from zkperf.roles.auditor import audit

FOLDER = ROOT / "build" / "benchmarks"
"""Logs are kept here, because a large one takes long to make. Delete them when the formats change."""

SMALLEST = 10_000
OF_KERNEL, MEMORY = 0.8, 1e9
"""Targets: the rate of the audit divided by the kernel's, and bytes of memory."""
BLOCK = 4096
"""Leaves, as the auditor takes them: about half are ratings."""
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
    alone: list[Sample] = []
    both: list[Sample] = []
    with (
        child(kernel_job, (str(path), False)) as ratings_only,
        child(kernel_job, (str(path), True)) as all_of,
    ):
        for _ in range(repeats):
            # A new process each time: its memory is that of one audit.
            with child(audit_job, (str(path), genesis, ratings)) as auditor:
                audits.append(auditor.sample())
            alone.append(ratings_only.sample())
            both.append(all_of.sample())
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
    rate, rate_alone, rate_both = (
        Samples(tuple(ratings / sample.wall for sample in samples)) for samples in (audits, alone, both)
    )
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
    for name, beside, value, target in (
        ("ratings", "the kernel on the ratings alone", rate_alone, None),
        ("all", "the kernel on ratings and issuances", rate_both, Target(OF_KERNEL, least=True)),
    ):
        yield Figure(f"audit.kernel.{name}", f"In a second, {beside}", parameters, "/s", value)
        yield Figure(
            f"audit.of_kernel.{name}",
            f"An {what}, divided by {beside}",
            parameters,
            "×",
            quotients(rate, value),
            target=target if held else None,
        )
    peak = max(sample.peak_bytes for sample in audits)
    most = Target(MEMORY) if held else None
    yield once("audit.memory", f"An {what}: memory", parameters, peak, "bytes", most)
    yield once("audit.bytes", f"An {what}: bytes of the export", parameters, path.stat().st_size, "bytes")


def audit_job(argument: tuple[str, bytes, int]) -> Job:
    """The whole audit of an export."""
    path, genesis, ratings = argument

    def work() -> None:
        with public_log(Path(path)) as log:
            verdict = audit(log, genesis)
        assert verdict.ok and verdict.origin_verified and verdict.ratings == ratings

    return work


def founded(path: Path) -> State:
    """The state of an export before its first issuance."""
    with public_log(path) as log:
        foundation = list(takewhile(lambda leaf: leaf[KIND] != kind_of(Issue), log.leaves))
    state = State(leaf=foundation.__getitem__, root=lambda size: b"", pairing=BLS12381)
    apply(state, foundation)
    return state


def is_rating(leaf: bytes) -> bool:
    return leaf[KIND] == kind_of(Core)


def kernel_job(argument: tuple[str, bool]) -> Job:
    """The ratings of an export, read and verified in blocks straight in the kernel, and nothing else; with
    ``issuances`` these too. No state, no tree, no sums."""
    path, issuances = argument
    state = founded(Path(path))
    [found] = state.rounds.values()
    issuance_verifier_of_round = issuance_verifier(state, found)
    assert issuance_verifier_of_round is not None

    def work() -> None:
        with public_log(Path(path)) as log:
            while leaves := list(islice(log.leaves, BLOCK)):
                ratings = [RatingLeaf(leaf) for leaf in leaves if is_rating(leaf)]
                assert all(isinstance(v, VerifiedRating) for v in found.verifier.verify(ratings))
                if issuances:
                    issues = [IssuanceLeaf(leaf) for leaf in leaves if leaf[KIND] == kind_of(Issue)]
                    assert not any(issuance_verifier_of_round.verify(issues))

    return work
