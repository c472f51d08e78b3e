"""Shares of reports: those of ratings, one value for each commitment; complaints are judged alike."""

from __future__ import annotations

from typing import Any

import pytest

from circuits.complaint import FalseComplaint, complain, judge
from circuits.rating import Bundle, check_sealed, check_shares, open_shares
from circuits.report import Report
from tests.circuits.report.world import FIGURES, World
from tests.suites import EVERY
from zkperf.errors import EncodingError, InvalidShare
from zkperf.groups.base import Group
from zkperf.proofs.intervals import figure_key
from zkperf.sealing import bundle_digest, salted_digest
from zkperf.sharing import Share, interpolate


def opened(world: World, report: Report, bundle: Bundle, j: int) -> tuple[Share, ...]:
    shared = world.secrets[j - 1] * world.group.decode(report.ephemeral)
    keys = [figure_key(world.group)] * len(report.commitments)
    return open_shares(world.group, keys, world.context.ledger, report, j, shared, bundle.sealed[j - 1])


@pytest.mark.parametrize("group", EVERY)
def test_any_three_trustees_have_the_figures_and_their_bits(group: Group) -> None:
    world = World(group)
    report, bundle, openings = world.report()
    decoded = world.accepted(report)
    check_sealed(group, [1] * 4, report, bundle, 4)
    keys = [figure_key(group)] * 4
    shares = {j: opened(world, report, bundle, j) for j in (1, 2, 4)}
    for j, items in shares.items():
        check_shares(keys, decoded.commitments, decoded.coefficients, j, items)
    for q, (k, value) in enumerate([*FIGURES.items(), (None, 1)]):
        opening = interpolate(group.order, {j: items[q] for j, items in shares.items()})
        assert opening.values == (value,)
        keys[q].verify_opening(decoded.commitments[q], opening.values, opening.blinding)
        assert k is None or openings[k].blinding == opening.blinding


def test_shares_open_for_this_report_alone() -> None:
    world = World()
    report, bundle, _ = world.report()
    other, another, _ = world.report()
    for changed in (
        {"round": b"Q" * 32},
        {"unit": 4},
        {"sequence": 1},
        {"reported": (0, 1, 2)},
        {"commitments": other.commitments},
        {"coefficients": other.coefficients},
    ):
        with pytest.raises(InvalidShare):
            opened(world, world.change(report, **changed), bundle, 1)
    with pytest.raises(InvalidShare, match="not the one"):
        check_sealed(world.group, [1] * 4, report, another, 4)
    with pytest.raises(EncodingError, match="5 trustees"):
        check_sealed(world.group, [1] * 4, report, bundle, 5)
    with pytest.raises(EncodingError, match="bytes"):
        check_sealed(world.group, [1] * 3, report, bundle, 4)


def verdict(world: World, report: Report, complaint: Any) -> None:
    decoded = world.accepted(report)
    judge(
        world.group,
        world.context.ledger,
        report,
        complaint,
        trustee_key=world.trustees[complaint.trustee - 1],
        keys=[figure_key(world.group)] * 4,
        commitments=decoded.commitments,
        coefficients=decoded.coefficients,
    )


@pytest.mark.parametrize("group", EVERY)
def test_a_complaint_about_a_good_share_is_false(group: Group) -> None:
    world = World(group)
    report, bundle, _ = world.report()
    complaint = complain(group, world.context.ledger, b"D" * 32, report, bundle, 2, world.secrets[1])
    with pytest.raises(FalseComplaint):
        verdict(world, report, complaint)


def test_a_complaint_about_a_bad_share_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that seals nonsense for trustee 2."""
    from circuits.report import prover

    def spoilt(*arguments: Any) -> tuple[Bundle, bytes]:
        bundle, _ = seal(*arguments)
        sealed = (bundle.sealed[0], bytes(len(bundle.sealed[1])), *bundle.sealed[2:])
        changed = Bundle(salts=bundle.salts, sealed=sealed)
        return changed, bundle_digest([*map(salted_digest, changed.salts, changed.sealed)])

    seal = prover.seal_shares
    monkeypatch.setattr(prover, "seal_shares", spoilt)
    world = World()
    report, bundle, _ = world.report()
    complaint = complain(world.group, world.context.ledger, b"D" * 32, report, bundle, 2, world.secrets[1])
    verdict(world, report, complaint)
