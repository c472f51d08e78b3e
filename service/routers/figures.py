"""What everybody may know of providers' figures: schemes, rounds and what came out of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from service.context import Here, limited
from service.figures import (
    FigureResultView,
    FigureRoundSummary,
    FigureRoundView,
    FigureSchemeView,
    figure_summary,
)
from service.problems import Problem
from service.replies import documented, reply
from service.routers.results import find

router = APIRouter(prefix="/v1/figures", tags=["figures"], dependencies=[Depends(limited("read"))])

_HEX = "^[0-9a-f]{64}$"
FigureScheme = Annotated[str, Path(pattern=_HEX, description="A scheme's digest.")]
FigureRound = Annotated[str, Path(pattern=_HEX, description="The digest of a round of figures.")]


@router.get(
    "/schemes/{figure_scheme}",
    summary="A scheme of figures",
    responses=documented(FigureSchemeView, "not found", "invalid request", "not acceptable"),
)
async def scheme(request: Request, figure_scheme: FigureScheme, here: Here) -> Response:
    """Indicators, claims and index as they are on the log."""
    return reply(request, find(here.worker.snapshot.figures.schemes, figure_scheme, "scheme of figures"))


@router.get(
    "/rounds",
    summary="All rounds of figures",
    responses=documented(list[FigureRoundSummary], "not acceptable"),
)
async def rounds(request: Request, here: Here) -> Response:
    """Every round, oldest first."""
    return reply(request, [figure_summary(view) for view in here.worker.snapshot.figures.rounds.values()])


@router.get(
    "/rounds/{figure_round}",
    summary="A round of figures",
    responses=documented(FigureRoundView, "not found", "invalid request", "not acceptable"),
)
async def one_round(request: Request, figure_round: FigureRound, here: Here) -> Response:
    """Phase, tree, who has reported, claimed and shown what. Figures themselves are nowhere."""
    return reply(request, find(here.worker.snapshot.figures.rounds, figure_round, "round of figures"))


@router.get(
    "/results/{figure_round}",
    summary="What a round of figures has published",
    responses=documented(FigureResultView, "not found", "not published", "invalid request", "not acceptable"),
)
async def result(request: Request, figure_round: FigureRound, here: Here) -> Response:
    """Pools of every unit that is no provider, and every provider's claims and grade. Unit 0 is the total."""
    figures = here.worker.snapshot.figures
    view = find(figures.rounds, figure_round, "round of figures")
    found = figures.results.get(view.id)
    if found is None:
        raise Problem("not published", f"the round is {view.phase_text}")
    return reply(request, found)
