"""Ratings enter the log in batches sorted by pseudonym (protocol, section 6)."""

from __future__ import annotations

from zkperf._native import RatingLeaf
from zkperf.errors import RuleViolation
from zkperf.ledger.rules.common import find_round, require
from zkperf.ledger.rules.verification import committed_by
from zkperf.ledger.signing import verify_signed
from zkperf.ledger.state import BEFORE_OPEN, Accepted, Cohort, Committed, OpenBatch, Phase, State
from zkperf.ledger.transactions import Batch

CHECK = "batches"


def process_batch(state: State, batch: Batch) -> None:
    """A batch is announced: large enough while the round is open, at most one per cohort after close."""
    verify_signed(batch, state.rules.log_key, state.ledger, whose="the ledger's sequencer")
    found = find_round(state, batch.round, CHECK, Phase.OPEN, Phase.DRAINING)
    require(batch.unit in found.cohorts, CHECK, f"unit {batch.unit} is not a service of this round")
    cohort, k_min = found.cohort(batch.unit), found.opened.min_cohort
    require(
        batch.final == (found.phase is Phase.DRAINING), CHECK, "final batches come after close, others before"
    )
    if batch.final:
        require(not cohort.drained, CHECK, "this cohort's final batch is on the log already")
        cohort.drained = True
    else:
        # 2·k_min waited and k_min of them stay behind, so nobody's order of arrival shows.
        require(batch.count >= k_min, CHECK, f"a batch before close has at least {k_min} ratings")
        require(cohort.issued >= k_min, CHECK, f"a batch needs at least {k_min} issuances before it")
    state.batch = OpenBatch(batch.round, batch.unit, remaining=batch.count, final=batch.final)


def require_few_replacements(state: State, rating: RatingLeaf) -> None:
    """Its sequence number is one that this ledger has."""
    most = state.rules.max_sequence
    require(rating.sequence <= most, CHECK, f"a rating can be replaced at most {most} times")


def admissible(state: State, rating: RatingLeaf, *, final: bool) -> None:
    """The checks of a rating that depend on what the ledger holds already."""
    found = find_round(state, rating.round, CHECK)
    cohort = found.cohort(rating.unit)
    require_few_replacements(state, rating)
    before = cohort.ratings.get(rating.pseudonym)
    if before is None:
        require(
            len(cohort.ratings) < cohort.issued, CHECK, "more ratings than issuances: somebody forges tokens"
        )
    else:
        require(final, CHECK, "a rating is replaced at close, not before")
        require(
            rating.sequence > before.sequence, CHECK, f"expected a sequence number above {before.sequence}"
        )


def process_rating(state: State, rating: RatingLeaf, committed: Committed) -> None:
    """The next rating of the announced batch. ``committed`` comes from `verify_ratings`."""
    batch, pseudonym = state.batch, rating.pseudonym
    if batch is None:
        raise RuleViolation("a rating enters the log in a batch only", check=CHECK)
    cohort = (rating.round, rating.unit)
    require(cohort == (batch.round, batch.unit), CHECK, "a rating of another cohort in this batch")
    require(pseudonym > batch.last, CHECK, "the batch is not sorted by pseudonym, each once")
    admissible(state, rating, final=batch.final)
    entered = state.rounds[rating.round].cohort(rating.unit)
    before = entered.ratings.get(pseudonym)
    if before is not None:
        discount(state, entered, before)
        entered.struck -= before.struck
    entered.ratings[pseudonym] = Accepted(
        index=state.size,
        digest=rating.digest,
        sequence=rating.sequence,
        # A replacement shows its pseudonym no earlier than the rating it replaces did.
        issued_before=entered.issued if before is None else before.issued_before,
    )
    entered.sums += committed
    batch.last = pseudonym
    skip_rating(state)


def discount(state: State, cohort: Cohort, rating: Accepted) -> None:
    """Takes a rating that is replaced or struck out from its cohort's sums, unless that is done already."""
    if not rating.struck:
        cohort.sums -= committed_by(state, rating)


def skip_rating(state: State) -> None:
    """One leaf less to come in the announced batch, if there is one: also where the leaf is refused."""
    if state.batch is not None:
        state.batch.remaining -= 1
        if state.batch.remaining == 0:
            state.batch = None


def has_keys(state: State, rating: RatingLeaf) -> bool:
    """The rating's round is on the ledger and was opened with its keys. (Before that another thread may be
    making the verifier of them.)"""
    found = state.rounds.get(rating.round)
    return found is not None and found.keyed and found.phase not in BEFORE_OPEN
