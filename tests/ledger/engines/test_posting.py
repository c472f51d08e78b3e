"""Who sent it and whether it may come now is asked before anything is decoded or verified: what is called,
and for whom, is counted here, not how long it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.ledger.engines.test_reports import Engine
from tests.ledger.figure_bench import FIGURES, NAMES, plan
from tests.service.large import large_scheme
from tests.world import World
from zkperf.errors import InvalidProof, InvalidShare, InvalidSignature, RuleViolation, ZkperfError
from zkperf.ledger.engines import posting
from zkperf.ledger.rules.figures import claims, reports
from zkperf.ledger.signing import signed
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import digest, encode_transaction


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    world = World.create(tmp_path / "ledger")
    engine = Engine(world)
    engine.apply(engine.scheme_posted(plan(draw=1)))
    engine.apply(engine.opened(at=int(world.clock.now)))
    engine.make_keys()
    yield engine
    world.consortium.close()


class Calls:
    """How many transactions are decoded, and how many reports and claims verified."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.decoded = self.reports = self.claims = 0

        def decode(data: bytes) -> Any:
            self.decoded += 1
            return real_decode(data)

        def verify_reports(group: Any, form: Any, items: Any) -> Any:
            self.reports += len(items)
            return real_reports(group, form, items)

        def verify_claims(group: Any, items: Any) -> Any:
            self.claims += len(items)
            return real_claims(group, items)

        real_decode = posting.decode_leaf
        real_reports, real_claims = reports.verify_reports, claims.verify_claims
        monkeypatch.setattr(posting, "decode_leaf", decode)
        monkeypatch.setattr(reports, "verify_reports", verify_reports)
        monkeypatch.setattr(claims, "verify_claims", verify_claims)

    @property
    def all(self) -> tuple[int, int, int]:
        return self.decoded, self.reports, self.claims


def by_a_stranger(engine: Engine, transaction: Any) -> bytes:
    fields = {name: getattr(transaction, name) for name in list(type(transaction).model_fields)[1:]}
    forged = signed(type(transaction), Ed25519PrivateKey.generate(), engine.state.ledger, **fields)
    return encode_transaction(forged)


def test_nothing_of_a_stranger_is_decoded_or_verified(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = engine.report("n1")
    bundle = engine.made[digest(report)].bundle.encode()
    engine.report_all(FIGURES)
    engine.check_all()
    engine.go(Phase.CLAIMING)
    claimed, evaluator = engine.claims("n1"), engine.state.rules.evaluators[0]
    stranger = Ed25519PrivateKey.generate()
    calls = Calls(monkeypatch)
    items: list[tuple[bytes, bytes | None]] = [
        (by_a_stranger(engine, report), bundle),
        (encode_transaction(report), None),
        (by_a_stranger(engine, claimed), None),
        (large_scheme(engine.state.ledger, stranger), None),
        (large_scheme(engine.state.ledger, stranger, evaluator), None),
    ]
    looked_at = engine.ledger.look_at(items * 20)
    assert [type(item.error) for item in looked_at] == [
        InvalidSignature,
        RuleViolation,
        InvalidSignature,
        RuleViolation,
        InvalidSignature,
    ] * 20
    size = engine.state.size
    assert all(isinstance(verdict, ZkperfError) for verdict in engine.ledger.post(looked_at))
    assert calls.all == (0, 0, 0) and engine.state.size == size


def test_a_report_is_verified_when_its_bundle_is_its_own(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, other = engine.report("n1"), engine.report("n2")
    calls = Calls(monkeypatch)
    swapped = encode_transaction(report), engine.made[digest(other)].bundle.encode()
    [found] = engine.ledger.look_at([swapped])
    assert isinstance(found.error, InvalidShare) and not found.costly and calls.reports == 0


def test_proofs_are_verified_when_they_may_come_now_and_before_the_writer_has_them(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = engine.report("n1"), engine.report("n1", sequence=1)
    pairs = [engine.pair(first), engine.pair(second)]
    calls = Calls(monkeypatch)
    looked_at = engine.ledger.look_at(pairs)
    assert calls.reports == 1, "the correction is not awaited yet"
    assert [type(verdict) for verdict in engine.ledger.post(looked_at[:1])] == [int]
    assert calls.reports == 1, "the writer verifies nothing again"
    assert [type(verdict) for verdict in engine.ledger.post(looked_at[1:])] == [int]
    assert calls.reports == 2
    # What was right once is not awaited any more: nobody verifies it again, neither here nor there.
    again = engine.ledger.post(engine.ledger.look_at(pairs * 10))
    assert {type(verdict) for verdict in again} == {RuleViolation} and calls.reports == 2


def test_claims_are_verified_in_their_phase_and_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.report_all(FIGURES)
    engine.check_all()
    engine.go(Phase.CLAIMING)
    posted = engine.claims("n1")
    calls = Calls(monkeypatch)
    [taken] = engine.ledger.post(engine.ledger.look_at([(encode_transaction(posted), None)]))
    assert isinstance(taken, int) and calls.claims == len(posted.claims)
    replayed = engine.ledger.post(engine.ledger.look_at([(encode_transaction(posted), None)] * 10))
    assert {str(verdict) for verdict in replayed} == {"this provider has posted its claims already"}
    assert calls.claims == len(posted.claims)


def test_who_sends_a_proof_that_does_not_hold_is_known(engine: Engine) -> None:
    good, other = engine.report("n1"), engine.report("n2")
    moved = engine.by("n2", type(good), report=good.report.model_copy(update={"unit": other.report.unit}))
    pairs = [engine.pair(good), (encode_transaction(moved), engine.made[digest(good)].bundle.encode())]
    looked_at = engine.ledger.look_at(pairs)
    assert [item.costly for item in looked_at] == [False, True]
    verdicts = engine.ledger.post(looked_at)
    assert isinstance(verdicts[0], int) and isinstance(verdicts[1], InvalidProof)


def test_what_was_found_on_a_state_that_is_gone_is_found_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed write takes the state back: verdicts may have been about what is not there any more."""
    pair = engine.pair(engine.report("n1"))
    calls = Calls(monkeypatch)
    looked_at = engine.ledger.look_at([pair])
    engine.ledger._reload()
    assert isinstance(engine.ledger.post(looked_at)[0], int) and calls.reports == 2


def test_all_of_a_round_goes_through_it(engine: Engine) -> None:
    """Every kind that parties sign is known to it: a whole round of figures, and nothing is refused."""
    engine.report_all(FIGURES)
    engine.check_all()
    engine.go(Phase.CLAIMING)
    for name in NAMES:
        engine.apply(engine.claims(name))
    assert engine.figures.phase is Phase.OPENED
