"""One lost key file does not stop a ledger of which t of n are enough: the others go on, at the deadlines."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world import FakeClock, World, questionnaire, single
from zkperf.errors import RuleViolation
from zkperf.ledger.state import Phase, Round
from zkperf.roles.folder import LedgerFolder

ANSWERS = [{"recommend": "good"}] * 3 + [{"recommend": "poor"}] * 2


def remove(keys: Path) -> None:
    shutil.rmtree(keys)


def no_signing_key(keys: Path) -> None:
    (keys / "signing.pem").unlink()


def damage(keys: Path) -> None:
    data = bytearray((keys / "sealing.key").read_bytes())
    data[3] ^= 1
    (keys / "sealing.key").write_bytes(data)


LOSSES = [remove, no_signing_key, damage]


class Town:
    """A ledger of four members, two of whom open totals, that is opened again and again."""

    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.path = path / "l"
        _, consortium = LedgerFolder.create(
            self.path, members=4, threshold=2, min_cohort_floor=2, clock=self.clock
        )
        consortium.close()

    def lose(self, *members: int, by: Callable[[Path], None] = remove) -> None:
        for member in members:
            by(self.path / "keys" / f"member-{member}")

    def open(self) -> World:
        """As the next process finds it."""
        folder, consortium = LedgerFolder.open(self.path, self.clock)
        return World(folder, consortium, self.clock)

    def end_stage(self, world: World, found: Round) -> None:
        self.clock.now += world.state.rules.stage_seconds
        evaluator = world.folder.evaluator(world.state.ledger, self.clock)
        world.consortium.submit(evaluator.end_stage(found.digest))


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def finish(town: Town, world: World, round_id: bytes) -> None:
    """Closes the round; the three who are there check at the deadline, and the totals are right."""
    found = world.state.rounds[round_id]
    world.close_round(found)
    assert found.phase is Phase.CHECKING
    town.end_stage(world, found)
    assert found.phase is Phase.PUBLISHED
    [question] = found.result[1].questions
    assert {entry.option: entry.count for entry in question.counts} == {
        "very good": 0,
        "good": 3,
        "fair": 0,
        "poor": 2,
        "very poor": 0,
    }
    assert world.audit().ok
    world.consortium.close()


@pytest.mark.parametrize("loss", LOSSES)
def test_a_key_lost_before_a_round_opens(town: Town, loss: Callable[[Path], None]) -> None:
    town.lose(1, by=loss)
    world = town.open()
    found = world.open_round()
    assert found.phase is Phase.COMMITTING
    town.end_stage(world, found)
    assert found.phase is Phase.ACCEPTING
    town.end_stage(world, found)
    assert found.phase is Phase.OPEN
    world.rate(found, ANSWERS)
    world.consortium.close()
    world = town.open()
    assert [note.number for note in world.audit().silent_members] == [1]
    finish(town, world, found.digest)


@pytest.mark.parametrize("member", [1, 4])
def test_a_key_lost_after_a_round_has_opened(town: Town, member: int) -> None:
    world = town.open()
    found = world.open_round()
    assert found.phase is Phase.OPEN
    world.consortium.close()
    town.lose(member)
    world = town.open()
    world.rate(world.state.rounds[found.digest], ANSWERS)
    finish(town, world, found.digest)


def test_a_key_lost_before_a_round_is_closed(town: Town) -> None:
    world = town.open()
    found = world.open_round()
    world.rate(found, ANSWERS)
    world.consortium.close()
    town.lose(2, by=damage)
    finish(town, town.open(), found.digest)


def test_a_key_lost_between_commitment_and_deal(town: Town) -> None:
    world = town.open()
    members = world.consortium.trustees
    world.consortium.trustees = members[1:]
    found = world.open_round()
    assert found.phase is Phase.COMMITTING
    # Member 4 has committed to a deal that nobody will see.
    world.consortium.close()
    town.lose(4)
    world = town.open()
    found = world.state.rounds[found.digest]
    assert (found.phase, len(found.keygens[0].commitments)) == (Phase.DEALING, 4)
    for phase in (Phase.ACCEPTING, Phase.OPEN):
        town.end_stage(world, found)
        assert found.phase is phase
    world.rate(found, ANSWERS)
    finish(town, world, found.digest)


def test_nothing_is_begun_that_the_members_who_are_here_cannot_finish(town: Town) -> None:
    world = town.open()
    found = world.open_round()
    world.rate(found, ANSWERS[:2])
    world.consortium.close()
    kept = town.path.with_name("kept")
    shutil.copytree(town.path / "keys", kept)
    town.lose(1, 3)
    world = town.open()
    found, size = world.state.rounds[found.digest], world.state.size
    # Tokens are signed and ratings taken: two members are enough for these.
    world.rate(found, ANSWERS[2:])
    evaluator = world.folder.evaluator(world.state.ledger, town.clock)
    world.consortium.submit(evaluator.post_scheme(questionnaire(single("again"))))
    size = world.state.size
    refused = "a round takes 3 of the 4 members, and the keys of 1, 3 are not here: restore one first"
    closing = evaluator.close_round(found.digest)
    with pytest.raises(RuleViolation, match=refused):
        world.consortium.submit(closing)
    opening = evaluator.open_round(list(world.state.schemes)[-1], "next", 2, found.opened.units)
    posted = evaluator.post_scheme(questionnaire(single("more")))
    first, second, third = world.consortium.submit_all([opening, posted, b"?"])
    assert isinstance(first, RuleViolation) and str(first) == refused
    assert second == size and not isinstance(third, int) and third.check == "encoding"
    assert (found.phase, world.state.size) == (Phase.OPEN, size + 1)
    world.consortium.close()
    # With one of the keys back the others can.
    shutil.copytree(kept / "member-3", town.path / "keys" / "member-3")
    finish(town, town.open(), found.digest)


def test_a_round_that_is_not_open_yet_is_abandoned_all_the_same(town: Town) -> None:
    world = town.open()
    world.consortium.trustees = []
    found = world.open_round()
    world.consortium.close()
    town.lose(1, 3)
    world = town.open()
    found = world.state.rounds[found.digest]
    world.close_round(found)
    assert found.phase is Phase.ABANDONED
    world.consortium.close()
