"""The one thread that touches the ledger's state and its trustees.

Submissions that wait together are written together: ratings of many requests are verified as one batch
and become durable with one write. Nothing is answered before it is durable, and questions about the
state are answered here too, so nobody ever sees anything that a failing disk could still take back.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from typing import Any, TypeVar

from service.problems import Problem, busy, report
from service.snapshot import Snapshot
from zkperf.errors import ZkperfError
from zkperf.ledger.promises import Promise
from zkperf.roles.consortium import Consortium
from zkperf.roles.wire import Submission

Verdict = Promise | int | ZkperfError
"""A rating's promise, the leaf of anything else, or why it is refused."""

_T = TypeVar("_T")


@dataclass(eq=False)
class _Job:
    """Either submissions or a question."""

    items: Sequence[Submission] = ()
    question: Callable[[Consortium], Any] | None = None
    answer: Future[Any] = field(default_factory=Future)


@dataclass(frozen=True)
class _Place:
    """One submission among those of its job."""

    job: _Job
    index: int

    @property
    def item(self) -> Submission:
        return self.job.items[self.index]

    @property
    def is_rating(self) -> bool:
        return self.item.bundle is not None


class Worker:
    """Takes submissions and questions from any thread. `start` it first."""

    def __init__(self, consortium: Consortium, *, group: int, waiting: int) -> None:
        self._consortium = consortium
        self._group, self._limit = group, waiting
        self._jobs: deque[_Job] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._running = False
        self._thread: threading.Thread | None = None
        self._leaves: dict[bytes, int] = {}
        self._indexed = 0
        self._refresh(None)

    # -- from any thread ---------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """What the ledger durably holds, as of the last write."""
        return self._snapshot

    @property
    def running(self) -> bool:
        """Submissions are taken."""
        return self._running

    def leaf_of(self, digest: bytes) -> int | None:
        """The index of the leaf with this SHA-256 digest, or None if there is none on the log."""
        return self._leaves.get(digest)

    def submit(self, items: Sequence[Submission]) -> Future[list[Verdict]]:
        """Verdicts in the order of ``items``, once all that is taken in is durable.

        Raises Problem: busy, or stopping.
        """
        return self._enqueue(_Job(items=items))

    def ask(self, question: Callable[[Consortium], _T]) -> Future[_T]:
        """What ``question`` finds out from the consortium between two writes. Raises Problem as `submit`."""
        return self._enqueue(_Job(question=question))

    def start(self) -> None:
        """Starts to work. Does nothing if it runs."""
        with self._changed:
            if self._running:
                return
            self._running = True
        self._thread = threading.Thread(target=self._work, name="ledger")
        self._thread.start()

    def stop(self) -> None:
        """Takes nothing more, finishes and answers what waits, and returns when all of it is durable."""
        with self._changed:
            self._running = False
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _enqueue(self, job: _Job) -> Future[Any]:
        size = _size(job)
        with self._changed:
            if not self._running:
                raise Problem("stopping", "the service is stopping", {"Retry-After": "30"})
            if self._waiting + size > self._limit:
                raise busy("too many submissions are waiting")
            self._jobs.append(job)
            self._waiting += size
            self._changed.notify()
        return job.answer

    # -- in its own thread -------------------------------------------------------------------------

    def _work(self) -> None:
        while jobs := self._take():
            submitted = [job for job in jobs if job.question is None]
            if submitted:
                self._write(submitted)
            for job in jobs:
                if job.question is not None:
                    self._answer(job)

    def _take(self) -> list[_Job]:
        """What waits, up to a group (or one larger batch); empty when stopped and done."""
        with self._changed:
            while True:
                while self._running and not self._jobs:
                    self._changed.wait()
                if not self._jobs:
                    return []
                taken = [self._jobs.popleft()]
                size = _size(taken[0])
                while self._jobs and size + _size(self._jobs[0]) <= self._group:
                    taken.append(self._jobs.popleft())
                    size += _size(taken[-1])
                self._waiting -= size
                # Whoever has gone away before the work began is not served.
                if jobs := [job for job in taken if job.answer.set_running_or_notify_cancel()]:
                    return jobs

    def _answer(self, job: _Job) -> None:
        assert job.question is not None
        try:
            job.answer.set_result(job.question(self._consortium))
        except Exception as error:
            job.answer.set_exception(error)

    def _write(self, jobs: Sequence[_Job]) -> None:
        """Ratings first: what arrives together with a round's closing still counts.

        Batches that hold both ratings and other transactions are written in their own order.
        """
        alike: dict[bool, list[_Place]] = {True: [], False: []}
        runs = [alike[True], alike[False]]
        for job in jobs:
            places = [_Place(job, index) for index in range(len(job.items))]
            kinds = {place.is_rating for place in places}
            if len(kinds) == 1:
                alike[kinds.pop()] += places
            else:
                runs += [list(run) for _, run in groupby(places, key=lambda place: place.is_rating)]
        verdicts: dict[int, list[Verdict | None]] = {id(job): [None] * len(job.items) for job in jobs}
        failures: dict[int, Exception] = {}
        for run in runs:
            try:
                outcome = self._write_run([place.item for place in run])
            except Exception as error:
                report(error)
                failures.update({id(place.job): error for place in run})
            else:
                for place, verdict in zip(run, outcome, strict=True):
                    verdicts[id(place.job)][place.index] = verdict
        try:
            self._refresh(self._snapshot)
        except Exception as error:
            report(error)  # what is written is written; readers see it after the next write
        for job in jobs:
            if id(job) in failures:
                job.answer.set_exception(failures[id(job)])
            else:
                job.answer.set_result(verdicts[id(job)])

    def _write_run(self, items: Sequence[Submission]) -> list[Verdict]:
        """Ratings only, or no ratings."""
        ratings = [(item.transaction, item.bundle) for item in items if item.bundle is not None]
        try:
            if ratings:
                return list(self._consortium.submit_ratings(ratings))
            if not items:
                return []
            return list(self._consortium.submit_all([item.transaction for item in items]))
        except ZkperfError as error:
            return [error] * len(items)

    def _refresh(self, before: Snapshot | None) -> None:
        """Indexes new leaves and shows the new state to readers."""
        ledger = self._consortium.ledger
        size = ledger.state.size
        for index, leaf in enumerate(ledger.leaves(self._indexed, size), self._indexed):
            self._leaves[sha256(leaf).digest()] = index
        self._indexed = size
        self._snapshot = Snapshot.take(ledger.state, before)


def _size(job: _Job) -> int:
    return max(1, len(job.items))
