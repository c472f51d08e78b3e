"""A service that has the evaluator's key closes rounds at the ends that they have announced."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.ends import Ends
from service.worker import Worker
from tests.service.serving import Office, digest_of, service
from tests.world import World, questionnaire, single
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import Unit
from zkperf.roles.evaluator import Evaluator
from zkperf.roles.folder import LedgerFolder


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.create(tmp_path / "ledger")
    yield made
    made.consortium.close()


def announced(world: World, name: str, until: int | None) -> bytes:
    """A round of one service of this name, open, with this end; its identifier."""
    found = world.open_round((name,), questionnaire(single(name)), name=name, until=until)
    assert found.phase is Phase.OPEN
    return found.digest


def due(ends: Ends) -> None:
    ends.worker.start()
    try:
        asyncio.run(ends.close_due())
    finally:
        ends.worker.stop()


def test_a_round_is_closed_when_its_announced_end_has_come(world: World) -> None:
    start = int(world.clock.now)
    soon, late, never = (announced(world, str(end), end) for end in (start + 100, start + 200, None))
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    ends = Ends(Worker(world.consortium, group=8, waiting=8), evaluator, world.clock)

    def phases() -> list[Phase]:
        return [world.state.rounds[found].phase for found in (soon, late, never)]

    world.clock.now = start + 99
    due(ends)
    assert phases() == [Phase.OPEN] * 3
    world.clock.now = start + 100
    due(ends)
    assert phases() == [Phase.PUBLISHED, Phase.OPEN, Phase.OPEN]
    world.clock.now = start + 10**6
    due(ends)
    assert phases() == [Phase.PUBLISHED, Phase.PUBLISHED, Phase.OPEN]


def test_what_cannot_be_closed_is_said_once_and_holds_nothing_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    start = int(world.clock.now)
    announced(world, "a", start + 100)
    stranger = Evaluator(world.folder.registrar().key, world.state.ledger, world.clock)
    ends = Ends(Worker(world.consortium, group=8, waiting=8), stranger, world.clock)
    world.clock.now = start + 100
    with caplog.at_level(logging.WARNING):
        due(ends)
        due(ends)
    assert caplog.text.count("not closed at its announced end: the signer is not one of") == 1


def test_a_served_folder_closes_by_itself(tmp_path: Path) -> None:
    office = Office.create(tmp_path / "ledger")
    evaluator = office.folder.evaluator(office.genesis)
    _, consortium = LedgerFolder.open(office.folder.path)
    leaf = consortium.submit(evaluator.post_scheme(questionnaire()))
    scheme = digest_of(consortium.receipt(leaf))
    until = int(time.time()) + 5
    alone = Unit(name="A", parent=None, registrar=public_bytes(office.folder.registrar().key))
    leaf = consortium.submit(evaluator.open_round(scheme, "short", 2, [alone], until))
    round_id = digest_of(consortium.receipt(leaf))
    consortium.close()
    with service(office.folder.path) as running, running.remote() as remote:
        assert remote.round(round_id)["until"] == until
        patience = time.monotonic() + 60
        while (phase := remote.round(round_id)["phase"]) == "open" and time.monotonic() < patience:
            time.sleep(0.2)
        assert phase == "published"
        assert running.stop() == 0
    assert "closed at its announced end" in running.errors.read_text()
