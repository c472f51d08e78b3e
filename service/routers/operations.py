"""What operators watch."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from service import openapi
from service.context import Here, limited
from service.metrics import MEDIA_TYPE
from service.problems import Problem
from service.replies import plain, refused
from service.views import HealthView

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="Whether writes are taken", responses=refused("stopping", "not writing"))
async def healthz(here: Here) -> HealthView:
    """200 while submissions are taken, 503 before and after, and while nothing can be written."""
    if not here.worker.running:
        raise Problem("stopping", "the service is stopping")
    if here.worker.trouble is not None:
        raise Problem("not writing", here.worker.trouble, {"Retry-After": "30"})
    return HealthView(status="ok")


@router.get("/metrics", summary="Numbers for Prometheus", responses=plain(MEDIA_TYPE, "Text format."))
async def metrics(here: Here) -> Response:
    """How the service fares, and what the log shows. Nothing about anybody."""
    return Response(here.metrics.text(), media_type=MEDIA_TYPE)


@router.get("/v1/openapi.json", include_in_schema=False, dependencies=[Depends(limited("read"))])
async def described(request: Request, here: Here) -> Response:
    """This interface in OpenAPI."""
    base = str(request.base_url).rstrip("/")
    return JSONResponse(openapi.document(request.app, here.worker.snapshot, base))
