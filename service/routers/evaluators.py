"""What an evaluator may ask, and nobody else."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from service.context import Here, limited
from service.problems import Problem
from service.replies import documented, expect_cbor, reply, wants_cbor
from service.routers.citizens import Digest
from service.views import OutlookView
from zkperf.roles.outlook import OutlookAsked
from zkperf.roles.wire import CBOR

router = APIRouter(prefix="/v1", tags=["evaluators"], dependencies=[Depends(limited("write"))])

LONGEST = 1024
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CBOR: [signature, evaluator, round, at].",
        "content": {CBOR: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/rounds/{round_id}/outlook",
    summary="What closing a round would publish",
    responses=documented(
        OutlookView,
        *("encoding", "signatures", "rounds", "invalid request", "not acceptable", "incomplete body"),
        *("too large", "unsupported media type", "busy", "stopping"),
    ),
    openapi_extra=_BODY,
)
async def outlook(request: Request, round_id: Digest, here: Here) -> Response:
    """For the round's evaluator, and the same for an hour: of every unit, whether it has enough ratings, with
    those that wait. In CBOR it is the array of its fields."""
    expect_cbor(request)
    as_cbor = wants_cbor(request)
    async with here.body(request, LONGEST) as body:
        asked = OutlookAsked.decode(body)
    if asked.round.hex() != round_id:
        raise Problem("rounds", "the question is about another round than the address")
    told = await here.ask(lambda consortium: consortium.outlook(asked, time.time()))
    if as_cbor:
        return Response(told.encode(), media_type=CBOR)
    return reply(request, OutlookView(round=told.round, at=told.at, enough=list(told.enough)))
