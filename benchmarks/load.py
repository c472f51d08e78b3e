"""A load generator: sends requests that were made before over many connections, and times the answers.

It speaks as little of HTTP/1.1 as the service's answers need, so that most of the two cores are left to
what is measured. Everything happens on one machine, over the loopback.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import urlsplit

from zkperf.roles.wire import CBOR, Submission, encode_submissions

SINGLE, BATCH = "/v1/transactions", "/v1/transactions/batch"
END = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """One request as it goes over the wire, and the ratings in it."""

    data: bytes = field(repr=False)
    ratings: int


def single(transaction: bytes, bundle: bytes) -> Request:
    """A rating by itself."""
    return Request(_post(SINGLE, Submission(transaction=transaction, bundle=bundle).encode()), 1)


def batch(items: Sequence[tuple[bytes, bytes]]) -> Request:
    """Many ratings at once."""
    body = encode_submissions([Submission(transaction=core, bundle=bundle) for core, bundle in items])
    return Request(_post(BATCH, body), len(items))


def _post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {CBOR}\r\nAccept: {CBOR}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Answer:
    """What came back for one request."""

    place: int
    """Which request it was."""
    status: int
    body: bytes = field(repr=False)
    seconds: float


@dataclass
class Outcome:
    """All answers, in the order in which they came, and how long everything took."""

    answers: list[Answer] = field(default_factory=list)
    seconds: float = 0.0
    lost: int = 0
    """Connections that the service ended."""

    def latency(self, share: float) -> float:
        """Seconds within which this share of the requests was answered."""
        ordered = sorted(answer.seconds for answer in self.answers)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def send(
    url: str,
    requests: Sequence[Request],
    connections: int,
    *,
    seconds: float | None = None,
    source: str | None = None,
    answered: Callable[[Answer], None] = lambda _: None,
) -> Outcome:
    """Sends every request once, each connection its next one when the last was answered.

    Stops early after ``seconds``, or when the service has ended all connections. ``source`` is the address
    to send from.
    """
    return asyncio.run(_send(url, requests, connections, seconds, source, answered))


async def _send(
    url: str,
    requests: Sequence[Request],
    connections: int,
    seconds: float | None,
    source: str | None,
    answered: Callable[[Answer], None],
) -> Outcome:
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    run = _Run(requests, deque(range(len(requests))), answered, loop.create_future())
    lines, local = [], None if source is None else (source, 0)
    for _ in range(connections):
        _, line = await loop.create_connection(
            lambda: _Line(run), parts.hostname or "", parts.port or 80, local_addr=local
        )
        lines.append(line)
    run.open, started = len(lines), perf_counter()
    for line in lines:
        line.next()
    with suppress(TimeoutError):
        await asyncio.wait_for(run.done, seconds)
    run.outcome.seconds = perf_counter() - started
    for line in lines:
        line.close()
    return run.outcome


@dataclass
class _Run:
    requests: Sequence[Request]
    left: deque[int]
    answered: Callable[[Answer], None]
    done: asyncio.Future[None]
    open: int = 0
    outcome: Outcome = field(default_factory=Outcome)

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


class _Line(asyncio.Protocol):
    """One connection, with at most one request on its way."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._place: int | None = None
        self._started = 0.0
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def next(self) -> None:
        """Sends what is next, if anything is left."""
        self._place = None
        if self._run.left:
            self._place = self._run.left.popleft()
            self._started = perf_counter()
            self._transport.write(self._run.requests[self._place].data)
        elif len(self._run.outcome.answers) + self._run.outcome.lost == len(self._run.requests):
            self._run.finish()

    def close(self) -> None:
        self._closing = True
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(END)
        if head < 0:
            return
        fields = bytes(self._received[:head]).lower()
        at = fields.find(b"content-length:")
        length = int(fields[at + 15 : (fields + b"\r\n").find(b"\r\n", at)])
        end = head + len(END) + length
        if len(self._received) < end or self._place is None:
            return
        body = bytes(self._received[head + len(END) : end])
        del self._received[:end]
        answer = Answer(self._place, int(fields[9:12]), body, perf_counter() - self._started)
        self._run.outcome.answers.append(answer)
        self._run.answered(answer)
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._run.open -= 1
        if self._place is not None:
            self._run.outcome.lost += 1
        if self._run.open == 0:
            self._run.finish()
