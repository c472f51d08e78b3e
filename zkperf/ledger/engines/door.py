"""At the door: which ratings are taken in, to wait for their cohort's next batch.

What is taken in is sure to be admissible at close: nothing that waits can ever keep a round from closing.

In two steps. `examine` finds out what is right or wrong with a rating by itself, which is nearly all the
work and changes nothing: it may go on while somebody else writes. `let_in` then decides, in order and on
the state as it is.

Nobody learns here whether a pseudonym has rated, or rated again. What `examine` says, and the work that
it does, follow from what was sent and from what everybody may know of the round. What waits is looked at for
those whose bundle, token and proof hold, and they hold for the pseudonym's owner only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from circuits.rating import Bundle, check_bundle
from zkperf._native import RatingLeaf
from zkperf.errors import EncodingError, InvalidShare, RuleViolation, ZkperfError, bare
from zkperf.ledger.engines.pool import Pool, Waiting
from zkperf.ledger.rules.ratings import CHECK, admissible, require_few_replacements
from zkperf.ledger.rules.verification import verify_ratings
from zkperf.ledger.state import Accepted, Committed, Phase, Round, State
from zkperf.ledger.transactions import decode_leaf, decode_transaction


@dataclass
class Examined:
    """A rating with its bundle, and what was found out about the two."""

    leaf: RatingLeaf | None
    """None if it is not even that."""
    bundle: bytes = field(repr=False)
    found: Round | None = None
    """The round it was verified in. None if it was not, because its cohort was not open then."""
    committed: Committed | None = None
    error: ZkperfError | None = None
    """Why it is refused, whatever else is on the ledger."""
    costly: bool = False
    """It is refused, and that took more than a look: its elements, its token or its proof."""


def examine(state: State, pool: Pool, items: Sequence[tuple[bytes, bytes]]) -> list[Examined]:
    """What is right or wrong with each (rating, bundle).

    Cheap checks come first, so that a flood of nonsense costs no pairings; tokens and proofs of all that
    is left are verified as one batch.
    """
    examined = [_read(data, bundle) for data, bundle in items]
    _verify(state, pool, [item for item in examined if item.error is None and _is_open(state, item)])
    return examined


def let_in(state: State, pool: Pool, items: Sequence[Examined]) -> list[Waiting | ZkperfError]:
    """For each rating, in order: what is to be kept, or why it is refused."""
    again = [
        item
        for item in items
        # Its cohort was not open when it was examined, or the round has been read from the disk again since.
        if item.error is None and item.found is not _round(state, item) and _is_open(state, item)
    ]
    _verify(state, pool, again)
    newcomers = _Newcomers(state, pool)
    verdicts: list[Waiting | ZkperfError] = []
    for item in items:
        try:
            verdicts.append(_let_in(state, pool, newcomers, item))
        except ZkperfError as error:
            verdicts.append(bare(error))
    return verdicts


def _let_in(state: State, pool: Pool, newcomers: _Newcomers, item: Examined) -> Waiting:
    if item.error is not None:
        raise item.error
    assert item.leaf is not None
    _require_open(state, item.leaf)
    _require_next(state, pool, item.leaf)
    assert item.committed is not None  # what was known is not the next one
    newcomers.let_in(item.leaf)
    return Waiting.of(item.leaf, item.committed)


def _read(data: bytes, bundle: bytes) -> Examined:
    try:
        leaf = decode_leaf(data)
        if not isinstance(leaf, RatingLeaf):
            raise RuleViolation("expected a rating", check=CHECK)
    except ZkperfError as error:
        return Examined(None, bundle, error=bare(error))
    return Examined(leaf, bundle)


def _is_open(state: State, item: Examined) -> bool:
    assert item.leaf is not None
    try:
        _require_open(state, item.leaf)
    except RuleViolation:
        return False
    return True


def _round(state: State, item: Examined) -> Round | None:
    assert item.leaf is not None
    return state.rounds.get(item.leaf.round)


def _require_open(state: State, leaf: RatingLeaf) -> None:
    """What everybody may know: the cohort is open, and no sequence number is as high as that."""
    found = state.rounds.get(leaf.round)
    if found is None or found.phase is not Phase.OPEN or leaf.unit not in found.cohorts:
        raise RuleViolation("there is no such cohort open for ratings", check=CHECK)
    require_few_replacements(state, leaf)


def _require_next(state: State, pool: Pool, leaf: RatingLeaf) -> None:
    """What only its owner may know: the sequence number is the next one of this pseudonym."""
    latest = max((known.sequence for known in _known(state, pool, leaf)), default=-1)
    if leaf.sequence != latest + 1:
        raise RuleViolation(f"expected sequence number {latest + 1}, got {leaf.sequence}", check=CHECK)
    admissible(state, leaf, final=True)


def _known(state: State, pool: Pool, leaf: RatingLeaf) -> Iterator[Accepted | Waiting]:
    """Of this pseudonym, on the log and waiting."""
    found = state.rounds[leaf.round]
    logged = found.cohort(leaf.unit).ratings.get(leaf.pseudonym)
    waiting = pool.get(found.digest, leaf.unit, leaf.pseudonym)
    yield from (known for known in (logged, waiting) if known is not None)


def _verify(state: State, pool: Pool, items: Sequence[Examined]) -> None:
    """Bundles first, then tokens and proofs of those whose bundle is their own.

    A rating that is there already is not verified again: it was sent a second time. Nobody but its owner has
    its bundle, so nobody else sees that this takes less time.
    """
    if not items:
        return
    by_round: dict[bytes, list[Examined]] = {}
    for item in items:
        assert item.leaf is not None
        by_round.setdefault(item.leaf.round, []).append(item)
    for round_id, of_round in by_round.items():
        found = state.rounds[round_id]
        pairs = [(item.leaf, item.bundle) for item in of_round if item.leaf is not None]
        for item, refusal in zip(of_round, check_bundles(state, found, pairs), strict=True):
            item.found, item.error = found, refusal
    sound = [item for item in items if item.error is None and not _is_there(state, pool, item)]
    verdicts = verify_ratings(state, [item.leaf for item in sound if item.leaf is not None])
    for item, verdict in zip(sound, verdicts, strict=True):
        if isinstance(verdict, ZkperfError):
            item.error, item.costly = bare(verdict), not isinstance(verdict, RuleViolation)
        else:
            item.committed = verdict


def _is_there(state: State, pool: Pool, item: Examined) -> bool:
    assert item.leaf is not None
    return any(known.digest == item.leaf.digest for known in _known(state, pool, item.leaf))


# -- bundles: the readable definition and the kernel, held to the same by a test -----------------------

_REFUSALS = {"encoding": EncodingError, "complaints": InvalidShare}
Pairs = Sequence[tuple[RatingLeaf, bytes]]


def check_bundles(state: State, found: Round, pairs: Pairs) -> list[ZkperfError | None]:
    """For ratings of one round: why a rating's bundle is refused, None if it is its own."""
    if found.verifier is None:
        return check_bundles_readably(state, found, pairs)
    return [
        None if refusal is None else _REFUSALS[refusal[0]](refusal[1])
        for refusal in found.verifier.check_bundles(pairs)
    ]


def check_bundles_readably(state: State, found: Round, pairs: Pairs) -> list[ZkperfError | None]:
    """The same for every suite."""
    refusals: list[ZkperfError | None] = []
    for leaf, bundle in pairs:
        try:
            core = decode_transaction(leaf.data)
            layout = found.scheme.layout
            check_bundle(state.commitment_group, layout, core, Bundle.decode(bundle), state.members)
            refusals.append(None)
        except ZkperfError as error:
            refusals.append(bare(error))
    return refusals


class _Newcomers:
    """Counts pseudonyms that are new to a cohort: on the log and waiting, never more than issuances."""

    def __init__(self, state: State, pool: Pool) -> None:
        self._state, self._pool = state, pool
        self._seen: set[tuple[bytes, int, bytes]] = set()
        self._places: dict[tuple[bytes, int], int] = {}

    def let_in(self, rating: RatingLeaf) -> None:
        """Raises RuleViolation if the pseudonym occurs twice in the request, or there is no place left."""
        rater = (rating.round, rating.unit, rating.pseudonym)
        round_id, unit, pseudonym = rater
        if rater in self._seen:
            raise RuleViolation("two ratings of one pseudonym in one request", check=CHECK)
        place = (round_id, unit)
        cohort = self._state.rounds[round_id].cohort(unit)
        if place not in self._places:
            waiting = self._pool.of(round_id, unit)
            fresh = sum(item.pseudonym not in cohort.ratings for item in waiting)
            self._places[place] = cohort.issued - len(cohort.ratings) - fresh
        if pseudonym not in cohort.ratings and self._pool.get(*rater) is None:
            if self._places[place] == 0:
                raise RuleViolation("more ratings than issuances: somebody forges tokens", check=CHECK)
            self._places[place] -= 1
        self._seen.add(rater)
