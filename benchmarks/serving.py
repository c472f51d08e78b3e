"""Ratings over HTTP, durable when they are answered: service and load generator on the same cores.

The service runs as an operator would start it, in a process of its own, with its limits per address off,
because all load comes from one. Every answer is checked to be a promise.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from benchmarks.child import Job, child
from benchmarks.cohort import FIVE, MEMBERS, THRESHOLD
from benchmarks.crowd import Rated, gather
from benchmarks.load import Answer, Outcome, Request, batch, send, single
from benchmarks.measure import Effort, Figure, Samples, Target, once
from benchmarks.survey import used_bytes
from circuits.rating import Core
from zkperf.encoding import decode
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.ledger.transactions import decode_transaction, encode_transaction

CONNECTIONS, MANY = 64, 10_000
"""At once: usually, and in the crowd."""
BATCH = 1000
BAD = 100
"""Different bad ratings."""
SINGLE_RATE, BATCH_RATE = 1500, 5000
"""Ratings a second, taken in durably."""
OF_CONTENT = 1.3
"""Database bytes of a rating and its bundle, divided by their own."""
UNDER_FLOOD = 0.5
"""Honest ratings a second beside as many bad ones, divided by those without."""
ELSEWHERE = "127.0.0.2"
"""The address that the flood comes from."""
LIMITS = {
    "ZKPERF_WRITE_RATE": "",
    "ZKPERF_BATCH_RATE": "",
    "ZKPERF_CONNECTIONS": str(2 * MANY),
    "ZKPERF_CONNECTIONS_OF_ONE": str(2 * MANY),
    "ZKPERF_WAITING": str(2 * MANY),
}


class Served(NamedTuple):
    """A service that runs."""

    url: str
    process: int

    def peak_bytes(self) -> int:
        """The most memory that it has had."""
        for line in Path(f"/proc/{self.process}/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise OSError("no VmHWM")


@dataclass
class Queue:
    """Ratings that are still to be sent: each is sent once."""

    ratings: list[Rated]

    def take(self, count: int) -> list[Rated]:
        taken, self.ratings = self.ratings[:count], self.ratings[count:]
        assert len(taken) == count
        return taken


def figures(effort: Effort) -> Iterator[Figure]:
    """One by one, in batches, beside a flood of bad ones, and from a crowd of connections."""
    count, crowd = effort.served, min(MANY, 5 * effort.served)
    runs = min(3, effort.few)
    _allow_files()
    with TemporaryDirectory(prefix="zkperf-benchmark-") as name:
        path = Path(name) / "ledger"
        # singles and batches; then one without a flood, and as many beside it
        gathered = gather(path, (3 * runs + 1) * count + BAD + crowd)
        queue = Queue(list(gathered.ratings))
        database = path / "ledger.db"
        before = used_bytes(database)
        sent = queue.take(count)
        with serving(path) as served:
            first = send(served.url, [single(r.transaction, r.bundle) for r in sent], CONNECTIONS)
            _all_taken(first, count)
        per_rating = (used_bytes(database) - before) / count
        content = sum(rated.size for rated in sent) / count
        with serving(path) as served:
            singles = [first] + [_singles(served, queue, count) for _ in range(runs - 1)]
            yield from _rates("one", "one by one", singles, Target(SINGLE_RATE, least=True))
            batches = [_batches(served, queue, count) for _ in range(runs)]
            yield from _rates("batch", f"in batches of {BATCH}", batches, Target(BATCH_RATE, least=True))
            yield from _flood(served, queue, count, runs)
            yield once(
                "service.memory", "The service's memory until then", _about(), served.peak_bytes(), "bytes"
            )
        with serving(path) as served:
            outcome = send(served.url, _requests(queue.take(crowd)), crowd)
            _all_taken(outcome, crowd)
            yield from _rates("crowd", f"{crowd:,} connections at once", [outcome], None)
            yield once(
                "service.crowd.memory",
                f"The service's memory with {crowd:,} connections",
                _about(),
                served.peak_bytes(),
                "bytes",
            )
    yield once("service.database", "Database bytes of a rating and its bundle", _about(), per_rating, "bytes")
    yield once(
        "service.database.of_content",
        "Database bytes of a rating and its bundle, divided by their own",
        _about(),
        per_rating / content,
        "×",
        Target(OF_CONTENT),
    )


def _about() -> dict[str, str | int]:
    return {"suite": "ristretto255", "form": FIVE.name, "members": MEMBERS, "threshold": THRESHOLD}


def _allow_files() -> None:
    """A connection is an open file, here and in the service."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def serving(path: Path) -> Iterator[Served]:
    """`zkperf serve` for the ledger in this folder."""
    command = [sys.executable, "-m", "zkperf.cli", "serve", "--ledger", str(path), "--port", "0"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **LIMITS, "XDG_STATE_HOME": str(path.resolve().parent / "state")},
    ) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert " at " in ready, "the service did not start"
            yield Served(ready.split(" at ")[1].strip(), process.pid)
        finally:
            process.terminate()


def _requests(ratings: Sequence[Rated]) -> list[Request]:
    return [single(rated.transaction, rated.bundle) for rated in ratings]


def _singles(served: Served, queue: Queue, count: int) -> Outcome:
    outcome = send(served.url, _requests(queue.take(count)), CONNECTIONS)
    _all_taken(outcome, count)
    return outcome


def _batches(served: Served, queue: Queue, count: int) -> Outcome:
    ratings = [(rated.transaction, rated.bundle) for rated in queue.take(count)]
    requests = [batch(ratings[start : start + BATCH]) for start in range(0, count, BATCH)]
    outcome = send(served.url, requests, min(4, len(requests)))
    _all_taken(outcome, len(requests))
    return outcome


def _all_taken(outcome: Outcome, requests: int) -> None:
    statuses = {answer.status for answer in outcome.answers}
    assert (outcome.lost, len(outcome.answers), statuses) == (0, requests, {HTTPStatus.OK}), (
        outcome.lost,
        len(outcome.answers),
        statuses,
    )


def _rates(name: str, how: str, outcomes: Sequence[Outcome], target: Target | None) -> Iterator[Figure]:
    """Ratings a second, and how long a request waits for its answer."""
    counts = [sum(map(_ratings, outcome.answers)) for outcome in outcomes]
    rates = tuple(n / outcome.seconds for n, outcome in zip(counts, outcomes, strict=True))
    about = {**_about(), "ratings": counts[0]}
    yield Figure(
        f"service.{name}",
        f"Ratings taken in durably over HTTP in a second, {how}",
        about,
        "/s",
        Samples(rates),
        target=target,
    )
    for share, word in ((0.5, "half"), (0.99, "99 of 100")):
        latencies = Samples(tuple(outcome.latency(share) for outcome in outcomes))
        yield Figure(
            f"service.{name}.wait",
            f"{word} of these requests answered within",
            {**about, "share": word},
            "s",
            latencies,
        )


def _flood(served: Served, queue: Queue, count: int, runs: int) -> Iterator[Figure]:
    """Honest ratings from one address, and from another as many bad ones as go through."""
    alone = _singles(served, queue, count)
    bad = [single(_spoilt(rated), rated.bundle) for rated in queue.take(BAD)]
    beside = []
    # Longer than the honest ones should take, however much it slows them.
    with child(flood, (served.url, bad, 4 * alone.seconds)) as other:
        for _ in range(runs):
            other.start()
            beside.append(_singles(served, queue, count))
            other.finish()
    rates = tuple(alone.seconds / outcome.seconds for outcome in beside)
    yield Figure(
        "service.flood",
        "Honest ratings a second beside a flood of bad ones, divided by those without",
        {**_about(), "ratings": count},
        "×",
        Samples(rates),
        target=Target(UNDER_FLOOD, least=True),
    )


def flood(argument: tuple[str, list[Request], float]) -> Job:
    """Sends these requests over and over, for so many seconds, from an address of its own."""
    url, bad, seconds = argument

    def work() -> int:
        answered, started = 0, perf_counter()
        while (left := seconds - (perf_counter() - started)) > 0:
            answered += len(send(url, bad, CONNECTIONS, seconds=left, source=ELSEWHERE).answers)
        return answered

    return work


def _spoilt(rated: Rated) -> bytes:
    """The same rating with another last scalar in its proof: well formed, with its own bundle, and wrong."""
    core = decode_transaction(rated.transaction)
    assert isinstance(core, Core)
    size = RISTRETTO255.scalar_size
    proof = core.proof[:-size] + RISTRETTO255.encode_scalar(RISTRETTO255.random_scalar())
    return encode_transaction(core.model_copy(update={"proof": proof}))


def _ratings(answer: Answer) -> int:
    """How many ratings an answer took in: all that it is about."""
    value = decode(answer.body, what="answer")
    if isinstance(value[0], list):
        assert all(isinstance(item, list) for item in value), "a rating was refused"
        return len(value)
    return 1
