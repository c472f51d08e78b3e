"""Ratings enter the log in batches sorted by pseudonym (protocol, section 6)."""

from __future__ import annotations

from circuits.rating import Core
from zkperf.errors import RuleViolation
from zkperf.ledger.rules.common import find_round, require
from zkperf.ledger.rules.verification import Committed
from zkperf.ledger.signing import verify_signed
from zkperf.ledger.state import Accepted, OpenBatch, Phase, State
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


def admissible(state: State, core: Core, *, final: bool) -> None:
    """The checks of a rating that depend on what the ledger holds already."""
    found = find_round(state, core.round, CHECK)
    cohort = found.cohort(core.unit)
    require(
        core.sequence <= state.rules.max_sequence,
        CHECK,
        f"a rating can be replaced at most {state.rules.max_sequence} times",
    )
    before = cohort.ratings.get(core.pseudonym)
    if before is None:
        require(
            len(cohort.ratings) < cohort.issued, CHECK, "more ratings than issuances: somebody forges tokens"
        )
    else:
        require(final, CHECK, "a rating is replaced at close, not before")
        require(core.sequence > before.sequence, CHECK, f"expected a sequence number above {before.sequence}")


def process_rating(state: State, core: Core, committed: Committed, digest: bytes) -> None:
    """The next rating of the announced batch. ``committed`` comes from `verify_ratings`; ``digest`` is
    SHA-256 of the leaf."""
    batch = state.batch
    if batch is None:
        raise RuleViolation("a rating enters the log in a batch only", check=CHECK)
    cohort = (core.round, core.unit)
    require(cohort == (batch.round, batch.unit), CHECK, "a rating of another cohort in this batch")
    require(core.pseudonym > batch.last, CHECK, "the batch is not sorted by pseudonym, each once")
    admissible(state, core, final=batch.final)
    entered = state.rounds[core.round].cohort(core.unit)
    before = entered.ratings.get(core.pseudonym)
    entered.ratings[core.pseudonym] = Accepted(
        index=state.size,
        digest=digest,
        sequence=core.sequence,
        # A replacement shows its pseudonym no earlier than the rating it replaces did.
        issued_before=entered.issued if before is None else before.issued_before,
        commitments=committed.commitments,
        coefficients=committed.coefficients,
    )
    batch.last = core.pseudonym
    skip_rating(state)


def skip_rating(state: State) -> None:
    """One leaf less to come in the announced batch, if there is one: also where the leaf is refused."""
    if state.batch is not None:
        state.batch.remaining -= 1
        if state.batch.remaining == 0:
            state.batch = None


def has_keys(state: State, core: Core) -> bool:
    """The rating's round is on the ledger and its cohort's key known."""
    found = state.rounds.get(core.round)
    return found is not None and found.keyed
