"""What a citizen's device fetches: token shares and receipts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from service.context import Context, Here, limited
from service.problems import Problem
from service.replies import documented, plain, reply
from service.views import IssuanceView
from zkperf.errors import RuleViolation

router = APIRouter(prefix="/v1", tags=["citizens"], dependencies=[Depends(limited("read"))])

Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="32 bytes in lower-case hexadecimal.")]
Leaf = Annotated[int, Path(ge=0, lt=2**63, description="Index of a leaf.")]

RECEIPT = "text/plain; charset=utf-8"


@router.get(
    "/issuances/{voucher}",
    summary="Token shares for a voucher",
    responses=documented(IssuanceView, "not issued", "invalid request", "not acceptable", "busy", "stopping"),
)
async def token_shares(request: Request, voucher: Digest, here: Here) -> Response:
    """Every trustee's share of the signature on the blinded point recorded for this voucher (its public
    key). Asking again is harmless: the answer is always the same."""
    key = bytes.fromhex(voucher)
    try:
        shares = await here.ask(lambda consortium: consortium.token_shares(key))
    except RuleViolation as error:
        raise Problem("not issued", str(error)) from None
    return reply(request, IssuanceView(shares=shares))


@router.get(
    "/receipts/by-digest/{digest}",
    summary="Receipt of the transaction with a digest",
    responses=plain(RECEIPT, "A C2SP tlog-proof.", "not on the log", "invalid request"),
)
async def receipt_by_digest(digest: Digest, here: Here) -> Response:
    """For a device that cannot search the log itself. Asking tells the service, and nobody else, which
    rating this connection cares for: a device that can afford it reads the tiles instead."""
    leaf = here.worker.leaf_of(bytes.fromhex(digest))
    if leaf is None:
        raise Problem(
            "not on the log",
            "no leaf has this digest: it waits for its batch, was replaced before it entered, or never came",
        )
    return await _receipt(here, leaf)


@router.get(
    "/receipts/{leaf}",
    summary="Receipt of a leaf",
    responses=plain(RECEIPT, "A C2SP tlog-proof.", "not on the log", "invalid request"),
)
async def receipt(leaf: Leaf, here: Here) -> Response:
    """Proof that a transaction is on the log, under the latest checkpoint."""
    return await _receipt(here, leaf)


async def _receipt(here: Context, leaf: int) -> Response:
    try:
        text = await here.read(lambda: here.consortium.receipt(leaf))
    except IndexError:
        raise Problem("not on the log", f"the log has no leaf {leaf}") from None
    return Response(text, media_type=RECEIPT)
