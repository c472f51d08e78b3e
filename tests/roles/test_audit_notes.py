"""What an audit lists beside its verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledger.figure_bench import in_phase
from tests.ledger.test_identity import opened
from tests.roles.eventful import Story
from tests.world import World, audit_leaves, number, questionnaire, single
from zkperf.encoding import Record
from zkperf.errors import InvalidSignature, RuleViolation
from zkperf.ledger.signed import Signed
from zkperf.ledger.signing import public_bytes, verify_signed
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import (
    ComplaintRefused,
    DealsAccepted,
    Genesis,
    RoundOpened,
    Unit,
    decode_transaction,
)
from zkperf.roles.audit_notes import PLACE, REGISTRAR, SAME, Overlap, SilentMember, overlaps, signing_member


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


# -- rounds that share services ---------------------------------------------------------------------

ONE, TWO = bytes([1]) * 32, bytes([2]) * 32


def round_of(name: str, *units: tuple[str, int | None, bytes | None]) -> tuple[bytes, RoundOpened]:
    return name.encode().ljust(32, b"."), opened(*units).model_copy(update={"name": name})


def called(*names: str) -> tuple[str, ...]:
    """As notes name these rounds."""
    return tuple(f"{name} ({round_of(name)[0].hex()[:12]})" for name in names)


def test_rounds_with_the_same_services_are_listed_together() -> None:
    spring = round_of("spring", ("city", None, None), ("Library", 0, ONE), ("Baths", 0, ONE))
    summer = round_of("summer", ("City", None, None), ("library", 0, ONE), ("BATHS", 0, ONE))
    autumn = round_of("autumn", ("city", None, None), ("Library", 0, ONE), ("Museum", 0, ONE))
    assert overlaps([spring]) == []
    assert overlaps([spring, summer, autumn]) == [
        Overlap(SAME, called("spring", "summer"), ("Baths",)),
        Overlap(SAME, called("spring", "summer", "autumn"), ("Library",)),
    ]


def test_half_the_same_is_listed_as_such() -> None:
    one = round_of("one", ("all", None, None), ("North", 0, None), ("Library", 1, ONE))
    other_key = round_of("two", ("all", None, None), ("North", 0, None), ("Library", 1, TWO))
    assert overlaps([one, other_key]) == [Overlap(REGISTRAR, called("one", "two"), ("North/Library",))]
    elsewhere = round_of("three", ("North", None, None), ("Library", 0, ONE))
    assert overlaps([one, elsewhere]) == [
        Overlap(PLACE, called("one", "three"), ("Library", "North/Library"))
    ]
    neither = round_of("four", ("North", None, None), ("Library", 0, TWO))
    assert overlaps([one, neither]) == []


def test_two_libraries_of_one_round_are_two() -> None:
    """In the next round they are again: nothing is said but that both are the same."""
    tree = [("all", None, None), ("N", 0, None), ("S", 0, None), ("Library", 1, ONE), ("Library", 2, ONE)]
    both = overlaps([round_of("one", *tree), round_of("two", *tree)])
    assert both == [Overlap(SAME, called("one", "two"), ("N/Library", "S/Library"))]


def test_audits_list_rounds_that_share_services_also_one_after_the_other(tmp_path: Path) -> None:
    world = World.create(tmp_path / "l")
    first = world.open_round(("A", "B"), name="first")
    assert world.audit().shared_services == []
    world.close_round(first)
    second = world.open_round(("B", "C"), questionnaire(single("again")), name="second")
    report = world.audit()
    assert report.ok
    names = [f"{found.opened.name} ({found.digest.hex()[:12]})" for found in (first, second)]
    shared = {"why": SAME, "rounds": names, "services": ["B"]}
    assert report.to_json()["shared_services"] == [shared]


def test_rounds_that_never_opened_share_nothing(tmp_path: Path) -> None:
    world = World.create(tmp_path / "l")
    members = world.consortium.trustees
    world.consortium.trustees = []
    world.close_round(world.open_round(("A",), name="abandoned"))
    world.consortium.trustees = members
    world.open_round(("A",), questionnaire(single("again")), name="second")
    assert world.audit().shared_services == []


def test_two_rounds_of_one_service_would_tell_an_answer(tmp_path: Path) -> None:
    """Three people rate both times, one only in the second round. What is published of each passes the
    disclosure rule; the difference is one citizen's answer. So the rounds are not open together."""
    world = World.create(tmp_path / "l")

    def published(name: str, root: str, answers: list[int]) -> int:
        evaluator = world.folder.evaluator(world.state.ledger, world.clock)
        asked = questionnaire(number(required=True)).model_copy(update={"id": name})
        world.consortium.submit(evaluator.post_scheme(asked))
        key = public_bytes(world.folder.registrar().key)
        units = [
            Unit(name=root, parent=None, registrar=None),
            Unit(name="Library", parent=0, registrar=key),
        ]
        scheme = list(world.state.schemes)[-1]
        world.consortium.submit(evaluator.open_round(scheme, name, 2, units))
        found = list(world.state.rounds.values())[-1]
        world.rate(found, [{"minutes": answer} for answer in answers])
        if name != "still open":
            world.close_round(found)
            [total] = [item.total for item in found.result[1].questions]
            return int(total)
        return 0

    few, many = [100, 80, 60], [100, 80, 60, 60]
    told = published("second", "City", many) - published("first", "city", few)
    assert told == 60
    [note] = world.audit().shared_services
    assert (note.why, note.services) == (SAME, ("Library",))
    published("still open", "city", few)
    with pytest.raises(RuleViolation, match="service 'City/Library' is in another open round"):
        published("at the same time", "City", many)
