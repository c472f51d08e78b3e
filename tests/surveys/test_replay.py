"""A replay takes every step of a deployment, in the order of a deployment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from circuits.rating import Core
from tests.circuits.strategies import question, questionnaire
from tests.test_rounds import Case
from tests.test_rounds import play as play_case
from tests.world import World
from zkperf.errors import RuleViolation
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.transactions import Issue, RoundClosed, decode_transaction, digest
from zkperf.roles.evidence import GENESIS_RECEIPT
from zkperf.roles.view import ledger_policy
from zkperf.surveys.replay import STAGES, Replay, survey_result
from zkperf.surveys.responses_file import Answer, Response
from zkperf.surveys.results import SurveyResult

FORM = questionnaire(
    question("recommend", "single", options=["yes", "no"]),
    question("liked", "multi", options=["staff", "rooms"], required=False),
    question("minutes", "number", bounds=(-5, 60), required=False),
)


def respond(service: str, *answers: dict[str, Answer]) -> list[Response]:
    return [Response(service, dict(given), row) for row, given in enumerate(answers, start=2)]


RESPONSES = [
    *respond(
        "North",
        {"recommend": "yes", "liked": ["staff"], "minutes": 10},
        {"recommend": "yes", "liked": None, "minutes": 21},
        {"recommend": "no", "liked": ["staff", "rooms"], "minutes": -5},
        {"recommend": "yes", "liked": [], "minutes": None},
        {"recommend": "yes", "liked": None, "minutes": None},
        {"recommend": "no", "liked": None, "minutes": None},
    ),
    *respond("all", *[{"recommend": "no", "minutes": 0}] * 3),
    *respond("Old Mill", {"recommend": "no"}),
    *respond("East", {"recommend": "yes"}),
]


@dataclass
class Played:
    world: World
    result: SurveyResult
    progress: list[tuple[str, int, int]]


def play(path: Path, responses: list[Response], suite: str = "ristretto255") -> Played:
    world = World.create(path / "ledger", suite=suite)
    progress: list[tuple[str, int, int]] = []
    replay = Replay(world.folder, world.consortium, FORM, responses, 2, lambda *step: progress.append(step))
    world.clock.now = time.time()
    return Played(world, replay.run(), progress)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    done = play(tmp_path_factory.mktemp("replay"), RESPONSES)
    yield done
    done.world.consortium.close()


def test_the_result_is_what_the_responses_say(played: Played) -> None:
    assert played.result == {
        "round": next(iter(played.world.state.rounds)).hex(),
        "suite": "ristretto255",
        "genesis": played.world.state.ledger.hex(),
        "rehearsal": False,
        "until": None,
        "units": {
            "East": {"status": "withheld", "reason": "fewer than the minimum", "counted": 1, "lost": 0},
            "North": {
                "status": "published",
                "reason": None,
                "counted": 6,
                "lost": 0,
                "questions": {
                    "recommend": {
                        "status": "published",
                        "reason": None,
                        "answered": 6,
                        "counts": {"yes": 4, "no": 2},
                    },
                    "liked": {
                        "status": "published",
                        "reason": None,
                        "answered": 3,
                        "counts": {"staff": 2, "rooms": 1},
                    },
                    "minutes": {
                        "status": "published",
                        "reason": None,
                        "answered": 3,
                        "total": 26,
                        "mean": "8.666667",
                    },
                },
            },
            "Old Mill": {"status": "withheld", "reason": "fewer than the minimum", "counted": 1, "lost": 0},
            "all": {
                "status": "published",
                "reason": None,
                "counted": 3,
                "lost": 0,
                "questions": {
                    "recommend": {
                        "status": "published",
                        "reason": None,
                        "answered": 3,
                        "counts": {"yes": 0, "no": 3},
                    },
                    "liked": {"status": "withheld", "reason": "nobody answered"},
                    "minutes": {
                        "status": "published",
                        "reason": None,
                        "answered": 3,
                        "total": 0,
                        "mean": "0.000000",
                    },
                },
            },
        },
        "total": {
            "status": "published",
            "reason": None,
            "counted": 11,
            "lost": 0,
            "questions": {
                "recommend": {
                    "status": "published",
                    "reason": None,
                    "answered": 11,
                    "counts": {"yes": 5, "no": 6},
                },
                "liked": {
                    "status": "published",
                    "reason": None,
                    "answered": 3,
                    "counts": {"staff": 2, "rooms": 1},
                },
                "minutes": {
                    "status": "published",
                    "reason": None,
                    "answered": 6,
                    "total": 26,
                    "mean": "4.333333",
                },
            },
        },
    }


def test_it_is_a_valid_round_with_every_step_on_the_log(played: Played) -> None:
    report = played.world.audit()
    assert report.ok and report.ratings == len(RESPONSES)
    kinds = [type(decode_transaction(leaf)) for leaf in played.world.leaves()]
    assert kinds.count(Issue) == kinds.count(Core) == len(RESPONSES)
    # All tokens are drawn before anybody rates.
    assert max(i for i, kind in enumerate(kinds) if kind is Issue) < kinds.index(Core)
    assert kinds.index(Core) < kinds.index(RoundClosed)  # 6 of one service wait: 4 of them enter
    for cohort in report.cohorts:
        assert cohort.ratings == cohort.issued == cohort.anonymity_set


def test_every_rater_has_a_receipt_and_anybody_can_check_it(played: Played) -> None:
    world, folder = played.world, played.world.folder.receipts
    policy = ledger_policy(world.state.ledger, world.state.rules.log_key)
    names = set()
    for leaf in world.leaves():
        core = decode_transaction(leaf)
        if isinstance(core, Core):
            path = folder / f"{digest(core).hex()}.tlog-proof"
            receipt = Receipt.parse(path.read_text("utf-8"))
            assert receipt.leaf == leaf
            receipt.verify(policy)
            names.add(path.name)
    genesis = Receipt.parse((folder / GENESIS_RECEIPT).read_text("utf-8"))
    assert sha256(genesis.leaf).digest() == world.state.ledger
    assert {path.name for path in folder.iterdir()} == names | {GENESIS_RECEIPT}


def test_progress_goes_through_every_stage_to_its_end(played: Played) -> None:
    stages = [stage for stage, _, _ in played.progress]
    assert [stage for i, stage in enumerate(stages) if stage not in stages[:i]] == list(STAGES)
    for stage in STAGES:
        done = [step[1:] for step in played.progress if step[0] == stage]
        assert done[-1][0] == done[-1][1]
        assert done == sorted(done)


def test_the_order_of_ratings_is_not_that_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens are drawn in the file's order, ratings sent in a random one."""
    shuffled: list[list[int]] = []

    class Reversed:
        def shuffle(self, order: list[int]) -> None:
            order.reverse()
            shuffled.append(list(order))

    monkeypatch.setattr("zkperf.surveys.replay.SystemRandom", Reversed)
    responses = respond("A", *[{"recommend": "yes"}] * 3)
    done = play(tmp_path, responses)
    assert shuffled == [[2, 1, 0]]
    assert done.result["total"]["counted"] == 3
    done.world.consortium.close()


def test_a_round_that_stops_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.create(tmp_path / "ledger")
    world.clock.now = time.time()

    def refuse(*arguments: object) -> None:
        raise RuleViolation("on strike", check="counted set")

    monkeypatch.setattr(world.consortium.trustees[1], "_checking", refuse)
    replay = Replay(
        world.folder, world.consortium, FORM, respond("A", *[{"recommend": "yes"}] * 2), 2, lambda *step: None
    )
    with pytest.raises(RuleViolation, match=r"the round stopped at “closed.*member 2: on strike"):
        replay.run()
    world.consortium.close()


def test_units_deeper_in_a_tree_are_named_by_their_path(tmp_path: Path) -> None:
    sheet = {"recommend": "yes"}
    case = Case(FORM, [None, 0, 1, 0], 2, {2: [[sheet], [sheet]], 3: [[sheet], [sheet]]})
    world, found = play_case(case, "ristretto255", tmp_path)
    assert found.result is not None
    result = survey_result(world.state.rules, world.state.ledger, found.opened, found.result)
    assert list(result["units"]) == ["unit 1", "unit 1/unit 2", "unit 3"]
    world.consortium.close()
