"""The two threads behind the service: one verifies, one writes.

Ratings that wait together are verified together, by the kernel, without the interpreter's lock; of everything
else the same thread finds out who sent it, and decodes and verifies it if that is a party of the ledger.
What is verified waits for the other thread, which alone changes the ledger: what is ready becomes durable
with one write, ratings and issuances all together, of anything else one slice at a time. So the next
ones are verified while the last ones are written, and no turn of either thread is long. Nothing is answered
before it is durable, and questions about the state are answered between two writes, so nobody ever sees
anything that a failing disk could still take back.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from hashlib import sha256
from typing import Any, TypeVar

from service.lanes import OTHER, RATING, REPORT, Job, Lanes, Part, Slice, is_light_part, kind_of, size_of
from service.problems import report
from service.snapshot import Snapshot
from zkperf.errors import ZkperfError, bare
from zkperf.ledger.promises import Promise
from zkperf.ledger.store.errors import StorageError
from zkperf.roles.consortium import Consortium
from zkperf.roles.wire import Posted

Verdict = Promise | int | ZkperfError
"""A rating's promise, the leaf of anything else, or why it is refused."""

PROBE_SECONDS = 5.0
"""After a refused write, how often it is tried whether the disk takes anything again."""
READY = 2
"""So many groups may be verified and not written yet: what comes later can still be written together."""

_T = TypeVar("_T")


_Place = tuple[Job, int]
"""One submission: its job, and which of the job's items it is."""


class Worker:
    """Takes submissions and questions from any thread. `start` it first."""

    def __init__(self, consortium: Consortium, *, group: int, waiting: int) -> None:
        self._consortium = consortium
        self._lanes = Lanes(group=group, waiting=waiting)
        self._room = READY * group
        self._ready: deque[Part] = deque()
        self._verified_all = False
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._trouble: str | None = None
        """Why writes are refused, as far as the last one showed."""
        self._probed = 0.0
        self.log_bytes = 0
        """Of all leaves together."""
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

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written, in words that name no path; None if it can, for all that is known."""
        if not all(thread.is_alive() for thread in self._threads):
            return "a thread of the service has failed: start it again"
        return self._trouble

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
                self._hand_over(part)
        with self._changed:
            self._verified_all = True
            self._changed.notify_all()

    def _examine(self, part: Part) -> None:
        """Finds out what is right and wrong with the items of ``part``, whatever else is on the ledger."""
        places = [(slice.job, place) for slice in part for place in slice.places]
        ratings = [at for at in places if kind_of(at[0].items[at[1]]) == RATING]
        others = [at for at in places if kind_of(at[0].items[at[1]]) != RATING]
        self._examine_each(ratings, self._consortium.examine)
        self._examine_each(others, self._consortium.look_at)

    def _examine_each(self, places: Sequence[_Place], examine: Callable[[Any], Sequence[Any]]) -> None:
        if not places:
            return
        try:
            found = examine([job.items[place] for job, place in places])
        except Exception as error:
            report(error)
            for job, _ in places:
                job.fail(error)
            return
        senders: dict[str, list[bool]] = {}
        for (job, place), examined in zip(places, found, strict=True):
            job.examined[place] = examined
            senders.setdefault(job.source, []).append(examined.costly)
        for source, costly in senders.items():
            self._lanes.found(source, good=costly.count(False), bad=costly.count(True))

    def _hand_over(self, part: Part) -> None:
        with self._changed:
            while self._ready and sum(map(size_of, self._ready)) >= self._room:
                self._changed.wait()
            self._ready.append(part)
            self._changed.notify_all()

    # -- the thread that writes --------------------------------------------------------------------

    def _write(self) -> None:
        while slices := self._take():
            submitted = [slice for slice in slices if slice.job.question is None]
            if submitted:
                self._write_group(submitted)
            questions = [slice.job for slice in slices if slice.job.question is not None]
            self._lanes.done(questions)
            for job in questions:
                self._answer(job)
        self._rest()

    def _take(self) -> list[Slice]:
        """What is written next; empty when stopped and done."""
        resting = False
        while True:
            with self._changed:
                while not self._ready and not self._verified_all and (resting or not self._lanes.idle):
                    if not self._changed.wait(PROBE_SECONDS if self._trouble else None):
                        break
                if self._ready:
                    if taken := [slice for slice in self._next() if self._is_awaited(slice.job)]:
                        return taken
                    continue
                if self._verified_all:
                    return []
            self._probe()
            resting = not self._rest()

    def _next(self) -> list[Slice]:
        """All that is ready and takes little, and the first part of what does not."""
        light = [part for part in self._ready if is_light_part(part)]
        heavy = [part for part in self._ready if not is_light_part(part)]
        self._ready = deque(heavy[1:])
        self._changed.notify_all()
        return [slice for part in (*light, *heavy[:1]) for slice in part]

    def _is_awaited(self, job: Job) -> bool:
        """Whoever has gone away before the work began is not served."""
        if not job.begun:
            job.begun = job.answer.set_running_or_notify_cancel()
            if not job.begun:
                self._lanes.done([job])
        return job.begun

    def _probe(self) -> None:
        """Tries again, now and then, what the disk has refused."""
        if self._trouble and time.monotonic() - self._probed >= PROBE_SECONDS:
            try:
                self._consortium.ledger.probe()
            except ZkperfError as error:
                self._note(error)
            else:
                self._trouble = None

    def _note(self, error: ZkperfError) -> None:
        if isinstance(error, StorageError):
            self._trouble, self._probed = error.reason, time.monotonic()

    def _rest(self) -> bool:
        """Does some of what can wait until nobody is waiting; whether there is more of it."""
        try:
            more = self._consortium.rest() or self._consortium.check_bundles()
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
            job.answer.set_exception(bare(error))

    def _write_group(self, slices: Sequence[Slice]) -> None:
        """Ratings and reports first: what arrives together with a round's closing still counts.

        Batches that hold several kinds are written in their own order.
        """
        alike: dict[str, list[_Place]] = {RATING: [], REPORT: [], OTHER: []}
        runs = [*alike.values()]
        for slice in slices:
            job = slice.job
            for kind, places in slice.runs() if job.failure is None else ():
                run = [(job, place) for place in places]
                if job.mixed:
                    runs.append(run)
                else:
                    alike[kind] += run
        for run in runs:
            try:
                outcome = self._write_run(run)
            except Exception as error:
                report(error)
                for job, _ in run:
                    job.fail(error)
            else:
                for (job, place), verdict in zip(run, outcome, strict=True):
                    job.verdicts[place] = verdict
        try:
            self._refresh(self._snapshot)
        except Exception as error:
            report(error)  # what is written is written; readers see it after the next write
        finished = [slice.job for slice in slices if slice.last]
        self._lanes.done(finished)
        for job in finished:
            if job.failure is not None:
                job.answer.set_exception(job.failure)
            else:
                job.answer.set_result([job.verdicts[place] for place in range(job.size)])

    def _write_run(self, run: Sequence[_Place]) -> list[Verdict]:
        """Of one kind only, and of what is no rating."""
        if not run:
            return []
        # What was found out is let go of as soon as it is written: decoded objects are large.
        items: list[Any] = [job.examined.pop(place) for job, place in run]
        [job, place], *_ = run
        try:
            if kind_of(job.items[place]) == RATING:
                return list(self._consortium.take(items))
            return list(self._consortium.post(items))
        except ZkperfError as error:
            self._note(error)
            return [bare(error)] * len(run)

    def _refresh(self, before: Snapshot | None) -> None:
        """Indexes new leaves and shows the new state to readers."""
        ledger = self._consortium.ledger
        size = ledger.state.size
        if before is not None and size == self._indexed:
            return
        for index, leaf in enumerate(ledger.leaves(self._indexed, size), self._indexed):
            self._leaves[sha256(leaf).digest()] = index
            self.log_bytes += len(leaf)
        self._indexed = size
        self._snapshot = Snapshot.take(ledger.state, before)
