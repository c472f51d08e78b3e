"""The two threads behind the service: one verifies, one writes.

Ratings that wait together are verified together, by the kernel, without the interpreter's lock; what is
verified waits for the other thread, which alone changes the ledger: everything that is ready becomes
durable with one write. So the next ratings are verified while the last ones are written. Nothing is
answered before it is durable, and questions about the state are answered between two writes, so nobody ever
sees anything that a failing disk could still take back.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import Any, TypeVar

from service.lanes import Job, Lanes, Part
from service.problems import report
from service.snapshot import Snapshot
from zkperf.errors import ZkperfError
from zkperf.ledger.promises import Promise
from zkperf.roles.consortium import Consortium
from zkperf.roles.wire import Posted, is_rating, is_report

Verdict = Promise | int | ZkperfError
"""A rating's promise, the leaf of anything else, or why it is refused."""

RATING, REPORT, OTHER = "rating", "report", "other"
"""Kinds of submissions: each is written in its own way."""

READY = 2
"""So many groups may be verified and not written yet: what comes later can still be written together."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Place:
    """One submission among those of its job."""

    job: Job
    index: int

    @property
    def posted(self) -> Posted:
        return self.job.items[self.index]

    @property
    def kind(self) -> str:
        return RATING if is_rating(self.posted) else REPORT if is_report(self.posted) else OTHER


class Worker:
    """Takes submissions and questions from any thread. `start` it first."""

    def __init__(self, consortium: Consortium, *, group: int, waiting: int) -> None:
        self._consortium = consortium
        self._lanes = Lanes(group=group, waiting=waiting)
        self._room = READY * group
        self._ready: deque[Job] = deque()
        self._verified_all = False
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
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
        return self._lanes.running

    def leaf_of(self, digest: bytes) -> int | None:
        """The index of the leaf with this SHA-256 digest, or None if there is none on the log."""
        return self._leaves.get(digest)

    def submit(self, items: Sequence[Posted], source: str = "") -> Future[list[Verdict]]:
        """Verdicts in the order of ``items``, once all that is taken in is durable. ``source`` says who sent
        them, as the rate limits count it.

        Raises Problem: busy, or stopping.
        """
        return self._enqueue(Job(items=items, source=source))

    def ask(self, question: Callable[[Consortium], _T]) -> Future[_T]:
        """What ``question`` finds out from the consortium between two writes. Raises Problem as `submit`."""
        return self._enqueue(Job(question=question))

    def _enqueue(self, job: Job) -> Future[Any]:
        self._lanes.put(job)
        return job.answer

    def start(self) -> None:
        """Starts to work. Does nothing if it runs."""
        if self.running:
            return
        self._verified_all = False
        self._lanes.open()
        self._threads = [
            threading.Thread(target=work, name=name)
            for work, name in ((self._verify, "verifier"), (self._write, "ledger"))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Takes nothing more, finishes and answers what waits, and returns when all of it is durable."""
        self._lanes.close()
        for thread in self._threads:
            thread.join()

    # -- the thread that verifies ------------------------------------------------------------------

    def _verify(self) -> None:
        while parts := self._lanes.turn():
            for part in parts:
                self._examine(part)
                self._hand_over([slice.job for slice in part if slice.stop == slice.job.size])
        with self._changed:
            self._verified_all = True
            self._changed.notify_all()

    def _examine(self, part: Part) -> None:
        """Finds out what is right and wrong with the ratings of ``part``, whatever else is on the ledger."""
        places = [(slice.job, place) for slice in part for place in slice.ratings]
        pairs = [
            (core, bundle)
            for job, place in places
            for core, bundle in [job.items[place]]
            if bundle is not None
        ]
        if not places:
            return
        try:
            found = self._consortium.examine(pairs)
        except Exception as error:
            report(error)
            for job, _ in places:
                job.failure = error
            return
        senders: dict[str, list[bool]] = {}
        for (job, place), examined in zip(places, found, strict=True):
            job.examined[place] = examined
            senders.setdefault(job.source, []).append(examined.costly)
        for source, costly in senders.items():
            self._lanes.found(source, good=costly.count(False), bad=costly.count(True))

    def _hand_over(self, jobs: Sequence[Job]) -> None:
        with self._changed:
            while self._ready and sum(job.size for job in self._ready) >= self._room:
                self._changed.wait()
            self._ready.extend(jobs)
            self._changed.notify_all()

    # -- the thread that writes --------------------------------------------------------------------

    def _write(self) -> None:
        while jobs := self._take():
            if submitted := [job for job in jobs if job.question is None]:
                self._write_group(submitted)
            questions = [job for job in jobs if job.question is not None]
            self._lanes.done(questions)
            for job in questions:
                self._answer(job)
        self._rest()

    def _take(self) -> list[Job]:
        """Everything that is ready; empty when stopped and done."""
        resting = False
        while True:
            with self._changed:
                while not self._ready and not self._verified_all and (resting or not self._lanes.idle):
                    self._changed.wait()
                if self._ready:
                    ready = list(self._ready)
                    self._ready.clear()
                    self._changed.notify_all()
                    # Whoever has gone away before the work began is not served.
                    gone = [job for job in ready if not job.answer.set_running_or_notify_cancel()]
                    self._lanes.done(gone)
                    if taken := [job for job in ready if job not in gone]:
                        return taken
                    continue
                if self._verified_all:
                    return []
            resting = not self._rest()

    def _rest(self) -> bool:
        """Does some of what can wait until nobody is waiting; whether there is more of it."""
        try:
            more = self._consortium.rest()
            self._refresh(self._snapshot)
        except Exception as error:
            report(error)
            return False
        return more

    def _answer(self, job: Job) -> None:
        assert job.question is not None
        try:
            job.answer.set_result(job.question(self._consortium))
        except Exception as error:
            job.answer.set_exception(error)

    def _write_group(self, jobs: Sequence[Job]) -> None:
        """Ratings and reports first: what arrives together with a round's closing still counts.

        Batches that hold several kinds are written in their own order.
        """
        alike: dict[str, list[_Place]] = {RATING: [], REPORT: [], OTHER: []}
        runs = [*alike.values()]
        for job in jobs:
            if job.failure is not None:
                continue
            places = [_Place(job, index) for index in range(len(job.items))]
            kinds = {place.kind for place in places}
            if len(kinds) == 1:
                alike[kinds.pop()] += places
            else:
                runs += [list(run) for _, run in groupby(places, key=lambda place: place.kind)]
        verdicts: dict[int, list[Verdict | None]] = {id(job): [None] * len(job.items) for job in jobs}
        for run in runs:
            try:
                outcome = self._write_run(run)
            except Exception as error:
                report(error)
                for place in run:
                    place.job.failure = error
            else:
                for place, verdict in zip(run, outcome, strict=True):
                    verdicts[id(place.job)][place.index] = verdict
        try:
            self._refresh(self._snapshot)
        except Exception as error:
            report(error)  # what is written is written; readers see it after the next write
        self._lanes.done(jobs)
        for job in jobs:
            if job.failure is not None:
                job.answer.set_exception(job.failure)
            else:
                job.answer.set_result(verdicts[id(job)])

    def _write_run(self, run: Sequence[_Place]) -> list[Verdict]:
        """Of one kind only."""
        if not run:
            return []
        try:
            if run[0].kind == RATING:
                return list(self._consortium.take([place.job.examined[place.index] for place in run]))
            posted = [place.posted for place in run]
            if run[0].kind == REPORT:
                reports = [(data, bundle) for data, bundle in posted if bundle is not None]
                return list(self._consortium.submit_reports(reports))
            return list(self._consortium.submit_all([data for data, _ in posted]))
        except ZkperfError as error:
            return [error] * len(run)

    def _refresh(self, before: Snapshot | None) -> None:
        """Indexes new leaves and shows the new state to readers."""
        ledger = self._consortium.ledger
        size = ledger.state.size
        if before is not None and size == self._indexed:
            return
        for index, leaf in enumerate(ledger.leaves(self._indexed, size), self._indexed):
            self._leaves[sha256(leaf).digest()] = index
        self._indexed = size
        self._snapshot = Snapshot.take(ledger.state, before)
