"""The OpenAPI document: true whatever is asked, and its examples work."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from service.app import create_app
from service.settings import Settings
from tests.roles.figures import FigureWorld
from tests.service.conftest import Desk
from tests.service.figures import Homes
from zkperf import encoding
from zkperf.roles.wire import PROBLEMS, Submission

EXAMPLES = 12
"""Of each kind, for each operation: enough to find a wrong document, quick enough for every run."""

ROUTES = {
    ("GET", "/v1/ledger"),
    ("GET", "/v1/schemes/{scheme}"),
    ("GET", "/v1/rounds"),
    ("GET", "/v1/rounds/{round_id}"),
    ("GET", "/v1/results/{round_id}"),
    ("GET", "/v1/figures/schemes/{figure_scheme}"),
    ("GET", "/v1/figures/rounds"),
    ("GET", "/v1/figures/rounds/{figure_round}"),
    ("GET", "/v1/figures/results/{figure_round}"),
    ("GET", "/v1/issuances/{voucher}"),
    ("GET", "/v1/receipts/{leaf}"),
    ("GET", "/v1/receipts/by-digest/{digest}"),
    ("POST", "/v1/rounds/{round_id}/outlook"),
    ("POST", "/v1/transactions"),
    ("POST", "/v1/transactions/batch"),
    ("GET", "/v1/log/checkpoint"),
    ("GET", "/v1/log/tile/{path}"),
    ("GET", "/v1/export"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
}

junk = st.binary(max_size=64)
submissions = st.builds(Submission, transaction=junk, bundle=st.none() | junk)
bodies = (
    junk
    | submissions.map(Submission.encode)
    | st.lists(submissions.map(Submission.to_array), max_size=3).map(encoding.encode)
)
schemathesis.openapi.media_type("application/cbor", bodies)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """A service in this process, without limits, its lifespan begun."""
    figures = FigureWorld.create(tmp_path_factory.mktemp("schema"), providers=2)
    for provider in range(2):
        figures.report(provider, {0: 200, 1: 2000})
    figures.close()
    for provider in range(2):
        figures.claim(provider)
    world = figures.world
    found = world.open_round()
    world.rate(found, [{"recommend": "good"}] * 2)
    world.close_round(found)
    unlimited = Settings(read_rate="", write_rate="", batch_rate="", export_rate="")
    app = create_app(world.consortium, unlimited)
    app.state.context.worker.start()
    yield app
    app.state.context.worker.stop()
    world.consortium.close()


def try_out(operation: schemathesis.APIOperation, mode: schemathesis.GenerationMode) -> None:
    # What CBOR is a transaction, no schema can say.
    excluded = [positive_data_acceptance] if operation.method == "post" else []

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=excluded)

    check()


def test_the_document_is_true(app: FastAPI) -> None:
    """Every answer is of a status, a media type and a shape that the document announces."""
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert {(operation.method.upper(), operation.path) for operation in operations} == ROUTES
    for operation in operations:
        examples = {item.name: item.definition["example"] for item in operation.path_parameters}
        if operation.method == "get":
            operation.Case(path_parameters=examples).call_and_validate()
        try_out(operation, schemathesis.GenerationMode.POSITIVE)
        if "{" in operation.path:
            try_out(operation, schemathesis.GenerationMode.NEGATIVE)


def test_examples_work_when_pasted(desk: Desk, homes: Homes) -> None:
    described = httpx.get(desk.url + "/v1/openapi.json").json()
    tried = {}
    for path, operations in described["paths"].items():
        for operation in operations.values():
            [sample] = operation["x-codeSamples"]
            done = subprocess.run(["sh", "-c", sample["source"]], capture_output=True, timeout=60, check=True)
            tried[path] = done.stdout.decode(errors="replace")
    kinds = {
        path: re.findall(PROBLEMS + "([a-z-]+)", text)[0] for path, text in tried.items() if PROBLEMS in text
    }
    assert kinds == {
        "/v1/results/{round_id}": "not-published",
        "/v1/figures/results/{figure_round}": "not-published",
        "/v1/issuances/{voucher}": "not-issued",
        "/v1/rounds/{round_id}/outlook": "encoding",
        "/v1/transactions": "encoding",
        "/v1/transactions/batch": "encoding",
    }
    assert set(tried) == {path for _, path in ROUTES} and all(tried.values())
    assert json.loads(tried["/v1/ledger"])["genesis"] == desk.office.genesis.hex()
    assert json.loads(tried["/v1/rounds/{round_id}"])["id"] == desk.round_id.hex()
    assert json.loads(tried["/v1/figures/rounds/{figure_round}"])["id"] == homes.round_id.hex()
