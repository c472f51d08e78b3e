"""`apply`: leaves in order, ratings verified together, and what happens to what is refused."""

from __future__ import annotations

import pytest

from circuits.rating import Core
from tests.ledger.bench import Bench, a_round, before, encoded, fingerprint, in_phase
from zkperf.errors import EncodingError, InvalidProof, InvalidToken, RuleViolation, ZkperfError
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.figure_transactions import ClaimsPosted, ReportPosted
from zkperf.ledger.rules import PROCESS, apply
from zkperf.ledger.rules.prepared import everything
from zkperf.ledger.state import Phase, State
from zkperf.ledger.transactions import KINDS, Genesis, Issue


def test_every_kind_has_its_rule() -> None:
    judged_before = {Core, Issue, ReportPosted, ClaimsPosted}
    assert set(PROCESS) | judged_before == set(KINDS.values())


@pytest.mark.parametrize("block", [1, 5, 10**6])
def test_how_leaves_are_cut_into_blocks_makes_no_difference(block: int) -> None:
    told = in_phase(Phase.PUBLISHED)
    state = State(leaf=told.leaves.__getitem__, root=told.state.root, pairing=BLS12381)
    for start in range(0, len(told.leaves), block):
        apply(state, told.leaves[start : start + block])
    assert fingerprint(state) == fingerprint(told.state)


def test_what_comes_before_the_first_refused_leaf_is_applied() -> None:
    bench = a_round()
    rated = bench.of(1)[0]
    block = [encoded(leaf) for leaf in bench.batch([rated.core], count=2)]
    bad = encoded(rated.core.model_copy(update={"proof": bench.of(1)[1].core.proof}))
    with pytest.raises(InvalidProof):
        apply(bench.state, [*block, bad])
    assert bench.state.size == len(bench.leaves) + 2
    assert list(bench.round.cohort(1).ratings) == [rated.core.pseudonym]
    assert bench.state.batch is not None and bench.state.batch.remaining == 1


@pytest.mark.parametrize("leaf", [b"", b"\x00", b"\x80", b"\x81\x18\x63", b"\x81\xf5", bytes(70_000)])
def test_a_leaf_that_is_no_transaction_is_refused(leaf: bytes) -> None:
    a_round().refuse(leaf, "encoding", error=EncodingError)


# -- within a batch -----------------------------------------------------------------------------------


def announced(count: int = 3) -> tuple[Bench, list[Core]]:
    """A batch is announced, its ratings are to follow."""
    bench = a_round()
    header, *ratings = bench.batch([rated.core for rated in bench.of(1)[:count]])
    bench.apply(header)
    return bench, ratings  # type: ignore[return-value]


def test_an_announced_batch_is_followed_by_its_ratings() -> None:
    bench, ratings = announced()
    match = "a batch was announced whose ratings did not all follow"
    issue = before(Issue)[1]
    for other in (issue, bench.close(), bench.batch(ratings)[0], before(Genesis)[1]):
        bench.refuse(other, "batches", match)
    bench.apply(*ratings[:2])
    bench.refuse(bench.close(), "batches", match)
    bench.apply(ratings[2])
    assert bench.state.batch is None
    bench.apply(bench.close())


def test_a_rating_enters_in_a_batch_only() -> None:
    bench, ratings = announced()
    bench.apply(*ratings)
    for rated in bench.of(1):
        bench.refuse(rated.core, "batches", "a rating enters the log in a batch only")


# -- auditors go on -----------------------------------------------------------------------------------


def audit(bench: Bench, block: list[bytes]) -> dict[int, ZkperfError]:
    failures: dict[int, ZkperfError] = {}
    apply(bench.state, block, on_failure=failures.__setitem__)
    return failures


def test_an_auditor_hears_of_every_refused_leaf_and_goes_on() -> None:
    bench = in_phase(Phase.OPEN, "plain").fork()
    start, cores = len(bench.leaves), [rated.core for rated in bench.of(1)]
    good = [encoded(leaf) for leaf in bench.batch(cores)]
    bad_proof = encoded(cores[0].model_copy(update={"proof": cores[1].proof}))
    places = [core.pseudonym for core in sorted(cores, key=lambda core: core.pseudonym)]
    at = 1 + places.index(cores[0].pseudonym)
    block = [*good[:at], bad_proof, *good[at + 1 :], b"?", encoded(bench.close())]
    failures = audit(bench, block)
    assert {index: type(error) for index, error in failures.items()} == {
        start + at: InvalidProof,
        start + 7: EncodingError,
    }
    assert bench.state.size == start + len(block)
    assert set(bench.round.cohort(1).ratings) == set(places) - {cores[0].pseudonym}
    assert bench.round.phase is Phase.DRAINING


def test_whatever_stands_in_a_ratings_place_takes_it() -> None:
    """A spoilt leaf does not spoil what follows the batch."""
    bench, ratings = announced()
    start, close = len(bench.leaves), encoded(bench.close())
    failures = audit(bench, [encoded(ratings[0]), b"?", close, close])
    assert list(failures) == [start + 1, start + 2]
    assert failures[start + 2].check == "batches"
    assert bench.round.phase is Phase.DRAINING


def test_without_a_genesis_every_leaf_fails() -> None:
    told = in_phase(Phase.PUBLISHED)
    bench = Bench(told.folder)
    failures = audit(bench, [b"?", *told.leaves[1:]])
    assert sorted(failures) == list(range(len(told.leaves)))
    assert {error.check for index, error in failures.items() if index > 0} == {"genesis"}


def test_ratings_of_unknown_rounds_do_not_stop_an_auditor() -> None:
    bench = a_round()
    start, core = len(bench.leaves), bench.of(1)[0].core
    stray = encoded(core.model_copy(update={"round": bytes(32)}))
    rootless = encoded(core.model_copy(update={"unit": 0}))
    failures = audit(bench, [stray, rootless, encoded(bench.close())])
    assert [str(failures[index]) for index in (start, start + 1)] == [
        "there is no round 0000000000000000",
        "its unit is not a service of this round",
    ]
    assert len(failures) == 2


# -- leaves that were verified before -----------------------------------------------------------------


def test_trusted_leaves_are_spared_proofs_and_tokens_and_nothing_else() -> None:
    bench, ratings = announced()
    swapped = ratings[0].model_copy(update={"proof": ratings[1].proof, "token": ratings[1].token})
    bench.refuse(swapped, "tokens", error=InvalidToken)
    apply(bench.state, [encoded(swapped)], trusted=everything)
    first, *others = ratings[1].commitments
    short = ratings[1].model_copy(update={"commitments": (first[:-1], *others)})
    with pytest.raises(EncodingError):
        apply(bench.state, [encoded(short)], trusted=everything)
    with pytest.raises(RuleViolation, match="not sorted"):
        apply(bench.state, [encoded(swapped)], trusted=everything)
