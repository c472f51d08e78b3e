"""Devices in processes of their own: what crosses are bytes and errors, and errors arrive whole."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

import pytest

from circuits.complaint import FalseComplaint
from tests.world import World
from zkperf import errors
from zkperf.errors import InvalidLogProof, InvalidSignature, RuleViolation, ZkperfError
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Round
from zkperf.ledger.store.errors import StorageFull
from zkperf.roles.registrar import Voucher
from zkperf.surveys.devices import DevicePark, Foundations
from zkperf.tokens.blind import LyingTrustees


@dataclass
class Stage:
    """An open round, and a park of two processes."""

    world: World
    found: Round
    park: DevicePark
    foundations: Foundations

    def voucher(self) -> Voucher:
        return self.world.voucher(self.found)

    def ask(self, task: str, items: dict[int, tuple[object, ...]]) -> dict[int, Any]:
        """The devices' answers by their numbers."""
        answers: dict[int, Any] = {}
        for numbers, future in self.park.send(task, items).items():
            answers |= dict(zip(numbers, future.result(), strict=True))
        return answers


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    world = World.create(tmp_path_factory.mktemp("stage") / "ledger")
    found = world.open_round()
    places = world.consortium.round_leaves(found.digest)
    receipts = {
        leaf: world.consortium.receipt(leaf) for leaf in (0, places.scheme, places.round, *places.keys)
    }
    park = DevicePark(2)
    yield Stage(world, found, park, Foundations(places, receipts))
    park.close()
    world.consortium.close()


def test_from_voucher_to_receipt(stage: Stage) -> None:
    world = stage.world
    vouchers = {number: stage.voucher() for number in range(5)}
    issues = stage.ask("start", {n: (voucher.text(), stage.foundations) for n, voucher in vouchers.items()})
    assert len(set(issues.values())) == 5
    shares = {}
    for number, issue in issues.items():
        world.consortium.submit(issue)
        shares[number] = (world.consortium.token_shares(public_bytes(vouchers[number].key())),)
    assert set(stage.ask("finish", shares).values()) == {None}
    ratings = stage.ask("rate", {number: ({"recommend": "good"},) for number in vouchers})
    promises = {number: world.consortium.submit_rating(*rating) for number, rating in ratings.items()}
    # A promise for somebody else's rating is refused in the device's process, and said so here.
    with pytest.raises(RuleViolation, match="another rating") as caught:
        stage.ask("check promise", {0: (promises[1].encode(),)})
    assert caught.value.check == "signatures"
    assert set(stage.ask("check promise", {n: (p.encode(),) for n, p in promises.items()}).values()) == {None}

    world.close_round(stage.found)
    index = {rating.digest: rating.index for rating in stage.found.cohort(1).ratings.values()}
    receipts = {n: world.consortium.receipt(index[promise.digest]) for n, promise in promises.items()}
    with pytest.raises(InvalidLogProof, match="another rating"):
        stage.ask("check receipt", {3: (receipts[4],)})
    forged = replace(Receipt.parse(receipts[1]), proof=()).format()
    with pytest.raises(InvalidLogProof):
        stage.ask("check receipt", {1: (forged,)})
    rest = {n: (receipts[n],) for n in (0, 2, 4)}
    assert set(stage.ask("check receipt", rest).values()) == {None}


def test_a_device_lives_in_one_process(stage: Stage) -> None:
    sent = stage.park.send("start", {n: (stage.voucher().text(), stage.foundations) for n in (9, 10, 12, 11)})
    assert set(sent) == {(10, 12), (9, 11)}
    for future in sent.values():
        assert isinstance(future, Future) and len(future.result()) == 2
    assert stage.park.send("start", {}) == {}


def test_what_a_device_refuses_is_raised_by_name(stage: Stage) -> None:
    honest = stage.voucher()
    with pytest.raises(InvalidSignature, match="registrar"):
        stage.ask(
            "start",
            {20: (honest.model_copy(update={"registrar_signature": bytes(64)}).text(), stage.foundations)},
        )
    with pytest.raises(InvalidLogProof, match="ledger shown"):
        stage.ask("start", {20: (honest.model_copy(update={"ledger": bytes(32)}).text(), stage.foundations)})
    with pytest.raises(RuleViolation, match="no service") as caught:
        stage.ask("start", {20: (honest.model_copy(update={"unit": 0}).text(), stage.foundations)})
    assert caught.value.check == "issuance"
    lying = replace(
        stage.foundations,
        receipts=stage.foundations.receipts | {stage.foundations.leaves.round: stage.foundations.receipts[0]},
    )
    with pytest.raises(InvalidLogProof, match="expected a receipt for leaf"):
        stage.ask("start", {20: (honest.text(), lying)})
    # The processes have survived all of it.
    assert stage.ask("start", {20: (honest.text(), stage.foundations)})[20]


def test_lying_trustees_are_named_across_processes(stage: Stage) -> None:
    voucher = stage.world.voucher(stage.found)
    issue = stage.ask("start", {30: (voucher.text(), stage.foundations)})[30]
    assert issue
    with pytest.raises(LyingTrustees) as caught:
        g1 = stage.world.state.pairing.g1
        wrong = g1.encode(g1.hash_to_element(b"no share", b"test"))
        stage.ask("finish", {30: ({1: wrong, 2: wrong, 3: wrong},)})
    assert caught.value.liars == (1, 2, 3)


@pytest.mark.parametrize(
    "error",
    [
        RuleViolation("no", check="batches"),
        LyingTrustees((1, 3)),
        FalseComplaint("no"),
        StorageFull("full"),
        *(
            kind("no")
            for kind in vars(errors).values()
            if isinstance(kind, type) and issubclass(kind, ZkperfError) and kind is not RuleViolation
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_survives_the_way_between_processes(error: ZkperfError) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert arrived.check == error.check and vars(arrived) == vars(error)


def test_a_device_in_a_replay_talks_to_the_replay_alone(stage: Stage) -> None:
    for call in (
        lambda: stage.foundations.submit(b""),
        lambda: stage.foundations.token_shares(b""),
        lambda: stage.foundations.submit_rating(b"", b""),
    ):
        with pytest.raises(NotImplementedError):
            call()
