"""An old copy of a ledger is not gone on from: its key has signed more, and somebody may hold that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import FakeClock, World, questionnaire, single
from zkperf.errors import InputError, InvalidLogProof, OldCopy
from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.store.errors import StorageError
from zkperf.roles.folder import LedgerFolder, state_home

HERE = Path("keys") / "sequencer" / "last-signed"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield tmp_path / "state" / "zkperf"


def reopened(path: Path, not_before: str | None = None) -> World:
    clock = FakeClock()
    return World(*LedgerFolder.open(path, clock, not_before=not_before), clock)


def post(world: World, identifier: str) -> None:
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    world.consortium.submit(evaluator.post_scheme(questionnaire(single(identifier))))


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger of which there is a copy, beside it, at two leaves."""
    path = tmp_path / "ledger"
    World.create(path).consortium.close()
    world = reopened(path)
    post(world, "first")
    world.consortium.close()
    shutil.copytree(path, tmp_path / "copy")
    return path


def restore(ledger: Path) -> None:
    shutil.rmtree(ledger)
    shutil.copytree(ledger.with_name("copy"), ledger)


def test_a_restored_copy_does_not_write_on_and_fork(ledger: Path, state: Path) -> None:
    world = reopened(ledger)
    post(world, "second")
    seen = world.consortium.ledger.checkpoint()
    world.consortium.close()
    restore(ledger)
    for _ in range(2):
        with pytest.raises(OldCopy, match=r"an old copy\. It has 2 leaves.*a checkpoint of 3") as refused:
            reopened(ledger)
        assert str(state) in str(refused.value) and "use the latest copy" in str(refused.value)
    assert Checkpoint.unverified(seen).size == 3


def test_a_copy_that_went_on_elsewhere_is_a_fork(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = reopened(ledger)
    post(world, "second")
    world.consortium.close()
    copy = ledger.with_name("copy")
    with monkeypatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(ledger.with_name("other machine")))
        for identifier in ("another", "and more"):
            world = reopened(copy)
            post(world, identifier)
            world.consortium.close()
    with pytest.raises(OldCopy, match=r"a fork\. Its first 3 leaves are not those"):
        reopened(copy)


def test_an_old_database_beside_the_keys_is_noticed_anywhere(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = reopened(ledger)
    post(world, "second")
    world.consortium.close()
    shutil.copy(ledger.with_name("copy") / "ledger.db", ledger / "ledger.db")
    monkeypatch.setenv("XDG_STATE_HOME", str(ledger.with_name("new machine")))
    with pytest.raises(OldCopy, match="keys/sequencer/last-signed"):
        reopened(ledger)


def test_a_crash_between_the_write_and_what_is_kept_costs_nothing(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = reopened(ledger)
    with monkeypatch.context() as patch:
        patch.setattr("zkperf.ledger.engines.last_signed.Kept.keep", lambda self, note: None)
        post(world, "second")
        world.consortium.close()
    world = reopened(ledger)
    assert world.state.size == 3
    world.consortium.close()
    restore(ledger)
    with pytest.raises(OldCopy, match="has signed a checkpoint of 3"):
        reopened(ledger)


def test_on_a_new_machine_a_checkpoint_that_somebody_has_says_how_far(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = reopened(ledger)
    post(world, "second")
    latest = world.consortium.ledger.checkpoint()
    world.consortium.close()
    monkeypatch.setenv("XDG_STATE_HOME", str(ledger.with_name("new machine")))
    copy = ledger.with_name("copy")
    with pytest.raises(OldCopy, match=r"a checkpoint of 3 \(the one given\)"):
        reopened(copy, latest)
    with pytest.raises(InvalidLogProof, match="not a signature of"):
        reopened(copy, latest.replace("\n3\n", "\n2\n"))
    # Nothing of it was kept: what was refused is as it was.
    assert not (state_home() / "zkperf").exists()
    reopened(ledger, latest).consortium.close()
    with pytest.raises(OldCopy, match="new machine"):
        reopened(copy)


def test_only_a_ledger_that_is_opened_again_leaves_something_outside(tmp_path: Path, state: Path) -> None:
    """Rehearsals, surveys and the demo make theirs and finish them in one go."""
    path = tmp_path / "ledger"
    world = World.create(path)
    found = world.open_round()
    world.rate(found, [{"recommend": "good"}] * 3)
    world.close_round(found)
    name = world.state.ledger.hex()
    world.consortium.close()
    assert not state.exists()
    inside = (path / HERE).read_bytes()
    assert f"\n{world.state.size}\n".encode() in inside
    reopened(path).consortium.close()
    assert [file.name for file in state.iterdir()] == [name]
    for file in (path / HERE, state / name):
        assert f"\n{world.state.size}\n".encode() in file.read_bytes()


def test_where_nothing_can_be_kept_the_ledger_is_not_opened(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(ledger / "ledger.json"))
    with pytest.raises(StorageError, match=r"ledger\.json"):
        reopened(ledger)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(ledger.with_name("state")))
    reopened(ledger).consortium.close()


def test_where_state_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/lib/state")
    assert state_home() == Path("/var/lib/state")
    monkeypatch.setenv("HOME", "/home/clerk")
    for nothing in ("", "relative/path"):
        monkeypatch.setenv("XDG_STATE_HOME", nothing)
        assert state_home() == Path("/home/clerk/.local/state")

    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(InputError, match="XDG_STATE_HOME: name a folder"):
        state_home()
