"""How much anybody may ask for: sizes of bodies, memory for all of them, requests per address.

No address is stored. The rate limits count under a keyed hash of it, cut to 20 bits, whose key is
replaced every few minutes and never leaves this process's memory.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import blake2b

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import ClientDisconnect, Request

from service.problems import Problem, busy

BUCKETS = 2**20
"""How many counters there are at most: bounds memory, and lets every counter stand for many addresses."""


UNFINISHED = 4
"""One source may have one of so many parts of the memory for bodies in bodies that have not arrived whole: to
hold back the end of a body costs nothing, and keeps others out."""


SLOWEST = 1024
"""Bytes a second: whoever sends a body, or takes an answer, as fast as that is waited for to the end."""


class Bodies:
    """Reads bodies as they stream in, and keeps all of them together below a budget."""

    def __init__(self, budget: int, seconds: float) -> None:
        self._budget = budget
        self._seconds = seconds
        self._held = 0
        self._unfinished: dict[str, int] = {}
        """By source, as the rate limits count it."""

    @asynccontextmanager
    async def read(self, request: Request, limit: int, source: str = "") -> AsyncIterator[bytes]:
        """The body of at most ``limit`` bytes, counted against the budget until the context ends.

        Raises Problem: too large (told by Content-Length or found out, nothing more is kept then), incomplete
        (the sender broke off, or is too slow: it has some seconds, and one more for every `SLOWEST` bytes),
        busy (no memory left for bodies, or too much of it is taken by what this source has begun).
        """
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > limit:
            raise _too_large(limit)
        held = 0
        chunks: list[bytes] = []
        try:
            try:
                async with asyncio.timeout(self._seconds) as clock:
                    until = clock.when()
                    async for chunk in request.stream():
                        if held + len(chunk) > limit:
                            raise _too_large(limit)
                        if self._held + len(chunk) > self._budget:
                            raise busy("too many bodies are on their way")
                        unfinished = self._unfinished.get(source, 0)
                        if unfinished + len(chunk) > max(limit, self._budget // UNFINISHED):
                            raise busy("too many bodies of this address are on their way")
                        self._unfinished[source] = unfinished + len(chunk)
                        held += len(chunk)
                        self._held += len(chunk)
                        chunks.append(chunk)
                        if until is not None and held // SLOWEST > (held - len(chunk)) // SLOWEST:
                            clock.reschedule(until + held // SLOWEST)
            except TimeoutError:
                words = f"after {self._seconds:g} seconds the body came slower than {SLOWEST} bytes a second"
                raise Problem("incomplete body", words) from None
            except ClientDisconnect:
                raise Problem("incomplete body", "the sender broke off") from None
            finally:
                if left := self._unfinished.pop(source, 0) - held:
                    self._unfinished[source] = left
            yield b"".join(chunks)
        finally:
            self._held -= held


def _too_large(limit: int) -> Problem:
    return Problem("too large", f"at most {limit} bytes")


class RateLimits:
    """Counts requests per address in fixed windows. ``rates``: by kind of request, empty for no limit."""

    def __init__(
        self, rates: dict[str, str], key_seconds: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rates = {kind: parse(rate) for kind, rate in rates.items() if rate}
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._key_seconds = key_seconds
        self._clock = clock
        self._key = b""
        self._key_until = float("-inf")
        self._epoch = 0

    def check(self, kind: str, address: str, cost: int = 1) -> None:
        """Counts a request, or one that costs as much as so many. Raises Problem when this address has had
        its share. What costs more than a whole share is a whole share."""
        rate = self._rates.get(kind)
        if rate is None:
            return
        bucket, cost = self._bucket(address), min(cost, rate.amount)
        if not self._limiter.hit(rate, kind, bucket, cost=cost):
            reset = self._limiter.get_window_stats(rate, kind, bucket).reset_time
            seconds = max(1, round(reset - time.time()))
            raise Problem("too many requests", f"at most {rate}", {"Retry-After": str(seconds)})

    def source(self, address: str) -> str:
        """What an address is counted under, and so many others with it, until the key is replaced."""
        bucket = self._bucket(address)
        return f"{self._epoch}/{bucket}"

    def _bucket(self, address: str) -> str:
        now = self._clock()
        if now >= self._key_until:
            self._key, self._key_until = secrets.token_bytes(32), now + self._key_seconds
            self._epoch += 1
        digest = blake2b(network(address), key=self._key, digest_size=8).digest()
        return str(int.from_bytes(digest, "big") % BUCKETS)


def network(address: str) -> bytes:
    """An IPv4 address, or the /64 of an IPv6 one: who has one address of it has them all."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address.encode()
    return parsed.packed if parsed.version == 4 else parsed.packed[:8]
