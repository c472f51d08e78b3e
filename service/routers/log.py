"""The transparency log for monitors, witnesses and auditors (C2SP tlog-tiles); the export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response, StreamingResponse

from service.context import Context, Here, address, limited
from service.problems import Problem
from service.replies import plain
from zkperf.errors import EncodingError

router = APIRouter(prefix="/v1", tags=["log"])

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
CHUNK = 64 * 1024

TilePath = Annotated[str, Path(description="As 0/000, 0/x001/234, entries/000.p/17.", max_length=64)]


@router.get(
    "/log/checkpoint",
    summary="The latest checkpoint",
    dependencies=[Depends(limited("read"))],
    responses=plain(TEXT, "A signed note (C2SP tlog-checkpoint)."),
)
async def checkpoint(here: Here) -> Response:
    """The signed head of the log."""
    return Response(await here.read(here.consortium.ledger.checkpoint), media_type=TEXT)


@router.get(
    "/log/tile/{path:path}",
    summary="A tile of hashes or a bundle of entries",
    dependencies=[Depends(limited("read"))],
    responses=plain(BYTES, "The tile (C2SP tlog-tiles).", "not found", "not on the log", "invalid request"),
)
async def tile(request: Request, path: TilePath, here: Here) -> Response:
    """Paths and contents are those of C2SP tlog-tiles, below the prefix /v1/log. A tile never changes."""
    try:
        size, pieces = await here.read(lambda: here.consortium.ledger.tile_pieces(f"tile/{path}"))
    except EncodingError as error:
        raise Problem("not found", str(error)) from None
    except IndexError as error:
        raise Problem("not on the log", str(error)) from None
    here.rates.check("bytes", address(request), cost=size)
    headers = FOREVER | {"Content-Length": str(size)}
    return StreamingResponse(_chunks(here, pieces), media_type=BYTES, headers=headers)


@router.get(
    "/export",
    summary="The whole public log in one file",
    dependencies=[Depends(limited("export"))],
    responses=plain(BYTES, "What `zkperf audit` takes."),
)
async def export(request: Request, here: Here) -> Response:
    """Everything an auditor needs, without secrets and without sealed shares."""
    here.rates.check("bytes", address(request), cost=here.worker.log_bytes)
    pieces = await here.read(here.consortium.ledger.export_pieces)
    headers = {"Content-Disposition": 'attachment; filename="ledger.zkperf"'}
    return StreamingResponse(_chunks(here, pieces), media_type=BYTES, headers=headers)


async def _chunks(here: Context, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, put together to chunks that are worth sending. Nobody reads ahead of who takes them."""

    def chunk() -> bytes:
        found = bytearray()
        for piece in pieces:
            found += piece
            if len(found) >= CHUNK:
                break
        return bytes(found)

    while data := await here.read(chunk):
        yield data
