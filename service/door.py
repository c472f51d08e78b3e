"""What every request passes: answers are counted, headers set, and no fault leaves but as a problem."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.metrics import Metrics
from service.problems import Problem, report

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class Door:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # Answered as GET (RFC 9110, section 9.3.2); the server leaves the body away.
            scope = dict(scope, method="GET")
        started = False

        async def send_and_count(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] += [(name, value) for name, value in HEADERS if name not in present]
                if b"cache-control" not in present:
                    message["headers"].append((b"cache-control", b"no-store"))
                route = getattr(scope.get("route"), "path", "none")
                self._metrics.answered(route, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_and_count)
        except Exception as error:
            report(error)
            if started:
                raise ConnectionError("the answer broke off") from None
            problem = Problem("internal", "this is a fault of the service")
            await problem.response()(scope, receive, send_and_count)
