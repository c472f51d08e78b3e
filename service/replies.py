"""JSON for people, CBOR for machines: the one that the request's Accept header prefers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, TypeAdapter

from service.problems import KINDS, MEDIA_TYPE, Problem
from zkperf import encoding
from zkperf.roles.wire import CBOR

JSON = "application/json"
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


def wants_cbor(request: Request) -> bool:
    """Whether CBOR is preferred; JSON where both are as welcome. Raises Problem if neither is."""
    quality = {media: _quality(request.headers.get("accept", "*/*"), media) for media in (JSON, CBOR)}
    if not any(quality.values()):
        raise Problem("not acceptable", f"available as {JSON} and {CBOR}")
    return quality[CBOR] > quality[JSON]


def _quality(accept: str, media: str) -> float:
    """How welcome ``media`` is (RFC 9110, section 12.5.1): that of the most specific range that covers it."""
    ranges = {media: 3, media.split("/")[0] + "/*": 2, "*/*": 1}
    best = (0, 0.0)
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        best = max(best, (ranges.get(name, 0), quality if name in ranges else 0.0))
    return best[1]


def reply(request: Request, answer: BaseModel | Sequence[BaseModel]) -> Response:
    """``answer`` as JSON or as deterministic CBOR with the same fields."""
    if wants_cbor(request):
        return Response(encoding.encode(_ANYTHING.dump_python(answer)), media_type=CBOR)
    return Response(_ANYTHING.dump_json(answer), media_type=JSON)


def expect_cbor(request: Request) -> None:
    """Raises Problem unless the body is said to be CBOR."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media != CBOR:
        raise Problem("unsupported media type", f"expected {CBOR}")


# -- for the OpenAPI document -----------------------------------------------------------------------

Responses = dict[int | str, dict[str, Any]]


def documented(model: Any, *problems: str) -> Responses:
    """The answers of a route: ``model`` as JSON or CBOR, and these problems, "too many requests" always."""
    content = {CBOR: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"model": model, "content": content, "description": "As asked for."}} | refused(*problems)


def plain(media: str, description: str, *problems: str) -> Responses:
    """The answers of a route that gives ``media`` and nothing else."""
    schema = {"type": "string"} if media.startswith("text/") else {"type": "string", "format": "binary"}
    answers: Responses = {200: {"content": {media: {"schema": schema}}, "description": description}}
    return answers | refused(*problems)


def refused(*problems: str) -> Responses:
    """The problems of a route, by status."""
    names: dict[int, list[str]] = {}
    for name in ("too many requests", *problems):
        names.setdefault(KINDS[name].status, []).append(KINDS[name].title)
    reference = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemView"}}}
    return {
        status: {"description": "; ".join(titles), "content": reference} for status, titles in names.items()
    }
