"""Complaints: a true one strikes the rating out, a false one leaves its digest and its signer."""

from __future__ import annotations

from typing import Any

import pytest

from circuits.complaint import FalseComplaint
from circuits.rating import Bundle, Core
from tests.ledger.bench import Bench, Rated, a_round, in_phase
from tests.ledger.forgeries import complaint, garbage_for, posted_complaint, rating_with, wrong_share_for
from zkperf.errors import EncodingError, InvalidProof, InvalidSignature
from zkperf.ledger.rules.complaints import MAX_REFUSED
from zkperf.ledger.rules.verification import committed_by
from zkperf.ledger.state import Committed, Phase
from zkperf.ledger.transactions import (
    ComplaintPosted,
    ComplaintRefused,
    DealsAccepted,
    decode_transaction,
    digest,
    signed_digest,
)

CHECK = "complaints"
GOOD = {"recommend": "good"}


def with_bad_share(how: Any, *, closed: bool = False) -> tuple[Bench, Core, Bundle]:
    """All of A have rated. The share of trustee 2 in the first rating is bad."""
    bench = a_round()
    rated = bench.ratings[0]
    core, bundle = rating_with(rated, GOOD, **how(2))
    bench.ratings[0] = rated._replace(core=core, bundle=bundle)
    ratings = [other.core for other in bench.of(1)]
    if closed:
        bench.apply(bench.close())
    bench.apply(*bench.batch(ratings, final=closed))
    if closed:
        bench.apply(bench.drained())
    return bench, core, bundle


def refused(posted: ComplaintPosted, **changes: Any) -> ComplaintRefused:
    """What the sequencer records of a false complaint."""
    return ComplaintRefused(
        signature=posted.signature,
        round=posted.complaint.round,
        trustee=posted.complaint.trustee,
        digest=signed_digest(posted),
    ).model_copy(update=changes)


def logged(closed: bool = False) -> tuple[Bench, Rated]:
    """All of A have rated honestly; one of the ratings."""
    bench = a_round()
    if closed:
        bench.apply(bench.close())
    bench.apply(*bench.batch([rated.core for rated in bench.of(1)], final=closed))
    return bench, bench.of(1)[0]


def sum_of_counted(bench: Bench) -> Committed:
    """What the ratings of service 1 that count commit to, added up anew."""
    first, *others = (committed_by(bench.state, rating) for rating in bench.round.counted_below(1))
    return sum(others, first)


# -- true complaints ----------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("how", [garbage_for, wrong_share_for])
def test_a_true_complaint_strikes_the_rating_out(how: Any, closed: bool) -> None:
    bench, core, bundle = with_bad_share(how, closed=closed)
    cohort = bench.round.cohort(1)
    posted = posted_complaint(bench, 2, core, bundle)
    bench.apply(posted)
    assert cohort.ratings[core.pseudonym].struck
    assert (len(cohort.ratings), cohort.counted) == (6, 5)
    assert cohort.sums == sum_of_counted(bench)
    assert bench.round.phase is (Phase.CHECKING if closed else Phase.OPEN)
    assert bench.state.complaints == {signed_digest(posted)}
    assert bench.round.refused_complaints == {}


def test_one_complaint_is_enough() -> None:
    bench, core, bundle = with_bad_share(garbage_for)
    posted = posted_complaint(bench, 2, core, bundle)
    bench.apply(posted)
    bench.refuse(posted, CHECK, "this complaint was judged before")
    another = posted_complaint(bench, 2, core, bundle)
    bench.refuse(another, CHECK, "the rating is struck out already")


def test_who_was_struck_out_can_rate_again_until_close() -> None:
    bench, core, bundle = with_bad_share(garbage_for)
    rated = bench.ratings[0]
    bench.apply(posted_complaint(bench, 2, core, bundle))
    bench.apply(bench.close())
    token = rated.token.model_copy(update={"next_sequence": 1})
    newer, _ = rated.citizen.rate(token, GOOD)
    bench.apply(*bench.batch([newer], final=True))
    assert bench.round.cohort(1).counted == 6
    assert bench.round.cohort(1).sums == sum_of_counted(bench)
    assert not bench.round.cohort(1).ratings[core.pseudonym].struck


def test_a_struck_rating_is_out_of_the_result() -> None:
    bench, core, _ = with_bad_share(wrong_share_for, closed=True)
    bench.settle()
    assert bench.round.phase is Phase.PUBLISHED
    assert bench.round.cohort(1).ratings[core.pseudonym].struck
    assert bench.round.numbers[1] == 5


# -- false complaints ---------------------------------------------------------------------------------


def test_a_false_complaint_is_refused() -> None:
    bench, rated = logged()
    posted = posted_complaint(bench, 3, rated.core, rated.bundle)
    bench.refuse(posted, CHECK, "trustee 3's share of the rating is good", FalseComplaint)


def test_a_refused_complaint_leaves_digest_and_signer_and_counts() -> None:
    bench, rated = logged()
    posted = posted_complaint(bench, 3, rated.core, rated.bundle)
    bench.apply(refused(posted))
    assert bench.round.refused_complaints == {3: 1}
    assert set(ComplaintRefused.model_fields) == {"signature", "round", "trustee", "digest"}
    assert bench.round.cohort(1).counted == 6
    kept = decode_transaction(bench.leaves[-1])
    assert kept.digest == signed_digest(posted)


def test_a_complaint_counts_once() -> None:
    bench, rated = logged()
    posted = posted_complaint(bench, 3, rated.core, rated.bundle)
    bench.apply(refused(posted))
    bench.refuse(refused(posted), CHECK, "this complaint was judged before")
    bench.refuse(posted, CHECK, "this complaint was judged before")
    # Neither does a true one count against its signer.
    bench, core, bundle = with_bad_share(garbage_for)
    true = posted_complaint(bench, 2, core, bundle)
    bench.apply(true)
    bench.refuse(refused(true), CHECK, "this complaint was judged before")


def test_no_other_signature_passes_for_one_on_a_complaint() -> None:
    """Else the sequencer could count a member's honest transactions against it."""
    bench, _ = logged()
    accepted = next(
        transaction
        for transaction in map(decode_transaction, bench.leaves)
        if isinstance(transaction, DealsAccepted) and transaction.trustee == 3
    )
    passed_off = ComplaintRefused(
        signature=accepted.signature,
        round=bench.round.digest,
        trustee=3,
        digest=signed_digest(accepted),
    )
    bench.refuse(passed_off, "signatures", "not a signature of member 3", InvalidSignature)


def test_after_too_many_false_complaints_a_member_is_not_listened_to() -> None:
    bench, core, bundle = with_bad_share(garbage_for)
    rated = bench.of(1)[1]
    for _ in range(MAX_REFUSED):
        bench.apply(refused(posted_complaint(bench, 2, rated.core, rated.bundle)))
    assert bench.round.refused_complaints == {2: MAX_REFUSED} == {2: 10}
    true = posted_complaint(bench, 2, core, bundle)
    bench.refuse(true, CHECK, "this member has complained falsely too often")
    more = refused(posted_complaint(bench, 2, rated.core, rated.bundle))
    bench.refuse(more, CHECK, "this member's false complaints are no longer recorded")
    # Another member is.
    other = posted_complaint(bench, 3, rated.core, rated.bundle)
    bench.refuse(other, CHECK, error=FalseComplaint)


# -- complaints that show nothing -----------------------------------------------------------------------


def test_a_complaint_is_about_a_rating_that_counts() -> None:
    bench, rated = logged()
    match = "the rating complained about is not on the log, or was replaced"
    waiting = bench.of(2)[0]
    bench.refuse(posted_complaint(bench, 3, waiting.core, waiting.bundle), CHECK, match)
    unknown = posted_complaint(bench, 3, rated.core, rated.bundle, rating=bytes(32))
    bench.refuse(unknown, CHECK, match)
    elsewhere = posted_complaint(bench, 3, rated.core, rated.bundle, unit=2)
    bench.refuse(elsewhere, CHECK, match)


@pytest.mark.parametrize("unit", [0, 4])
def test_a_complaint_is_about_a_service_of_the_round(unit: int) -> None:
    bench, rated = logged()
    posted = posted_complaint(bench, 3, rated.core, rated.bundle, unit=unit)
    bench.refuse(posted, CHECK, f"unit {unit} is not a service of this round")


def test_a_replaced_rating_is_out_of_the_sums_and_its_replacement_in() -> None:
    bench, rated = logged()
    before = bench.round.cohort(1).sums
    token = rated.token.model_copy(update={"next_sequence": 1})
    newer, _ = rated.citizen.rate(token, GOOD)
    bench.apply(bench.close())
    bench.apply(*bench.batch([newer], final=True))
    assert bench.round.cohort(1).counted == 6
    assert bench.round.cohort(1).sums == sum_of_counted(bench) != before


def test_a_replaced_rating_cannot_be_struck_out() -> None:
    bench, core, bundle = with_bad_share(garbage_for)
    rated = bench.ratings[0]
    token = rated.token.model_copy(update={"next_sequence": 1})
    newer, _ = rated.citizen.rate(token, GOOD)
    bench.apply(bench.close())
    bench.apply(*bench.batch([newer], final=True))
    bench.refuse(posted_complaint(bench, 2, core, bundle), CHECK, "is not on the log, or was replaced")


def test_a_complaint_about_somebody_elses_share_proves_nothing() -> None:
    """Trustee 2's share is bad. Trustee 3 cannot show that, and no other trustee's point serves."""
    bench, core, bundle = with_bad_share(garbage_for)
    true = complaint(bench, 2, core, bundle)
    copied = bench.signed(3, ComplaintPosted, complaint=true.model_copy(update={"trustee": 3}))
    bench.refuse(copied, "proofs", error=InvalidProof)
    # Signed by member 3 as if it were trustee 2's own.
    posted = bench.signed(3, ComplaintPosted, complaint=true)
    bench.refuse(posted, "signatures", "not a signature of member 2", InvalidSignature)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"salt": bytes(64)}, InvalidProof),
        ({"sealed": b"else"}, InvalidProof),
        ({"digests": (bytes(32),) * 3}, InvalidProof),
        ({"proof": bytes(64)}, InvalidProof),
        ({"point": bytes(32)}, EncodingError),
        ({"proof": b""}, EncodingError),
    ],
)
def test_a_complaint_shows_the_very_share_and_its_own_key(changes: dict[str, Any], error: Any) -> None:
    bench, core, bundle = with_bad_share(garbage_for)
    posted = posted_complaint(bench, 2, core, bundle, **changes)
    bench.refuse(posted, "proofs" if error is InvalidProof else "encoding", error=error)
    bench.apply(posted_complaint(bench, 2, core, bundle))


def test_a_complaint_is_judged_by_the_rating_it_names() -> None:
    """With a true complaint about one's own spoilt rating nobody strikes out another's."""
    bench, core, bundle = with_bad_share(garbage_for)
    victim = bench.of(1)[1]
    redirected = posted_complaint(bench, 2, core, bundle, rating=digest(victim.core))
    bench.refuse(redirected, "proofs", error=InvalidProof)


# -- when ---------------------------------------------------------------------------------------------


def test_who_has_checked_complains_no_more() -> None:
    bench, core, bundle = with_bad_share(garbage_for, closed=True)
    bench.apply(bench.checked(2))
    posted = posted_complaint(bench, 2, core, bundle)
    bench.refuse(posted, CHECK, "this member has declared its checks finished")


def test_others_having_checked_a_member_may_still_complain() -> None:
    bench, core, bundle = with_bad_share(garbage_for, closed=True)
    for j in (1, 3):
        bench.apply(bench.checked(j))
    bench.apply(posted_complaint(bench, 2, core, bundle))
    assert bench.round.cohort(1).counted == 5


def test_the_counted_set_never_changes_again() -> None:
    bench, core, bundle = with_bad_share(garbage_for, closed=True)
    for j in (1, 2, 3):
        bench.apply(bench.checked(j))
    assert bench.round.phase is Phase.SUMMING
    bench.refuse(posted_complaint(bench, 2, core, bundle), CHECK, "does not allow this")


def test_of_a_published_round_nobody_complains() -> None:
    bench = in_phase(Phase.PUBLISHED)
    rated = bench.of(1)[0]
    posted = posted_complaint(bench, 3, rated.core, rated.bundle)
    bench.refuse(posted, CHECK, "does not allow this")
    bench.refuse(refused(posted), CHECK, "does not allow this")
