"""The cohorts' keys: members commit to deals, post them, check them (protocol, section 4)."""

from __future__ import annotations

from zkperf.errors import RuleViolation
from zkperf.ledger.rules.common import find_round, require, require_trustee
from zkperf.ledger.state import Phase, Round, State
from zkperf.ledger.transactions import (
    DealChallenged,
    DealCommitted,
    DealPosted,
    DealsAccepted,
    RoundKeys,
)
from zkperf.tokens.dealing_complaint import judge_deal_complaint
from zkperf.tokens.keygen import KeygenContext, check_deal_public
from zkperf.tokens.keys import cohort_keys

CHECK = "key generation"


def keygen_context(state: State, found: Round) -> KeygenContext:
    """Everything that binds this round's key generation."""
    return KeygenContext(
        ledger=state.ledger,
        round=found.digest,
        cohorts=tuple(found.tree.leaves()),
        members=state.members,
        threshold=state.rules.threshold,
    )


def process_deal_committed(state: State, posted: DealCommitted) -> None:
    """A dealer binds itself to its deal before it sees any other."""
    commitment = posted.commitment
    require_trustee(state, posted, commitment.dealer, CHECK)
    found = find_round(state, commitment.round, CHECK, Phase.COMMITTING)
    require(commitment.dealer not in found.keygen.commitments, CHECK, "this member has committed already")
    found.keygen.commitments[commitment.dealer] = commitment.digest
    if len(found.keygen.commitments) == state.members:
        commitments_complete(found)


def commitments_complete(found: Round) -> None:
    found.phase = Phase.DEALING


def process_deal_posted(state: State, posted: DealPosted) -> None:
    """A dealer opens its commitment: coefficients, proofs of possession, sealed shares."""
    deal = posted.deal
    require_trustee(state, posted, deal.dealer, CHECK)
    found = find_round(state, deal.round, CHECK, Phase.DEALING)
    keygen = found.keygen
    require(deal.dealer not in keygen.deals, CHECK, "this member has dealt already")
    committed = keygen.commitments.get(deal.dealer)
    if committed is None:
        raise RuleViolation("this member has not committed to a deal", check=CHECK)
    check_deal_public(
        state.pairing, state.commitment_group, keygen_context(state, found), committed, deal
    )
    keygen.deals[deal.dealer] = deal
    if len(keygen.deals) == len(keygen.commitments):
        deals_complete(found)


def deals_complete(found: Round) -> None:
    found.phase = Phase.ACCEPTING


def process_deal_challenged(state: State, posted: DealChallenged) -> None:
    """A recipient proves that its share is bad: the dealer is disqualified."""
    complaint = posted.complaint
    require_trustee(state, posted, complaint.accuser, CHECK)
    found = find_round(state, complaint.round, CHECK, Phase.ACCEPTING)
    keygen = found.keygen
    deal = keygen.deals.get(complaint.dealer)
    if deal is None:
        raise RuleViolation("the accused has not dealt", check=CHECK)
    require(complaint.dealer not in keygen.disqualified, CHECK, "this dealer is disqualified already")
    judge_deal_complaint(
        state.pairing,
        state.commitment_group,
        keygen_context(state, found),
        deal,
        complaint,
        state.sealing_keys[complaint.accuser - 1],
    )
    keygen.disqualified.add(complaint.dealer)


def process_deals_accepted(state: State, posted: DealsAccepted) -> None:
    """A trustee has checked every share dealt to it."""
    require_trustee(state, posted, posted.trustee, CHECK)
    found = find_round(state, posted.round, CHECK, Phase.ACCEPTING)
    require(posted.trustee not in found.keygen.accepted, CHECK, "this member has accepted already")
    found.keygen.accepted.add(posted.trustee)
    advance_keygen(state, found, at_deadline=False)


def advance_keygen(state: State, found: Round, *, at_deadline: bool) -> None:
    """All have accepted, or enough at the deadline: the keys follow from the qualified deals.

    At least t deals must qualify, so that an honest dealer's randomness is in every key; a round
    with fewer is abandoned.
    """
    keygen = found.keygen
    if at_deadline or len(keygen.accepted) == state.members:
        enough = len(keygen.qualified()) >= state.rules.threshold
        found.phase = Phase.KEYED if enough else Phase.ABANDONED


def process_round_keys(state: State, posted: RoundKeys) -> None:
    """The keys as they follow from the deals. Any member may post them; the round is open from here."""
    require_trustee(state, posted, posted.trustee, CHECK)
    found = find_round(state, posted.round, CHECK, Phase.KEYED)
    keys = cohort_keys(state.pairing, keygen_context(state, found), found.keygen.qualified())
    require(keys == posted.keys, CHECK, "these are not the keys that follow from the qualified deals")
    found.keys, found.keys_index, found.phase = keys, state.size, Phase.OPEN
