"""Draining ends with one mark of the sequencer, and what members say after it serves no other log."""

from __future__ import annotations

import pytest

from tests.ledger.bench import Bench, Rated, a_round, in_phase
from tests.ledger.figure_bench import FigureBench
from tests.ledger.figure_bench import in_phase as in_figures_phase
from tests.ledger.forgeries import garbage_for, posted_complaint, rating_with
from zkperf.errors import InvalidSignature, RuleViolation
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import SumsPosted, digest, set_digest

CHECK = "counted set"
GOOD = {"recommend": "good"}


def final(bench: Bench, *ratings: Rated) -> list[object]:
    return list(bench.batch([rated.core for rated in ratings], final=True))


def closed(*ratings: Rated) -> Bench:
    """A round that is closed, with these ratings of A on the log and its mark not yet."""
    bench = a_round()
    bench.apply(bench.close())
    if ratings:
        bench.apply(*bench.batch([rated.core for rated in ratings], final=True))
    return bench


# -- the mark -----------------------------------------------------------------------------------------


def test_the_mark_fixes_which_entries_there_are() -> None:
    bench = closed(*a_round().of(1))
    mark = bench.state.size
    bench.apply(bench.drained())
    assert (bench.round.phase, bench.round.checked) == (Phase.CHECKING, set())
    found = bench.round.mark
    assert found is not None and found.index == mark
    assert found.entries == set_digest(digest(rated.core) for rated in bench.of(1))
    assert found.root(bench.state) == bench.state.root(mark + 1)


def test_close_final_batches_and_mark_may_lie_in_several_blocks() -> None:
    bench = a_round("totals")
    bench.apply(bench.close())
    for unit in (2, 1):
        [header, *ratings] = bench.batch([rated.core for rated in bench.of(unit)], final=True)
        bench.apply(header)
        for rating in ratings:
            bench.apply(rating)
        assert bench.round.phase is Phase.DRAINING
    bench.apply(bench.drained())
    at_once = in_phase(Phase.CHECKING)
    assert bench.round.mark is not None and at_once.round.mark is not None
    assert bench.round.mark.entries == at_once.round.mark.entries
    bench.settle()
    assert bench.round.phase is Phase.PUBLISHED and bench.round.numbers[0] == 9


def test_the_mark_is_the_sequencers() -> None:
    bench = closed()
    for signer in (1, "evaluator", "registrar"):
        forged = bench.resigned(signer, bench.drained())
        bench.refuse(forged, "signatures", "not a signature of the ledger's sequencer", InvalidSignature)


def test_there_is_one_mark_and_nothing_enters_after_it() -> None:
    everybody = a_round().of(1)
    bench = closed(*everybody[:3])
    bench.apply(bench.drained())
    bench.refuse(bench.drained(), CHECK, "does not allow this")
    late = bench.batch([rated.core for rated in a_round().of(2)], final=True)[0]
    bench.refuse(late, "batches", "does not allow this")


def test_a_mark_does_not_cut_off_a_batch() -> None:
    bench = a_round()
    bench.apply(bench.close())
    [header, first, *rest] = bench.batch([rated.core for rated in bench.of(1)], final=True)
    bench.apply(header, first)
    bench.refuse(bench.drained(), "batches", "a batch was announced whose ratings did not all follow")
    bench.apply(*rest)
    bench.apply(bench.drained())


def test_an_open_round_is_not_marked() -> None:
    bench = a_round()
    bench.refuse(bench.drained(), CHECK, "does not allow this")


def test_figures_drain_in_the_same_way() -> None:
    bench = in_figures_phase(Phase.OPEN).fork()
    bench.report_all()
    bench.apply(bench.close())
    assert bench.figures.phase is Phase.DRAINING
    mark = bench.state.size
    bench.apply(bench.drained())
    entries = set_digest(filed.digest for filed in bench.figures.reports.values())
    found = bench.figures.mark
    assert found is not None and (found.index, found.entries) == (mark, entries)
    assert bench.figures.phase is Phase.CHECKING


# -- attack: one member drops what waits --------------------------------------------------------------


def test_nobodys_word_keeps_final_batches_out() -> None:
    """A member that has checked before the others' ratings enter would have dropped them."""
    everybody = a_round().of(1)
    bench = closed(*everybody)
    honest = in_phase(Phase.CHECKING, "plain").fork()
    early = honest.checked(1)
    bench.refuse(early, CHECK, "does not allow this")
    assert bench.round.phase is Phase.DRAINING
    bench.apply(*bench.batch([rated.core for rated in bench.of(2)], final=True))
    bench.apply(bench.drained())
    assert bench.round.cohort(2).counted == 3


def test_a_true_complaint_keeps_no_final_batch_out() -> None:
    bench = a_round()
    core, bundle = rating_with(bench.ratings[0], GOOD, **garbage_for(2))
    bench.ratings[0] = bench.ratings[0]._replace(core=core, bundle=bundle)
    bench.apply(bench.close())
    bench.apply(*bench.batch([rated.core for rated in bench.of(1)], final=True))
    bench.apply(posted_complaint(bench, 2, core, bundle))
    assert bench.round.phase is Phase.DRAINING and bench.round.cohort(1).counted == 5
    bench.apply(*bench.batch([rated.core for rated in bench.of(2)], final=True))
    bench.apply(bench.drained())
    assert bench.round.cohort(2).counted == 3
    # The digest of the entries is of all that entered, struck out or not: the same for every member.
    assert bench.round.mark is not None
    assert bench.round.mark.entries == set_digest(digest(rated.core) for rated in bench.ratings)


def test_draining_has_no_deadline() -> None:
    bench = closed()
    bench.refuse(bench.deadline(late=10**6), "rounds", "does not allow this")


# -- attack: a word for one log used for another ------------------------------------------------------


def test_who_has_checked_one_log_has_not_checked_another() -> None:
    """The same round, closed twice: the second time with one rating more."""
    everybody = a_round().of(1)
    few, more = closed(*everybody[:-1]), closed(*everybody)
    for bench in (few, more):
        bench.apply(bench.drained())
    for j in (1, 2, 3):
        word = few.checked(j)
        more.refuse(word, CHECK, "this member has checked another log")
        few.apply(word)
    assert (few.round.phase, more.round.phase) == (Phase.SUMMING, Phase.CHECKING)


@pytest.mark.parametrize("what", ["mark", "root", "entries"])
def test_mark_root_and_entries_are_all_this_logs(what: str) -> None:
    bench = in_phase(Phase.CHECKING).fork()
    mark = bench.round.mark
    assert mark is not None
    for other in (mark.index + 1, 0) if what == "mark" else (bytes(32), b"\xff" * 32):
        word = bench.checked(1, **{what: other})
        bench.refuse(word, CHECK, "mark, root and entries are not those of this one")
    bench.apply(bench.checked(1))


def test_a_word_is_the_same_whenever_it_is_ordered() -> None:
    """A complaint between two members' words changes nothing in what they name."""
    bench = a_round()
    core, bundle = rating_with(bench.ratings[0], GOOD, **garbage_for(2))
    bench.ratings[0] = bench.ratings[0]._replace(core=core, bundle=bundle)
    bench.rate_all()
    words = [bench.checked(j) for j in (1, 2, 3)]
    bench.apply(words[0])
    bench.apply(posted_complaint(bench, 2, core, bundle))
    bench.apply(words[2], words[1])
    assert bench.round.phase is Phase.SUMMING and bench.round.numbers[1] == 5


def test_sums_of_one_counted_set_are_none_of_another() -> None:
    bench = in_phase(Phase.SUMMING).fork()
    posted: SumsPosted = bench.duty(1)
    assert posted.counted == bench.round.counted_digest
    assert posted.counted == set_digest(digest(rated.core) for rated in bench.ratings)
    forged = bench.resigned(1, posted, counted=bytes(32))
    bench.refuse(forged, CHECK, "these are the sums of another counted set")
    bench.apply(posted)


def test_a_counted_set_is_without_what_was_struck_out() -> None:
    bench = a_round()
    core, bundle = rating_with(bench.ratings[0], GOOD, **garbage_for(2))
    bench.ratings[0] = bench.ratings[0]._replace(core=core, bundle=bundle)
    bench.rate_all()
    bench.apply(posted_complaint(bench, 2, core, bundle), *(bench.checked(j) for j in (1, 2, 3)))
    assert bench.round.counted_digest == set_digest(digest(rated.core) for rated in bench.ratings[1:])
    assert bench.round.mark is not None and bench.round.counted_digest != bench.round.mark.entries


def test_sums_of_figures_name_their_counted_set() -> None:
    bench: FigureBench = in_figures_phase(Phase.SUMMING).fork()
    posted = bench.sums(1)
    assert posted.counted == set_digest(filed.digest for filed in bench.figures.reports.values())
    bench.refuse(bench.resigned(1, posted, counted=bytes(32)), CHECK, "another counted set")
    bench.apply(posted)


# -- trustees -----------------------------------------------------------------------------------------


def test_a_trustee_says_of_one_log_alone_that_it_has_checked_it() -> None:
    everybody = a_round().of(1)
    few, more = closed(*everybody[:-1]), closed(*everybody)
    for bench in (few, more):
        bench.apply(bench.drained())
    first = few.duty(1)
    assert first == few.checked(1)
    # The same trustee, shown the ledger as if nothing had happened.
    more.trustees[1] = few.trustees[1]
    with pytest.raises(RuleViolation, match="has checked another log") as caught:
        more.duty(1)
    assert caught.value.check == CHECK
    # Asked again about the first, it says the same.
    assert few.duty(1) == first
