"""Everything the service says no with: problem details (RFC 9457) with stable types.

A problem's ``type`` is ``https://zkperf.org/problems/`` and the name of the check that failed. docs/api.md
lists them all.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from zkperf.errors import ZkperfError
from zkperf.roles.wire import PROBLEMS

MEDIA_TYPE = "application/problem+json"

log = logging.getLogger("zkperf.service")


@dataclass(frozen=True)
class Kind:
    """One type of problem."""

    title: str
    status: int


CHECKS = {
    "refused": Kind("Refused", 422),
    "encoding": Kind("Not the canonical encoding of anything valid", 400),
    "input": Kind("Unusable input", 400),
    "names": Kind("This cannot be a name", 400),
    "proofs": Kind("A proof does not hold", 422),
    "signatures": Kind("A signature does not verify", 422),
    "tokens": Kind("Not a token of this cohort", 422),
    "openings": Kind("Not an opening of the commitments", 422),
    "complaints": Kind("A complaint or a share is wrong", 422),
    "log": Kind("A proof about the log does not verify", 422),
    "genesis": Kind("The ledger's founding rules do not allow this", 409),
    "schemes": Kind("The rules about schemes do not allow this", 409),
    "rounds": Kind("The rules about rounds do not allow this", 409),
    "key generation": Kind("The rules of key generation do not allow this", 409),
    "issuance": Kind("The rules of issuance do not allow this", 409),
    "batches": Kind("This rating cannot be taken in", 409),
    "sequence": Kind("A later rating of this pseudonym is waiting", 409),
    "counted set": Kind("The rules about the counted set do not allow this", 409),
    "disclosure": Kind("The disclosure rule does not allow this", 409),
    "results": Kind("Not the result that follows from the openings", 409),
    "reports": Kind("The rules about reports do not allow this", 409),
    "pools": Kind("Not the pools that follow from the openings", 409),
    "claims": Kind("The rules about claims do not allow this", 409),
    "attestations": Kind("The rules about attestations do not allow this", 409),
    "draw": Kind("The rules about the draw do not allow this", 409),
    "storage": Kind("The ledger's disk refused; nothing of this was kept", 503),
}
"""By the ``check`` of a `ZkperfError`."""

HTTP = {
    "invalid request": Kind("A part of the address is malformed", 422),
    "not found": Kind("There is nothing here", 404),
    "not on the log": Kind("Not on the log (yet)", 404),
    "not issued": Kind("No point is recorded for this voucher", 404),
    "not published": Kind("This round has no result yet", 404),
    "method not allowed": Kind("This address does not take this method", 405),
    "not acceptable": Kind("Not available in any media type that was asked for", 406),
    "incomplete body": Kind("The body did not arrive whole, or not in time", 408),
    "too large": Kind("The body is too large", 413),
    "unsupported media type": Kind("The body is not of the expected media type", 415),
    "too many requests": Kind("Too many requests from this address", 429),
    "busy": Kind("More is waiting than can be taken in", 429),
    "internal": Kind("The service failed", 500),
    "stopping": Kind("The service is stopping", 503),
    "not writing": Kind("Nothing can be written now", 503),
}
"""What has to do with HTTP only."""

KINDS = {**CHECKS, **HTTP}


class ProblemView(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class Problem(Exception):
    """A request that is refused, for the reason that ``name`` (a key of `KINDS`) stands for."""

    def __init__(self, name: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.name, self.detail, self.headers = name, detail, headers

    @property
    def view(self) -> ProblemView:
        """The document."""
        kind = KINDS.get(self.name, KINDS["refused"])
        return ProblemView(type=type_uri(self.name), title=kind.title, status=kind.status, detail=self.detail)

    def response(self) -> JSONResponse:
        """The document as an HTTP response."""
        view = self.view
        return JSONResponse(view.model_dump(), view.status, self.headers, MEDIA_TYPE)


def type_uri(name: str) -> str:
    """The ``type`` of a problem."""
    return PROBLEMS + name.replace(" ", "-")


def of_error(error: ZkperfError) -> Problem:
    """The problem that an error of the ledger or a role is. Paths on this machine stay here."""
    if error.check == "storage":
        log.error("storage: %s", error)
        return Problem("storage", "try again later", {"Retry-After": "60"})
    return Problem(error.check, str(error))


def busy(detail: str, seconds: int = 2) -> Problem:
    """Too much is waiting: come back in ``seconds``."""
    return Problem("busy", detail, {"Retry-After": str(seconds)})


def install(app: FastAPI) -> None:
    """Makes every error that ``app`` expects a problem document. `service.door` sees to the others."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(ZkperfError)
    async def refused(request: Request, error: ZkperfError) -> JSONResponse:
        return of_error(error).response()

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return Problem("invalid request", f"{where}: {first['msg']}").response()

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        name = HTTPStatus(error.status_code).phrase.lower()
        if name not in HTTP:
            name = "invalid request" if error.status_code < 500 else "internal"
        return Problem(name, str(error.detail), error.headers).response()


def answered(endpoint: Callable[[Request], Awaitable[Response]], route: object) -> ASGIApp:
    """An endpoint by itself, with the same answers to the same errors. ``route`` documents it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = route
        try:
            response = await endpoint(Request(scope, receive))
        except Problem as error:
            response = error.response()
        except ZkperfError as error:
            response = of_error(error).response()
        await response(scope, receive, send)

    return app


def report(error: BaseException) -> None:
    """Logs where an unexpected error came from, without its message: that could hold what somebody sent."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s at\n%s", type(error).__name__, frames)
