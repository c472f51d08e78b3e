"""What was acknowledged survives: restarts at every moment, kill -9, a full disk."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from circuits.rating import Core
from tests.ledger.bench import fingerprint
from tests.world import FakeClock, World, audit_leaves, number, questionnaire, single
from zkperf.encoding import encode
from zkperf.ledger.engines.embedded import EmbeddedLedger
from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.promises import Promise
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Phase
from zkperf.ledger.store import connection
from zkperf.ledger.store.errors import StorageError, StorageFull
from zkperf.ledger.store.store import Store
from zkperf.ledger.transactions import Batch, Unit, decode_transaction, digest, encode_transaction
from zkperf.roles.citizen import Citizen, Token
from zkperf.roles.consortium import Consortium
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.trustee import Trustee

PROJECT = Path(__file__).parents[3]
GOOD = {"recommend": "good"}
KILLS = 8
Pair = tuple[bytes, bytes]


def pairs(drawn: list[tuple[Citizen, Token]]) -> list[Pair]:
    """A rating of each device, made and not sent."""
    made = [citizen.rate(token, GOOD) for citizen, token in drawn]
    return [(encode_transaction(core), bundle.encode()) for core, bundle in made]


def root(ledger: EmbeddedLedger) -> tuple[int, bytes]:
    checkpoint = Checkpoint.unverified(ledger.checkpoint())
    return checkpoint.size, checkpoint.root


# -- restarts -----------------------------------------------------------------------------------------


class Restless:
    """A ledger that is closed and opened again after every single step, its trustees with it."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock, self.restarts = path, FakeClock(), 0
        self.folder, self.consortium = LedgerFolder.create(
            path, members=3, threshold=2, min_cohort_floor=2, clock=self.clock
        )

    @property
    def ledger(self) -> EmbeddedLedger:
        return self.consortium.ledger

    def restart(self) -> None:
        """Nothing is forgotten: state, root, what waits and which bundles are kept are the same."""
        waiting = sorted(item.digest for item in self.ledger._store.all_pending())
        kept = [digest(t) for t in map(decode_transaction, self.leaves()) if isinstance(t, Core)] + waiting
        before = self.everything(kept), root(self.ledger)
        self.consortium.close()
        key = self.folder.keys("sequencer").signing_key()
        ledger = EmbeddedLedger.open(self.path, key, self.clock)
        group = ledger.state.commitment_group
        trustees = [Trustee(j, self.folder.keys(f"member-{j}"), group) for j in (1, 2, 3)]
        self.consortium = Consortium(ledger, trustees)
        assert (self.everything(kept), root(ledger)) == before
        self.restarts += 1

    def leaves(self) -> list[bytes]:
        return [self.ledger.leaf(index) for index in range(self.ledger.state.size)]

    def everything(self, digests: list[bytes]) -> Any:
        ledger, pool = self.ledger, self.ledger._pool
        waiting = {
            (found.digest, unit): {item.core for item in pool.of(found.digest, unit)}
            for found in ledger.state.rounds.values()
            for unit in found.cohorts
        }
        return fingerprint(ledger.state), waiting, ledger.bundles(digests)

    def submit(self, data: bytes) -> None:
        self.ledger.submit(data)
        self.restart()

    def settle(self) -> None:
        """Each trustee does one thing after a restart, until there is nothing left to do."""
        progress = True
        while progress:
            progress = False
            for place in range(3):
                trustee = self.consortium.trustees[place]
                duty = next(trustee.duties(self.ledger.state, self.ledger.bundles), None)
                if duty is not None:
                    self.submit(duty)
                    progress = True


def test_a_whole_round_with_a_restart_after_every_step(tmp_path: Path) -> None:
    office = Restless(tmp_path / "ledger")
    world = World(office.folder, office.consortium, office.clock)
    office.restart()
    evaluator = office.folder.evaluator(office.ledger.state.ledger, office.clock)
    office.submit(evaluator.post_scheme(questionnaire(single(), number())))
    [scheme] = office.ledger.state.schemes
    world.consortium = office.consortium
    office.submit(evaluator.open_round(scheme, "round", 2, units(office.folder)))
    office.settle()
    [found] = office.ledger.state.rounds.values()
    assert found.phase is Phase.OPEN
    world.consortium = office.consortium
    drawn = [world.citizen(found) for _ in range(6)]
    for answer, (citizen, token) in enumerate(drawn):
        core, bundle = citizen.rate(token, GOOD | {"minutes": answer})
        [promise] = office.ledger.submit_ratings([(encode_transaction(core), bundle.encode())])
        assert isinstance(promise, Promise)
        office.restart()
    citizen, token = drawn[0]
    core, bundle = citizen.rate(token.model_copy(update={"next_sequence": 1}), GOOD | {"minutes": 100})
    office.ledger.submit_ratings([(encode_transaction(core), bundle.encode())])
    office.restart()
    office.submit(evaluator.close_round(found.digest))
    office.settle()
    [found] = office.ledger.state.rounds.values()
    assert found.phase is Phase.PUBLISHED and found.result is not None
    assert [question.total for question in found.result[0].questions] == [None, 115]
    assert found.result[0].questions[1].answered == 6
    assert audit_leaves(office.leaves(), office.ledger.checkpoint(), office.ledger.state.ledger).ok
    # Every stage was met: three each commit, deal and accept, one posts keys, three check, two and two sum.
    assert office.restarts >= 3 + 10 + 7 + 1 + 3 + 4 + 1
    office.consortium.close()


def units(folder: LedgerFolder) -> list[Unit]:
    registrar = public_bytes(folder.registrar().key)
    return [
        Unit(name="all", parent=None, registrar=None),
        Unit(name="A", parent=0, registrar=registrar),
    ]


def test_a_folder_that_is_opened_again_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """The members' duties that were due when the process died are done at once."""
    world = World.create(tmp_path / "ledger")
    found = world.open_round()
    world.rate(found, [GOOD] * 5)
    trustees, world.consortium.trustees = world.consortium.trustees, []
    world.close_round(found)
    for trustee in trustees:
        for duty in trustee.duties(world.state, world.consortium.ledger.bundles):
            world.consortium.ledger.submit(duty)
    assert found.phase is Phase.SUMMING
    world.consortium.close()
    _, consortium = LedgerFolder.open(tmp_path / "ledger", world.clock)
    [again] = consortium.ledger.state.rounds.values()
    assert again.phase is Phase.PUBLISHED and again.numbers[1] == 5
    assert list(consortium.refusals) == []
    consortium.close()


# -- kill -9 ------------------------------------------------------------------------------------------


def test_killed_at_any_moment_it_has_every_rating_it_has_acknowledged(tmp_path: Path) -> None:
    path, file, random = tmp_path / "ledger", tmp_path / "ratings", Random(7)
    world = World.create(path)
    found = world.open_round()
    ratings = pairs([world.citizen(found) for _ in range(24)])
    file.write_bytes(encode([list(pair) for pair in ratings]))
    world.consortium.close()
    acknowledged: set[bytes] = set()
    for kill in range(KILLS):
        heard, finished = run_and_kill(path, file, lines=random.randrange(1, 4) if kill else 0, random=random)
        acknowledged |= heard
        check(path, acknowledged, world.state.ledger)
        if finished:
            break
    assert acknowledged
    # What is left is sent, and everything is counted.
    folder, consortium = LedgerFolder.open(path, world.clock)
    verdicts = consortium.submit_ratings(ratings)
    assert acknowledged <= {sha256(core).digest() for core, _ in ratings}
    assert sum(isinstance(verdict, Promise) for verdict in verdicts) <= 24 - len(acknowledged)
    evaluator = folder.evaluator(consortium.ledger.state.ledger, world.clock)
    consortium.submit(evaluator.close_round(found.digest))
    [again] = consortium.ledger.state.rounds.values()
    assert again.phase is Phase.PUBLISHED and again.numbers[1] == 24
    consortium.close()


def run_and_kill(path: Path, ratings: Path, *, lines: int, random: Random) -> tuple[set[bytes], bool]:
    """The digests that the process acknowledged before it was killed; whether it had finished."""
    command = [sys.executable, "-m", "tests.ledger.engines.rate_until_killed", str(path), str(ratings)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process, process.stdout as output:
        heard = [output.readline() for _ in range(1 + lines)]
        time.sleep(random.random() * 0.03)
        process.kill()
        heard += output.readlines()
    assert heard[0] == "ready\n"
    whole = [line.strip() for line in heard if line.endswith("\n")]
    return {bytes.fromhex(line) for line in whole if len(line) == 64}, "done" in whole


def check(path: Path, acknowledged: set[bytes], genesis: bytes) -> None:
    """Every acknowledged rating waits or is on the log, with its bundle, and no block is halved."""
    key = LedgerFolder(path).keys("sequencer").signing_key()
    ledger = EmbeddedLedger.open(path, key)
    leaves = list(ledger.leaves(0, ledger.state.size))
    logged = {sha256(leaf).digest() for leaf in leaves if isinstance(decode_transaction(leaf), Core)}
    waiting = {item.digest for item in ledger._store.all_pending()}
    assert acknowledged <= logged | waiting
    assert not logged & waiting
    assert set(ledger.bundles(list(logged | waiting))) == logged | waiting
    assert ledger.state.batch is None
    counts = [t.count for t in map(decode_transaction, leaves) if isinstance(t, Batch)]
    assert sum(counts) == len(logged)
    report = audit_leaves(leaves, ledger.checkpoint(), genesis)
    assert report.ok, report.failures
    ledger.close()


# -- a full disk --------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.create(tmp_path / "ledger")
    yield world
    world.consortium.close()


def limit_pages(ledger: EmbeddedLedger, monkeypatch: pytest.MonkeyPatch, spare: int | None) -> None:
    """Lets the database grow by so many pages and no more; as it likes, if None."""
    engine = ledger._store._engine
    with engine.connect() as opened:
        used = opened.exec_driver_sql("PRAGMA page_count").scalar()
    assert isinstance(used, int)
    if spare is None:
        monkeypatch.delitem(connection.PRAGMAS, "max_page_count", raising=False)
    else:
        monkeypatch.setitem(connection.PRAGMAS, "max_page_count", str(used + spare))
    engine.dispose()


@pytest.mark.parametrize("spare", [0, 1])
def test_a_full_disk_loses_nothing_and_afterwards_it_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    found = world.open_round()
    ratings = pairs([world.citizen(found) for _ in range(40)])
    ledger, promised = world.consortium.ledger, set()
    for pair in ratings[:3]:
        promised |= promises(ledger, pair)
    limit_pages(ledger, monkeypatch, spare)
    refused = None
    for place, pair in enumerate(ratings[3:], 3):
        try:
            promised |= promises(ledger, pair)
        except StorageFull as error:
            refused, why = place, error
            break
    assert refused is not None and why.check == "storage"
    assert_nothing_lost(ledger, promised)
    # While it is full nothing else is taken either, and reading goes on.
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    before = fingerprint(ledger.state), root(ledger)
    with pytest.raises(StorageFull):
        for place in range(50):
            ledger.submit(evaluator.post_scheme(questionnaire(single(f"question {place}" + "x" * 150))))
            before = fingerprint(ledger.state), root(ledger)
    assert (fingerprint(ledger.state), root(ledger)) == before
    limit_pages(ledger, monkeypatch, None)
    for pair in ratings[refused:]:
        promised |= promises(ledger, pair)
    assert len(promised) == 40
    assert_nothing_lost(ledger, promised)
    world.close_round(world.state.rounds[found.digest])
    again = world.state.rounds[found.digest]
    # The trustees had not been shown these ratings: they asked for the bundles.
    assert again.phase is Phase.PUBLISHED and again.numbers[1] == 40
    assert audit_leaves(world.leaves(), ledger.checkpoint(), world.state.ledger).ok


def promises(ledger: EmbeddedLedger, pair: Pair) -> set[bytes]:
    [verdict] = ledger.submit_ratings([pair])
    assert isinstance(verdict, Promise)
    return {verdict.digest}


def assert_nothing_lost(ledger: EmbeddedLedger, promised: set[bytes]) -> None:
    """Memory says what the disk says, and every promised rating is there."""
    leaves = list(ledger.leaves(0, ledger._store.size))
    assert len(leaves) == ledger.state.size == root(ledger)[0]
    logged = {sha256(leaf).digest() for leaf in leaves if isinstance(decode_transaction(leaf), Core)}
    waiting = {item.digest for item in ledger._store.all_pending()}
    assert logged | waiting == promised
    in_memory = {
        sha256(item.core).digest()
        for found in ledger.state.rounds.values()
        for unit in found.cohorts
        for item in ledger._pool.of(found.digest, unit)
    }
    assert in_memory == waiting


def test_a_batch_that_finds_the_disk_full_is_as_if_it_had_not_been(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rating that would have filled the batch is not promised; those that wait go on waiting."""
    found = world.open_round()
    ratings = pairs([world.citizen(found) for _ in range(4)])
    ledger, promised = world.consortium.ledger, set()
    for pair in ratings[:3]:
        promised |= promises(ledger, pair)

    def full(*_: Any, **__: Any) -> None:
        raise StorageFull("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "append", full)
        with pytest.raises(StorageFull):
            ledger.submit_ratings([ratings[3]])
    assert ledger.waiting(found.digest, 1) == 3
    assert_nothing_lost(ledger, promised)
    # Sent again, it brings the batch about.
    promised |= promises(ledger, ratings[3])
    assert ledger.waiting(found.digest, 1) == 2
    assert_nothing_lost(ledger, promised)


@pytest.mark.parametrize("broken", ["append", "add_pending"])
def test_memory_never_runs_ahead_of_the_disk(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    found = world.open_round()
    [pair] = pairs([world.citizen(found)])
    ledger = world.consortium.ledger
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    before = fingerprint(ledger.state)

    def fail(*_: Any, **__: Any) -> None:
        raise StorageError("the disk is broken")

    with monkeypatch.context() as patch:
        patch.setattr(Store, broken, fail)
        with pytest.raises(StorageError):
            if broken == "append":
                ledger.submit(evaluator.close_round(found.digest))
            else:
                ledger.submit_ratings([pair])
    assert fingerprint(ledger.state) == before
    assert_nothing_lost(ledger, set())
    promised = promises(ledger, pair)
    ledger.submit(evaluator.close_round(found.digest))
    assert_nothing_lost(ledger, promised)
    assert world.state.rounds[found.digest].phase is Phase.CHECKING
