"""How cost grows: with the number of ratings, the bits of one, the members, and the cohorts of a block."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks import floors
from benchmarks.child import Job, child
from benchmarks.cohort import FIVE, MEMBERS, THRESHOLD, Form, choice, form
from benchmarks.known import KnownRound
from benchmarks.large_audit import founded, is_rating, kept_log
from benchmarks.measure import Effort, Figure, Parameters, Samples, once, timed
from benchmarks.rating import FLOOR, proof, whole
from benchmarks.shares import opening
from zkperf._native import RatingLeaf
from zkperf.cli.audit import public_log
from zkperf.errors import ZkperfError
from zkperf.ledger.rules.verification import verify_ratings

BITS = (1, 2, 4, 8, 16, 32, 64)
CONSORTIA = ((4, 2), (5, 3), (7, 3), (7, 4), (10, 4), (13, 5))
"""(n, t)"""
PER_COHORT = (1, 4, 10, 100, 1000)
MOST_COHORTS = 250
"""A round has no more, its totals being one transaction."""


def figures(effort: Effort) -> Iterator[Figure]:
    """Everything but the number of ratings on blocks of one size."""
    yield from _bits(effort)
    yield from _members(effort)
    yield from _cohorts(effort)
    yield from _ratings(effort)


# -- the bits of a rating ------------------------------------------------------------------------------


def choices(bits: int) -> Form:
    """A form of so many bits: any of as many options."""
    return form(f"{bits} choices", 0, {"a": ["a1"]}, choice("a", "multi", bits))


def _bits(effort: Effort) -> Iterator[Figure]:
    for bits in BITS:
        known = KnownRound.create(choices(bits))
        parameters = {**known.parameters, "bits": bits}
        yield from _of_a_form(known, "growth.bits", f"{bits} bits", parameters, effort)


def _of_a_form(
    known: KnownRound, name: str, what: str, parameters: Parameters, effort: Effort
) -> Iterator[Figure]:
    made = list(known.ratings(effort.block))
    floor = floors.verifying(known, made)
    full = {**parameters, "batch": effort.block}
    yield once(f"{name}.core", f"Core, {what}", parameters, len(made[0].leaf), "bytes")
    yield once(f"{name}.bundle", f"Bundle, {what}", parameters, len(made[0].bundle), "bytes")
    yield timed(f"{name}.prove", f"Prove, {what}", parameters, proof(known), effort, few=True)
    yield timed(
        f"{name}.verify",
        f"Verify, {what}, {effort.block} at once, each",
        full,
        whole(known, made),
        effort,
        {FLOOR: floor.whole},
        few=True,
    )


# -- members and threshold -----------------------------------------------------------------------------


def _members(effort: Effort) -> Iterator[Figure]:
    for members, threshold in CONSORTIA:
        known = KnownRound.create(FIVE, members=members, threshold=threshold)
        what = f"n = {members}, t = {threshold}"
        yield from _of_a_form(known, "growth.members", what, known.parameters, effort)
        yield opening(known, "growth.members.open", effort)


# -- cohorts in a block --------------------------------------------------------------------------------


def _cohorts(effort: Effort) -> Iterator[Figure]:
    for each in PER_COHORT:
        if each > effort.block:
            continue
        cohorts = min(effort.block // each, MOST_COHORTS)
        known = KnownRound.create(FIVE, services=cohorts)
        made = list(known.ratings(cohorts * each))
        floor = floors.verifying(known, made)
        yield timed(
            "growth.cohorts.verify",
            f"Verify a block of {cohorts} cohorts with {each} each, each rating",
            {**known.parameters, "batch": len(made), "per cohort": each, "cohorts": cohorts},
            whole(known, made),
            effort,
            {FLOOR: floor.whole},
            few=True,
        )


# -- the number of ratings -----------------------------------------------------------------------------


def _ratings(effort: Effort) -> Iterator[Figure]:
    path, _ = kept_log(effort.largest)
    count = min(1000, effort.largest)
    while count <= effort.largest:
        yield from _stream(path, count, effort)
        count *= 10


def _stream(path: Path, count: int, effort: Effort) -> Iterator[Figure]:
    with child(stream, (str(path), count, effort.block)) as process:
        samples = [process.sample() for _ in range(effort.few if count <= 10_000 else 1)]
    parameters: Parameters = {
        "suite": "ristretto255",
        "form": FIVE.name,
        "members": MEMBERS,
        "threshold": THRESHOLD,
        "ratings": count,
        "block": effort.block,
    }
    what = f"{count:,} ratings read and verified in blocks of {effort.block:,}"
    yield Figure(
        "growth.ratings.verify",
        what,
        parameters,
        "s",
        Samples(tuple(sample.wall for sample in samples)),
        Samples(tuple(sample.processor for sample in samples)),
    )
    yield once("growth.ratings.memory", f"{what}: memory", parameters, samples[-1].peak_bytes, "bytes")
    yield once("growth.ratings.bytes", f"{what}: bytes on the ledger", parameters, samples[0].value, "bytes")


def stream(argument: tuple[str, int, int]) -> Job:
    """Verifies the first ratings of an export in blocks; gives the bytes of their leaves."""
    name, count, block = argument
    path = Path(name)
    state = founded(path)

    def verify() -> int:
        read = 0
        with public_log(path) as log:
            leaves = islice(filter(is_rating, log.leaves), count)
            while part := list(islice(leaves, block)):
                verdicts = verify_ratings(state, [RatingLeaf(leaf) for leaf in part])
                assert not any(isinstance(verdict, ZkperfError) for verdict in verdicts)
                read += sum(map(len, part))
        return read

    return verify
