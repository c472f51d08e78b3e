"""What an audit lists beside its verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledger.figure_bench import in_phase
from tests.roles.eventful import Story
from tests.world import World, audit_leaves
from zkperf.encoding import Record
from zkperf.errors import InvalidSignature
from zkperf.ledger.signed import Signed
from zkperf.ledger.signing import verify_signed
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import (
    ComplaintRefused,
    DealsAccepted,
    Genesis,
    decode_transaction,
)
from zkperf.roles.audit_notes import SilentMember, signing_member


def signers(genesis: Genesis, ledger: bytes, transaction: Record) -> list[int]:
    """The members whose signature the transaction carries."""
    found = []
    for j, member in enumerate(genesis.members, 1):
        try:
            assert isinstance(transaction, Signed)
            verify_signed(transaction, member.signing_key, ledger, whose="a member")
        except (InvalidSignature, AssertionError):
            continue
        found.append(j)
    return found


def test_who_signs_is_told_for_every_kind(story: Story) -> None:
    figures = in_phase(Phase.INSPECTING, draw=2)
    told: dict[str, set[int | None]] = {}
    for leaves, state in ((story.leaves, story.world.state), (figures.leaves, figures.state)):
        for leaf in leaves:
            transaction = decode_transaction(leaf)
            member = signing_member(transaction)
            told.setdefault(type(transaction).__name__, set()).add(member)
            if not isinstance(transaction, ComplaintRefused):
                expected = [] if member is None else [member]
                assert signers(state.rules, state.ledger, transaction) == expected
    assert told["ComplaintRefused"] == {2}
    of_members = {name for name, members in told.items() if members != {None}}
    assert {"DealCommitted", "DealPosted", "DealChallenged", "RoundKeys", "DrawShare"} <= of_members
    assert {"Genesis", "Issue", "Core", "Batch", "RoundClosed", "ReportPosted"} <= set(told) - of_members


def test_members_who_never_took_part_are_named_and_nothing_fails(tmp_path: Path) -> None:
    world = World.create(tmp_path / "l", members=4)
    names = [member.name for member in world.state.rules.members]
    report = world.audit()
    assert report.ok
    assert report.silent_members == [SilentMember(j, names[j - 1]) for j in (1, 2, 3, 4)]
    everybody = world.consortium.trustees
    world.consortium.trustees = everybody[:3]
    found = world.open_round()
    assert found.phase is Phase.COMMITTING
    report = world.audit()
    assert report.ok and report.to_json()["silent_members"] == [{"number": 4, "name": names[3]}]
    world.consortium.trustees = everybody
    world.consortium.settle()
    assert found.phase is Phase.OPEN
    report = world.audit()
    assert report.ok and report.silent_members == []


@pytest.mark.parametrize("signed", [True, False])
def test_what_somebody_else_says_in_a_members_name_is_not_that_members(tmp_path: Path, signed: bool) -> None:
    """The operator can write anything on its own log; an audit fails, and the member is still silent."""
    world = World.create(tmp_path / "l", members=4)
    world.consortium.trustees = world.consortium.trustees[:3]
    found = world.open_round()
    holder = "member-4" if signed else "sequencer"
    story = Story(world, found, found, world.leaves(), "", b"")
    # Signed by member 4 it is its word, but not one that the rules take.
    posted = DealsAccepted(signature=bytes(64), round=found.digest, trustee=4)
    leaves = [*story.leaves, story.sign(holder, posted)]
    report = audit_leaves(leaves, story.checkpoint(leaves), story.ledger)
    assert set(report.failures) and not report.ok
    assert [member.number for member in report.silent_members] == [4]
