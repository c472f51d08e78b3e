"""The cohorts' keys: commitments, deals, quarrels about them, and what follows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ledger.bench import Bench, a_new_round, in_phase
from tests.ledger.forgeries import cheating_deal
from zkperf.errors import EncodingError, InvalidOpening, InvalidProof
from zkperf.ledger.rules import keygen as rules
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import (
    DealChallenged,
    DealCommitted,
    DealPosted,
    DealsAccepted,
    RoundKeys,
)
from zkperf.tokens.dealing_complaint import FalseDealComplaint, complain
from zkperf.tokens.keygen import Deal, commit, make_deal
from zkperf.tokens.keys import cohort_keys

CHECK = "key generation"


def committing() -> Bench:
    return a_new_round(3, 2)


def commit_to(bench: Bench, deal: Deal, part: int = 0) -> DealCommitted:
    commitment = commit(bench.round.keygens[part].context, deal)
    posted: DealCommitted = bench.signed(deal.dealer, DealCommitted, commitment=commitment)
    return posted


def dealing(bench: Bench | None = None, **deals: Deal) -> tuple[Bench, dict[int, Deal]]:
    """All have committed. ``deal_3=…`` is what member 3 has committed to; the others are honest."""
    bench = bench or committing()
    context = bench.round.keygens[0].context
    made = {j: deals.get(f"deal_{j}") or make_deal(context, j) for j in bench.trustees}
    bench.apply(*(commit_to(bench, deal) for deal in made.values()))
    assert bench.round.phase is Phase.DEALING
    return bench, made


def post(bench: Bench, deal: Deal) -> DealPosted:
    posted: DealPosted = bench.signed(deal.dealer, DealPosted, deal=deal)
    return posted


def accepting(*cheats: int, victim: int = 1) -> Bench:
    """All have dealt, these members badly towards ``victim``."""
    bench = committing()
    context = bench.round.keygens[0].context
    bench, deals = dealing(bench, **{f"deal_{j}": cheating_deal(context, j, victim) for j in cheats})
    bench.apply(*(post(bench, deal) for deal in deals.values()))
    assert bench.round.phase is Phase.ACCEPTING
    return bench


def challenge(bench: Bench, accuser: int, dealer: int, **changes: Any) -> DealChallenged:
    keygen = bench.round.keygens[0]
    complaint = complain(keygen.context, keygen.deals[dealer], accuser, bench.trustees[accuser]._secret)
    changed = complaint.model_copy(update=changes)
    posted: DealChallenged = bench.signed(accuser, DealChallenged, complaint=changed)
    return posted


# -- commitments --------------------------------------------------------------------------------------


def test_dealing_begins_when_all_have_committed() -> None:
    bench = committing()
    deals = [make_deal(bench.round.keygens[0].context, j) for j in (1, 2, 3)]
    for deal in deals:
        assert bench.round.phase is Phase.COMMITTING
        bench.apply(commit_to(bench, deal))
    assert bench.round.phase is Phase.DEALING
    assert sorted(bench.round.keygens[0].commitments) == [1, 2, 3]


def test_a_member_commits_once() -> None:
    bench = committing()
    context = bench.round.keygens[0].context
    first = commit_to(bench, make_deal(context, 2))
    bench.apply(first)
    bench.refuse(first, CHECK, "this member has committed already")
    bench.refuse(commit_to(bench, make_deal(context, 2)), CHECK, "this member has committed already")


def test_a_part_that_the_key_generation_has_not_got() -> None:
    match = "the round's key generation has no part 1"
    bench = committing()
    deal = make_deal(bench.round.keygens[0].context, 1)
    far = commit(bench.round.keygens[0].context, deal).model_copy(update={"part": 1})
    bench.refuse(bench.signed(1, DealCommitted, commitment=far), CHECK, match)
    bench, deals = dealing()
    bench.refuse(post(bench, deals[1].model_copy(update={"part": 1})), CHECK, match)
    bench = accepting(2)
    bench.refuse(challenge(bench, 1, 2, part=1), CHECK, match)
    bench = in_phase(Phase.KEYED, "plain")
    keys: RoundKeys = bench.duty(1)
    elsewhere = keys.keys.model_copy(update={"part": 1})
    bench.refuse(bench.resigned(1, keys, keys=elsewhere), CHECK, match)


# -- deals --------------------------------------------------------------------------------------------


def test_checking_begins_when_all_have_dealt() -> None:
    bench, deals = dealing()
    for deal in deals.values():
        assert bench.round.phase is Phase.DEALING
        bench.apply(post(bench, deal))
    assert bench.round.phase is Phase.ACCEPTING
    assert {j: checked.deal for j, checked in bench.round.keygens[0].deals.items()} == deals


def test_a_member_deals_once() -> None:
    bench, deals = dealing()
    bench.apply(post(bench, deals[1]))
    bench.refuse(post(bench, deals[1]), CHECK, "this member has dealt already")


def test_a_member_deals_what_it_committed_to() -> None:
    bench, deals = dealing()
    another = make_deal(bench.round.keygens[0].context, 1)
    for deal in (another, deals[1].model_copy(update={"salt": bytes(32)})):
        bench.refuse(post(bench, deal), "openings", "not the deal that it committed to", InvalidOpening)


def test_a_member_that_has_not_committed_does_not_deal() -> None:
    bench = a_new_round(4, 2)
    bench.settle(1, 2, 3)
    bench.apply(bench.deadline())
    late = make_deal(bench.round.keygens[0].context, 4)
    bench.refuse(post(bench, late), CHECK, "this member has not committed to a deal")
    # The others need not wait for it.
    for j in (1, 2, 3):
        bench.apply(bench.duty(j))
    assert bench.round.phase is Phase.ACCEPTING


def test_a_deal_is_checked_by_everybody() -> None:
    honest = make_deal(committing().round.keygens[0].context, 1)
    other = make_deal(committing().round.keygens[0].context, 1)
    for changes, check, error in (
        ({"knowledge": bytes(64)}, "proofs", InvalidProof),
        ({"possession": other.possession}, "proofs", InvalidProof),
        ({"coefficients": honest.coefficients[:1]}, "encoding", EncodingError),
        ({"sealed": honest.sealed[:2]}, "encoding", EncodingError),
    ):
        bench, deals = dealing(deal_1=honest.model_copy(update=changes))
        bench.refuse(post(bench, deals[1]), check, error=error)


# -- challenges ---------------------------------------------------------------------------------------


def test_a_true_complaint_disqualifies_and_the_round_still_gets_keys() -> None:
    bench = accepting(3)
    bench.apply(challenge(bench, 1, 3))
    keygen = bench.round.keygens[0]
    assert keygen.disqualified == {3}
    assert [checked.deal.dealer for checked in keygen.qualified()] == [1, 2]
    bench.settle()
    assert bench.round.phase is Phase.OPEN
    assert keygen.keys == cohort_keys(keygen.context, [keygen.deals[1], keygen.deals[2]])


def test_members_complain_by_themselves_and_only_where_they_have_reason() -> None:
    bench = accepting(3)
    assert isinstance(bench.duty(1), DealChallenged)
    assert isinstance(bench.duty(2), DealsAccepted)


def test_a_false_complaint_about_a_deal_is_refused() -> None:
    bench = accepting(3)
    match = "the shares that member 2 dealt to trustee 1 are good"
    bench.refuse(challenge(bench, 1, 2), CHECK, match, FalseDealComplaint)
    # The bad share is trustee 1's: trustee 2's is good.
    bench.refuse(challenge(bench, 2, 3), CHECK, error=FalseDealComplaint)


def test_a_complaint_about_a_deal_that_proves_nothing_is_refused() -> None:
    bench = accepting(3)
    bench.refuse(challenge(bench, 1, 3, proof=bytes(64)), "proofs", error=InvalidProof)
    # What member 1 has shown does not serve member 2.
    shown = challenge(bench, 1, 3).complaint.model_copy(update={"accuser": 2})
    bench.refuse(bench.signed(2, DealChallenged, complaint=shown), "proofs", error=InvalidProof)


def test_only_dealers_are_accused() -> None:
    bench = a_new_round(4, 2)
    bench.settle(until=lambda: bench.round.phase is not Phase.COMMITTING)
    for j in (1, 2, 3):
        bench.apply(bench.duty(j))
    bench.apply(bench.deadline())
    assert bench.round.phase is Phase.ACCEPTING
    stranger = challenge(bench, 1, 2).complaint.model_copy(update={"dealer": 4})
    bench.refuse(bench.signed(1, DealChallenged, complaint=stranger), CHECK, "the accused has not dealt")


def test_a_dealer_is_disqualified_once() -> None:
    bench = accepting(3)
    bench.apply(challenge(bench, 1, 3))
    bench.refuse(challenge(bench, 1, 3), CHECK, "this dealer is disqualified already")


# -- acceptance and keys ------------------------------------------------------------------------------


def test_the_keys_follow_when_all_have_accepted() -> None:
    bench = accepting()
    for j in (1, 2, 3):
        assert bench.round.phase is Phase.ACCEPTING
        bench.apply(bench.signed(j, DealsAccepted, round=bench.round.digest, trustee=j))
    assert bench.round.phase is Phase.KEYED


def test_a_member_accepts_once() -> None:
    bench = accepting()
    accepted = bench.signed(1, DealsAccepted, round=bench.round.digest, trustee=1)
    bench.apply(accepted)
    bench.refuse(accepted, CHECK, "this member has accepted already")


def test_with_fewer_good_deals_than_the_threshold_the_round_is_abandoned() -> None:
    bench = accepting(2, 3)
    bench.settle()
    assert bench.round.keygens[0].disqualified == {2, 3}
    assert bench.round.phase is Phase.ABANDONED
    # So is one whose deadline comes.
    bench = a_new_round(4, 2)
    context = bench.round.keygens[0].context
    bad = {f"deal_{j}": cheating_deal(context, j, 1) for j in (2, 3, 4)}
    bench, deals = dealing(bench, **bad)
    bench.apply(*(post(bench, deal) for deal in deals.values()))
    bench.settle(1, 2, 3)
    bench.apply(bench.deadline())
    assert bench.round.phase is Phase.ABANDONED


def test_only_the_keys_that_follow_from_the_deals_are_taken() -> None:
    bench = in_phase(Phase.KEYED, "plain").fork()
    right: RoundKeys = bench.duty(1)
    keys, match = right.keys, "these are not the keys that follow from the qualified deals"
    context, deals = bench.round.keygens[0].context, bench.round.keygens[0].qualified()
    wrong = (
        keys.model_copy(update={"keys": keys.keys[::-1]}),
        keys.model_copy(update={"shares": keys.shares[::-1]}),
        # Those of two deals would do, were there no third.
        cohort_keys(context, deals[:2]),
    )
    for forged in wrong:
        bench.refuse(bench.resigned(1, right, keys=forged), CHECK, match)
    bench.apply(bench.resigned(3, right, trustee=3))
    keygen = bench.round.keygens[0]
    assert (keygen.keys, keygen.keys_index) == (keys, len(bench.leaves) - 1)
    assert bench.round.phase is Phase.OPEN
    assert keygen.public_key(2) == keys.keys[1]
    assert keygen.share_key(2, 3) == keys.shares[1][2]


# -- several parts ------------------------------------------------------------------------------------


@pytest.fixture
def two_parts(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A round whose two cohorts' key generations do not fit into one record each."""
    monkeypatch.setattr(rules, "max_cohorts", lambda members, threshold, limit: 1)
    bench = committing()
    assert [keygen.context.cohorts for keygen in bench.round.keygens] == [(1,), (2,)]
    assert [keygen.context.part for keygen in bench.round.keygens] == [0, 1]
    return bench


def test_a_part_holds_as_many_cohorts_as_fit_into_a_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, int]] = []
    monkeypatch.setattr(rules, "max_cohorts", lambda *numbers: asked.append(numbers) or 1000)
    [keygen] = committing().round.keygens
    assert keygen.context.cohorts == (1, 2)
    # A leaf has at most 65,535 bytes, of which kind and signature need some.
    assert asked == [(3, 2, 65_435)]


def test_every_part_is_finished_before_the_next_stage(two_parts: Bench) -> None:
    bench = two_parts
    for phase, after in (
        (Phase.COMMITTING, Phase.DEALING),
        (Phase.DEALING, Phase.ACCEPTING),
    ):
        duties = [duty for j in (1, 2, 3) for duty in bench.duties(j)]
        assert len(duties) == 6
        for duty in duties:
            assert bench.round.phase is phase
            bench.apply(duty)
        assert bench.round.phase is after
    bench.settle(until=lambda: bench.round.phase is Phase.KEYED)
    first, second = bench.duties(1)
    bench.apply(second)
    assert bench.round.phase is Phase.KEYED and not bench.round.keyed
    bench.refuse(bench.resigned(2, second, trustee=2), CHECK, "these keys are on the ledger already")
    bench.apply(first)
    assert bench.round.phase is Phase.OPEN and bench.round.keyed
    assert [bench.round.keygen_of(unit).context.part for unit in (1, 2)] == [0, 1]


def test_the_keys_of_one_part_are_not_those_of_another(two_parts: Bench) -> None:
    bench = two_parts
    bench.settle(until=lambda: bench.round.phase is Phase.KEYED)
    first, second = bench.duties(1)
    swapped = first.keys.model_copy(update={"keys": second.keys.keys, "shares": second.keys.shares})
    bench.refuse(bench.resigned(1, first, keys=swapped), CHECK, "not the keys that follow")


def test_a_deadline_counts_the_part_that_is_furthest_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "max_cohorts", lambda members, threshold, limit: 1)
    bench = a_new_round(4, 2)
    bench.apply(*(duty for j in (1, 2) for duty in bench.duties(j)))
    for j in (3, 4):
        bench.apply(next(duty for duty in bench.duties(j) if duty.commitment.part == 1))
    assert [len(keygen.commitments) for keygen in bench.round.keygens] == [2, 4]
    bench.refuse(bench.deadline(), "rounds", "only 2 members have finished")
    bench.apply(next(bench.duties(3)))
    bench.apply(bench.deadline())
    assert bench.round.phase is Phase.DEALING
    bench.apply(*(duty for j in (1, 2) for duty in bench.duties(j)))
    for j in (3, 4):
        bench.apply(next(duty for duty in bench.duties(j) if duty.deal.part == 1))
    assert [len(keygen.deals) for keygen in bench.round.keygens] == [2, 4]
    bench.refuse(bench.deadline(), "rounds", "only 2 members have finished")


def test_one_part_with_too_few_good_deals_abandons_the_round(two_parts: Bench) -> None:
    bench = two_parts
    contexts = [keygen.context for keygen in bench.round.keygens]
    deals = [make_deal(contexts[0], j) for j in (1, 2, 3)]
    deals += [make_deal(contexts[1], 1), *(cheating_deal(contexts[1], j, 1) for j in (2, 3))]
    bench.apply(*(commit_to(bench, deal, deal.part) for deal in deals))
    bench.apply(*(post(bench, deal) for deal in deals))
    assert bench.round.phase is Phase.ACCEPTING
    bench.settle()
    assert [len(keygen.qualified()) for keygen in bench.round.keygens] == [3, 1]
    assert bench.round.phase is Phase.ABANDONED
