"""The cohorts' keys: members commit to deals, post them, check them (protocol, section 4)."""

from __future__ import annotations

from collections.abc import Sequence

from zkperf.errors import RuleViolation
from zkperf.ledger.rules.common import find_either, require, require_trustee
from zkperf.ledger.rules.verification import round_verifier
from zkperf.ledger.state import Keygen, Phase, Round, State, Tallied
from zkperf.ledger.transactions import (
    MAX_TRANSACTION,
    DealChallenged,
    DealCommitted,
    DealPosted,
    DealsAccepted,
    RoundKeys,
)
from zkperf.tokens.dealing_complaint import judge_deal_complaint
from zkperf.tokens.keygen import KeygenContext, check_deal_public, max_cohorts
from zkperf.tokens.keys import cohort_keys

CHECK = "key generation"


def keygens(state: State, round_id: bytes, leaves: Sequence[int]) -> list[Keygen]:
    """The key generations of a round: as many parts as its cohorts need for deals that fit into leaves."""
    n, t = state.members, state.rules.threshold
    size = max_cohorts(n, t, MAX_TRANSACTION - 100)
    parts = [tuple(leaves[start : start + size]) for start in range(0, len(leaves), size)]
    return [
        Keygen(
            KeygenContext(
                pairing=state.pairing,
                group=state.commitment_group,
                ledger=state.ledger,
                round=round_id,
                cohorts=cohorts,
                threshold=t,
                trustees=state.sealing_keys,
                part=part,
            )
        )
        for part, cohorts in enumerate(parts)
    ]


def find_part(found: Tallied, part: int) -> Keygen:
    require(part < len(found.keygens), CHECK, f"the round's key generation has no part {part}")
    return found.keygens[part]


def process_deal_committed(state: State, posted: DealCommitted) -> None:
    """A dealer binds itself to its deal before it sees any other."""
    commitment = posted.commitment
    require_trustee(state, posted, commitment.dealer, CHECK)
    found = find_either(state, commitment.round, CHECK, Phase.COMMITTING)
    keygen = find_part(found, commitment.part)
    require(commitment.dealer not in keygen.commitments, CHECK, "this member has committed already")
    keygen.commitments[commitment.dealer] = commitment.digest
    if all(len(keygen.commitments) == state.members for keygen in found.keygens):
        found.phase = Phase.DEALING


def process_deal_posted(state: State, posted: DealPosted) -> None:
    """A dealer opens its commitment: coefficients, proofs of possession, sealed shares."""
    deal = posted.deal
    require_trustee(state, posted, deal.dealer, CHECK)
    found = find_either(state, deal.round, CHECK, Phase.DEALING)
    keygen = find_part(found, deal.part)
    require(deal.dealer not in keygen.deals, CHECK, "this member has dealt already")
    committed = keygen.commitments.get(deal.dealer)
    if committed is None:
        raise RuleViolation("this member has not committed to a deal", check=CHECK)
    keygen.deals[deal.dealer] = check_deal_public(keygen.context, committed, deal)
    if all(len(keygen.deals) == len(keygen.commitments) for keygen in found.keygens):
        found.phase = Phase.ACCEPTING


def process_deal_challenged(state: State, posted: DealChallenged) -> None:
    """A recipient proves that its share is bad: the dealer is disqualified."""
    complaint = posted.complaint
    require_trustee(state, posted, complaint.accuser, CHECK)
    found = find_either(state, complaint.round, CHECK, Phase.ACCEPTING)
    keygen = find_part(found, complaint.part)
    checked = keygen.deals.get(complaint.dealer)
    if checked is None:
        raise RuleViolation("the accused has not dealt", check=CHECK)
    require(complaint.dealer not in keygen.disqualified, CHECK, "this dealer is disqualified already")
    judge_deal_complaint(keygen.context, checked, complaint)
    keygen.disqualified.add(complaint.dealer)


def process_deals_accepted(state: State, posted: DealsAccepted) -> None:
    """A trustee has checked every share dealt to it."""
    require_trustee(state, posted, posted.trustee, CHECK)
    found = find_either(state, posted.round, CHECK, Phase.ACCEPTING)
    require(posted.trustee not in found.deals_accepted, CHECK, "this member has accepted already")
    found.deals_accepted.add(posted.trustee)
    if len(found.deals_accepted) == state.members:
        finish_keygen(state, found)


def finish_keygen(state: State, found: Tallied) -> None:
    """The keys follow from the qualified deals. At least t must qualify, so that an honest dealer's
    randomness is in every key; a round with fewer is abandoned."""
    fewest = min(len(keygen.qualified()) for keygen in found.keygens)
    found.phase = Phase.KEYED if fewest >= state.rules.threshold else Phase.ABANDONED


def process_round_keys(state: State, posted: RoundKeys) -> None:
    """One part's keys as they follow from its deals. With the last part's the round is open."""
    require_trustee(state, posted, posted.trustee, CHECK)
    found = find_either(state, posted.keys.round, CHECK, Phase.KEYED)
    keygen = find_part(found, posted.keys.part)
    require(keygen.keys is None, CHECK, "these keys are on the ledger already")
    keys = cohort_keys(keygen.context, keygen.qualified())
    require(keys == posted.keys, CHECK, "these are not the keys that follow from the qualified deals")
    keygen.keys, keygen.keys_index = keys, state.size
    if found.keyed:
        if isinstance(found, Round):
            found.verifier = round_verifier(state, found)
        found.phase = Phase.OPEN
