"""What a close that did not finish says: which leaves are lost to whom, and who has to do what."""

from __future__ import annotations

import pytest

from tests.ledger.bench import Bench, a_round, in_phase
from zkperf.cli.unfinished import NAMED, unfinished
from zkperf.cli.words import LANGUAGES, Words
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import BundlesLost, digest


def lines(bench: Bench, language: str = "en") -> list[str]:
    return list(unfinished(bench.state, bench.round, Words(language)))


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.OPENED, Phase.PUBLISHED, Phase.ABANDONED])
def test_elsewhere_nothing_is_missing(phase: Phase) -> None:
    assert lines(in_phase(phase)) == []


def test_members_who_have_not_checked_and_leaves_that_are_lost_are_named() -> None:
    bench = a_round()
    bench.rate_all()
    gone = bench.of(1)[0]
    everything = list(bench.ratings)
    bench.ratings = [rated for rated in everything if rated.core != gone.core]
    bench.settle(1, 2)
    bench.ratings = everything
    bench.settle(3)
    leaf = bench.round.entries[digest(gone.core)][1].index
    said, checks, lost, further = lines(bench)
    assert "is not finished: closed; members check their shares" in said
    assert checks.startswith("Still to finish their checks: member 1 (1), member 2 (2). 3 members")
    assert lost.startswith(f"Leaf {leaf}: its sealed shares are lost to member 1 (1), member 2 (2).")
    assert "where 3 members have lost them" in lost
    assert "zkperf round deadline" in further and "zkperf round abandon" in further
    assert f" {leaf} " in lines(bench, "zh")[2]


def test_of_many_leaves_some_are_named() -> None:
    bench = in_phase(Phase.CHECKING, "plain").fork()
    assert NAMED == 12
    entries = tuple(sorted(digest(rated.core) for rated in bench.ratings))
    bench.apply(bench.signed(1, BundlesLost, round=bench.round.digest, trustee=1, entries=entries))
    named = [line for line in lines(bench) if line.startswith("Leaf ")]
    assert len(named) == len(entries) == 9


def test_members_who_have_not_summed_are_named() -> None:
    bench = in_phase(Phase.SUMMING).fork()
    bench.apply(bench.duty(2))
    _, sums = lines(bench)
    assert sums == "Still to post their sums: member 1 (1), member 3 (3); 2 of them are needed in all."


def test_what_still_waits_to_enter_is_said() -> None:
    bench = in_phase(Phase.DRAINING)
    for language in LANGUAGES:
        assert len(lines(bench, language)) == 3
