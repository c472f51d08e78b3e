"""Heads of requests that are never finished: many of them at once, and an honest request among them."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest

from tests.service.serving import Office, service

SLOW = 50


def test_who_never_finishes_a_head_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKPERF_BODY_SECONDS", "1")
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
