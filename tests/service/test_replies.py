"""Which media type an Accept header gets."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from service.problems import Problem
from service.replies import expect_cbor, wants_cbor


def request(**headers: str) -> Request:
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "headers": encoded})


@pytest.mark.parametrize(
    ("accept", "cbor"),
    [
        ("*/*", False),
        ("application/json", False),
        ("application/cbor", True),
        ("APPLICATION/CBOR", True),
        ("application/*", False),
        ("application/cbor, */*;q=0.1", True),
        ("application/json;q=0.5, application/cbor", True),
        ("application/cbor;q=0.5, application/json", False),
        ("text/html, application/cbor;q=0.1", True),
        ("*/*, application/json;q=0", True),
        ("application/json;q=0, */*;q=0.3", True),
        ("application/cbor; q=x, */*", False),
    ],
)
def test_accept(accept: str, cbor: bool) -> None:
    assert wants_cbor(request(accept=accept)) is cbor


def test_no_accept_header_means_json() -> None:
    assert wants_cbor(request()) is False


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0, text/*", "", "*/*;q=0"])
def test_neither(accept: str) -> None:
    with pytest.raises(Problem) as caught:
        wants_cbor(request(accept=accept))
    assert caught.value.name == "not acceptable"


def test_content_type() -> None:
    expect_cbor(request(content_type="application/cbor"))
    expect_cbor(request(content_type="Application/CBOR; charset=x"))
    for headers in ({}, {"content_type": "application/json"}, {"content_type": "application/cbor2"}):
        with pytest.raises(Problem) as caught:
            expect_cbor(request(**headers))
        assert caught.value.name == "unsupported media type"
