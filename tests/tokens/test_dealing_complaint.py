"""Complaints about deals: a true one is accepted, a false one is told from a malformed one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.misfits import refuses_misfits
from tests.tokens.dealer import (
    check,
    deal_with,
    digest_of_coefficients,
    replaced,
    reprove,
    seal_for,
    toy_context,
)
from zkperf.errors import EncodingError, InvalidProof, InvalidShare
from zkperf.groups.p256 import NIST_P256
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.tokens.dealing_complaint import (
    DealComplaint,
    FalseDealComplaint,
    complain,
    judge_deal_complaint,
)
from zkperf.tokens.keygen import CheckedDeal, KeygenContext, make_deal, open_deal_shares

CONTEXT = toy_context()
POLYNOMIALS = [[11, 12], [21, 22]]
Y = 99
GOOD = deal_with(CONTEXT, 2, POLYNOMIALS, Y)
BAD = reprove(CONTEXT, GOOD, sealed=replaced(GOOD.sealed, 3, bytes(80)))
"""What it has for trustee 4 does not open; the rest is good."""


def good() -> CheckedDeal:
    return check(CONTEXT, GOOD)


def bad() -> CheckedDeal:
    return check(CONTEXT, BAD)


def test_a_true_complaint_is_accepted() -> None:
    complaint = complain(CONTEXT, bad(), 4, 1004)
    judge_deal_complaint(CONTEXT, bad(), DealComplaint.decode(complaint.encode()))


def test_fields_of_the_wrong_type_are_refused() -> None:
    refuses_misfits(complain(CONTEXT, bad(), 4, 1004), "point", "proof")


def test_a_complaint_about_shares_that_do_not_match_is_accepted() -> None:
    """The dealer seals for trustee 4 what another polynomial gives, under the very context of this deal."""
    binding = digest_of_coefficients(CONTEXT, 2, [list(row) for row in GOOD.coefficients])
    wrong = seal_for(CONTEXT, binding, Y, 4, b"".join(n.to_bytes(32, "big") for n in (60, 109)))
    checked = check(CONTEXT, reprove(CONTEXT, GOOD, sealed=replaced(GOOD.sealed, 3, wrong)))
    judge_deal_complaint(CONTEXT, checked, complain(CONTEXT, checked, 4, 1004))


def test_a_false_complaint_is_refused_as_such() -> None:
    with pytest.raises(FalseDealComplaint, match="member 2 dealt to trustee 4 are good"):
        judge_deal_complaint(CONTEXT, good(), complain(CONTEXT, good(), 4, 1004))
    with pytest.raises(FalseDealComplaint):
        judge_deal_complaint(CONTEXT, bad(), complain(CONTEXT, bad(), 3, 1003))


def refused(
    error: type[Exception], match: str, complaint: DealComplaint, checked: CheckedDeal | None = None
) -> None:
    with pytest.raises(error, match=match):
        judge_deal_complaint(CONTEXT, checked or bad(), complaint)


def test_a_wrong_point_disqualifies_nobody() -> None:
    """Under another point than t_j·Y nothing opens: without the proof any dealer could be struck."""
    point = CONTEXT.group.encode(123 * CONTEXT.group.generator)
    complaint = complain(CONTEXT, good(), 4, 1004)
    forged = complaint.model_copy(update={"point": point})
    refused(InvalidProof, "linear relation", forged, good())


def test_the_point_is_not_the_identity() -> None:
    complaint = complain(CONTEXT, bad(), 4, 1004)
    refused(EncodingError, "not the encoding", complaint.model_copy(update={"point": bytes(32)}))


def test_a_malformed_proof_is_refused() -> None:
    complaint = complain(CONTEXT, bad(), 4, 1004)
    refused(EncodingError, "proof", complaint.model_copy(update={"proof": complaint.proof[:-1]}))
    proof = bytes([complaint.proof[0] ^ 1]) + complaint.proof[1:]
    refused(InvalidProof, "linear relation", complaint.model_copy(update={"proof": proof}))


@pytest.mark.parametrize("change", [{"round": bytes(32)}, {"part": 1}, {"dealer": 3}])
def test_a_complaint_names_the_deal(change: dict[str, Any]) -> None:
    complaint = complain(CONTEXT, bad(), 4, 1004)
    refused(EncodingError, "another deal", complaint.model_copy(update=change))


def test_a_complaint_is_made_with_the_accusers_own_key() -> None:
    complaint = complain(CONTEXT, bad(), 4, 1004)
    refused(InvalidProof, "linear relation", complaint.model_copy(update={"accuser": 1}))


def test_accuser_0_is_nobody() -> None:
    """Place -1 in a list is its last: trustee 4 would complain as trustee 0, for whom nothing opens."""
    complaint = complain(CONTEXT, good(), 0, 1004)
    refused(EncodingError, "accuser from 1 to 4", complaint, good())


def test_accuser_n_plus_1_is_nobody() -> None:
    complaint = complain(CONTEXT, good(), 4, 1004)
    refused(EncodingError, "accuser from 1 to 4", complaint.model_copy(update={"accuser": 5}), good())


def test_a_proof_is_for_one_deal() -> None:
    """Two deals with the same Y: the complaint about one says nothing about the other."""
    complaint = complain(CONTEXT, good(), 4, 1004)
    assert GOOD.ephemeral == BAD.ephemeral
    refused(InvalidProof, "linear relation", complaint)


def test_a_proof_is_for_one_accuser() -> None:
    """Even where two trustees have entered one and the same key."""
    trustees = (*CONTEXT.trustees[:2], CONTEXT.trustees[3], CONTEXT.trustees[3])
    context = replace(CONTEXT, trustees=trustees)
    deal = deal_with(context, 2, POLYNOMIALS, Y)
    sealed = (*deal.sealed[:2], bytes(80), bytes(80))
    checked = check(context, reprove(context, deal, sealed=sealed))
    complaint = complain(context, checked, 4, 1004)
    judge_deal_complaint(context, checked, complaint)
    with pytest.raises(InvalidProof):
        judge_deal_complaint(context, checked, complaint.model_copy(update={"accuser": 3}))


def test_a_proof_is_for_one_run() -> None:
    later = toy_context(part=1)
    deal = deal_with(later, 2, POLYNOMIALS, Y)
    checked = check(later, reprove(later, deal, sealed=replaced(deal.sealed, 3, bytes(80))))
    complaint = complain(CONTEXT, bad(), 4, 1004).model_copy(update={"part": 1})
    with pytest.raises(InvalidProof):
        judge_deal_complaint(later, checked, complaint)
    judge_deal_complaint(later, checked, complain(later, checked, 4, 1004))


def test_a_complaint_shows_no_more_than_the_dealer_knew() -> None:
    """D is y·T_j, and the proof is made of uniform scalars that do not contain t_j."""
    complaint = complain(CONTEXT, bad(), 4, 1004)
    assert complaint.point == CONTEXT.group.encode(Y * CONTEXT.trustees[3])
    other = complain(CONTEXT, bad(), 4, 1004)
    assert complaint.point == other.point
    assert complaint.proof != other.proof


@pytest.mark.parametrize("group", [RISTRETTO255, NIST_P256], ids=["ristretto255", "P-256"])
def test_complaints_in_both_suites(group: Any) -> None:
    secrets = [group.random_nonzero_scalar() for _ in range(2)]
    toy = toy_context(2, 2)
    trustees = tuple(secret * group.generator for secret in secrets)
    context = KeygenContext(toy.pairing, group, toy.ledger, toy.round, toy.cohorts, 2, trustees)
    checked = check(context, make_deal(context, 1))
    with pytest.raises(FalseDealComplaint):
        judge_deal_complaint(context, checked, complain(context, checked, 2, secrets[1]))
    # The trustee's registered key and the one that it really holds differ: the deal is good all the same.
    with pytest.raises(InvalidShare):
        open_deal_shares(context, checked, 2, secrets[0])
    with pytest.raises(ValueError, match="witness"):
        complain(context, checked, 2, secrets[0])
