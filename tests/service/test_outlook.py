"""What closing would publish: for the evaluator's signature only, and anew once an hour."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.service.conftest import Desk
from tests.world import World, questionnaire, single
from zkperf.errors import InvalidSignature, RuleViolation, ZkperfError
from zkperf.ledger.engines.clock import CLOCK_SKEW
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.outlook import RENEWED_SECONDS, Outlook, OutlookAsked, renewed
from zkperf.roles.wire import CBOR, PROBLEMS


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.create(tmp_path / "ledger")
    yield made
    made.consortium.close()


def ask(world: World, round_id: bytes, late: float = 0) -> Outlook:
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    return world.consortium.outlook(evaluator.ask_outlook(round_id), world.clock.now + late)


def test_enough_counts_what_waits_and_is_told_anew_once_an_hour(world: World) -> None:
    found = world.open_round(("A", "B"), min_cohort=3)
    start = int(world.clock.now)
    assert ask(world, found.digest) == Outlook(round=found.digest, at=start, enough=(False, False, False))
    world.rate(found, [{"recommend": "good"}] * 3)
    world.clock.now += RENEWED_SECONDS - 1
    assert ask(world, found.digest).at == start
    assert ask(world, found.digest).enough == (False, False, False)
    world.clock.now += 1
    assert ask(world, found.digest).enough == (True, True, False)
    # A clock that was set back tells nothing new before its time either.
    world.clock.now -= RENEWED_SECONDS - 1
    assert ask(world, found.digest).at == start + RENEWED_SECONDS


def test_it_is_what_is_published_then(world: World) -> None:
    """Ratings on the log, those that wait, those that replace and those that are too few."""
    found = world.open_round(("A", "B", "C"), min_cohort=2)
    rated = world.rate(found, [{"recommend": "good"}] * 5, 1)
    citizen, token, _ = rated[0]
    token = token.model_copy(update={"next_sequence": 1})
    core, bundle = citizen.rate(token, {"recommend": "poor"})
    world.consortium.submit_rating(encode_transaction(core), bundle.encode())
    world.rate(found, [{"recommend": "good"}], 2)
    world.rate(found, [{"recommend": "good"}] * 3, 3)
    told = ask(world, found.digest)
    world.close_round(found)
    assert found.result is not None
    assert told.enough == tuple(unit.reason is None for unit in found.result)
    assert told.enough == (True, True, False, False)


def test_a_rating_that_replaces_one_struck_out_counts_again(world: World) -> None:
    found = world.open_round(min_cohort=2)
    rated = world.rate(found, [{"recommend": "good"}] * 4)
    cohort = found.cohort(1)
    struck, kept = sorted(cohort.ratings)[:2]
    assert len(cohort.ratings) == 2 and len(rated) == 4
    cohort.ratings[struck].struck, cohort.struck = True, 1

    def enough(*waiting: bytes) -> tuple[bool, ...]:
        return tuple(renewed(None, found, lambda unit: waiting, 0).enough)

    assert enough() == enough(kept) == (False, False)
    assert enough(struck) == enough(b"new") == (True, True)


def test_each_round_has_its_own(world: World) -> None:
    one = world.open_round(("A",), questionnaire(single("a")), name="one")
    two = world.open_round(("B",), questionnaire(single("b")), name="two")
    world.rate(two, [{"b": "good"}] * 2)
    assert ask(world, one.digest).enough == (False, False)
    assert ask(world, two.digest).enough == (True, True)


def test_only_an_evaluator_is_told(world: World) -> None:
    found = world.open_round()
    ledger, now = world.state.ledger, int(world.clock.now)
    key = world.folder.evaluator(ledger).key

    def refused(asked: OutlookAsked, error: type[ZkperfError], match: str) -> None:
        with pytest.raises(error, match=match):
            world.consortium.outlook(asked, world.clock.now)

    stranger = OutlookAsked.signed(Ed25519PrivateKey.generate(), ledger, found.digest, now)
    refused(stranger, RuleViolation, "not one of the ledger's evaluators")
    good = OutlookAsked.signed(key, ledger, found.digest, now)
    refused(good.model_copy(update={"at": now + 1}), InvalidSignature, "the evaluator")
    refused(OutlookAsked.signed(key, bytes(32), found.digest, now), InvalidSignature, "the evaluator")
    for at in (now - CLOCK_SKEW - 1, now + CLOCK_SKEW + 1):
        refused(OutlookAsked.signed(key, ledger, found.digest, at), RuleViolation, "is your clock right")
    refused(OutlookAsked.signed(key, ledger, bytes(32), now), RuleViolation, "no such round")
    world.consortium.outlook(good, world.clock.now)
    world.close_round(found)
    refused(good, RuleViolation, "no such round that is open")


def test_over_http(desk: Desk) -> None:
    evaluator = desk.office.folder.evaluator(desk.office.genesis)
    asked = evaluator.ask_outlook(desk.round_id)
    told = desk.remote.outlook(asked)
    assert told.round == desk.round_id and len(told.enough) == 3
    assert abs(told.at - time.time()) < RENEWED_SECONDS
    url = f"{desk.url}/v1/rounds/{desk.round_id.hex()}/outlook"
    shown = httpx.post(url, content=asked.encode(), headers={"Content-Type": CBOR})
    assert shown.json() == {"round": desk.round_id.hex(), "at": told.at, "enough": list(told.enough)}
    other = httpx.post(
        f"{desk.url}/v1/rounds/{'0' * 64}/outlook", content=asked.encode(), headers={"Content-Type": CBOR}
    )
    assert other.json()["type"] == PROBLEMS + "rounds" and "another round" in other.text
    for body in (b"", b"?", asked.encode() + b"\0", b"\x80"):
        bad = httpx.post(url, content=body, headers={"Content-Type": CBOR})
        assert bad.json()["type"] == PROBLEMS + "encoding"
    assert httpx.post(url, content=asked.encode()).status_code == 415
    assert httpx.post(url, content=b"0" * 2000, headers={"Content-Type": CBOR}).status_code == 413


def _let_a_batch_enter(desk: Desk) -> None:
    """Other tests rate here too. Behind a batch two ratings wait, and the next batch needs four."""

    def size() -> int:
        leaves: int = httpx.get(f"{desk.url}/v1/ledger").json()["size"]
        return leaves

    for _ in range(4):
        rating = desk.rating()
        before = size()
        desk.remote.submit_rating(*rating)
        if size() != before:
            return
    raise AssertionError("no batch has entered")


def test_nothing_public_tells_how_many_wait(desk: Desk) -> None:
    """Ratings that wait change no answer to anybody."""
    _let_a_batch_enter(desk)
    there = ("/v1/rounds", f"/v1/rounds/{desk.round_id.hex()}", "/v1/ledger", "/metrics")
    citizen, token = desk.citizen()
    core, bundle = citizen.rate(token, {"recommend": "good"})

    def answers() -> list[str]:
        texts = [httpx.get(desk.url + path).text for path in there]
        return [line for text in texts for line in text.splitlines() if "http_answers" not in line]

    before = answers()
    desk.remote.submit_rating(encode_transaction(core), bundle.encode())
    assert answers() == before
