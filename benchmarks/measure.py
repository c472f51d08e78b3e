"""How things are timed: warmed up, repeated, and compared with a floor in the same breath.

Two clocks run. The wall's says what somebody waits for, and is what targets are held to; other work on
the machine lengthens it. Processor time, of all threads together, depends far less on other work, and not
on the number of cores: ratios are of processor times. And since a machine's speed itself comes and goes, a
work and what it is compared with are timed in turn, sample by sample, and a ratio is taken of neighbours.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter, process_time

Parameters = Mapping[str, str | int]


@dataclass(frozen=True)
class Effort:
    """How much is measured, and how often."""

    repeats: int
    """Samples of a figure."""
    few: int
    """Samples of what takes long: the reference implementations, the audit of a survey."""
    sample_seconds: float
    """A sample is as many calls as take at least this long."""
    batches: tuple[int, ...]
    """How many ratings or tokens are verified at once."""
    shares: int
    """How many ratings a trustee opens at once."""
    responses: int | None
    """How many responses the survey has; all of them, if None."""
    largest: int
    """The largest number of ratings that is verified in blocks, and audited."""
    served: int
    """Ratings that are sent to the service at a time."""

    @property
    def block(self) -> int:
        """Ratings of a full block."""
        return max(self.batches)


FULL = Effort(
    repeats=15,
    few=5,
    sample_seconds=0.05,
    batches=(1, 10, 100, 1000),
    shares=500,
    responses=None,
    largest=10_000,
    served=5000,
)
QUICK = Effort(
    repeats=3,
    few=1,
    sample_seconds=0.01,
    batches=(1, 20),
    shares=20,
    responses=150,
    largest=100,
    served=100,
)


@dataclass(frozen=True)
class Samples:
    """What was measured, in the order of measuring; at least one value."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The first and the third quartile; of a single value, itself."""
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high


@dataclass(frozen=True)
class Target:
    """What a median is held to."""

    bound: float
    least: bool = False
    """Whether the bound is the smallest value that is good enough; otherwise it is the largest."""

    def met(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound


@dataclass(frozen=True)
class Ratio:
    """A figure's processor time divided by that of ``to``, sample by sample."""

    to: str
    floor: Samples
    """Processor seconds of what it is compared with."""
    samples: Samples
    target: Target | None = None


@dataclass(frozen=True)
class Figure:
    """One thing that was measured. ``name`` and ``parameters`` together say which."""

    name: str
    what: str
    """In words, with the parameters that matter."""
    parameters: Parameters
    unit: str
    """"s", on the wall's clock; "bytes"; "/s": so many in a second of it; "×": a ratio; or "" for a count."""
    samples: Samples
    processor: Samples | None = None
    """Processor seconds."""
    ratios: tuple[Ratio, ...] = ()
    target: Target | None = None


@dataclass(frozen=True)
class Work:
    """Something to time. One call does ``count`` of what is measured."""

    call: Callable[[], object] = field(repr=False)
    count: int = 1


def timed(
    name: str,
    what: str,
    parameters: Parameters,
    work: Work,
    effort: Effort,
    floors: Mapping[str, Work] | None = None,
    *,
    target: Target | None = None,
    ratio_targets: Mapping[str, Target] | None = None,
    few: bool = False,
) -> Figure:
    """The seconds for one of ``work``, and its ratio to each of ``floors`` (by what it is)."""
    floors, targets = floors or {}, ratio_targets or {}
    repeats = effort.few if few else effort.repeats
    (wall, processor), *others = race([work, *floors.values()], repeats, effort.sample_seconds)
    ratios = tuple(
        Ratio(to, floor, quotients(processor, floor), targets.get(to))
        for to, (_, floor) in zip(floors, others, strict=True)
    )
    return Figure(name, what, parameters, "s", wall, processor, ratios, target)


def quotients(samples: Samples, others: Samples) -> Samples:
    """Sample by sample, of works that were timed in turn."""
    pairs = zip(samples.values, others.values, strict=True)
    return Samples(tuple(value / other for value, other in pairs))


def once(
    name: str, what: str, parameters: Parameters, value: float, unit: str, target: Target | None = None
) -> Figure:
    """What is measured once: a whole run; or a size, which is the same every time."""
    return Figure(name, what, parameters, unit, Samples((value,)), target=target)


def race(works: Sequence[Work], repeats: int, sample_seconds: float) -> list[tuple[Samples, Samples]]:
    """(Wall seconds, processor seconds) for one of each work, ``repeats`` samples each, taken in turn.

    Every work is called before that at least once, which warms it up and tells how many calls make a
    sample.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in works]
    # As `timeit` does it: garbage is collected at the cost of whoever happens to run, not of who made it.
    gc.collect()
    gc.disable()
    try:
        calls = [_calls(work, sample_seconds) for work in works]
        for _ in range(repeats):
            for work, count, seconds in zip(works, calls, taken, strict=True):
                wall, processor = _time(work, count)
                seconds.append((wall / count / work.count, processor / count / work.count))
    finally:
        gc.enable()
    return [(Samples(wall), Samples(processor)) for wall, processor in (zip(*s, strict=True) for s in taken)]


def _calls(work: Work, sample_seconds: float) -> int:
    count = 1
    while _time(work, count)[0] < sample_seconds:
        count *= 2
    return count


def _time(work: Work, calls: int) -> tuple[float, float]:
    processor, wall = process_time(), perf_counter()
    for _ in range(calls):
        work.call()
    return perf_counter() - wall, process_time() - processor
