"""At the door: which ratings are taken in, to wait for their cohort's next batch.

What is taken in is sure to be admissible at close: nothing that waits can ever keep a round from closing.
"""

from __future__ import annotations

from collections.abc import Sequence

from circuits.rating import Bundle, check_bundle
from zkperf._native import RatingLeaf
from zkperf.errors import RuleViolation, ZkperfError
from zkperf.ledger.engines.pool import Pool
from zkperf.ledger.rules.ratings import CHECK, admissible
from zkperf.ledger.rules.verification import verify_ratings
from zkperf.ledger.state import Phase, Round, State
from zkperf.ledger.store.store import PendingRating
from zkperf.ledger.transactions import decode_leaf, decode_transaction


def check_ratings(
    state: State, pool: Pool, items: Sequence[tuple[bytes, bytes]]
) -> list[PendingRating | ZkperfError]:
    """For each (rating, bundle): what is to be kept, or why it is refused.

    Cheap checks come first, so that a flood of nonsense costs no pairings; tokens and proofs of all that
    is left are verified as one batch.
    """
    verdicts: list[PendingRating | ZkperfError] = []
    places: list[int] = []
    candidates: list[RatingLeaf] = []
    for data, bundle in items:
        try:
            rating = _plausible(state, pool, data, bundle)
        except ZkperfError as error:
            verdicts.append(error)
            continue
        places.append(len(verdicts))
        candidates.append(rating)
        verdicts.append(_pending(rating, bundle))
    newcomers = _Newcomers(state, pool)
    for place, rating, outcome in zip(places, candidates, verify_ratings(state, candidates), strict=True):
        if isinstance(outcome, ZkperfError):
            verdicts[place] = outcome
            continue
        try:
            newcomers.let_in(rating)
        except RuleViolation as error:
            verdicts[place] = error
    return verdicts


def _plausible(state: State, pool: Pool, data: bytes, bundle: bytes) -> RatingLeaf:
    """The rating, if it is well formed, for an open cohort, next in sequence and with its own bundle."""
    rating = decode_leaf(data)
    if not isinstance(rating, RatingLeaf):
        raise RuleViolation("expected a rating", check=CHECK)
    found = _check_admission(state, pool, rating)
    layout, core = found.scheme.layout, decode_transaction(data)
    check_bundle(state.commitment_group, layout, core, Bundle.decode(bundle), state.members)
    return rating


def _check_admission(state: State, pool: Pool, rating: RatingLeaf) -> Round:
    """The round, if the cohort is open, and the sequence number is the next one of this pseudonym."""
    found = state.rounds.get(rating.round)
    if found is None or found.phase is not Phase.OPEN or rating.unit not in found.cohorts:
        raise RuleViolation("there is no such cohort open for ratings", check=CHECK)
    logged = found.cohort(rating.unit).ratings.get(rating.pseudonym)
    waiting = pool.get(rating.round, rating.unit, rating.pseudonym)
    latest = max((known.sequence for known in (logged, waiting) if known is not None), default=-1)
    if rating.sequence != latest + 1:
        raise RuleViolation(f"expected sequence number {latest + 1}, got {rating.sequence}", check=CHECK)
    admissible(state, rating, final=True)
    return found


def _pending(rating: RatingLeaf, bundle: bytes) -> PendingRating:
    return PendingRating(
        digest=rating.digest,
        round=rating.round,
        unit=rating.unit,
        pseudonym=rating.pseudonym,
        sequence=rating.sequence,
        core=rating.data,
        bundle=bundle,
    )


class _Newcomers:
    """Counts pseudonyms that are new to a cohort: on the log and waiting, never more than issuances."""

    def __init__(self, state: State, pool: Pool) -> None:
        self._state, self._pool = state, pool
        self._seen: set[tuple[bytes, int, bytes]] = set()
        self._places: dict[tuple[bytes, int], int] = {}

    def let_in(self, rating: RatingLeaf) -> None:
        """Raises RuleViolation if the pseudonym occurs twice in the request, or there is no place left."""
        rater, place = (rating.round, rating.unit, rating.pseudonym), (rating.round, rating.unit)
        if rater in self._seen:
            raise RuleViolation("two ratings of one pseudonym in one request", check=CHECK)
        cohort = self._state.rounds[rating.round].cohort(rating.unit)
        if place not in self._places:
            waiting = self._pool.of(*place)
            fresh = sum(item.pseudonym not in cohort.ratings for item in waiting)
            self._places[place] = cohort.issued - len(cohort.ratings) - fresh
        if rating.pseudonym not in cohort.ratings and self._pool.get(*rater) is None:
            if self._places[place] == 0:
                raise RuleViolation("more ratings than issuances: somebody forges tokens", check=CHECK)
            self._places[place] -= 1
        self._seen.add(rater)
