"""Bodies and rate limits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from starlette.requests import Request

from service.limits import BUCKETS, Bodies, RateLimits
from service.problems import Problem


def request(chunks: Sequence[bytes], *, headers: dict[str, str] | None = None, then: str = "end") -> Request:
    """A request whose body arrives in ``chunks``; ``then``: "end", "disconnect" or "silence"."""
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        if left:
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left) or then != "end"}
        if then == "silence":
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    encoded = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return Request({"type": "http", "method": "POST", "headers": encoded}, receive)


async def read(bodies: Bodies, incoming: Request, limit: int = 10) -> bytes:
    async with bodies.read(incoming, limit) as body:
        return body


def refusal(bodies: Bodies, incoming: Request, limit: int = 10) -> str:
    with pytest.raises(Problem) as caught:
        asyncio.run(read(bodies, incoming, limit))
    return caught.value.name


def test_a_body_up_to_the_limit() -> None:
    bodies = Bodies(budget=100, seconds=5)
    assert asyncio.run(read(bodies, request([b"12345", b"67890"]))) == b"1234567890"
    assert asyncio.run(read(bodies, request([b""]))) == b""


def test_too_large_by_its_own_account_is_not_read_at_all() -> None:
    silent = request([], headers={"content-length": "11"}, then="silence")
    assert refusal(Bodies(budget=100, seconds=5), silent) == "too large"


def test_too_large_is_noticed_while_it_streams() -> None:
    endless = request([b"123456"] * 2, headers={"content-length": "1"}, then="silence")
    assert refusal(Bodies(budget=100, seconds=5), endless) == "too large"


@pytest.mark.parametrize("then", ["disconnect", "silence"])
def test_half_sent(then: str) -> None:
    assert refusal(Bodies(budget=100, seconds=0.05), request([b"1"], then=then)) == "incomplete body"


def test_all_bodies_together_stay_below_the_budget() -> None:
    async def both() -> None:
        bodies = Bodies(budget=15, seconds=5)
        async with bodies.read(request([b"0123456789"]), 10) as first:
            with pytest.raises(Problem) as caught:
                await read(bodies, request([b"012345"]))
            assert caught.value.name == "busy" and caught.value.headers == {"Retry-After": "2"}
            assert await read(bodies, request([b"01234"])) == b"01234"
            assert first == b"0123456789"
        # Answered bodies, and those that were refused, do not count any more.
        assert await read(bodies, request([b"0123456789"])) == b"0123456789"

    asyncio.run(both())


def test_one_source_cannot_fill_the_memory_with_bodies_it_never_ends() -> None:
    async def many() -> None:
        bodies = Bodies(budget=100, seconds=0.2)
        halves = [
            asyncio.create_task(_settled(bodies, request([bytes(10)], then="silence"), "a")) for _ in range(8)
        ]
        await asyncio.sleep(0.05)
        # Two of its halves fit into a quarter of the memory; the others were sent away at once.
        assert sum(half.done() for half in halves) == 6
        assert {half.result() for half in halves if half.done()} == {"busy"}
        async with bodies.read(request([bytes(10)]), 10, "b") as body:
            assert body == bytes(10)
        assert {await half for half in halves} == {"busy", "incomplete body"}
        # What has arrived whole does not count as begun, however long it waits for its answer.
        async with AsyncExitStack() as waiting:
            for _ in range(5):
                await waiting.enter_async_context(bodies.read(request([bytes(10)]), 10, "a"))
        assert bodies._unfinished == {} and bodies._held == 0

    asyncio.run(many())


async def _settled(bodies: Bodies, incoming: Request, source: str) -> str:
    try:
        async with bodies.read(incoming, 10, source):
            return "whole"
    except Problem as problem:
        return problem.name


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def limits(rate: str = "2/hour", clock: Clock | None = None) -> RateLimits:
    return RateLimits({"read": rate, "write": ""}, key_seconds=600, clock=clock or Clock())


def test_an_address_has_its_share() -> None:
    rates = limits()
    rates.check("read", "192.0.2.1")
    rates.check("read", "192.0.2.1")
    rates.check("read", "192.0.2.2")
    with pytest.raises(Problem) as caught:
        rates.check("read", "192.0.2.1")
    assert caught.value.name == "too many requests"
    assert caught.value.headers is not None
    assert 1 <= int(caught.value.headers["Retry-After"]) <= 3600


def test_what_costs_more_counts_for_more() -> None:
    rates = limits("10/hour")
    rates.check("read", "192.0.2.1", cost=9)
    rates.check("read", "192.0.2.1")
    with pytest.raises(Problem):
        rates.check("read", "192.0.2.1")


def test_no_rate_no_limit() -> None:
    rates = limits()
    for _ in range(10):
        rates.check("write", "192.0.2.1")
        rates.check("unheard of", "192.0.2.1")


def test_one_network_of_ipv6_is_one_address() -> None:
    rates = limits("1/hour")
    rates.check("read", "2001:db8:1:2::1")
    with pytest.raises(Problem):
        rates.check("read", "2001:db8:1:2:ffff::9")
    rates.check("read", "2001:db8:1:3::1")


def test_the_key_is_replaced_and_no_address_is_stored() -> None:
    clock = Clock()
    rates = limits("1/hour", clock)
    rates.check("read", "192.0.2.1")
    before = rates._bucket("192.0.2.1")
    assert 0 <= int(before) < BUCKETS
    stored = repr(vars(rates)) + repr(vars(rates._limiter.storage))
    assert "192.0.2.1" not in stored and bytes([192, 0, 2, 1]).hex() not in stored
    key = rates._key
    clock.now = 599
    assert rates._bucket("192.0.2.1") == before
    clock.now = 600
    rates.check("read", "192.0.2.1")  # counted afresh, under a hash that nobody can link to the old one
    assert rates._key != key
    assert limits()._bucket("192.0.2.1") != limits()._bucket("192.0.2.1")
