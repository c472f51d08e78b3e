from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.world import World, questionnaire, single
from zkperf.errors import InputError, InvalidSignature, RuleViolation
from zkperf.ledger.engines.clock import CLOCK_SKEW
from zkperf.ledger.signing import public_bytes, verify_signed
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import (
    Deadline,
    RoundClosed,
    RoundOpened,
    SchemePosted,
    Unit,
    decode_transaction,
)
from zkperf.roles.evaluator import Evaluator

ROUND, SCHEME = b"r" * 32, b"s" * 32


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World.create(tmp_path_factory.mktemp("world") / "ledger")
    yield made
    made.consortium.close()


def test_everything_is_signed_for_one_ledger_and_dated_in_whole_seconds() -> None:
    key, ledger = Ed25519PrivateKey.generate(), b"l" * 32
    evaluator = Evaluator(key, ledger, lambda: 1_800_000_000.9)
    units = (Unit(name="all", parent=None, registrar=bytes(32)),)
    opened = evaluator.open_round(SCHEME, "spring", 10, list(units))
    for data, kind in (
        (evaluator.post_scheme(questionnaire()), SchemePosted),
        (opened, RoundOpened),
        (evaluator.close_round(ROUND), RoundClosed),
        (evaluator.end_stage(ROUND), Deadline),
    ):
        transaction = decode_transaction(data)
        assert type(transaction) is kind
        signer = transaction.signer if kind is Deadline else transaction.evaluator
        assert signer == public_bytes(key)
        verify_signed(transaction, public_bytes(key), ledger, whose="the evaluator")
        with pytest.raises(InvalidSignature):
            verify_signed(transaction, public_bytes(key), bytes(32), whose="the evaluator")
        assert kind is SchemePosted or transaction.at == 1_800_000_000
    round_opened = decode_transaction(opened)
    assert (round_opened.scheme, round_opened.name, round_opened.min_cohort) == (SCHEME, "spring", 10)
    assert round_opened.units == units
    assert repr(evaluator) == "<evaluator>"


def test_a_questionnaire_that_makes_no_sense_is_not_even_signed(world: World) -> None:
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    with pytest.raises(InputError, match="'twice'"):
        evaluator.post_scheme(questionnaire(single("twice"), single("twice")))


def test_a_round_from_opening_to_its_deadline(world: World) -> None:
    found = world.open_round()
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    assert found.phase is Phase.OPEN
    trustees, world.consortium.trustees = world.consortium.trustees, []
    world.consortium.submit(evaluator.close_round(found.digest))
    with pytest.raises(RuleViolation, match="the stage lasts until"):
        world.consortium.submit(evaluator.end_stage(found.digest))
    world.clock.now += world.state.rules.stage_seconds
    # With 3 members and a threshold of 2, all of them have to finish: f is 0.
    with pytest.raises(RuleViolation, match="only 0 members have finished, 3 are needed"):
        world.consortium.submit(evaluator.end_stage(found.digest))
    world.consortium.trustees = trustees
    world.consortium.settle()
    assert found.phase is Phase.PUBLISHED


def test_a_round_that_is_closed_before_it_opens_is_abandoned(world: World) -> None:
    trustees, world.consortium.trustees = world.consortium.trustees, []
    found = world.open_round()
    assert found.phase is Phase.COMMITTING
    world.close_round(found)
    world.consortium.trustees = trustees
    world.consortium.settle()
    assert found.phase is Phase.ABANDONED
    assert world.audit().ok


def test_only_the_ledgers_evaluators_run_its_rounds(world: World) -> None:
    found = world.open_round()
    mallory = Evaluator(Ed25519PrivateKey.generate(), world.state.ledger, world.clock)
    for data in (
        mallory.post_scheme(questionnaire(single("mine"))),
        mallory.open_round(found.scheme.digest, "mine", 2, found.opened.units),
        mallory.close_round(found.digest),
        mallory.end_stage(found.digest),
    ):
        size = world.state.size
        with pytest.raises(RuleViolation, match="one of the ledger's evaluators"):
            world.consortium.submit(data)
        assert world.state.size == size
    assert found.phase is Phase.OPEN


def test_a_wrong_clock_is_refused(world: World) -> None:
    found = world.open_round()
    for wrong in (CLOCK_SKEW + 1, -CLOCK_SKEW - 1):
        early = world.folder.evaluator(world.state.ledger, lambda wrong=wrong: world.clock.now + wrong)
        with pytest.raises(RuleViolation, match="clock"):
            world.consortium.submit(early.close_round(found.digest))
    assert found.phase is Phase.OPEN
