"""The HTTP service around a consortium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType

from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service import problems
from service.context import Context
from service.door import Door
from service.ends import Ends
from service.limits import Bodies, RateLimits
from service.metrics import Metrics
from service.routers import citizens, evaluators, figures, log, operations, results, transactions, welcome
from service.settings import Settings
from service.worker import Worker
from zkperf import __version__
from zkperf.roles.consortium import Consortium
from zkperf.roles.evaluator import Evaluator

DESCRIPTION = """Anonymous ratings on a ledger that anyone can verify.

Answers are JSON or, with `Accept: application/cbor`, deterministic CBOR with the same fields. Errors are
problem details (RFC 9457). Every write is a signed transaction in CBOR: there are no passwords and no
sessions. Believe nothing that is said here without its receipt: `docs/api.md` shows how."""


class Service(FastAPI):
    """FastAPI, past which go those requests that come by the thousand: straight to their endpoints."""

    direct: Mapping[str, ASGIApp] = MappingProxyType({})
    """By path; POST only."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in self.direct:
            scope["app"] = self
            await self.direct[scope["path"]](scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(consortium: Consortium, settings: Settings, evaluator: Evaluator | None = None) -> Service:
    """The service. When its lifespan ends it takes nothing more; whoever made the consortium closes it.

    ``evaluator``, if there is one here, closes rounds at the ends that they have announced.
    """
    worker = Worker(consortium, group=settings.group, waiting=settings.waiting)
    context = Context(
        settings=settings,
        consortium=consortium,
        worker=worker,
        metrics=Metrics(worker),
        bodies=Bodies(settings.max_bodies, settings.body_seconds),
        rates=RateLimits(
            {
                "read": settings.read_rate,
                "write": settings.write_rate,
                "batch": settings.batch_rate,
                "export": settings.export_rate,
                "bytes": settings.byte_rate,
            },
            settings.rate_key_seconds,
        ),
        readers=CapacityLimiter(settings.readers),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        worker.start()
        ends = None if evaluator is None else asyncio.create_task(Ends(worker, evaluator).keep())
        try:
            yield
        finally:
            if ends is not None:
                ends.cancel()
                with suppress(asyncio.CancelledError):
                    await ends
            # Nothing else is going on by now, so that waiting here keeps nobody.
            worker.stop()

    app = Service(
        title="zkperf",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=None,  # `operations` serves it, with examples of this ledger
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        separate_input_output_schemas=False,
    )
    app.state.context = context
    problems.install(app)
    app.add_middleware(Door, metrics=context.metrics)
    for part in (results, figures, citizens, evaluators, transactions, log, operations, welcome):
        app.include_router(part.router)
    app.direct = {
        route.path: Door(problems.answered(route.endpoint, route), context.metrics)
        for route in transactions.router.routes
        if isinstance(route, APIRoute)
    }
    return app
