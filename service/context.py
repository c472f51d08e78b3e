"""What the routes share: the worker, the limits, the threads that read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from service.limits import Bodies, RateLimits
from service.metrics import Metrics
from service.settings import Settings
from service.worker import Verdict, Worker
from zkperf.ledger.transactions import stays_bytes
from zkperf.roles.consortium import Consortium
from zkperf.roles.wire import Posted

_T = TypeVar("_T")

OBJECT = 1024
"""Bytes of a transaction, other than a rating or an issuance, that count as a request more."""


@dataclass(frozen=True)
class Context:
    """One app's parts."""

    settings: Settings
    consortium: Consortium
    worker: Worker
    metrics: Metrics
    bodies: Bodies
    rates: RateLimits
    readers: CapacityLimiter

    async def read(self, work: Callable[[], _T]) -> _T:
        """Runs what blocks, but touches no state, in a thread."""
        return await to_thread.run_sync(work, limiter=self.readers)

    def body(self, request: Request, limit: int) -> AbstractAsyncContextManager[bytes]:
        """The request's body (`Bodies.read`)."""
        return self.bodies.read(request, limit, self.rates.source(address(request)))

    async def submit(self, request: Request, items: Sequence[Posted]) -> list[Verdict]:
        """What the ledger says, once durable. Raises Problem if it cannot be asked, or this address asks for
        too much: what is no rating and no issuance is decoded to objects, in 1.5 ms a kilobyte."""
        large = sum(len(transaction) // OBJECT for transaction, _ in items if not stays_bytes(transaction))
        if large:
            self.rates.check("write", address(request), cost=large)
        return await _wait(self.worker.submit(items, self.rates.source(address(request))))

    async def ask(self, question: Callable[[Consortium], _T]) -> _T:
        """What the roles say between two writes."""
        return await _wait(self.worker.ask(question))


async def _wait(future: Future[_T]) -> _T:
    try:
        return await asyncio.wrap_future(future)
    finally:
        # An error remembers this frame: if that held what holds the error, neither would ever go.
        del future


def address(request: Request) -> str:
    """Where a request comes from, as far as one knows; empty if one does not."""
    return request.client.host if request.client else ""


async def context(request: Request) -> Context:
    """The app's context."""
    found: Context = request.app.state.context
    return found


Here = Annotated[Context, Depends(context)]


def limited(kind: str) -> Callable[[Request, Context], Awaitable[None]]:
    """A dependency that counts the request against its address's rate for this kind of request."""

    async def check(request: Request, here: Here) -> None:
        here.rates.check(kind, address(request))

    return check
