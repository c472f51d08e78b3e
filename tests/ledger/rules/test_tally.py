"""The tally: the counted set is fixed once, every sum is checked, and only what may be published opens."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.bench import Bench, Rated, a_round, in_phase
from tests.world import World
from zkperf.errors import EncodingError, InvalidOpening
from zkperf.ledger.disclosure import Reason
from zkperf.ledger.rules.tally import expected_sums, open_totals
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import NodeSum, SumsPosted, decode_transaction
from zkperf.sharing import Share

CHECK = "openings"


def rated_by(*ratings: Rated, name: str = "totals") -> Bench:
    """A closed round in which these have rated, and nobody has checked yet."""
    bench = a_round(name)
    bench.ratings = [
        rated for rated in bench.ratings if rated.core.pseudonym in {r.core.pseudonym for r in ratings}
    ]
    bench.rate_all()
    return bench


# -- the counted set ----------------------------------------------------------------------------------


def test_the_counted_set_is_fixed_when_all_have_checked() -> None:
    bench = in_phase(Phase.CHECKING).fork()
    for j in (2, 3):
        bench.apply(bench.checked(j))
        assert bench.round.phase is Phase.CHECKING and bench.round.publication is None
    bench.apply(bench.checked(1))
    assert bench.round.phase is Phase.SUMMING
    assert bench.round.numbers == {0: 9, 1: 6, 2: 3, 3: 0}
    assert bench.round.publication is not None
    assert bench.round.publication.withheld == {3: Reason.EMPTY}


def test_a_member_says_once_that_it_has_checked() -> None:
    bench = in_phase(Phase.CHECKING).fork()
    bench.apply(bench.checked(2))
    bench.refuse(bench.checked(2), "counted set", "this member has said so already")


def test_no_rating_enters_once_members_are_checking() -> None:
    bench = a_round()
    bench.rate_all(1)
    late = bench.batch([rated.core for rated in bench.of(2)], final=True)[0]
    bench.refuse(late, "batches", "does not allow this")


def test_where_nothing_may_be_published_nothing_is_opened() -> None:
    bench = rated_by(a_round("totals").of(1)[0])
    bench.settle()
    assert bench.round.publication is not None and bench.round.publication.published == []
    assert bench.round.publication.withheld[0] is Reason.SMALL
    assert (bench.round.phase, bench.round.openings) == (Phase.PUBLISHED, {})
    assert not any(isinstance(leaf, SumsPosted) for leaf in map(decode_transaction, bench.leaves))


# -- sums ---------------------------------------------------------------------------------------------


def summing() -> tuple[Bench, SumsPosted]:
    """Just before the first sums, and what member 1 would post."""
    bench = in_phase(Phase.SUMMING).fork()
    return bench, bench.duty(1)


def totalling() -> tuple[Bench, SumsPosted]:
    """The same of the optional totals."""
    bench = in_phase(Phase.TOTALLING).fork()
    return bench, bench.duty(1)


STAGES = [summing, totalling]


def changed(bench: Bench, posted: SumsPosted, place: int, **changes: Any) -> SumsPosted:
    sums = list(posted.sums)
    sums[place] = sums[place].model_copy(update=changes)
    forged: SumsPosted = bench.resigned(posted.trustee, posted, sums=tuple(sums))
    return forged


def test_sums_are_posted_for_what_may_be_published() -> None:
    _, posted = summing()
    assert [(item.commitment, item.unit) for item in posted.sums] == [(0, 0), (0, 1), (0, 2)]
    _, posted = totalling()
    assert [(item.commitment, item.unit) for item in posted.sums] == [(1, 0), (2, 0), (2, 1)]


@pytest.mark.parametrize("stage", STAGES)
def test_no_more_and_no_less_is_summed(stage: Any) -> None:
    bench, posted = stage()
    sums, match = posted.sums, "sums are posted for what may be published, no more, no less"
    withheld = NodeSum(commitment=posted.stage, unit=3, values=sums[0].values, blinding=sums[0].blinding)
    for forged in (sums[:-1], sums[1:], (*sums, withheld), sums[::-1], (*sums, sums[0]), ()):
        bench.refuse(bench.resigned(1, posted, sums=forged), "disclosure", match)
    for changes in ({"unit": 3}, {"commitment": 7}):
        bench.refuse(changed(bench, posted, 0, **changes), "disclosure", match)
    bench.apply(posted)


def test_the_total_of_a_small_group_is_not_opened() -> None:
    """One of B, six of A: B is withheld for itself and A to shield it, so only the root is summed."""
    everybody = a_round("totals")
    bench = rated_by(*everybody.of(1), everybody.of(2)[0])
    bench.settle(until=lambda: bench.round.phase is Phase.SUMMING)
    assert bench.round.publication is not None
    assert bench.round.publication.withheld == {1: Reason.SHIELD, 2: Reason.SMALL, 3: Reason.EMPTY}
    posted: SumsPosted = bench.duty(1)
    assert [item.unit for item in posted.sums] == [0]
    too_much = NodeSum(commitment=0, unit=1, values=posted.sums[0].values, blinding=posted.sums[0].blinding)
    forged = bench.resigned(1, posted, sums=(*posted.sums, too_much))
    bench.refuse(forged, "disclosure", "no more, no less")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_wrong_sum_is_refused(stage: Any, place: int) -> None:
    bench, posted = stage()
    group, item = bench.state.commitment_group, posted.sums[place]
    one_more = group.encode_scalar((group.decode_scalar(item.values[0]) + 1) % group.order)
    blinding = group.encode_scalar((group.decode_scalar(item.blinding) + 1) % group.order)
    name = bench.round.opened.units[item.unit].name
    for changes in (
        {"values": (one_more, *item.values[1:])},
        {"blinding": blinding},
        {"values": (*item.values, bytes(32))},
        {"values": item.values[:-1]},
        {"values": ()},
    ):
        forged = changed(bench, posted, place, **changes)
        bench.refuse(forged, CHECK, f"member 1's sum for unit '{name}'", InvalidOpening)


@pytest.mark.parametrize("stage", STAGES)
def test_sums_are_written_in_one_way(stage: Any) -> None:
    bench, posted = stage()
    group, item = bench.state.commitment_group, posted.sums[0]
    for changes in (
        {"values": (unreduced(group, item.values[0]), *item.values[1:])},
        {"blinding": unreduced(group, item.blinding)},
    ):
        bench.refuse(changed(bench, posted, 0, **changes), "encoding", error=EncodingError)


def unreduced(group: Any, data: bytes) -> bytes:
    """The same scalar plus the group's order, in as many bytes."""
    return (group.decode_scalar(data) + group.order).to_bytes(32, "little")


@pytest.mark.parametrize("stage", STAGES)
def test_another_members_sums_are_not_ones_own(stage: Any) -> None:
    bench, posted = stage()
    copied = bench.resigned(2, posted, trustee=2)
    bench.refuse(copied, CHECK, "member 2's sum for unit 'all'", InvalidOpening)


@pytest.mark.parametrize("stage", STAGES)
def test_a_member_posts_its_sums_once_and_the_threshold_is_enough(stage: Any) -> None:
    bench, posted = stage()
    phase = bench.round.phase
    second, third = bench.duty(2), bench.duty(3)
    bench.apply(posted)
    assert bench.round.phase is phase
    bench.refuse(posted, CHECK, "this member has posted its sums already")
    bench.apply(second)
    assert bench.round.phase is not phase
    # The third comes too late, in whatever stage.
    match = "at stage 1, not 0" if phase is Phase.SUMMING else "does not allow this"
    bench.refuse(third, CHECK, match)


def test_the_second_stage_is_not_the_first() -> None:
    bench, posted = summing()
    bench.refuse(bench.resigned(1, posted, stage=1), CHECK, "the round is at stage 0, not 1")
    bench, posted = totalling()
    bench.refuse(bench.resigned(1, posted, stage=0), CHECK, "the round is at stage 1, not 0")
    bench.refuse(bench.resigned(1, posted, stage=2), CHECK, "the round is at stage 1, not 2")
    # Who has posted in the first stage posts again in the second.
    bench.apply(posted)


# -- openings -----------------------------------------------------------------------------------------

OPENED = {
    # very good, good, fair, poor (very poor is the rest), and who answered minutes and visits
    (0, 0): (1, 4, 1, 3, 6, 4),
    (0, 1): (1, 3, 1, 1, 5, 4),
    (0, 2): (0, 1, 0, 2, 1, 0),
    # minutes and visits, in binary digits
    (1, 0): 150,
    (2, 0): 6,
    (2, 1): 6,
}


@pytest.mark.parametrize("members", list(combinations((1, 2, 3), 2)))
def test_any_members_in_number_the_threshold_open_the_plain_sums(members: tuple[int, int]) -> None:
    bench = in_phase(Phase.SUMMING).fork()
    for _ in (0, 1):
        bench.apply(*[bench.duty(j) for j in members])
    found, layout = bench.round, bench.round.scheme.layout
    assert found.phase is Phase.OPENED
    assert sorted(found.openings) == sorted(OPENED)
    for (q, unit), expected in OPENED.items():
        opening = found.openings[q, unit]
        if q == 0:
            assert opening.values == expected
        else:
            name = {1: "minutes", 2: "visits"}[q]
            assert layout.commitment_of(name) == q
            answered = layout.answered(q, found.openings[0, unit].values)
            assert layout.read_optional(name, answered, opening.values).total == expected
        commitment, _ = found.summed(q, unit)
        found.scheme.keys[q].verify_opening(commitment, opening.values, opening.blinding)
    assert found.sums == {}


def test_an_opening_is_checked_against_the_commitments_once_more() -> None:
    bench, posted = summing()
    bench.apply(posted)
    found = bench.round
    wrong = {
        place: Share(tuple(value + 1 for value in share.values), share.blinding)
        for place, share in found.sums[1].items()
    }
    found.sums[2] = wrong
    with pytest.raises(InvalidOpening):
        open_totals(bench.state, found)


def test_optional_totals_are_opened_where_enough_answered() -> None:
    bench = in_phase(Phase.TOTALLING)
    withheld = {q: dict(publication.withheld) for q, publication in bench.round.optional.items()}
    assert withheld == {
        # Five of A and one of B said how many minutes.
        1: {1: Reason.SHIELD, 2: Reason.SMALL, 3: Reason.EMPTY},
        # Four of A and none of B said how many visits.
        2: {2: Reason.EMPTY, 3: Reason.EMPTY},
    }
    assert expected_sums(bench.round) == [(1, 0), (2, 0), (2, 1)]


def test_without_optional_answers_there_is_no_second_stage() -> None:
    everybody = a_round("totals")
    bench = rated_by(*everybody.of(2)[1:])
    bench.settle(until=lambda: bool(bench.round.openings))
    assert bench.round.phase is Phase.OPENED
    assert all(publication.published == [] for publication in bench.round.optional.values())


def test_a_scheme_without_optional_totals_has_no_second_stage() -> None:
    bench = a_round("plain")
    bench.rate_all()
    bench.settle(until=lambda: bool(bench.round.openings))
    assert (bench.round.phase, bench.round.optional) == (Phase.OPENED, {})


def test_one_member_alone_opens_what_nobody_shares(tmp_path: Path) -> None:
    world = World.create(tmp_path / "l", members=1, threshold=1)
    found = world.open_round()
    world.rate(found, [{"recommend": "good"}] * 3)
    world.close_round(found)
    assert found.phase is Phase.PUBLISHED
    assert world.audit().ok
    world.consortium.close()
