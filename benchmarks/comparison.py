"""Other systems' crates, timed in turn with ours. None does the same: what each does is said with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks._peers import BatchedRange, Histogram, SingleRange
from benchmarks.cohort import FIVE
from benchmarks.known import KnownRound
from benchmarks.measure import Effort, Figure, Parameters, Work, once, timed
from benchmarks.rating import proof, whole

LEVELS, AGGREGATORS, BITS = 5, 2, 8

HISTOGRAM = "Prio3Histogram, 2 aggregators (not publicly verifiable)"
SINGLE = "bulletproofs, 8 bits, one by one"
BATCHED = "tari_bulletproofs_plus, 8 bits"

TRUST = {
    HISTOGRAM: "only the aggregators are convinced, while they talk; no token, no commitments on a ledger",
    SINGLE: "one committed value in a range, publicly verifiable; no token, no shares; no batches",
    BATCHED: "one committed value in a range, publicly verifiable, in a batch; no token, no shares",
}
"""What each proves, and to whom."""


def figures(effort: Effort) -> Iterator[Figure]:
    """Making one, verifying many, and bytes of one; with the ratio of ours to each."""
    known = KnownRound.create(FIVE)
    made = list(known.ratings(effort.block))
    histogram = Histogram(AGGREGATORS, LEVELS, effort.block)
    single, batched = SingleRange(BITS, effort.block), BatchedRange(BITS, 1, effort.block)
    making = {
        HISTOGRAM: Work(histogram.shard),
        SINGLE: Work(single.prove),
        BATCHED: Work(batched.prove),
    }
    verifying = {
        HISTOGRAM: Work(histogram.verify, effort.block),
        SINGLE: Work(single.verify, effort.block),
        BATCHED: Work(partial(batched.verify, effort.block), effort.block),
    }
    sizes = {HISTOGRAM: histogram.size, SINGLE: single.size, BATCHED: batched.size}
    parameters = {**known.parameters, "batch": effort.block}
    yield timed("peers.make.ours", "Make a rating of five levels", parameters, proof(known), effort, making)
    yield timed(
        "peers.verify.ours",
        f"Verify a rating of five levels, {effort.block} at once, each",
        parameters,
        whole(known, made),
        effort,
        verifying,
    )
    for name in sizes:
        about: Parameters = {"peer": name, "what it proves": TRUST[name], "batch": effort.block}
        yield timed("peers.make", f"{name}: make one", about, making[name], effort, few=True)
        yield timed("peers.verify", f"{name}: verify, each", about, verifying[name], effort, few=True)
        yield once("peers.size", f"{name}: bytes of one", about, sizes[name], "bytes")
