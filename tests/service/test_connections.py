"""Whoever holds connections and says nothing keeps nobody out: counted, and over real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from service.connections import DROPS, Connections
from tests.service.serving import Office, service


class Open:
    """Connections by name, and which of them were dropped."""

    def __init__(self, limit: int, share: int, exempt: str = "") -> None:
        self.places = Connections(limit, share, exempt)
        self.dropped: list[str] = []

    def add(self, name: str, address: str = "192.0.2.1") -> bool:
        return self.places.add(name, address, lambda: self.dropped.append(name))


def test_one_source_has_its_share_and_its_own_longest_awaited_gives_way() -> None:
    opened = Open(10, 3)
    assert all(opened.add(name) for name in "abc")
    assert opened.add("x", "192.0.2.2") and opened.add("d")
    assert opened.dropped == ["a"] and len(opened.places) == 4
    opened.places.answering("b")
    assert opened.add("e") and opened.dropped == ["a", "c"]


def test_so_many_of_one_source_give_way_in_a_second() -> None:
    now = [1000.0]
    places, dropped = Connections(1000, 3, clock=lambda: now[0]), list[int]()

    def add(number: int, address: str = "192.0.2.1") -> bool:
        return places.add(number, address, lambda: dropped.append(number))

    assert sum(add(number) for number in range(100)) == 3 + DROPS == 3 + len(dropped)
    assert add(200, "192.0.2.2")
    now[0] += 1
    assert add(300) and len(dropped) == DROPS + 1


def test_where_all_are_answered_nobody_is_dropped() -> None:
    opened = Open(2, 2)
    for name in "ab":
        assert opened.add(name)
        opened.places.answering(name)
    assert not opened.add("c") and not opened.add("d", "192.0.2.2")
    assert opened.dropped == [] and len(opened.places) == 2
    # Once its answer is taken, a connection is awaited again, as the latest.
    opened.places.awaited("b", lambda: opened.dropped.append("b"))
    assert opened.add("e", "192.0.2.2") and opened.dropped == ["b"]


def test_where_all_places_are_taken_the_longest_awaited_of_all_gives_way() -> None:
    opened = Open(3, 3)
    for name, address in {"a": "192.0.2.1", "b": "192.0.2.2", "c": "192.0.2.1"}.items():
        assert opened.add(name, address)
    opened.places.awaited("a", lambda: opened.dropped.append("a"))
    assert opened.add("d", "192.0.2.3") and opened.dropped == ["b"]


def test_who_has_gone_leaves_nothing() -> None:
    opened = Open(3, 1)
    for _ in range(5):
        assert opened.add("a")
        opened.places.remove("a")
        opened.places.remove("a")
        opened.places.awaited("a", lambda: None)
    assert len(opened.places) == 0 and not opened.places._awaited and not opened.places._counts


@pytest.mark.parametrize("exempt", ["192.0.2.1", "198.51.100.1, 192.0.2.0/24", "*"])
def test_proxies_have_no_share(exempt: str) -> None:
    opened = Open(4, 1, exempt)
    assert all(opened.add(name) for name in "abcd") and opened.dropped == []
    assert opened.add("e") and opened.dropped == ["a"]


def test_a_network_of_ipv6_is_one_source() -> None:
    opened = Open(10, 1)
    assert opened.add("a", "2001:db8::1") and opened.add("b", "2001:db8::2")
    assert opened.add("c", "2001:db8:0:1::1") and opened.dropped == ["a"]


def test_who_has_no_address_has_no_share() -> None:
    opened = Open(10, 1)
    assert opened.add("a", "") and opened.add("b", "") and opened.dropped == []


# -- over sockets -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.URL]:
    path = Office.create(tmp_path_factory.mktemp("places") / "ledger").folder.path
    limits = {"ZKPERF_CONNECTIONS": "40", "ZKPERF_CONNECTIONS_OF_ONE": "20", "ZKPERF_HEAD_SECONDS": "60"}
    with service(path, **limits) as running:
        yield httpx.URL(running.url)
        assert running.stop() == 0


def silent(
    url: httpx.URL, count: int, *, source: str = "127.0.0.1", says: bytes = b""
) -> list[socket.socket]:
    opened = []
    for _ in range(count):
        connection = socket.create_connection((url.host, url.port), timeout=30, source_address=(source, 0))
        if says:
            connection.sendall(says)
        opened.append(connection)
    return opened


@pytest.mark.parametrize(
    "says", [b"", b"GET /heal", b"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"]
)
@pytest.mark.parametrize("sources", [1, 4])
def test_many_who_say_nothing_keep_nobody_out(url: httpx.URL, says: bytes, sources: int) -> None:
    with ExitStack() as held:
        for number in range(sources):
            for connection in silent(url, 60, source=f"127.0.0.{2 + number}", says=says):
                held.enter_context(connection)
        for _ in range(3):
            assert httpx.get(url.join("/healthz")).status_code == 200


def test_who_shares_an_address_with_them_is_served_too(url: httpx.URL) -> None:
    with ExitStack() as held:
        for connection in silent(url, 60):
            held.enter_context(connection)
        assert httpx.get(url.join("/healthz")).status_code == 200


def test_the_first_head_has_seconds(tmp_path: Path) -> None:
    path = Office.create(tmp_path / "ledger").folder.path
    with service(path, ZKPERF_HEAD_SECONDS="0.5") as running:
        [connection] = silent(httpx.URL(running.url), 1)
        with connection:
            # Times out where no clock is set.
            assert connection.recv(1) == b""
        assert running.stop() == 0
