"""Refusals leave nothing behind, however large what was refused; the garbage collector does not help."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable, Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.app import create_app
from service.settings import Settings
from tests.service.large import large_scheme
from tests.world import World
from zkperf.encoding import encode
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.transactions import REPORT, encode_transaction

FEW, MANY = 4, 12
FLAT = 200_000
"""Bytes by which so many more may differ: one scheme of 1,500 options takes half a million when decoded."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World.create(tmp_path_factory.mktemp("memory") / "ledger")
    yield world
    world.consortium.close()


def of_a_stranger(world: World) -> bytes:
    return encode([large_scheme(world.state.ledger, Ed25519PrivateKey.generate()), None])


def with_a_wrong_signature(world: World) -> bytes:
    evaluator = world.state.rules.evaluators[0]
    return encode([large_scheme(world.state.ledger, Ed25519PrivateKey.generate(), evaluator), None])


def of_the_evaluator(world: World) -> bytes:
    """Signed as it should be, decoded, and refused by the rule."""
    key = world.folder.keys("evaluator").signing_key()
    assert public_bytes(key) in world.state.rules.evaluators
    return encode([large_scheme(world.state.ledger, key, options=1500), None])


def no_report(world: World) -> bytes:
    return encode([REPORT + bytes(60_000), bytes(60_000)])


def no_rating(world: World) -> bytes:
    return encode([bytes(60_000), bytes(60_000)])


def a_false_proof(world: World) -> bytes:
    found = next(iter(world.state.rounds.values()), None) or world.open_round()
    citizen, token = world.citizen(found)
    core, bundle = citizen.rate(token, {"recommend": "good"})
    proof = core.proof[:-32] + bytes([core.proof[-32] ^ 1]) + core.proof[-31:]
    return encode([encode_transaction(core.model_copy(update={"proof": proof})), bundle.encode()])


def nothing_at_all(world: World) -> bytes:
    return bytes(200_000)


BODIES: list[Callable[[World], bytes]] = [
    of_a_stranger,
    with_a_wrong_signature,
    of_the_evaluator,
    no_report,
    no_rating,
    a_false_proof,
    nothing_at_all,
]


def growth(app: httpx.AsyncBaseTransport, ask: Callable[[httpx.AsyncClient], object]) -> int:
    """By how many bytes more is held after many requests than after few."""

    async def run() -> int:
        async with httpx.AsyncClient(transport=app, base_url="http://service") as client:
            held = []
            for count in (FEW, MANY):
                for _ in range(count):
                    await ask(client)  # type: ignore[misc]
                held.append(tracemalloc.get_traced_memory()[0])
            return held[1] - held[0]

    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        return asyncio.run(run())
    finally:
        tracemalloc.stop()
        gc.enable()


@pytest.mark.parametrize("make", BODIES)
def test_memory_is_flat_under_refused_bodies(world: World, make: Callable[[World], bytes]) -> None:
    body = make(world)
    app = create_app(world.consortium, Settings(write_rate="", batch_rate=""))
    worker = app.state.context.worker

    async def send(client: httpx.AsyncClient) -> None:
        answer = await client.post(
            "/v1/transactions", content=body, headers={"Content-Type": "application/cbor"}
        )
        assert 400 <= answer.status_code < 500

    worker.start()
    try:
        assert growth(httpx.ASGITransport(app), send) < FLAT
    finally:
        worker.stop()


def test_memory_is_flat_under_questions_that_have_no_answer(world: World) -> None:
    app = create_app(world.consortium, Settings(read_rate=""))
    worker = app.state.context.worker

    async def ask(client: httpx.AsyncClient) -> None:
        assert (await client.get("/v1/issuances/" + "00" * 32)).status_code == 404

    worker.start()
    try:
        assert growth(httpx.ASGITransport(app), ask) < FLAT
    finally:
        worker.stop()
