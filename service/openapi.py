"""The OpenAPI document, with examples that work when pasted: they name this very ledger's things."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.problems import ProblemView
from service.snapshot import Snapshot

NO_TRANSACTION = "824130f6"
"""[h'30', null]: a well-formed submission of something that is no transaction."""


def document(app: FastAPI, snapshot: Snapshot, base: str) -> dict[str, Any]:
    """The document for the service at the address ``base``."""
    if app.openapi_schema is None:
        # Takes 50 ms: anybody may ask, and nobody else is served meanwhile.
        app.openapi_schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        app.openapi_schema["components"]["schemas"]["ProblemView"] = ProblemView.model_json_schema()
    described = deepcopy(app.openapi_schema)
    described["servers"] = [{"url": base}]
    examples = _examples(snapshot)
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                parameter["example"] = examples[parameter["name"]]
            url = base + path.format_map(examples)
            source = f"curl -s {url}" if method == "get" else _post(url)
            operation["x-codeSamples"] = [{"lang": "Shell", "source": source}]
    return described


def _examples(snapshot: Snapshot) -> dict[str, Any]:
    """A value for every parameter of a path: the first there is, zeros where there is none."""
    size = snapshot.ledger.size
    nothing = bytes(32).hex()
    return {
        "leaf": 0,
        "digest": snapshot.ledger.genesis.hex(),
        "path": "entries/000" if size >= 256 else f"entries/000.p/{size}",
        "voucher": nothing,
        "scheme": [*snapshot.schemes, bytes(32)][0].hex(),
        "round_id": [*snapshot.rounds, bytes(32)][0].hex(),
        "figure_scheme": [*snapshot.figures.schemes, bytes(32)][0].hex(),
        "figure_round": [*snapshot.figures.rounds, bytes(32)][0].hex(),
    }


def _post(url: str) -> str:
    """Sends something that is refused: what would be taken can be signed by one person only."""
    body = NO_TRANSACTION if not url.endswith("/batch") else f"81{NO_TRANSACTION}"
    produce = f"python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(\"{body}\"))'"
    return f"{produce} | curl -s -H 'Content-Type: application/cbor' --data-binary @- {url}"
