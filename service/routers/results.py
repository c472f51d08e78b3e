"""What everybody may know: the ledger, its schemes, its rounds and their results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from service.context import Here, limited
from service.problems import Problem
from service.replies import documented, reply
from service.routers.citizens import Digest
from service.snapshot import summary
from service.views import LedgerView, ResultView, RoundSummary, RoundView, SchemeView

router = APIRouter(prefix="/v1", tags=["results"], dependencies=[Depends(limited("read"))])

_View = TypeVar("_View")


def find(views: Mapping[bytes, _View], identifier: str, what: str) -> _View:
    """The view with this identifier in hexadecimal. Raises Problem if there is none."""
    view = views.get(bytes.fromhex(identifier))
    if view is None:
        raise Problem("not found", f"there is no {what} {identifier} on this ledger")
    return view


@router.get("/ledger", summary="The ledger", responses=documented(LedgerView, "not acceptable"))
async def ledger(request: Request, here: Here) -> Response:
    """What the ledger is, who its members are and how long its log is."""
    return reply(request, here.worker.snapshot.ledger)


@router.get(
    "/schemes/{scheme}",
    summary="A scheme",
    responses=documented(SchemeView, "not found", "invalid request", "not acceptable"),
)
async def scheme(request: Request, scheme: Digest, here: Here) -> Response:
    """A questionnaire as it is on the log."""
    return reply(request, find(here.worker.snapshot.schemes, scheme, "scheme"))


@router.get("/rounds", summary="All rounds", responses=documented(list[RoundSummary], "not acceptable"))
async def rounds(request: Request, here: Here) -> Response:
    """Every round, oldest first."""
    return reply(request, [summary(view) for view in here.worker.snapshot.rounds.values()])


@router.get(
    "/rounds/{round_id}",
    summary="A round",
    responses=documented(RoundView, "not found", "invalid request", "not acceptable"),
)
async def one_round(request: Request, round_id: Digest, here: Here) -> Response:
    """Phase, units and numbers as the log has them, and where a device finds what it has to verify."""
    return reply(request, find(here.worker.snapshot.rounds, round_id, "round"))


@router.get(
    "/results/{round_id}",
    summary="A round's result",
    responses=documented(ResultView, "not found", "not published", "invalid request", "not acceptable"),
)
async def result(request: Request, round_id: Digest, here: Here) -> Response:
    """The published figures. Unit 0 is the total."""
    snapshot = here.worker.snapshot
    view = find(snapshot.rounds, round_id, "round")
    found = snapshot.results.get(view.id)
    if found is None:
        raise Problem("not published", f"the round is {view.phase_text}")
    return reply(request, found)
