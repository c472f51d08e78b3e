"""The thread that writes: what waits together is written together, and nothing is answered too early."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from service.problems import Problem
from service.worker import Worker
from tests.roles.figures import FigureWorld
from tests.world import World, questionnaire
from zkperf.errors import EncodingError, RuleViolation, ZkperfError
from zkperf.ledger.engines.door import Examined
from zkperf.ledger.engines.posting import Posting
from zkperf.ledger.promises import Promise
from zkperf.ledger.state import Round
from zkperf.ledger.store.errors import StorageFull
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.wire import Posted


@dataclass
class Gate:
    """A consortium that can be held up, made to fail, and that notes how it is called."""

    world: World
    go: Event = field(default_factory=Event)
    reached: Event = field(default_factory=Event)
    failure: Exception | None = None
    calls: list[tuple[str, int]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world.consortium, name)

    def take(self, items: Sequence[Examined]) -> list[Promise | ZkperfError]:
        self._pass("ratings", len(items))
        return self.world.consortium.take(items)

    def post(self, postings: Sequence[Posting]) -> list[int | ZkperfError]:
        kind = "others" if postings[0].bundle is None else "reports"
        self._pass(kind, len(postings))
        return self.world.consortium.post(postings)

    def _pass(self, kind: str, count: int) -> None:
        self.calls.append((kind, count))
        self.reached.set()
        assert self.go.wait(30)
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.create(tmp_path / "ledger")
    yield world
    world.consortium.close()


@pytest.fixture
def gate(world: World) -> Gate:
    return Gate(world)


@pytest.fixture
def worker(gate: Gate) -> Iterator[Worker]:
    worker = Worker(gate, group=4, waiting=8)  # type: ignore[arg-type]
    worker.start()
    yield worker
    gate.go.set()
    worker.stop()


def ratings(world: World, found: Round, count: int) -> list[Posted]:
    made = []
    for _ in range(count):
        citizen, token = world.citizen(found)
        core, bundle = citizen.rate(token, {"recommend": "good"})
        made.append((encode_transaction(core), bundle.encode()))
    return made


def nonsense() -> Posted:
    return b"\x81\x18\x63", None


def test_what_waits_together_is_written_together(world: World, gate: Gate, worker: Worker) -> None:
    made = ratings(world, world.open_round(), 6)
    answers = [worker.submit([item]) for item in made]
    gate.go.set()
    promises = [answer.result(30)[0] for answer in answers]
    assert all(isinstance(promise, Promise) for promise in promises)
    # The first may go alone, before the others came; after it as many as a group holds.
    assert sum(count for _, count in gate.calls) == 6
    assert len(gate.calls) <= 3 and max(count for _, count in gate.calls) == 4


def test_ratings_go_before_what_could_close_their_round(world: World, gate: Gate, worker: Worker) -> None:
    found = world.open_round()
    made = ratings(world, found, 2)
    first = worker.submit([nonsense()])  # holds the worker up
    closing = world.folder.evaluator(world.state.ledger, world.clock).close_round(found.digest)
    close = worker.submit([(closing, None)])
    rated = [worker.submit([item]) for item in made]
    gate.go.set()
    assert isinstance(first.result(30)[0], ZkperfError)
    assert all(isinstance(answer.result(30)[0], Promise) for answer in rated)
    assert isinstance(close.result(30)[0], int)
    assert worker.snapshot.rounds[found.digest].phase == "published"
    assert worker.snapshot.results[found.digest].units[0].counted == 2


def test_a_mixed_batch_keeps_its_order(world: World, gate: Gate, worker: Worker) -> None:
    gate.go.set()
    found = world.open_round()
    [rating] = ratings(world, found, 1)
    closing = world.folder.evaluator(world.state.ledger, world.clock).close_round(found.digest)
    batch: list[Posted] = [(closing, None), rating, nonsense()]
    leaf, late, unknown = worker.submit(batch).result(30)
    assert isinstance(leaf, int)
    assert isinstance(late, RuleViolation) and late.check == "batches"
    assert isinstance(unknown, ZkperfError) and unknown.check == "encoding"
    assert gate.calls == [("others", 1), ("ratings", 1), ("others", 1)]


def test_reports_go_before_what_could_close_their_round(tmp_path: Path) -> None:
    figures = FigureWorld.create(tmp_path)
    gate = Gate(figures.world)
    worker = Worker(gate, group=512, waiting=8)  # type: ignore[arg-type]
    worker.start()
    made = []
    for provider in figures.providers[:2]:
        data, bundle = provider.report(figures.world.state, figures.found, {0: 200, 1: 2000})
        made.append((data, bundle.encode()))
    first = worker.submit([nonsense()])  # holds the worker up
    assert gate.reached.wait(30)
    evaluator = figures.world.folder.evaluator(figures.world.state.ledger, figures.clock)
    close = worker.submit([(evaluator.close_round(figures.found.digest), None)])
    taken = [worker.submit([item]) for item in made]
    gate.go.set()
    assert isinstance(first.result(30)[0], ZkperfError)
    assert all(isinstance(answer.result(30)[0], int) for answer in taken)
    assert isinstance(close.result(30)[0], int)
    view = worker.snapshot.figures.rounds[figures.found.digest]
    assert (view.reports, view.phase) == (2, "claiming")
    # A batch of its own order: a report after the close is too late.
    mixed: list[Posted] = [nonsense(), made[0]]
    assert [type(verdict) for verdict in worker.submit(mixed).result(30)] == [EncodingError, RuleViolation]
    assert ("reports", 1) in gate.calls
    worker.stop()
    figures.world.consortium.close()


def test_too_much_waiting_is_turned_away(gate: Gate, worker: Worker) -> None:
    held = worker.submit([nonsense()])
    assert gate.reached.wait(30)
    waiting = [worker.submit([nonsense()] * count) for count in (4, 3)]
    for refused in (lambda: worker.submit([nonsense()]), lambda: worker.ask(lambda _: 1)):
        with pytest.raises(Problem) as caught:
            refused()
        assert caught.value.name == "busy"
    gate.go.set()
    assert len(held.result(30)) == 1
    assert [len(answer.result(30)) for answer in waiting] == [4, 3]
    assert worker.ask(lambda _: 1).result(30) == 1


def test_stopping_finishes_what_waits(gate: Gate, worker: Worker) -> None:
    held = [worker.submit([nonsense()]) for _ in range(6)]
    gate.go.set()
    worker.stop()
    assert all(answer.done() and isinstance(answer.result()[0], ZkperfError) for answer in held)
    with pytest.raises(Problem) as caught:
        worker.submit([nonsense()])
    assert caught.value.name == "stopping" and not worker.running
    worker.start()
    assert len(worker.submit([nonsense()]).result(30)) == 1


def test_who_has_gone_away_is_not_served(world: World, gate: Gate, worker: Worker) -> None:
    held = worker.submit([nonsense()])
    assert gate.reached.wait(30)
    gone = worker.submit([nonsense()])
    assert gone.cancel()
    gate.go.set()
    held.result(30)
    worker.ask(lambda _: None).result(30)
    assert gate.calls == [("others", 1)]


def test_a_full_disk_is_an_answer(gate: Gate, worker: Worker) -> None:
    gate.failure = StorageFull("the disk is full")
    gate.go.set()
    verdicts = worker.submit([nonsense()] * 2).result(30)
    assert verdicts == [gate.failure] * 2


def test_a_fault_fails_the_request_not_the_worker(
    gate: Gate, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    gate.failure = ZeroDivisionError("holds something that a citizen sent")
    gate.go.set()
    with pytest.raises(ZeroDivisionError):
        worker.submit([nonsense()]).result(30)
    assert "ZeroDivisionError" in caplog.text and "citizen" not in caplog.text
    gate.failure = None
    assert len(worker.submit([nonsense()]).result(30)) == 1


def test_questions_are_answered_between_writes(world: World, gate: Gate, worker: Worker) -> None:
    gate.go.set()
    size = worker.ask(lambda consortium: consortium.ledger.state.size).result(30)
    assert size == world.state.size
    with pytest.raises(RuleViolation):
        worker.ask(lambda consortium: consortium.token_shares(bytes(32))).result(30)


def test_leaves_are_found_by_digest(world: World, gate: Gate, worker: Worker) -> None:
    gate.go.set()
    assert worker.leaf_of(world.state.ledger) == 0
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    posted = evaluator.post_scheme(questionnaire())
    [leaf] = worker.submit([(posted, None)]).result(30)
    [scheme] = world.state.schemes
    assert worker.leaf_of(scheme) == leaf == 1
    assert worker.snapshot.schemes[scheme].leaf == 1
    assert worker.leaf_of(bytes(32)) is None


def test_stored_bundles_are_checked_when_there_is_nothing_else_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the start on, and each of them: what is damaged is named while a copy may still be at hand."""
    found = world.open_round()
    world.rate(found, [{"recommend": "good"}] * 9)
    entries = sorted(rating.index for rating in found.taken())
    real = world.consortium.ledger.bundles
    damaged = min(found.taken(), key=lambda rating: rating.index)

    def bundles(digests: Sequence[bytes]) -> dict[bytes, bytes]:
        return {item: bundle for item, bundle in real(digests).items() if item != damaged.digest}

    monkeypatch.setattr("zkperf.roles.consortium.AT_ONCE", 2)
    monkeypatch.setattr(world.consortium.ledger, "bundles", bundles)
    worker = Worker(world.consortium, group=4, waiting=8)
    checked: list[bool] = []
    monkeypatch.setattr(world.consortium, "check_bundles", noting(world.consortium.check_bundles, checked))
    while worker._rest():
        pass
    # Two at a time.
    assert len(checked) == len(entries) // 2 == 3 and not checked[-1]
    assert world.consortium.damaged == {damaged.index: "its bundle is missing"}


def noting(call: Any, answers: list[bool]) -> Any:
    """The same, with its answers noted."""

    def noted() -> bool:
        answers.append(call())
        return answers[-1]

    return noted
