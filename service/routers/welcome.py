"""The page at the address itself: where a citizen arrives who opens a voucher's link in a browser."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from service.context import limited

router = APIRouter(dependencies=[Depends(limited("read"))])

PAGE = (Path(__file__).parents[1] / "pages" / "welcome.html").read_bytes()


def _digest_of_style(page: bytes) -> str:
    [style] = re.findall(rb"<style>(.*?)</style>", page, re.DOTALL)
    return base64.b64encode(sha256(style).digest()).decode("ascii")


HEADERS = {
    # Its own style and nothing else: no script, no form, no picture, no request.
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_digest_of_style(PAGE)}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "public, max-age=3600",
}


@router.get("/", include_in_schema=False)
async def welcome() -> Response:
    """The same for everybody: what is behind '#' in a voucher's link stays in the browser."""
    return Response(PAGE, media_type="text/html; charset=utf-8", headers=HEADERS)
