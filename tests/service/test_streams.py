"""Large answers come piece by piece: what nobody has taken yet is not in memory, and slow is not silent."""

from __future__ import annotations

import asyncio
import io
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.app import create_app
from service.limits import SLOWEST, Bodies
from service.problems import Problem
from service.settings import Settings
from tests.ledger.store.filling import append
from tests.service.serving import Office, service
from tests.service.test_limits import request
from tests.world import World, questionnaire, single
from zkperf.ledger.export import read_export
from zkperf.ledger.store import store as stored
from zkperf.ledger.store.store import Store


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A log of some thirty leaves, most of them large."""
    world = World.create(tmp_path_factory.mktemp("streams") / "ledger")
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    for number in range(30):
        options = [f"{number}-{place}-" + "x" * 150 for place in range(100)]
        world.consortium.submit(evaluator.post_scheme(questionnaire(single("q", options))))
    yield world
    world.consortium.close()


def test_a_query_of_a_stream_is_bounded_by_bytes(tmp_path: Path) -> None:
    with Store.create(tmp_path / "ledger") as store:
        append(store, [bytes(60_000)] * 20 + [b"small"] * 600)
        sizes, start = [], 0
        while start < store.size:
            piece = store._piece(start, store.size)
            sizes.append(sum(map(len, piece)))
            start += len(piece)
        assert max(sizes) < stored._PIECE + 60_000 and len(sizes) >= 6
        assert list(store.leaves(0, 620)) == [bytes(60_000)] * 20 + [b"small"] * 600
        assert store.leaf_bytes(19, 21) == 60_005 and store.leaf_bytes(5, 5) == 0


def test_pieces_are_read_as_they_are_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, reads = world.consortium.ledger, []
    real = Store._piece
    monkeypatch.setattr(stored, "_PIECE", 40_000)
    monkeypatch.setattr(Store, "_piece", lambda *args: reads.append(args[1:]) or real(*args))
    size = ledger.state.size
    length, pieces = ledger.tile_pieces(f"tile/entries/000.p/{size}")
    assert reads == []
    first = next(pieces)
    assert len(reads) == 1
    rest = b"".join(pieces)
    assert len(reads) > 5 and length == len(first + rest)
    assert first + rest == ledger.tile(f"tile/entries/000.p/{size}")
    reads.clear()
    exported = ledger.export_pieces()
    next(exported)
    assert len(reads) == 1


def test_an_export_that_is_taken_while_the_log_grows_is_whole(world: World) -> None:
    ledger, before = world.consortium.ledger, world.state.size
    pieces = ledger.export_pieces()
    begun = next(pieces)
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    world.consortium.submit(evaluator.post_scheme(questionnaire(single("grown"))))
    reader = read_export(io.BytesIO(begun + b"".join(pieces)))
    assert len(list(reader.leaves())) == before == world.state.size - 1
    assert reader.note().splitlines()[1] == str(before)


def test_bytes_are_counted(world: World) -> None:
    size = world.state.size
    held = sum(map(len, world.consortium.ledger.leaves(0, size)))
    app = create_app(world.consortium, Settings(byte_rate=f"{held * 3 // 2}/hour", export_rate=""))

    async def ask(*paths: str) -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return [(await client.get(path)).status_code for path in paths]

    bundle = f"/v1/log/tile/entries/000.p/{size}"
    assert app.state.context.worker.log_bytes == held
    statuses = asyncio.run(ask(bundle, bundle, bundle, "/v1/export", "/v1/log/checkpoint"))
    assert statuses == [200, 429, 429, 429, 200]
    # What is larger than a whole share is one.
    app = create_app(world.consortium, Settings(byte_rate="1000/hour", export_rate=""))
    assert asyncio.run(ask("/v1/export", "/v1/export")) == [200, 429]


def test_a_body_that_makes_progress_is_waited_for() -> None:
    """Twice as long as the clock says, and faster than the slowest that is waited for."""

    async def slow(pause: float, chunk: bytes) -> str:
        parts = [chunk] * 5

        async def receive() -> dict[str, object]:
            await asyncio.sleep(pause)
            body = parts.pop() if parts else b""
            return {"type": "http.request", "body": body, "more_body": bool(parts)}

        incoming = request([])
        incoming._receive = receive  # type: ignore[assignment]
        try:
            async with Bodies(10**6, 0.1).read(incoming, 10**6) as body:
                return f"{len(body)}"
        except Problem as problem:
            return problem.name

    size = SLOWEST
    assert asyncio.run(slow(0.05, bytes(size))) == str(5 * size)
    assert asyncio.run(slow(0.05, b"x")) == "incomplete body"


def test_a_slow_client_that_makes_progress_is_served_to_the_end(world: World, tmp_path: Path) -> None:
    """It takes several times as long as the clock for clients that take nothing."""
    office = Office.create(tmp_path / "ledger")
    with service(office.folder.path, ZKPERF_BODY_SECONDS="0.5") as running, running.remote() as remote:
        evaluator = office.folder.evaluator(office.genesis)
        for number in range(40):
            options = [f"{number}-{place}-" + "x" * 150 for place in range(100)]
            remote.submit(evaluator.post_scheme(questionnaire(single("q", options))))
        path = f"/v1/log/tile/entries/000.p/{41}"
        whole = httpx.get(running.url + path).content
        address = httpx.URL(running.url)
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(30)
            connection.connect((address.host, address.port))
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
            taken, began = b"", time.monotonic()
            while data := connection.recv(16_384):
                taken += data
                if time.monotonic() - began < 2.5:
                    time.sleep(0.1)
        head, body = taken.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 200 ") and len(whole) > 600_000
        assert body == whole
        assert running.stop() == 0
