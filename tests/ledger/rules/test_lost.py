"""Bundles that are lost: enough members say so, and the entry falls out; fewer change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ledger.bench import Bench, a_round, in_phase
from tests.ledger.figure_bench import UNITS
from tests.ledger.figure_bench import in_phase as in_figures_phase
from tests.ledger.forgeries import posted_complaint
from zkperf.errors import InvalidSignature
from zkperf.ledger.rules.verification import committed_by
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import MAX_TRANSACTION, BundlesLost, digest, encode_transaction, set_digest
from zkperf.roles.trustee import LOST_AT_ONCE

CHECK = "counted set"


def checking() -> Bench:
    """Six of A and three of B have rated; three members, all of whom are needed."""
    bench = in_phase(Phase.CHECKING, "plain").fork()
    assert bench.state.enough == 3
    return bench


def lost(bench: Bench, member: int, *entries: bytes, **changes: Any) -> BundlesLost:
    values: dict[str, Any] = {"round": bench.round.digest, "trustee": member}
    values["entries"] = tuple(sorted(entries))
    posted: BundlesLost = bench.signed(member, BundlesLost, **values | changes)
    return posted


def test_what_enough_members_have_lost_falls_out() -> None:
    bench = checking()
    one, two = digest(bench.of(1)[0].core), digest(bench.of(2)[0].core)
    for member in (1, 3):
        bench.apply(lost(bench, member, one, two))
        assert bench.round.numbers == {} and bench.round.cohort(1).counted == 6
    bench.apply(lost(bench, 2, one))
    assert bench.round.lost == {one: {1, 2, 3}, two: {1, 3}}
    assert bench.round.fallen == {1: 1}
    cohort = bench.round.cohort(1)
    assert (cohort.counted, cohort.struck) == (5, 1)
    first, *others = (committed_by(bench.state, rating) for rating in bench.round.counted_below(1))
    assert cohort.sums == sum(others, first)
    # It is not counted, and what members have checked is the same log.
    mark = bench.round.mark
    assert mark is not None and mark.entries == set_digest(digest(rated.core) for rated in bench.ratings)
    bench.settle()
    assert bench.round.phase is Phase.PUBLISHED and bench.round.result is not None
    assert [(unit.counted, unit.lost) for unit in bench.round.result] == [(8, 1), (5, 1), (3, 0), (0, 0)]


def test_a_withheld_unit_says_how_many_it_has_lost() -> None:
    bench = checking()
    entries = [digest(rated.core) for rated in bench.of(2)[:2]]
    for member in (1, 2, 3):
        bench.apply(lost(bench, member, *entries))
    bench.settle()
    assert bench.round.result is not None
    assert [(unit.status, unit.lost) for unit in bench.round.result] == [
        ("published", 2),
        ("withheld", 0),
        ("withheld", 2),
        ("withheld", 0),
    ]


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.DRAINING, Phase.SUMMING, Phase.PUBLISHED])
def test_bundles_are_declared_lost_between_the_mark_and_the_counted_set(phase: Phase) -> None:
    bench = in_phase(phase, "plain")
    bench.refuse(lost(bench, 1, bytes(32)), CHECK, "does not allow this")


def test_an_entry_is_one_that_counts() -> None:
    bench = checking()
    one, two = (digest(rated.core) for rated in bench.of(1)[:2])
    bench.refuse(lost(bench, 1, one, b"\xff" * 32), CHECK, "ffffffffffffffff is not on the log")
    bench.refuse(lost(bench, 1), CHECK, "no bundle is named")
    bench.refuse(lost(bench, 1, entries=(one, one)), CHECK, "not in order, each once")
    bench.refuse(lost(bench, 1, entries=tuple(sorted((one, two)))[::-1]), CHECK, "not in order, each once")
    for member in (1, 2):
        bench.apply(lost(bench, member, one))
    bench.refuse(lost(bench, 1, one), CHECK, "has declared the bundle of .* lost already")
    bench.apply(lost(bench, 3, one))
    bench.refuse(lost(bench, 3, two, one), CHECK, "is struck out already")
    assert bench.round.fallen == {1: 1}


def test_no_member_speaks_for_another() -> None:
    bench = checking()
    one = digest(bench.of(1)[0].core)
    posted = lost(bench, 1, one)
    forged = bench.resigned(1, posted, trustee=2)
    bench.refuse(forged, "signatures", "not a signature of member 2", InvalidSignature)
    bench.refuse(bench.resigned(1, posted, trustee=4), CHECK, "there is no member 4")
    bench.apply(posted)
    assert not bench.round.entries[one][1].struck


def test_who_has_checked_may_have_lost_a_bundle_since() -> None:
    bench = checking()
    one = digest(bench.of(1)[0].core)
    bench.apply(bench.checked(1))
    for member in (1, 2, 3):
        bench.apply(lost(bench, member, one))
    assert bench.round.entries[one][1].struck


def test_what_has_fallen_out_is_not_complained_about() -> None:
    bench = checking()
    rated = bench.of(1)[0]
    for member in (1, 2, 3):
        bench.apply(lost(bench, member, digest(rated.core)))
    posted = posted_complaint(bench, 3, rated.core, rated.bundle)
    bench.refuse(posted, "complaints", "the rating is struck out already")


def test_many_fit_into_one_declaration() -> None:
    bench = checking()
    posted = lost(bench, 1, *(i.to_bytes(32, "big") for i in range(LOST_AT_ONCE)))
    assert len(encode_transaction(posted)) < MAX_TRANSACTION


def test_a_report_that_is_lost_falls_out() -> None:
    bench = in_figures_phase(Phase.OPEN).fork()
    bench.report_all()
    bench.apply(bench.close(), bench.drained())
    entry = bench.figures.reports[UNITS["n1"]].digest
    for member in (1, 2, 3):
        bench.apply(lost(bench, member, entry))
    assert bench.figures.counted(UNITS["n1"]) is None and bench.figures.fallen == {UNITS["n1"]: 1}
    bench.apply(*(bench.checked(j) for j in (1, 2, 3)))
    bench.go(Phase.OPENED)
    bench.apply(bench.published())
    assert bench.figures.result is not None
    assert [(unit.name, unit.count, unit.lost) for unit in bench.figures.result] == [
        ("all", 6, 1),
        ("North", 3, 1),
        ("South", 3, 0),
    ]


# -- trustees -----------------------------------------------------------------------------------------


def test_members_declare_what_they_cannot_read_and_go_on_without_it() -> None:
    """One bundle is gone and one is another's: the rest is published."""
    bench = a_round()
    gone, swapped, other = bench.of(1)[:3]
    bench.rate_all()
    places = {digest(rated.core): place for place, rated in enumerate(bench.ratings)}
    place = places[digest(swapped.core)]
    bench.ratings[place] = swapped._replace(bundle=other.bundle)
    bench.ratings = [rated for rated in bench.ratings if rated.core != gone.core]
    bench.settle()
    assert bench.round.phase is Phase.PUBLISHED and bench.round.fallen == {1: 2}
    assert bench.round.result is not None
    assert [(unit.counted, unit.lost) for unit in bench.round.result] == [(7, 2), (4, 2), (3, 0), (0, 0)]


def test_with_fewer_than_enough_the_round_stays_where_it_is() -> None:
    """Two of three have lost a bundle that the third has: it says so, and nobody sums without it."""
    bench = a_round()
    bench.rate_all()
    one = bench.of(1)[0]
    everything = list(bench.ratings)
    bench.ratings = [rated for rated in everything if rated.core != one.core]
    bench.settle(1, 2)
    bench.ratings = everything
    bench.settle(3)
    assert (bench.round.phase, bench.round.checked) == (Phase.CHECKING, {3})
    assert bench.round.lost == {digest(one.core): {1, 2}} and bench.round.fallen == {}
    # When it is there again, from a copy, they go on with it.
    bench.settle()
    assert bench.round.phase is Phase.PUBLISHED and bench.round.numbers[1] == 6
