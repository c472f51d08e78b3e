"""Connections that only wait: half heads, what comes between two requests, answers that nobody takes."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.service.conftest import Desk
from tests.service.serving import Office, service

SLOW = 50
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LARGE = (
    b"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/cbor\r\n"
    b"Content-Length: 10000000\r\n"
)
BETWEEN = {
    "the rest of a body that nobody reads": (GET + b"Content-Length: 100\r\n\r\n", b"x"),
    "the rest of a body that is refused": (LARGE + b"\r\n", b"x"),
    "an empty line": (GET + b"\r\n", b"\r\n"),
}
"""What may come after an answer: each stops the server's own clock for connections at rest."""


def test_who_never_finishes_a_head_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKPERF_BODY_SECONDS", "1")
    monkeypatch.setenv("ZKPERF_HEAD_SECONDS", "1")
    path = Office.create(tmp_path / "ledger").folder.path
    with service(path) as running:
        address = httpx.URL(running.url)
        slow = [socket.create_connection((address.host, address.port), timeout=30) for _ in range(SLOW)]
        for place, connection in enumerate(slow):
            # Nothing at all, half a head, or half of the second one.
            if place % 3:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
            if place % 3 == 2:
                connection.sendall(b"\r\nGET /heal")
        assert httpx.get(running.url + "/healthz").status_code == 200
        for connection in slow:
            with connection:
                try:
                    while connection.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
        assert httpx.get(running.url + "/healthz").status_code == 200
        assert running.stop() == 0


def test_whoever_says_anything_between_two_requests_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZKPERF_BODY_SECONDS", "1")
    monkeypatch.setenv("ZKPERF_HEAD_SECONDS", "1")
    path = Office.create(tmp_path / "ledger").folder.path
    with service(path) as running:
        address = httpx.URL(running.url)
        for name, (request, then) in BETWEEN.items():
            with socket.create_connection((address.host, address.port), timeout=30) as connection:
                connection.sendall(request)
                assert one_answer(connection).startswith(b"HTTP/1.1 ")
                connection.sendall(then)
                # Times out where no clock is set.
                assert not rest(connection), name
        assert running.stop() == 0


def test_a_body_that_is_refused_may_be_sent_to_its_end(desk: Desk) -> None:
    """More of it than a head may have: the next request on the connection is answered."""
    address = httpx.URL(desk.url)
    with socket.create_connection((address.host, address.port), timeout=30) as connection:
        connection.sendall(LARGE + b"\r\n" + bytes(10_000_000))
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
        connection.sendall(GET + b"Connection: close\r\n\r\n")
        assert b"HTTP/1.1 200 " in rest(connection)


def test_whoever_takes_no_answers_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKPERF_BODY_SECONDS", "1")
    monkeypatch.setenv("ZKPERF_HEAD_SECONDS", "1")
    path = Office.create(tmp_path / "ledger").folder.path
    with service(path) as running:
        address = httpx.URL(running.url)
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(30)
            connection.connect((address.host, address.port))
            # Far more than the two ends of the connection hold: 600 answers of some 27 kB.
            connection.sendall(b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 600)
            time.sleep(4)
            # What was on its way still comes; the rest was given up.
            assert 0 < len(rest(connection)) < 600 * 20_000
        assert running.stop() == 0


def one_answer(connection: socket.socket) -> bytes:
    """Head and body, which may come by themselves."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536)
    head, body = head.split(b"\r\n\r\n")
    [length] = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if b"content-length" in line]
    while len(body) < int(length):
        body += connection.recv(65536)
    return head


def rest(connection: socket.socket) -> bytes:
    """What still comes, until the other side ends the connection. TimeoutError if it does not."""
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received
