"""Batches and the ratings in them: sorted, paid for by issuances, proved, and each of its own cohort."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from circuits.rating import Core, build_rating, decode_core
from tests.ledger.bench import Bench, Rated, a_round, before, encoded, in_phase
from tests.torsion import shifted, torsion
from zkperf._native import RatingLeaf
from zkperf.errors import (
    EncodingError,
    InvalidLogProof,
    InvalidProof,
    InvalidSignature,
    InvalidToken,
    RuleViolation,
)
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.rules.ratings import has_keys
from zkperf.ledger.rules.verification import (
    committed_by,
    rating_context,
    round_verifier,
    verify_ratings,
)
from zkperf.ledger.state import Committed, OpenBatch, Phase, Round, State
from zkperf.ledger.transactions import Issue, RoundKeys, encode_transaction
from zkperf.roles.citizen import Token
from zkperf.sharing import lagrange_at_zero
from zkperf.tokens.blind import message_point

CHECK = "batches"
GOOD = {"recommend": "good"}


def cores(bench: Bench, unit: int = 1) -> list[Core]:
    """The ratings made for a service, sorted by pseudonym."""
    return sorted((rated.core for rated in bench.of(unit)), key=lambda core: core.pseudonym)


def again(rated: Rated, sequence: int, **token: Any) -> Core:
    """Another rating of the same pseudonym."""
    changed = rated.token.model_copy(update={"next_sequence": sequence, **token})
    core, _ = rated.citizen.rate(changed, GOOD)
    return core


SUITES = ["plain", "P-256"]
"""On ristretto255 the kernel verifies, on P-256 the readable definition."""


def announced(count: int = 6, *, final: bool = False, name: str = "plain") -> Bench:
    """A batch of service A is announced, its ratings are to follow."""
    bench = a_round(name)
    if final:
        bench.apply(bench.close())
    bench.apply(bench.batch(cores(bench), count=count, final=final)[0])
    return bench


# -- batches ------------------------------------------------------------------------------------------


def test_a_batch_says_how_many_ratings_of_which_cohort_follow() -> None:
    bench = announced(4)
    assert bench.state.batch == OpenBatch(bench.round.digest, 1, remaining=4, final=False)
    bench.apply(*cores(bench)[:4])
    assert bench.state.batch is None
    assert list(bench.round.cohort(1).ratings) == [core.pseudonym for core in cores(bench)[:4]]


def test_batches_are_the_sequencers() -> None:
    bench = a_round()
    header = bench.batch(cores(bench))[0]
    for signer in ("evaluator", "registrar", 1):
        forged = bench.resigned(signer, header)
        match = "not a signature of the ledger's sequencer"
        bench.refuse(forged, "signatures", match, InvalidSignature)


@pytest.mark.parametrize("unit", [0, 4])
def test_a_batch_is_of_a_service_of_the_round(unit: int) -> None:
    bench = a_round()
    header = bench.batch(cores(bench), unit=unit)[0]
    bench.refuse(header, CHECK, f"unit {unit} is not a service of this round")


def test_a_batch_before_close_is_not_small() -> None:
    bench = a_round()
    assert bench.round.opened.min_cohort == 2
    bench.refuse(bench.batch(cores(bench), count=1)[0], CHECK, "a batch before close has at least 2 ratings")
    bench.apply(bench.batch(cores(bench), count=2)[0])


def test_an_empty_batch_has_no_encoding() -> None:
    bench = a_round()
    header = bench.batch(cores(bench))[0].model_copy(update={"count": 0})
    bench.refuse(header, "encoding", error=EncodingError)


def test_before_a_batch_there_are_enough_issuances() -> None:
    bench, second = before(Issue, place=1)
    header = bench.batch(cores(bench), count=2)[0]
    bench.refuse(header, CHECK, "a batch needs at least 2 issuances before it")
    bench.apply(second)
    bench.apply(header)


def test_final_batches_come_after_close_and_others_before() -> None:
    bench = a_round()
    match = "final batches come after close, others before"
    bench.refuse(bench.batch(cores(bench), final=True)[0], CHECK, match)
    bench.apply(bench.close())
    bench.refuse(bench.batch(cores(bench))[0], CHECK, match)
    bench.apply(*bench.batch(cores(bench), final=True))


def test_a_final_batch_may_hold_a_single_rating_and_is_the_cohorts_last() -> None:
    bench = a_round()
    bench.apply(bench.close())
    bench.apply(*bench.batch(cores(bench)[:1], final=True))
    match = "this cohort's final batch is on the log already"
    bench.refuse(bench.batch(cores(bench)[1:], final=True)[0], CHECK, match)
    # Another cohort has its own.
    bench.apply(*bench.batch(cores(bench, 2), final=True))


def test_cohorts_have_their_batches_apart() -> None:
    bench = a_round()
    bench.apply(*bench.batch(cores(bench)[:3]))
    bench.apply(*bench.batch(cores(bench, 2)[:2]))
    bench.apply(*bench.batch(cores(bench)[3:5]))
    assert [len(bench.round.cohort(unit).ratings) for unit in (1, 2, 3)] == [5, 2, 0]
    assert bench.round.cohort(1).counted == 5


# -- the order of ratings -----------------------------------------------------------------------------


def test_a_batch_is_sorted_by_pseudonym() -> None:
    bench = announced()
    first, second, third, *_ = cores(bench)
    bench.apply(second)
    bench.refuse(first, CHECK, "the batch is not sorted by pseudonym, each once")
    bench.refuse(second, CHECK, "the batch is not sorted by pseudonym, each once")
    bench.apply(third)


def test_sorting_begins_anew_with_every_batch() -> None:
    bench = a_round()
    a = cores(bench)
    bench.apply(*bench.batch(a[4:]))
    bench.apply(*bench.batch(a[:4]))
    assert len(bench.round.cohort(1).ratings) == 6


def test_a_batch_holds_ratings_of_its_own_cohort_only() -> None:
    bench = announced()
    for core in cores(bench, 2):
        bench.refuse(core, CHECK, "a rating of another cohort in this batch")


def test_a_batch_holds_ratings_of_its_own_round_only() -> None:
    bench = announced()
    bench.apply(*cores(bench))
    first = bench.round.digest
    units = [unit.model_copy(update={"name": f"other {unit.name}"}) for unit in bench.round.opened.units]
    bench.apply(bench.resigned("evaluator", bench.round.opened, units=tuple(units), name="other"))
    bench.settle()
    assert bench.round.phase is Phase.OPEN and bench.round.digest != first
    late = bench.of(2)[0].core
    bench.apply(bench.close())
    bench.apply(bench.batch([late], unit=2, final=True)[0])
    bench.refuse(late, CHECK, "a rating of another cohort in this batch")


# -- what is kept of a rating -------------------------------------------------------------------------


def test_what_the_state_keeps_of_a_rating() -> None:
    bench = announced()
    core = cores(bench)[0]
    bench.apply(core)
    accepted = bench.round.cohort(1).ratings[core.pseudonym]
    decoded = decode_core(bench.state.commitment_group, bench.round.scheme.layout, 2, core)
    assert (accepted.index, accepted.digest) == (len(bench.leaves) - 1, sha256(encoded(core)).digest())
    assert (accepted.sequence, accepted.issued_before, accepted.struck) == (0, 6, False)
    committed = Committed(tuple(decoded.commitments), tuple(map(tuple, decoded.coefficients)))
    assert committed_by(bench.state, accepted) == committed
    assert bench.round.cohort(1).sums == committed


def test_a_leaf_that_changed_after_it_was_accepted_is_not_believed() -> None:
    bench = announced()
    core, other = cores(bench)[:2]
    bench.apply(core)
    bench.leaves[-1] = encoded(other)
    with pytest.raises(InvalidLogProof, match="has changed since it was accepted"):
        committed_by(bench.state, bench.round.cohort(1).ratings[core.pseudonym])


# -- replacing a rating -------------------------------------------------------------------------------


def test_a_rating_is_replaced_at_close() -> None:
    bench = a_round()
    rated = bench.of(1)[0]
    bench.apply(*bench.batch(cores(bench)[:6]))
    bench.apply(bench.close())
    newer = again(rated, 2)
    bench.apply(*bench.batch([newer], final=True))
    cohort = bench.round.cohort(1)
    assert cohort.ratings[newer.pseudonym].digest == sha256(encoded(newer)).digest()
    assert (len(cohort.ratings), cohort.counted) == (6, 6)


def test_a_rating_is_not_replaced_before_close() -> None:
    bench = a_round()
    bench.apply(*bench.batch(cores(bench)))
    newer = again(bench.of(1)[0], 1)
    bench.apply(bench.batch([newer], count=2)[0])
    bench.refuse(newer, CHECK, "a rating is replaced at close, not before")


def test_only_a_higher_sequence_number_replaces() -> None:
    bench = a_round()
    rated = bench.of(1)[0]
    others = [other.core for other in bench.of(1)[1:]]
    bench.apply(*bench.batch([again(rated, 2), *others]))
    bench.apply(bench.close())
    header, newer = bench.batch([again(rated, 3)], final=True)
    bench.apply(header)
    for sequence in (0, 1, 2):
        bench.refuse(again(rated, sequence), CHECK, "expected a sequence number above 2")
    bench.apply(newer)


def test_a_rating_is_replaced_only_a_few_times() -> None:
    bench = announced(final=True)
    assert bench.state.rules.max_sequence == 3
    rated = min(bench.of(1), key=lambda rated: rated.core.pseudonym)
    bench.refuse(again(rated, 4), CHECK, "a rating can be replaced at most 3 times")
    bench.apply(again(rated, 3))


def test_the_same_rating_does_not_enter_twice() -> None:
    bench = a_round()
    bench.apply(*bench.batch(cores(bench)))
    bench.apply(bench.close())
    header, core = bench.batch(cores(bench)[:1], final=True)
    bench.apply(header)
    bench.refuse(core, CHECK, "expected a sequence number above 0")


# -- forged tokens ------------------------------------------------------------------------------------


def stolen_token(bench: Bench, unit: int = 1, x: int | None = None) -> Token:
    """A token that the members make among themselves, with no voucher and no issuance.

    ``x`` is the pseudonym's secret, drawn if it is not given.
    """
    state, found = bench.state, bench.round
    group, keygen = state.commitment_group, found.keygen_of(unit)
    place = keygen.context.cohorts.index(unit)
    # k = Σ λ_j·k_j
    weights = lagrange_at_zero(BLS12381.g1.order, [1, 2])
    shares = [bench.trustees[j]._secrets(found, keygen)[place] for j in (1, 2)]
    secret = sum(w * k for w, k in zip(weights, shares, strict=True)) % BLS12381.g1.order
    x = group.random_nonzero_scalar() if x is None else x
    point = message_point(BLS12381, state.ledger, found.digest, unit, group.encode(x * group.generator))
    return Token(
        round=found.digest,
        unit=unit,
        secret=group.encode_scalar(x),
        token=BLS12381.g1.encode(secret * point),
        next_sequence=0,
    )


def test_ratings_never_exceed_issuances() -> None:
    bench = a_round()
    bench.apply(*bench.batch(cores(bench)))
    bench.apply(bench.close())
    forged, _ = bench.ratings[0].citizen.rate(stolen_token(bench), GOOD)
    header = bench.batch([forged], final=True)[0]
    bench.apply(header)
    bench.refuse(forged, CHECK, "more ratings than issuances: somebody forges tokens")


def test_issuances_of_another_cohort_do_not_count() -> None:
    bench = a_round()
    bench.apply(bench.close())
    forged, _ = bench.ratings[0].citizen.rate(stolen_token(bench, 3), GOOD)
    bench.apply(bench.batch([forged], final=True)[0])
    bench.refuse(forged, CHECK, "more ratings than issuances: somebody forges tokens")


# -- tokens -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suite", SUITES)
def test_a_token_signs_its_pseudonym(suite: str) -> None:
    bench = announced(name=suite)
    one, two, *_ = bench.of(1)
    swapped = again(one, 0, token=two.token.token)
    bench.refuse(swapped, "tokens", "the token is not a signature of the cohort's key", InvalidToken)


@pytest.mark.parametrize("suite", SUITES)
def test_a_token_is_of_its_cohort(suite: str) -> None:
    bench = announced(name=suite)
    smuggled = again(bench.of(2)[0], 0, unit=1)
    bench.refuse(smuggled, "tokens", "the token is not a signature of the cohort's key", InvalidToken)


@pytest.mark.parametrize("suite", SUITES)
def test_another_form_of_a_token_makes_no_other_rating(suite: str) -> None:
    """Its holder may add torsion to a token. The pseudonym is what counts, whatever its token looks like."""
    bench = a_round(suite)
    rated, *others = bench.of(1)
    other_form = shifted(rated.token.token, torsion())
    bench.apply(*bench.batch([rated.core, *(other.core for other in others)]))
    bench.apply(bench.close())
    header, replacement = bench.batch([again(rated, 1, token=other_form)], final=True)
    bench.apply(header)
    bench.refuse(again(rated, 0, token=other_form), CHECK, "expected a sequence number above 0")
    bench.apply(replacement)
    cohort = bench.round.cohort(1)
    assert (len(cohort.ratings), cohort.counted) == (1 + len(others), 1 + len(others))


@pytest.mark.parametrize(
    "token", [bytes(48), b"\xff" * 48, b"\xc0" + bytes(47)], ids=["zeros", "ones", "identity"]
)
def test_a_token_is_a_point(token: bytes) -> None:
    bench = announced()
    bench.refuse(again(bench.of(1)[0], 0, token=token), "encoding", error=EncodingError)


# -- proofs -------------------------------------------------------------------------------------------


def test_a_copied_rating_is_refused() -> None:
    """Another's rating under one's own pseudonym and token: nothing of it holds."""
    bench = announced()
    mine, theirs = bench.of(1)[0].core, bench.of(1)[1].core
    copied = theirs.model_copy(update={"pseudonym": mine.pseudonym, "token": mine.token})
    bench.refuse(copied, "proofs", "the rating's proof does not hold", InvalidProof)


EXCHANGED = {
    "pseudonym": (InvalidToken, "tokens"),
    "ephemeral": (InvalidProof, "proofs"),
    "token": (InvalidToken, "tokens"),
    "commitments": (InvalidProof, "proofs"),
    "coefficients": (InvalidProof, "proofs"),
    "digest": (InvalidProof, "proofs"),
    "proof": (InvalidProof, "proofs"),
}


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", EXCHANGED)
def test_no_field_can_be_exchanged_for_another_ratings(name: str, suite: str) -> None:
    bench = announced(name=suite)
    mine, theirs = bench.of(1)[0].core, bench.of(1)[1].core
    error, check = EXCHANGED[name]
    bench.refuse(mine.model_copy(update={name: getattr(theirs, name)}), check, error=error)


@pytest.mark.parametrize(
    ("changes", "error", "check"),
    [
        ({"round": bytes(32)}, RuleViolation, CHECK),
        ({"unit": 0}, RuleViolation, CHECK),
        ({"unit": 9}, RuleViolation, CHECK),
        ({"sequence": 1}, InvalidProof, "proofs"),
        ({"pseudonym": bytes(32)}, EncodingError, "encoding"),
        ({"ephemeral": bytes(32)}, EncodingError, "encoding"),
        ({"commitments": ()}, EncodingError, "encoding"),
        ({"coefficients": ()}, EncodingError, "encoding"),
        ({"coefficients": ((),)}, EncodingError, "encoding"),
        ({"proof": b""}, EncodingError, "encoding"),
    ],
)
def test_no_field_can_be_changed(changes: dict[str, Any], error: Any, check: str) -> None:
    bench = announced()
    bench.refuse(bench.of(1)[0].core.model_copy(update=changes), check, error=error)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", ["ledger", "scheme", "members", "round", "unit"])
def test_a_proof_is_bound_to_ledger_scheme_members_and_cohort(name: str, suite: str) -> None:
    bench = announced(name=suite)
    rated, state, found = bench.of(1)[0], bench.state, bench.round
    right = rating_context(state, found, 1)
    other: dict[str, Any] = {
        "ledger": bytes(32), "scheme": bytes(32), "members": 4, "round": bytes(32), "unit": 2
    }  # fmt: skip
    wrong = replace(right, **{name: other[name]})
    group = state.commitment_group
    trustees = list(state.sealing_keys)
    core, _ = build_rating(
        group,
        found.scheme.layout,
        found.scheme.keys,
        wrong,
        trustees + trustees[: wrong.members - 3],
        group.decode_scalar(rated.token.secret),
        rated.token.token,
        0,
        found.scheme.layout.bits(GOOD),
    )
    posted = core.model_copy(update={"round": right.round, "unit": right.unit})
    bench.refuse(posted, "proofs", "the rating's proof does not hold", InvalidProof)


def as_rating(core: Core) -> RatingLeaf:
    return RatingLeaf(encode_transaction(core))


def test_no_rating_is_judged_ahead_while_its_rounds_verifier_is_being_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An auditor looks ahead in another thread: without the verifier it would fall back on the slow one."""
    bench, keys = before(RoundKeys)
    rating = RatingLeaf(encoded(cores(bench)[0]))
    ahead: list[bool] = []

    def slowly(state: State, found: Round) -> object:
        ahead.append(has_keys(state, rating))
        return round_verifier(state, found)

    monkeypatch.setattr("zkperf.ledger.rules.keygen.round_verifier", slowly)
    bench.apply(keys)
    assert ahead == [False] and has_keys(bench.state, rating)


def test_a_round_without_keys_takes_no_rating() -> None:
    bench = in_phase(Phase.KEYED, "plain")
    [verdict] = verify_ratings(bench.state, [as_rating(bench.of(1)[0].core)])
    assert isinstance(verdict, RuleViolation) and verdict.check == CHECK
    assert str(verdict) == "the round has no keys yet"
    bench.refuse(bench.of(1)[0].core, CHECK, "the round has no keys yet")


@pytest.mark.parametrize("suite", SUITES)
def test_among_many_ratings_each_has_its_own_verdict(suite: str) -> None:
    bench = a_round(suite)
    a, b = bench.of(1), bench.of(2)
    ratings = [
        a[0].core,
        a[1].core.model_copy(update={"proof": a[2].core.proof}),
        b[0].core,
        again(a[3], 0, token=a[4].token.token),
        a[5].core.model_copy(update={"proof": b"short"}),
        a[4].core.model_copy(update={"token": a[5].core.token}),
        b[1].core.model_copy(update={"round": bytes(32)}),
        b[2].core,
    ]
    verdicts = [
        type(verdict).__name__
        for verdict in verify_ratings(bench.state, [as_rating(core) for core in ratings])
    ]
    assert verdicts == [
        "Committed",
        "InvalidProof",
        "Committed",
        "InvalidToken",
        "EncodingError",
        # The proof covers the token, so both are wrong.
        "InvalidToken",
        "RuleViolation",
        "Committed",
    ]
    assert verify_ratings(bench.state, []) == []
