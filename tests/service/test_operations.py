"""What operators see, and what nobody sees: health, metrics, headers, faults, limits, logs."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event

from service import worker as service_worker
from service.app import create_app
from service.settings import Settings
from tests.service.conftest import Desk
from tests.world import World, questionnaire, single
from zkperf.encoding import encode
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.store.errors import StorageError, StorageFull
from zkperf.ledger.store.store import Store
from zkperf.ledger.transactions import decode_transaction, encode_transaction
from zkperf.roles.citizen import draw_token
from zkperf.roles.wire import CBOR, PROBLEMS, Submission


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.create(tmp_path / "ledger")
    yield world
    world.consortium.close()


def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_metrics_tell_nothing_about_anybody(desk: Desk) -> None:
    def metrics() -> str:
        return httpx.get(desk.url + "/metrics").text

    # A round of its own: its first rating does not complete a batch.
    round_id = desk.office.open_round(desk.remote, ("M",), questionnaire(single("metrics")), name="metrics")
    citizen, _ = desk.office.citizen(desk.remote, round_id)
    voucher = desk.office.voucher(round_id)
    key = public_bytes(voucher.key())
    token = draw_token(citizen, desk.remote, voucher)
    core, bundle = citizen.rate(token, {"metrics": "good"})
    before = metrics()
    promise = desk.remote.submit_rating(encode_transaction(core), bundle.encode())
    after = metrics()
    # A rating that has been taken in shows nowhere, not even as a number.
    assert [line for line in after.splitlines() if "/metrics" not in line] == [
        line for line in before.splitlines() if "/metrics" not in line
    ]
    for secret in (key, core.pseudonym, core.token, promise.digest, round_id):
        assert secret.hex() not in after
    assert "127.0.0.1" not in after
    routes = set(re.findall('route="([^"]*)"', after))
    assert "/metrics" in routes
    assert all(re.fullmatch("(/[a-z0-9_.:{}-]+)+|none", route) for route in routes)


def test_what_only_devices_ask_for_is_not_counted(desk: Desk) -> None:
    """Whatever the answer: a refused rating, a token or a receipt would tell that somebody is at it."""

    def counted() -> list[str]:
        answers = httpx.get(desk.url + "/metrics").text.splitlines()
        return [line for line in answers if "http_answers_total{" in line and "/metrics" not in line]

    core, bundle = desk.rating()
    before = counted()
    promise = desk.remote.submit_rating(core, bundle)
    head = {"Content-Type": CBOR}
    again = encode([core, bundle])
    answers = [
        httpx.post(desk.url + "/v1/transactions", content=again, headers=head),
        httpx.post(desk.url + "/v1/transactions", content=b"x", headers=head),
        httpx.post(desk.url + "/v1/transactions/batch", content=b"x", headers=head),
        httpx.get(desk.url + "/v1/transactions"),
        httpx.get(desk.url + "/v1/issuances/" + "00" * 32),
        httpx.get(desk.url + "/v1/receipts/0"),
        httpx.get(desk.url + "/v1/receipts/by-digest/" + promise.digest.hex()),
        httpx.get(desk.url + "/v1/log/checkpoint"),
        httpx.get(desk.url + "/v1/rounds/" + desk.round_id.hex()),
        httpx.get(desk.url),
    ]
    assert [answer.status_code for answer in answers[:6]] == [409, 400, 400, 405, 404, 200]
    assert counted() == before
    httpx.get(desk.url + "/v1/results/" + desk.round_id.hex())
    assert counted() != before


def test_the_log_of_the_process_names_nobody(desk: Desk) -> None:
    core, bundle = desk.rating()
    promise = desk.remote.submit_rating(core, bundle)
    httpx.get(f"{desk.url}/v1/receipts/by-digest/{promise.digest.hex()}")
    written = desk.running.errors.read_text()
    rating = decode_transaction(core)
    assert "127.0.0.1" not in written
    for secret in (rating.pseudonym, rating.token, promise.digest):
        assert secret.hex() not in written


def test_headers(desk: Desk) -> None:
    headers = httpx.get(desk.url + "/v1/ledger").headers
    assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store"
    assert "server" not in headers and "set-cookie" not in headers
    tile = httpx.get(desk.url + "/v1/log/tile/0/000.p/1").headers
    assert tile["cache-control"] == "public, max-age=31536000, immutable"
    assert tile["content-type"] == "application/octet-stream"
    checkpoint = httpx.get(desk.url + "/v1/log/checkpoint").headers
    assert checkpoint["content-type"] == "text/plain; charset=utf-8"


def test_health_follows_the_worker(world: World) -> None:
    app = create_app(world.consortium, Settings())
    worker = app.state.context.worker
    assert get(app, "/healthz").status_code == 503
    worker.start()
    assert get(app, "/healthz").json() == {"status": "ok"}
    worker.stop()
    answer = get(app, "/healthz")
    assert (answer.status_code, answer.json()["type"]) == (503, PROBLEMS + "stopping")


def test_the_lifespan_starts_and_stops_the_worker(world: World) -> None:
    app = create_app(world.consortium, Settings())

    async def live() -> bool:
        async with app.router.lifespan_context(app):
            return bool(app.state.context.worker.running)

    assert asyncio.run(live()) and not app.state.context.worker.running


def test_rate_limits(world: World) -> None:
    app = create_app(world.consortium, Settings(read_rate="2/hour", export_rate="1/hour"))
    statuses = [get(app, "/v1/ledger").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    answer = get(app, "/v1/rounds")
    assert answer.json()["type"] == PROBLEMS + "too-many-requests" and int(answer.headers["retry-after"]) > 0
    assert [get(app, "/v1/export").status_code for _ in range(2)] == [200, 429]
    assert get(app, "/metrics").status_code == 200


def test_a_fault_is_a_problem_and_logs_no_message(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(world.consortium, Settings())

    sent = bytes(range(65, 75)).decode()

    def fail() -> str:
        raise ZeroDivisionError(sent)

    monkeypatch.setattr(world.consortium.ledger, "checkpoint", fail)
    answer = get(app, "/v1/log/checkpoint")
    assert (answer.status_code, answer.json()["type"]) == (500, PROBLEMS + "internal")
    assert "ZeroDivisionError" in caplog.text and sent not in caplog.text
    assert "zkperf_faults_total 1.0" in get(app, "/metrics").text


def test_submissions_have_no_repr() -> None:
    assert "73" not in repr(Submission(transaction=b"sss", bundle=b"sss"))


@pytest.mark.parametrize("rate", ["often", "1/fortnight"])
def test_settings_are_checked(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    monkeypatch.setenv("ZKPERF_WRITE_RATE", rate)
    with pytest.raises(ValueError, match="write_rate"):
        Settings()
    monkeypatch.setenv("ZKPERF_WRITE_RATE", "")
    assert Settings().write_rate == ""


def test_large_transactions_count_as_many_requests(world: World) -> None:
    """Decoding one takes the thread that writes as long as hundreds of ratings."""
    app = create_app(world.consortium, Settings(write_rate="150/hour"))
    head = {"Content-Type": "application/cbor"}
    large, small = (encode([bytes([99]) * size, None]) for size in (60_000, 100))

    async def post() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://service") as client,
        ):
            bodies = (large, small, large, large, large)
            return [
                (await client.post("/v1/transactions", content=body, headers=head)).status_code
                for body in bodies
            ]

    assert asyncio.run(post()) == [400, 400, 400, 429, 429]


# -- whether anything can be written ----------------------------------------------------------------------


def health_after(
    world: World, break_it: Callable[[Store], object], mend: Callable[[Store], object]
) -> list[str]:
    """What /healthz says before a write that is refused, after it, and when it is mended."""
    app = create_app(world.consortium, Settings())
    worker, store = app.state.context.worker, world.consortium.ledger._store
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    worker.start()

    def said() -> str:
        answer = get(app, "/healthz")
        return "ok" if answer.status_code == 200 else f"{answer.status_code} {answer.json()['detail']}"

    try:
        heard = [said()]
        break_it(store)
        [refusal] = worker.submit([(evaluator.post_scheme(questionnaire(single("a"))), None)]).result(30)
        assert isinstance(refusal, StorageError)
        heard.append(said())
        assert str(world.folder.path) not in heard[-1]
        mend(store)
        until = time.monotonic() + 30
        while said() != "ok" and time.monotonic() < until:
            time.sleep(0.05)
        heard.append(said())
    finally:
        worker.stop()
    return heard


def test_health_says_that_the_disk_is_full_until_it_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_worker, "PROBE_SECONDS", 0.1)
    full = [False]

    def begin(connection: Any) -> None:
        if full[0]:
            raise StorageFull(f"{world.folder.path}: the disk is full")

    event.listen(world.consortium.ledger._store._engine, "begin", begin)
    heard = health_after(
        world, lambda store: full.__setitem__(0, True), lambda store: full.__setitem__(0, False)
    )
    assert heard == ["ok", "503 the disk is full", "ok"]


def test_health_says_that_the_lock_is_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever removes the file lets another process take the lock of a new one."""
    monkeypatch.setattr(service_worker, "PROBE_SECONDS", 0.1)
    lock, aside = world.folder.path / "ledger.lock", world.folder.path / "aside"
    heard = health_after(world, lambda store: lock.rename(aside), lambda store: aside.rename(lock))
    assert heard == ["ok", "503 the lock of the ledger's folder is gone", "ok"]


def test_health_says_that_a_thread_has_failed(world: World) -> None:
    app = create_app(world.consortium, Settings())
    worker = app.state.context.worker
    worker.start()
    threads = list(worker._threads)
    try:
        worker._threads = [threading.Thread(), *threads]  # one that does not run
        answer = get(app, "/healthz")
        assert answer.status_code == 503 and "a thread of the service has failed" in answer.text
    finally:
        worker._threads = threads
        worker.stop()
