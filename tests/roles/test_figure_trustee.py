"""Trustees in a round of figures: bad shares, bundles that cannot be had, and sums of bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from circuits.rating import Bundle, seal_shares
from tests.roles.figures import QUALITY, TURNOVER, FigureWorld
from zkperf.errors import InvalidShare
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import BundlesLost, Checked, decode_transaction
from zkperf.roles.report_book import ReportBook
from zkperf.roles.trustee import Trustee
from zkperf.sharing import Share


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FigureWorld]:
    made = FigureWorld.create(tmp_path)
    yield made
    made.world.consortium.close()


def test_a_bad_share_strikes_the_report(world: FigureWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(group, ledger, core, trustees, y, shares, source):  # type: ignore[no-untyped-def]
        wrong = [[Share((share.values[0] + 1,), share.blinding) for share in row] for row in shares]
        sealed: tuple[Bundle, bytes] = seal_shares(group, ledger, core, trustees, y, wrong, source)
        return sealed

    for number in (1, 2):
        world.report(number, {QUALITY: 100 + number, TURNOVER: 2000 + 1000 * number})
    monkeypatch.setattr("circuits.report.prover.seal_shares", spoilt)
    world.report(0, {QUALITY: 300})
    assert world.found.reports[1].struck
    world.close()
    assert world.found.phase is Phase.CLAIMING
    world.claim(1)
    world.claim(2)
    assert world.found.result is not None
    assert world.found.result[0].pools[QUALITY].sum == 203


@pytest.mark.parametrize(
    ("turnovers", "share"),
    [((2000, 2100), "1.000000"), ((2600, 9000), "0.000000"), ((2500, 2501), "0.500000")],
)
def test_sums_of_bits_are_posted_whatever_they_are(
    world: FigureWorld, turnovers: tuple[int, int], share: str
) -> None:
    """To hold one back would tell what it is."""
    for number, turnover in enumerate(turnovers):
        world.report(number, {TURNOVER: turnover})
    world.close()
    assert world.found.phase is Phase.CLAIMING
    for number in range(2):
        world.claim(number)
    assert world.found.result is not None
    assert world.found.result[0].pools[TURNOVER].share == share


def test_what_cannot_be_had_was_not_checked(world: FigureWorld) -> None:
    """A member that was not given a report's shares says that it lacks them, and not that they are good."""
    consortium = world.world.consortium
    group = consortium.ledger.state.commitment_group
    withheld = Trustee(1, consortium.trustees[0].store, group)
    consortium.trustees = []
    world.report(0, {QUALITY: 100})
    world.close()
    [filed] = world.found.reports.values()
    [said] = withheld.duties_in(world.world.state, world.found, lambda digests: {})
    lost = decode_transaction(said)
    assert isinstance(lost, BundlesLost) and lost.entries == (filed.digest,)
    [said] = withheld.duties_in(world.world.state, world.found, consortium.ledger.bundles)
    assert isinstance(decode_transaction(said), Checked)


def test_a_bundle_of_another_report_is_no_reason_to_complain(world: FigureWorld) -> None:
    """Whoever hands out the wrong bundle cannot make a member complain about a good report."""
    for number in range(2):
        world.report(number, {QUALITY: 100 + number})
    trustee, group = world.world.consortium.trustees[0], world.world.state.commitment_group
    book = ReportBook(1, group, trustee.store.sealing_key(group))

    def exchanged(digests: Sequence[bytes]) -> dict[bytes, bytes]:
        right = world.world.consortium.ledger.bundles(digests)
        return dict(zip(right, reversed(right.values()), strict=True))

    reports = sorted(filed.digest for filed in world.found.reports.values())
    assert book.settle(world.world.state, world.found, exchanged) == reports
    assert book.bad(world.found) == []


def test_nothing_is_summed_without_the_shares(world: FigureWorld) -> None:
    world.report(0, {QUALITY: 100})
    trustee, group = world.world.consortium.trustees[0], world.world.state.commitment_group
    book = ReportBook(1, group, trustee.store.sealing_key(group))
    with pytest.raises(InvalidShare, match="has no good share"):
        book.sum(world.found, QUALITY, 0)
    book.settle(world.world.state, world.found, world.world.consortium.ledger.bundles)
    book.sum(world.found, QUALITY, 0)


def test_shares_are_opened_again_after_a_restart(world: FigureWorld) -> None:
    world.report(0, {QUALITY: 100})
    world.report(1, {QUALITY: 120})
    consortium = world.world.consortium
    group = consortium.ledger.state.commitment_group
    consortium.trustees = [Trustee(t.index, t.store, group) for t in consortium.trustees]
    world.close()
    assert world.found.openings[QUALITY, 0].values == (220,)
