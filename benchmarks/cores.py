"""One core and two: the same block verified by two processes in turn, and its floor beside each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from os import sched_getaffinity

from benchmarks import floors
from benchmarks.child import Job, Sample, child
from benchmarks.cohort import FIVE
from benchmarks.known import KnownRound, Made
from benchmarks.measure import Effort, Figure, Ratio, Samples, Target, quotients
from benchmarks.rating import FLOOR, OF_FLOOR, whole

RATE = 3500
"""Ratings a second on one core."""
SPEEDUP = 1.8
"""From one to two cores."""


def figures(effort: Effort) -> Iterator[Figure]:
    """Ratings a second on one core and on two, and what the second one brings."""
    known = KnownRound.create(FIVE)
    argument = (known.sent(), list(known.ratings(effort.block)))
    counts = [cores for cores in (1, 2) if cores <= len(sched_getaffinity(0))]
    with ExitStack() as stack:
        ours = [stack.enter_context(child(verify_block, argument, cores)) for cores in counts]
        least = [stack.enter_context(child(verify_floor, argument, cores)) for cores in counts]
        for process in ours + least:
            process.sample()
        rounds = [
            ([process.sample() for process in ours], [process.sample() for process in least])
            for _ in range(effort.repeats)
        ]
    rates, bare = {}, {}
    for place, cores in enumerate(counts):
        taken: list[Sample] = [verified[place] for verified, _ in rounds]
        floor = Samples(tuple(least[place].processor / effort.block for _, least in rounds))
        processor = Samples(tuple(sample.processor / effort.block for sample in taken))
        rates[cores] = Samples(tuple(effort.block / sample.wall for sample in taken))
        bare[cores] = Samples(tuple(effort.block / least[place].wall for _, least in rounds))
        yield Figure(
            "cores.rate",
            f"Ratings verified in a second on {cores} core{'s' * (cores > 1)}, {effort.block} at once",
            {**known.parameters, "batch": effort.block, "cores": cores},
            "/s",
            rates[cores],
            processor,
            (Ratio(FLOOR, floor, quotients(processor, floor), Target(OF_FLOOR)),),
            Target(RATE * cores, least=True),
        )
    if len(counts) == 2:
        yield Figure(
            "cores.speedup",
            "Two cores against one",
            {**known.parameters, "batch": effort.block},
            "×",
            quotients(rates[2], rates[1]),
            target=Target(SPEEDUP, least=True),
        )
        yield Figure(
            "cores.speedup.floor",
            "Two cores against one: the group operations alone",
            {**known.parameters, "batch": effort.block},
            "×",
            quotients(bare[2], bare[1]),
        )


def verify_block(argument: tuple[KnownRound, list[Made]]) -> Job:
    """As the ledger does it."""
    return whole(*argument).call


def verify_floor(argument: tuple[KnownRound, list[Made]]) -> Job:
    """Its group operations."""
    return floors.verifying(*argument).whole.call
