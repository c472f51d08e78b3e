"""What waits to be examined, and who comes next.

Ratings, issuances and questions take little each. Everything else is decoded to objects and has proofs of its
own: the largest transaction takes as long as hundreds of ratings. So that is a lane of its own, of which only
so much has its turn at a time, after the ratings that wait.

What waits together is examined together, since that costs a fraction; but one bad rating makes a batch
be split to find it. So whoever sent one whose token or proof does not hold waits in a lane of its own from
then on: there every sender is examined by itself, and as long as anybody else waits, that lane gets a small
share of the turns. A sender is known here by the number that the rate limits count it under; no address
gets as far as this.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from service.problems import Problem, busy
from zkperf.errors import bare
from zkperf.ledger.engines.door import Examined
from zkperf.ledger.engines.posting import Posting
from zkperf.ledger.transactions import stays_bytes
from zkperf.roles.consortium import Consortium
from zkperf.roles.wire import Posted, is_rating, is_report

SHARE = 32
"""While others wait, suspects get one place for so many places of the others: finding a culprit costs about
as much as verifying so many good ratings together."""
SUSPECTS_WAITING = 4
"""Suspects may fill one of so many of the places for what waits."""
MAX_SUSPECTS = 2**16
"""How many suspects are remembered; the first ones are forgotten first."""


RATING, REPORT, OTHER = "rating", "report", "other"
"""Kinds of submissions: each is written in its own way."""
UNIT = 128
"""Bytes of a transaction that is no rating and no issuance that count as much as one of those."""


def kind_of(posted: Posted) -> str:
    """What a submission is handled as."""
    return RATING if is_rating(posted) else REPORT if is_report(posted) else OTHER


def is_light(posted: Posted) -> bool:
    """It is decoded by the kernel and takes no more than a rating does."""
    return is_rating(posted) or stays_bytes(posted[0])


def weight(posted: Posted) -> int:
    """How much work a submission may be, in ratings."""
    return 1 if is_light(posted) else 1 + len(posted[0]) // UNIT


@dataclass(eq=False)
class Job:
    """Either submissions or a question, and what is known of them so far."""

    items: Sequence[Posted] = field(default=(), repr=False)
    question: Callable[[Consortium], Any] | None = None
    source: str = field(default="", repr=False)
    """Who sent it, as the rate limits count it; empty for nobody in particular."""
    answer: Future[Any] = field(default_factory=Future)
    examined: dict[int, Examined | Posting] = field(default_factory=dict)
    """What was found out about the items, by place, until they are written."""
    verdicts: dict[int, Any] = field(default_factory=dict)
    """What became of them."""
    suspect: bool = False
    """It came in as a suspect's."""
    failure: Exception | None = None
    looked_at: int = 0
    """How many of the items had their turn."""
    begun: bool = False
    """Something of it has come to be written: whoever asked has to wait for the answer now."""
    counted: bool = False
    """It is among those that wait."""

    def __post_init__(self) -> None:
        self.size = max(1, len(self.items))
        self.light = all(map(is_light, self.items))
        self.mixed = len(set(map(kind_of, self.items))) > 1

    @property
    def left(self) -> int:
        return self.size - self.looked_at

    def fail(self, error: Exception) -> None:
        """It is answered with this fault."""
        self.failure = bare(error)


@dataclass(frozen=True)
class Slice:
    """Some items of a job, one after the other: those that have their turn."""

    job: Job
    start: int
    stop: int

    @property
    def last(self) -> bool:
        """Nothing of the job comes after it."""
        return self.stop == self.job.size

    @property
    def places(self) -> range:
        """The places of its items among the job's; none of a question."""
        return range(self.start, min(self.stop, len(self.job.items)))

    def runs(self) -> list[tuple[str, list[int]]]:
        """Its items' places in runs of one kind, in their order."""
        return [
            (kind, list(places))
            for kind, places in groupby(self.places, lambda place: kind_of(self.job.items[place]))
        ]


Part = list[Slice]
"""Slices that are examined as one batch, and handed over to be written together."""


def size_of(part: Part) -> int:
    """How many items it holds."""
    return sum(slice.stop - slice.start for slice in part)


def is_light_part(part: Part) -> bool:
    """Nothing in it is heavy."""
    return all(slice.job.light for slice in part)


class Lanes:
    """The queue. All methods may be called from any thread; one of them takes turns."""

    def __init__(self, *, group: int, waiting: int) -> None:
        self._group, self._limit = group, waiting
        self._honest: deque[Job] = deque()
        self._heavy: deque[Job] = deque()
        """The honest ones' jobs that hold anything but ratings and issuances."""
        self._suspicious: deque[Job] = deque()
        self._suspects: OrderedDict[str, int] = OrderedDict()
        """For each the number of good ratings since its last bad one."""
        self._changed = threading.Condition()
        self._open = False
        self._waiting = {False: 0, True: 0}
        """Submissions that are not answered yet, by whether they came in as a suspect's."""
        self._owed = 0
        """Places that suspects have earned, as multiples of 1 / SHARE."""

    @property
    def running(self) -> bool:
        """Jobs are taken in."""
        return self._open

    def open(self) -> None:
        with self._changed:
            self._open = True

    def close(self) -> None:
        """Takes nothing more in."""
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def put(self, job: Job) -> None:
        """Raises Problem: busy, or stopping."""
        with self._changed:
            if not self._open:
                raise Problem("stopping", "the service is stopping", {"Retry-After": "30"})
            suspect = job.source in self._suspects
            if sum(self._waiting.values()) + job.size > self._limit:
                raise busy("too many submissions are waiting")
            if suspect and self._waiting[True] + job.size > self._limit // SUSPECTS_WAITING:
                raise busy("too many submissions of senders whose ratings did not hold are waiting")
            job.suspect, job.counted = suspect, True
            self._waiting[suspect] += job.size
            lane = self._suspicious if suspect else self._honest if job.light else self._heavy
            lane.append(job)
            self._changed.notify_all()

    @property
    def idle(self) -> bool:
        """Nobody waits for an answer."""
        return not any(self._waiting.values())

    def done(self, jobs: Sequence[Job]) -> None:
        """To be called before these jobs are answered."""
        with self._changed:
            for job in jobs:
                self._leave(job)

    def _leave(self, job: Job) -> None:
        """It waits no longer. To be called with the lock."""
        if job.counted:
            self._waiting[job.suspect] -= job.size
            job.counted = False

    # -- turns ------------------------------------------------------------------------------------

    def turn(self) -> list[Part]:
        """Who is next, in parts to be examined one by one: waits for somebody; empty when closed and done."""
        with self._changed:
            while self._open or self._honest or self._heavy or self._suspicious:
                others = bool(self._honest or self._heavy)
                if self._suspicious and (not others or self._owed >= SHARE):
                    places = self._owed // SHARE if others else max(1, self._group // 4)
                    self._owed = 0
                    parts = _by_source(self._slices(self._suspicious, places))
                elif others:
                    # Of what is heavy a quarter of the work that a group of ratings is, or a single one.
                    light = self._slices(self._honest, self._group)
                    heavy = self._slices(self._heavy, max(1, self._group // 4))
                    parts = [part for part in (light, heavy) if part]
                    if self._suspicious:
                        self._owed += sum(map(size_of, parts))
                else:
                    self._changed.wait()
                    continue
                if parts:
                    return parts
            return []

    def _slices(self, lane: deque[Job], most: int) -> list[Slice]:
        """What is next in a lane: at most so much work, or a single item. Nobody works for who has gone
        away."""
        slices: list[Slice] = []
        while lane and most > 0:
            job = lane[0]
            if job.answer.cancelled():
                lane.popleft()
                self._leave(job)
                continue
            start, stop = job.looked_at, job.looked_at
            while stop < job.size and most > 0:
                cost = weight(job.items[stop]) if job.items else 1
                if cost > most and (slices or stop > start):
                    most = 0
                    break
                stop, most = stop + 1, most - cost
            if stop > start:
                slices.append(Slice(job, start, stop))
            job.looked_at = stop
            if job.left == 0:
                lane.popleft()
        return slices

    def found(self, source: str, *, good: int, bad: int) -> None:
        """What a sender's ratings turned out to be: ``bad`` are those whose token or proof does not hold."""
        if not source or (not bad and source not in self._suspects):
            return
        with self._changed:
            if bad:
                self._suspects[source] = 0
                self._suspects.move_to_end(source)
                if len(self._suspects) > MAX_SUSPECTS:
                    self._suspects.popitem(last=False)
                for lane in (self._honest, self._heavy):
                    theirs = [job for job in lane if job.source == source]
                    for job in theirs:
                        lane.remove(job)
                    self._suspicious.extend(theirs)
            elif self._suspects[source] + good < self._group:
                self._suspects[source] += good
            else:
                del self._suspects[source]  # as many good ones as a group holds


def _by_source(slices: Sequence[Slice]) -> list[Part]:
    parts: dict[str, Part] = {}
    for slice in slices:
        parts.setdefault(slice.job.source, []).append(slice)
    return list(parts.values())
