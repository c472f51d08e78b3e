"""Reports in the embedded engine: durable with their bundles, verified as one batch, deleted in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from circuits.rating import Bundle
from tests.ledger.bench import encoded, fingerprint
from tests.ledger.figure_bench import FIGURES, NAMES, UNITS, FigureBench, plan
from tests.world import World, audit_leaves
from zkperf.errors import EncodingError, InvalidProof, InvalidShare, RuleViolation
from zkperf.ledger.engines.embedded import EmbeddedLedger
from zkperf.ledger.figure_transactions import ReportPosted
from zkperf.ledger.rules.figures import claims, reports
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import RoundDrained, digest, encode_transaction


class Engine(FigureBench):
    """The bench's parties, on an engine."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ledger: EmbeddedLedger = world.consortium.ledger
        super().__init__(world.folder, [self.ledger.leaf(i) for i in range(self.ledger.state.size)])

    def apply(self, *transactions: Any) -> None:
        """Everything goes to the engine, reports with their bundles."""
        for item in transactions:
            if isinstance(item, RoundDrained):
                # The engine has posted it with the closing.
                assert self.figures.phase is Phase.CHECKING
            elif not isinstance(item, ReportPosted):
                self.ledger.submit(encoded(item))
            else:
                [verdict] = self.ledger.submit_reports([self.pair(item)])
                assert isinstance(verdict, int), verdict
            self.state = self.ledger.state

    def pair(self, posted: Any) -> tuple[bytes, bytes]:
        return encode_transaction(posted), self.made[digest(posted)].bundle.encode()

    def bundles(self) -> set[bytes]:
        """The digests of the reports whose bundles are kept."""
        return set(self.ledger.bundles(list(self.made)))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    world = World.create(tmp_path / "ledger")
    engine = Engine(world)
    engine.apply(engine.scheme_posted(plan(draw=1)))
    engine.apply(engine.opened(at=int(world.clock.now)))
    engine.make_keys()
    yield engine
    world.consortium.close()


def counting(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[int]:
    sizes: list[int] = []
    original: Callable[..., Any] = getattr(module, name)

    def counted(*arguments: Any) -> Any:
        sizes.append(len(arguments[-1]))
        return original(*arguments)

    monkeypatch.setattr(module, name, counted)
    return sizes


def test_reports_are_taken_with_their_bundles_as_one_batch(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = counting(monkeypatch, reports, "verify_reports")
    posted = [engine.report(name) for name in NAMES]
    first = engine.ledger.state.size
    assert engine.ledger.submit_reports([engine.pair(item) for item in posted]) == [*range(first, first + 7)]
    assert sizes == [7]
    assert engine.bundles() == {digest(item) for item in posted}


def test_the_bad_ones_are_named_and_keep_nothing(engine: Engine) -> None:
    good, other = engine.report("n1"), engine.report("n2")
    made = engine.made[digest(good)].bundle
    short = Bundle(salts=made.salts[:2], sealed=made.sealed[:2])
    forged = engine.by("n3", type(good), report=engine.report("n3").report.model_copy(update={"sequence": 1}))
    moved = engine.by(
        "n3", type(good), report=engine.report("n3").report.model_copy(update={"unit": UNITS["n4"]})
    )
    data = encode_transaction(good)
    verdicts = engine.ledger.submit_reports(
        [
            (data, engine.made[digest(other)].bundle.encode()),
            (data, short.encode()),
            (data, b"nonsense"),
            (encode_transaction(engine.scheme_posted()), made.encode()),
            (encode_transaction(forged), made.encode()),
            (encode_transaction(moved), made.encode()),
            (data, made.encode()),
        ]
    )
    kinds = [type(verdict) for verdict in verdicts]
    assert kinds[:4] == [InvalidShare, EncodingError, EncodingError, RuleViolation]
    assert not any(isinstance(verdict, int) for verdict in verdicts[:6])
    assert isinstance(verdicts[6], int) and engine.bundles() == {digest(good)}
    assert engine.figures.reports.keys() == {UNITS["n1"]}


def test_a_report_whose_proof_does_not_hold_is_refused_among_good_ones(engine: Engine) -> None:
    posted = [engine.report(name) for name in ("n1", "n2")]
    stolen = engine.by("n3", type(posted[0]), report=posted[0].report)
    bundle = engine.made[digest(posted[0])].bundle.encode()
    moved = engine.by("n3", type(posted[0]), report=posted[0].report.model_copy(update={"unit": UNITS["n3"]}))
    verdicts = engine.ledger.submit_reports(
        [
            engine.pair(posted[0]),
            (encode_transaction(stolen), bundle),
            (encode_transaction(moved), bundle),
            engine.pair(posted[1]),
        ]
    )
    assert [isinstance(verdict, int) for verdict in verdicts] == [True, False, False, True]
    assert isinstance(verdicts[2], InvalidProof)


def test_a_report_without_its_bundle_is_refused(engine: Engine) -> None:
    with pytest.raises(RuleViolation, match="reports come with their bundle"):
        engine.ledger.submit(encode_transaction(engine.report("n1")))


def test_a_round_is_opened_now(engine: Engine) -> None:
    with pytest.raises(RuleViolation, match="its time is not now"):
        engine.ledger.submit(encode_transaction(engine.opened(at=int(engine.world.clock.now) + 1000)))


def test_the_bundle_of_a_corrected_report_goes(engine: Engine) -> None:
    first = engine.report("n1")
    engine.apply(first)
    second, third = engine.report("n1", sequence=1), engine.report("n1", sequence=2)
    engine.apply(second)
    assert engine.bundles() == {digest(second)}
    fourth = engine.report("n1", sequence=3)
    assert all(
        isinstance(v, int) for v in engine.ledger.submit_reports([engine.pair(third), engine.pair(fourth)])
    )
    assert engine.bundles() == {digest(fourth)}


def test_a_whole_round_on_the_engine(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine.report_all(FIGURES)
    engine.check_all()
    engine.go(Phase.TOTALLING)
    assert len(engine.bundles()) == 7
    engine.go(Phase.CLAIMING)
    assert engine.bundles() == set()
    sizes = counting(monkeypatch, claims, "verify_claims")
    posted = [engine.claims(name) for name in NAMES]
    verdicts = engine.ledger.submit_all([encode_transaction(item) for item in posted])
    assert all(isinstance(verdict, int) for verdict in verdicts)
    assert [size for size in sizes if size] == [sum(len(item.claims) for item in posted)]
    engine.go(Phase.INSPECTING)
    [drawn] = engine.figures.drawn
    names = {unit: name for name, unit in UNITS.items()}
    engine.apply(engine.attested(names[drawn.unit], [drawn.indicator]))
    assert engine.figures.phase is Phase.CONCLUDED

    # After a restart everything is as it was, and an auditor comes to the same.
    before = fingerprint(engine.ledger.state)
    engine.world.consortium.close()
    reopened = EmbeddedLedger.open(tmp_path / "ledger", engine.folder.keys("sequencer").signing_key())
    assert fingerprint(reopened.state) == before
    leaves = [reopened.leaf(index) for index in range(reopened.state.size)]
    found = audit_leaves(leaves, reopened.checkpoint(), engine.ledger.state.ledger)
    reopened.close()
    assert found.ok and found.open_rounds == []
    assert found.figures == {
        "rounds": 1,
        "reports": 7,
        "claims": sum(len(item.claims) for item in posted),
        "pools": 9,
        "attested": 1,
        "drawn": 1,
        "refused": 0,
    }
    assert {"reports", "claims", "pools", "attestations", "draw"} <= found.failures.keys()


def test_a_restart_in_the_middle_of_a_round(engine: Engine, tmp_path: Path) -> None:
    engine.report_all(FIGURES)
    engine.check_all()
    before, kept = fingerprint(engine.ledger.state), engine.bundles()
    engine.world.consortium.close()
    ledger = EmbeddedLedger.open(tmp_path / "ledger", engine.folder.keys("sequencer").signing_key())
    assert fingerprint(ledger.state) == before and set(ledger.bundles(list(engine.made))) == kept
    ledger.close()
