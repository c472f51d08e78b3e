"""A round's opening, closing and deadlines."""

from __future__ import annotations

import pytest

from tests.ledger.bench import Bench, a_new_round, a_round, before, in_phase
from zkperf.ledger.paths import names_to
from zkperf.ledger.rules.common import LONGEST_ROUND
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Abandonment, Phase
from zkperf.ledger.transactions import RoundOpened, Unit, digest


def start() -> tuple[Bench, RoundOpened]:
    """Just before a round is opened, and the transaction that opens it."""
    return before(RoundOpened)


def registrar(bench: Bench) -> bytes:
    return public_bytes(bench.key("registrar"))


def with_units(
    bench: Bench, opened: RoundOpened, *units: tuple[str, int | None, bool], name: str = "another"
) -> RoundOpened:
    """The round with other units: (name, parent, has a registrar), and a name of its own."""
    key = registrar(bench)
    listed = tuple(Unit(name=unit, parent=up, registrar=key if leaf else None) for unit, up, leaf in units)
    changed: RoundOpened = bench.resigned("evaluator", opened, units=listed, name=name)
    return changed


# -- opening ----------------------------------------------------------------------------------------


def test_a_round_is_opened_with_its_tree_and_k_min() -> None:
    bench, opened = start()
    bench.apply(opened)
    found = bench.round
    assert (found.digest, found.index) == (digest(opened), 2)
    assert (found.opened, found.last_time) == (opened, opened.at)
    assert found.phase is Phase.COMMITTING
    assert found.scheme is bench.state.schemes[opened.scheme]
    assert found.tree.parents == (None, 0, 0, 0)
    assert sorted(found.cohorts) == [1, 2, 3]
    [keygen] = found.keygens
    assert keygen.context.cohorts == (1, 2, 3)
    assert (keygen.context.threshold, keygen.context.trustees) == (2, bench.state.sealing_keys)


def test_a_round_is_opened_once() -> None:
    bench, opened = start()
    bench.apply(opened)
    bench.refuse(opened, "rounds", "this round is on the ledger already")


def test_its_scheme_is_on_the_ledger() -> None:
    bench, opened = start()
    forged = bench.resigned("evaluator", opened, scheme=bytes(32))
    bench.refuse(forged, "rounds", "the round's scheme is not on the ledger")


def test_k_min_is_not_below_the_ledgers_floor() -> None:
    bench, opened = start()
    assert bench.state.rules.min_cohort_floor == 2
    for k_min in (0, 1):
        forged = bench.resigned("evaluator", opened, min_cohort=k_min)
        bench.refuse(forged, "rounds", "k_min must be at least 2 on this ledger")
    bench.apply(bench.resigned("evaluator", opened, min_cohort=2))


@pytest.mark.parametrize(
    ("parents", "match"),
    [
        ((), "units: unit 0 must be the root"),
        ((0,), "units: unit 0 must be the root"),
        ((None, None), "units: unit 1: its parent must be listed before it"),
        ((None, 1), "units: unit 1: its parent must be listed before it"),
        ((None, 2, 0), "units: unit 1: its parent must be listed before it"),
        ((None, 0, 7), "units: unit 2: its parent must be listed before it"),
    ],
)
def test_units_form_one_tree_parents_first(parents: tuple[int | None, ...], match: str) -> None:
    bench, opened = start()
    units = [(f"unit {i}", parent, i > 0) for i, parent in enumerate(parents)]
    bench.refuse(with_units(bench, opened, *units), "rounds", match)


def test_services_and_only_they_have_a_registrar() -> None:
    bench, opened = start()
    match = "'{}': services, and only they, have a registrar"
    for units, who in (
        ([("all", None, True), ("A", 0, True)], "all"),
        ([("all", None, False), ("A", 0, False)], "A"),
        ([("all", None, False), ("north", 0, True), ("A", 1, True)], "north"),
        ([("alone", None, False)], "alone"),
    ):
        bench.refuse(with_units(bench, opened, *units), "rounds", match.format(who))
    bench.apply(with_units(bench, opened, ("alone", None, True)))
    assert bench.round.tree.leaves() == [0]


def test_units_of_one_parent_differ_in_name() -> None:
    bench, opened = start()
    twins = with_units(bench, opened, ("all", None, False), ("A", 0, True), ("A", 0, True))
    bench.refuse(twins, "rounds", "two units are called 'A': give one another name")
    for one, other in (
        ("A", "a"),
        ("Café", "CAFÉ"),
        ("A", "Ａ"),
        ("ﬁre", "fire"),
    ):
        alike = with_units(bench, opened, ("all", None, False), (one, 0, True), (other, 0, True))
        bench.refuse(alike, "rounds", f"units {one!r} and {other!r} read alike: give one another name")
    # What prints as one path is one to its readers, wherever it stands.
    slashed = [("all", None, False), ("north", 0, False), ("A", 1, True), ("north/A", 0, True)]
    bench.refuse(with_units(bench, opened, *slashed), "rounds", "two units are called 'north/A'")
    cousins = [("all", None, False), ("north", 0, False), ("south", 0, False), ("A", 1, True), ("A", 2, True)]
    bench.apply(with_units(bench, opened, *cousins))
    assert names_to(bench.round.opened.units, 3) == ("all", "north", "A")
    assert names_to(bench.round.opened.units, 4) == ("all", "south", "A")


@pytest.mark.parametrize("name", ["", " ", "a\n", "a\u200b", "Cafe\u0301", "\u0378", "x" * 201, "a  b"])
def test_names_of_rounds_and_units_are_names(name: str) -> None:
    bench, opened = start()
    if name:  # an empty one is no text of a record
        forged = bench.resigned("evaluator", opened, name=name)
        bench.refuse(forged, "rounds", "^the round's name: ")
        units = (("all", None, False), (name, 0, True))
        bench.refuse(with_units(bench, opened, *units), "rounds", "^unit 1: ")


def test_a_service_may_be_called_what_the_root_is_called() -> None:
    bench, opened = start()
    bench.apply(with_units(bench, opened, ("Library", None, False), ("Library", 0, True)))


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.PUBLISHED, Phase.ABANDONED])
def test_a_name_is_one_rounds_for_good(phase: Phase) -> None:
    bench = in_phase(phase).fork()
    opened = bench.round.opened
    for name in (opened.name, opened.name.upper(), f"\uff32{opened.name[1:]}"):
        second = with_units(bench, opened, ("all", None, False), ("D", 0, True), name=name)
        bench.refuse(second, "rounds", f"has a round {opened.name!r} already: choose another name")
    bench.apply(with_units(bench, opened, ("all", None, False), ("D", 0, True), name=f"{opened.name} 2"))


@pytest.mark.parametrize("phase", [Phase.COMMITTING, Phase.DEALING, Phase.ACCEPTING, Phase.KEYED, Phase.OPEN])
def test_a_service_is_in_one_open_round_at_a_time(phase: Phase) -> None:
    bench = in_phase(phase)
    opened = bench.round.opened
    again = bench.resigned("evaluator", opened, name="another round")
    bench.refuse(again, "rounds", "service 'all/A' is in another open round")
    overlapping = with_units(bench, opened, ("all", None, False), ("D", 0, True), ("C", 0, True))
    bench.refuse(overlapping, "rounds", "service 'all/C' is in another open round")


@pytest.mark.parametrize(
    "units",
    [
        [("City", None, False), ("A", 0, True)],
        [("anything", None, False), ("D", 0, True), ("A", 0, True)],
        [("all", None, False), ("a", 0, True)],
        [("all", None, False), ("\uff21", 0, True)],
        [("A", None, True)],
    ],
)
def test_a_service_is_the_same_whatever_the_root_is_called_and_however_it_is_written(
    units: list[tuple[str, int | None, bool]],
) -> None:
    bench = a_round()
    again = with_units(bench, bench.round.opened, *units)
    bench.refuse(again, "rounds", "service '.*' is in another open round, 'round'")


def test_other_services_may_be_in_another_round() -> None:
    bench = a_round()
    opened = bench.round.opened
    bench.apply(with_units(bench, opened, ("all", None, False), ("D", 0, True)))
    other = Unit(name="A", parent=0, registrar=bytes([1]) * 32)
    bench.apply(bench.resigned("evaluator", opened, units=(opened.units[0], other), name="third"))
    # The same name elsewhere in the tree is another service, and so is another registrar's.
    bench.apply(
        with_units(bench, opened, ("all", None, False), ("north", 0, False), ("A", 1, True), name="fourth")
    )
    assert len(bench.state.rounds) == 4


@pytest.mark.parametrize("phase", [Phase.DRAINING, Phase.SUMMING, Phase.PUBLISHED, Phase.ABANDONED])
def test_after_close_a_service_may_be_in_the_next_round(phase: Phase) -> None:
    bench = in_phase(phase).fork()
    bench.apply(bench.resigned("evaluator", bench.round.opened, name="next round"))
    assert bench.round.phase is Phase.COMMITTING


# -- the announced end ------------------------------------------------------------------------------


def test_an_announced_end_comes_after_the_opening() -> None:
    bench, opened = start()
    for until in (0, opened.at):
        early = bench.resigned("evaluator", opened, until=until)
        bench.refuse(early, "rounds", "the announced end is not after the opening")
    bench.apply(bench.resigned("evaluator", opened, until=opened.at + 1))


def test_an_announced_end_is_not_years_away() -> None:
    bench, opened = start()
    late = bench.resigned("evaluator", opened, until=opened.at + LONGEST_ROUND + 1)
    bench.refuse(late, "rounds", "the announced end is more than 731 days after the opening")
    bench.apply(bench.resigned("evaluator", opened, until=opened.at + LONGEST_ROUND))


def announced(end: int, phase: Phase = Phase.OPEN) -> Bench:
    """A round in this phase that ends so many seconds after it opened."""
    bench, opened = start()
    bench.apply(bench.resigned("evaluator", opened, until=opened.at + end))
    bench.settle(until=lambda: bench.round.phase is phase)
    assert bench.round.phase is phase
    return bench


def test_a_round_is_not_closed_before_the_end_that_it_has_announced() -> None:
    bench = announced(100)
    end = bench.round.opened.until
    early = bench.close(at=end - 1)
    bench.refuse(early, "rounds", f"the round has announced that it is open until {end}")
    bench.apply(bench.close(at=end))
    assert (bench.round.phase, bench.round.last_time) == (Phase.DRAINING, end)


@pytest.mark.parametrize("phase", [Phase.COMMITTING, Phase.DEALING, Phase.ACCEPTING, Phase.KEYED])
def test_a_round_that_nobody_could_rate_in_is_abandoned_before_its_announced_end(phase: Phase) -> None:
    bench = announced(100, phase)
    bench.apply(bench.close())
    assert bench.round.phase is Phase.ABANDONED


# -- closing ----------------------------------------------------------------------------------------


def test_an_open_round_is_closed() -> None:
    bench = a_round()
    at = bench.round.last_time
    bench.apply(bench.close(at=at + 5))
    assert (bench.round.phase, bench.round.last_time) == (Phase.DRAINING, at + 5)


@pytest.mark.parametrize("phase", [Phase.COMMITTING, Phase.DEALING, Phase.ACCEPTING, Phase.KEYED])
def test_a_round_without_keys_is_abandoned(phase: Phase) -> None:
    bench = in_phase(phase).fork()
    bench.apply(bench.close())
    assert bench.round.phase is Phase.ABANDONED


def test_a_round_does_not_close_before_it_opened() -> None:
    bench = a_round()
    early = bench.close(at=bench.round.last_time - 1)
    bench.refuse(early, "rounds", "the round would close before it opened")
    bench.apply(bench.close(at=bench.round.last_time))


# -- abandoning --------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [Phase.DRAINING, Phase.CHECKING])
def test_any_member_may_abandon_a_closed_round_in_which_nothing_moves(phase: Phase) -> None:
    bench = in_phase(phase).fork()
    seconds = bench.state.rules.abandon_seconds
    assert seconds == 4 * bench.state.rules.stage_seconds
    closed = bench.round.last_time
    bench.refuse(bench.abandoned(2, late=-1), "rounds", f"may be abandoned from {closed + seconds} on")
    given_up = bench.abandoned(2)
    bench.apply(given_up)
    found = bench.round
    assert (found.phase, found.last_time) == (Phase.ABANDONED, given_up.at)
    assert found.abandoned == Abandonment(bench.state.size - 1, 2)
    bench.refuse(bench.abandoned(3), "rounds", "does not allow this")


def test_a_round_is_not_abandoned_once_its_counted_set_is_fixed() -> None:
    for phase in (Phase.OPEN, Phase.SUMMING, Phase.TOTALLING, Phase.OPENED, Phase.PUBLISHED):
        bench = in_phase(phase)
        bench.refuse(bench.abandoned(1, late=10**9), "rounds", "does not allow this")


def test_of_an_abandoned_round_nothing_is_said_any_more() -> None:
    bench = in_phase(Phase.CHECKING).fork()
    word, deadline = bench.checked(1), bench.deadline(late=10**9)
    bench.apply(bench.abandoned(3))
    bench.refuse(word, "counted set", "does not allow this")
    bench.refuse(deadline, "rounds", "does not allow this")
    bench.settle()
    assert bench.round.phase is Phase.ABANDONED and bench.round.openings == {}


# -- deadlines: four members, threshold 2, three are enough ----------------------------------------------


def at_stage(phase: Phase, *finished: int) -> Bench:
    """A round in this phase, in which these members have done their part and the others nothing."""
    bench = a_new_round()
    assert bench.state.enough == 3
    for stage in (Phase.COMMITTING, Phase.DEALING, Phase.ACCEPTING, Phase.KEYED, Phase.OPEN):
        if phase is stage:
            break
        bench.settle(until=lambda stage=stage: bench.round.phase is not stage)  # type: ignore[misc]
    if phase is Phase.CHECKING:
        bench.settle()
        bench.apply(bench.close())
        bench.apply(bench.drained())
    assert bench.round.phase is phase
    if finished:
        bench.settle(*finished, until=lambda: bench.round.phase is not phase)
    return bench


STAGES = {
    Phase.COMMITTING: Phase.DEALING,
    Phase.DEALING: Phase.ACCEPTING,
    Phase.ACCEPTING: Phase.KEYED,
    # Nobody has rated: nothing is to be opened.
    Phase.CHECKING: Phase.OPENED,
}


@pytest.mark.parametrize("stage", STAGES)
def test_at_the_deadline_those_who_have_finished_go_on_if_they_are_enough(stage: Phase) -> None:
    bench = at_stage(stage, 1, 2, 4)
    deadline = bench.deadline(late=3)
    bench.apply(deadline)
    assert (bench.round.phase, bench.round.last_time) == (STAGES[stage], deadline.at)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_lasts_as_long_as_the_genesis_says(stage: Phase) -> None:
    bench = at_stage(stage, 1, 2, 3)
    bench.refuse(bench.deadline(late=-1), "rounds", f"the stage lasts until {bench.deadline().at}")
    bench.apply(bench.deadline())


@pytest.mark.parametrize("stage", STAGES)
def test_with_too_few_the_stage_goes_on(stage: Phase) -> None:
    bench = at_stage(stage, 1, 4)
    match = "only 2 members have finished, 3 are needed: the stage goes on"
    bench.refuse(bench.deadline(late=10**6), "rounds", match)


@pytest.mark.parametrize("stage", STAGES)
def test_a_member_may_say_that_the_time_is_over(stage: Phase) -> None:
    bench = at_stage(stage, 1, 2, 4)
    bench.apply(bench.resigned(3, bench.deadline(), signer=public_bytes(bench.key(3))))
    assert bench.round.phase is STAGES[stage]


def test_nobody_has_checked_right_after_the_mark() -> None:
    bench = at_stage(Phase.CHECKING)
    bench.refuse(bench.deadline(), "rounds", "only 0 members have finished")


def test_the_next_stage_is_counted_from_the_deadline() -> None:
    bench = at_stage(Phase.COMMITTING, 1, 2, 3)
    first = bench.deadline(late=100)
    bench.apply(first)
    bench.settle(1, 2, until=lambda: bench.round.phase is not Phase.DEALING)
    second = bench.deadline()
    assert second.at == first.at + bench.state.rules.stage_seconds
    bench.refuse(second, "rounds", "only 2 members have finished")


def test_who_has_not_committed_does_not_hold_up_those_who_deal() -> None:
    bench = at_stage(Phase.COMMITTING, 1, 2, 3)
    bench.apply(bench.deadline())
    bench.settle(1, 2, 3, until=lambda: bench.round.phase is not Phase.DEALING)
    assert bench.round.phase is Phase.ACCEPTING


def test_a_threshold_of_all_members_needs_all_of_them() -> None:
    bench = a_new_round(4, 4)
    assert bench.state.enough == 4
    bench.settle(1, 2, 3)
    bench.refuse(bench.deadline(), "rounds", "only 3 members have finished, 4 are needed")


OTHERS = [Phase.KEYED, Phase.OPEN, Phase.DRAINING, Phase.SUMMING, Phase.OPENED, Phase.PUBLISHED]


@pytest.mark.parametrize("phase", OTHERS)
def test_other_phases_have_no_deadline(phase: Phase) -> None:
    bench = in_phase(phase)
    bench.refuse(bench.deadline(), "rounds", "does not allow this")
