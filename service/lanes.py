"""What waits to be examined, and who comes next.

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
from typing import Any

from service.problems import Problem, busy
from zkperf.ledger.engines.door import Examined
from zkperf.roles.consortium import Consortium
from zkperf.roles.wire import Posted, is_rating

SHARE = 32
"""While others wait, suspects get one place for so many places of the others: finding a culprit costs about
as much as verifying so many good ratings together."""
SUSPECTS_WAITING = 4
"""Suspects may fill one of so many of the places for what waits."""
MAX_SUSPECTS = 2**16
"""How many suspects are remembered; the first ones are forgotten first."""


@dataclass(eq=False)
class Job:
    """Either submissions or a question, and what is known of them so far."""

    items: Sequence[Posted] = ()
    question: Callable[[Consortium], Any] | None = None
    source: str = ""
    """Who sent it, as the rate limits count it; empty for nobody in particular."""
    answer: Future[Any] = field(default_factory=Future)
    examined: dict[int, Examined] = field(default_factory=dict)
    """What was found out about the ratings among ``items``, by place."""
    suspect: bool = False
    """It came in as a suspect's."""
    failure: Exception | None = None
    looked_at: int = 0
    """How many of the items had their turn."""

    @property
    def size(self) -> int:
        return max(1, len(self.items))

    @property
    def left(self) -> int:
        return self.size - self.looked_at


@dataclass(frozen=True)
class Slice:
    """Some items of a job, one after the other: those that have their turn."""

    job: Job
    start: int
    stop: int

    @property
    def ratings(self) -> list[int]:
        """Which of the job's items are ratings."""
        items = enumerate(self.job.items[self.start : self.stop], self.start)
        return [place for place, item in items if is_rating(item)]


Part = list[Slice]
"""Slices that are examined as one batch."""


class Lanes:
    """The queue. All methods may be called from any thread; one of them takes turns."""

    def __init__(self, *, group: int, waiting: int) -> None:
        self._group, self._limit = group, waiting
        self._honest: deque[Job] = deque()
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
            job.suspect = suspect
            self._waiting[suspect] += job.size
            (self._suspicious if suspect else self._honest).append(job)
            self._changed.notify_all()

    @property
    def idle(self) -> bool:
        """Nobody waits for an answer."""
        return not any(self._waiting.values())

    def done(self, jobs: Sequence[Job]) -> None:
        """To be called before these jobs are answered."""
        with self._changed:
            for job in jobs:
                self._waiting[job.suspect] -= job.size

    # -- turns ------------------------------------------------------------------------------------

    def turn(self) -> list[Part]:
        """Who is next, in parts to be examined one by one: waits for somebody; empty when closed and done."""
        with self._changed:
            while self._open or self._honest or self._suspicious:
                if self._suspicious and (not self._honest or self._owed >= SHARE):
                    places = self._owed // SHARE if self._honest else max(1, self._group // 4)
                    self._owed = 0
                    parts = _by_source(self._slices(self._suspicious, places))
                elif self._honest:
                    slices = self._slices(self._honest, self._group)
                    if self._suspicious:
                        self._owed += sum(slice.stop - slice.start for slice in slices)
                    parts = [slices] if slices else []
                else:
                    self._changed.wait()
                    continue
                if parts:
                    return parts
            return []

    def _slices(self, lane: deque[Job], places: int) -> list[Slice]:
        """What is next in a lane, at most so many items. Nobody works for who has gone away."""
        slices: list[Slice] = []
        while lane and places > 0:
            job = lane[0]
            if job.answer.cancelled():
                lane.popleft()
                self._waiting[job.suspect] -= job.size
                continue
            count = min(places, job.left)
            slices.append(Slice(job, job.looked_at, job.looked_at + count))
            job.looked_at += count
            places -= count
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
                theirs = [job for job in self._honest if job.source == source]
                for job in theirs:
                    self._honest.remove(job)
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
