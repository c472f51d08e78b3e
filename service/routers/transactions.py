"""Writing: every write is a signed transaction, so there are no passwords and no sessions."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from service.context import Context, address, context
from service.problems import ProblemView, of_error
from service.replies import documented, expect_cbor, reply, wants_cbor
from service.views import LeafView, PromiseView
from service.worker import Verdict
from zkperf import encoding
from zkperf.errors import ZkperfError
from zkperf.ledger.promises import Promise
from zkperf.roles.wire import CBOR, read_submission, read_submissions

# `service.app` leads requests straight to these endpoints, which take the request as it is: to make something
# of parameters takes longer than what they do.
router = APIRouter(prefix="/v1/transactions", tags=["write"])

BODY_PROBLEMS = (
    "encoding",
    "not acceptable",
    "incomplete body",
    "too large",
    "unsupported media type",
    "busy",
    "stopping",
)


def _body(description: str) -> dict[str, Any]:
    content = {CBOR: {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


@router.post(
    "",
    summary="Submit one transaction",
    responses=documented(PromiseView | LeafView, *BODY_PROBLEMS, "batches", "proofs"),
    openapi_extra=_body("CBOR: [transaction: bytes, bundle: bytes or null]."),
)
async def submit(request: Request) -> Response:
    """A rating (with its bundle) is answered, when durable, with the sequencer's signed promise; as CBOR the
    promise is its record. Anything else is answered with the index of its leaf."""
    here, as_cbor = await _admitted(request, "write")
    async with here.body(request, here.settings.max_body) as body:
        [verdict] = await here.submit(request, [read_submission(body)])
    if isinstance(verdict, ZkperfError):
        # Not raised: a kept error that passes this frame, which holds it, would stay for good.
        return of_error(verdict).response()
    if as_cbor and isinstance(verdict, Promise):
        return Response(verdict.encode(), media_type=CBOR)
    return reply(request, _view(verdict))


@router.post(
    "/batch",
    summary="Submit up to 1,000 transactions",
    responses=documented(list[PromiseView | LeafView | ProblemView], *BODY_PROBLEMS),
    openapi_extra=_body("CBOR: an array of what a single submission is."),
)
async def submit_batch(request: Request) -> Response:
    """Answered with a promise, a leaf or a problem for each, in the same order. One that is refused does not
    stop the others."""
    here, as_cbor = await _admitted(request, "batch")
    async with here.body(request, here.settings.max_batch_body) as body:
        verdicts = await here.submit(request, read_submissions(body))
    if as_cbor:
        return Response(encoding.encode([_machine(verdict) for verdict in verdicts]), media_type=CBOR)
    return reply(request, [_view(verdict) for verdict in verdicts])


async def _admitted(request: Request, kind: str) -> tuple[Context, bool]:
    """Refuses before the body is read what would be refused after it; and whether CBOR is wanted."""
    here = await context(request)
    here.rates.check(kind, address(request))
    expect_cbor(request)
    return here, wants_cbor(request)


def _view(verdict: Verdict) -> PromiseView | LeafView | ProblemView:
    if isinstance(verdict, Promise):
        return PromiseView.of(verdict)
    if isinstance(verdict, ZkperfError):
        return of_error(verdict).view
    return LeafView(leaf=verdict)


def _machine(verdict: Verdict) -> Any:
    return verdict.to_array() if isinstance(verdict, Promise) else _view(verdict).model_dump()
