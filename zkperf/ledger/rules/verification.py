"""What of a rating can be checked without knowing what else is on the ledger: encodings, token, proof.

Many are verified as one batch. `verify_reference` is the readable definition and serves every suite;
for ristretto255 the kernel does the same from the leaves' bytes. A test holds the two to the same verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from circuits.rating import (
    RatingContext,
    decode_core,
    kernel_verifier,
    rating_equations,
)
from zkperf._native import RatingLeaf, RatingVerifier, VerifiedRating
from zkperf.errors import EncodingError, InvalidLogProof, InvalidProof, InvalidToken, ZkperfError, bare
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.ledger.rules.common import find_round, require
from zkperf.ledger.state import Accepted, Committed, Round, State
from zkperf.ledger.transactions import decode_transaction
from zkperf.proofs.batch import verify_each
from zkperf.tokens.blind import message_point, verify_tokens

CHECK = "batches"


Verdict = Committed | ZkperfError


def verify_ratings(state: State, ratings: Sequence[RatingLeaf]) -> list[Verdict]:
    """For each rating what it commits to, or why it is refused, whatever else is on the ledger."""
    return _by_round(state, ratings, _verify_kernel, verify_reference)


def decode_ratings(state: State, ratings: Sequence[RatingLeaf]) -> list[Verdict]:
    """The same for ratings that were verified before: only decoded."""
    return _by_round(state, ratings, _decode_kernel, _decode_reference)


def accepted_leaf(state: State, rating: Accepted) -> RatingLeaf:
    """The leaf of a rating on the log, read again. InvalidLogProof if it is not what was accepted."""
    leaf = RatingLeaf(state.leaf(rating.index))
    if leaf.digest != rating.digest:
        raise InvalidLogProof(f"leaf {rating.index} has changed since it was accepted")
    return leaf


def committed_by(state: State, rating: Accepted) -> Committed:
    """What a rating on the log commits to."""
    [committed] = decode_ratings(state, [accepted_leaf(state, rating)])
    assert isinstance(committed, Committed)  # it was verified when it was accepted
    return committed


_Task = Callable[[State, Round, Sequence[RatingLeaf]], list[Verdict]]


def _by_round(state: State, ratings: Sequence[RatingLeaf], hot: _Task, readable: _Task) -> list[Verdict]:
    verdicts: list[Verdict | None] = [None] * len(ratings)
    rounds: dict[bytes, list[int]] = {}
    awaited: set[tuple[bytes, int]] = set()
    for place, rating in enumerate(ratings):
        round_id, unit = rating.round, rating.unit
        try:
            # Most are of a cohort that the last one was of.
            if (round_id, unit) not in awaited:
                _require_cohort(state, round_id, unit)
                awaited.add((round_id, unit))
        except ZkperfError as error:
            verdicts[place] = bare(error)
        else:
            rounds.setdefault(round_id, []).append(place)
    for round_id, places in rounds.items():
        found = state.rounds[round_id]
        task = readable if found.verifier is None else hot
        judged = task(state, found, [ratings[place] for place in places])
        for place, verdict in zip(places, judged, strict=True):
            verdicts[place] = verdict
    return [verdict for verdict in verdicts if verdict is not None]


def _require_cohort(state: State, round_id: bytes, unit: int) -> None:
    found = find_round(state, round_id, CHECK)
    require(unit in found.cohorts, CHECK, "its unit is not a service of this round")
    require(found.keyed, CHECK, "the round has no keys yet")


# -- the readable definition -------------------------------------------------------------------------


def rating_context(state: State, found: Round, unit: int) -> RatingContext:
    """Everything public that binds a rating to its ledger, cohort and scheme."""
    return RatingContext(
        ledger=state.ledger,
        round=found.digest,
        unit=unit,
        scheme=found.scheme.digest,
        threshold=state.rules.threshold,
        members=state.members,
    )


def verify_reference(state: State, found: Round, ratings: Sequence[RatingLeaf]) -> list[Verdict]:
    """Ratings of one round."""
    group, pairing, scheme = state.commitment_group, state.pairing, found.scheme
    verdicts: list[Verdict] = []
    equations, tokens, places = [], [], []
    keys: dict[int, Any] = {}
    for rating in ratings:
        try:
            core = decode_transaction(rating.data)
            decoded = decode_core(group, scheme.layout, state.rules.threshold, core)
            if core.unit not in keys:
                keys[core.unit] = pairing.g2.decode(found.keygen_of(core.unit).public_key(core.unit))
            message = message_point(pairing, state.ledger, core.round, core.unit, core.pseudonym)
            token = (keys[core.unit], message, pairing.decode_signature(core.token))
            context = rating_context(state, found, core.unit)
            claims = rating_equations(group, scheme.layout, scheme.keys, context, core, decoded)
        except ZkperfError as error:
            verdicts.append(bare(error))
            continue
        places.append(len(verdicts))
        verdicts.append(Committed(decoded.commitments, decoded.coefficients))
        tokens.append(token)
        equations.append(claims)
    for culprit in verify_each(group, equations):
        verdicts[places[culprit]] = InvalidProof("the rating's proof does not hold")
    # Where both are wrong, the token is what is named: the proof covers it.
    for culprit in verify_tokens(pairing, tokens):
        verdicts[places[culprit]] = InvalidToken("the token is not a signature of the cohort's key")
    return verdicts


def _decode_reference(state: State, found: Round, ratings: Sequence[RatingLeaf]) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for rating in ratings:
        try:
            core = decode_transaction(rating.data)
            decoded = decode_core(state.commitment_group, found.scheme.layout, state.rules.threshold, core)
            verdicts.append(Committed(decoded.commitments, decoded.coefficients))
        except ZkperfError as error:
            verdicts.append(bare(error))
    return verdicts


# -- the kernel --------------------------------------------------------------------------------------

_REFUSALS = {"encoding": EncodingError, "tokens": InvalidToken, "proofs": InvalidProof}


def round_verifier(state: State, found: Round) -> RatingVerifier | None:
    """The kernel's verifier for a round whose keys are known. None where the kernel has not got the suite."""
    if state.commitment_group is not RISTRETTO255 or state.pairing is not BLS12381:
        return None
    keys = {unit: state.pairing.g2.decode(found.keygen_of(unit).public_key(unit)) for unit in found.cohorts}
    # The context's unit does not matter: this verifies ratings of every unit that has a key.
    return kernel_verifier(found.scheme.layout, rating_context(state, found, 0), keys)


def _verify_kernel(state: State, found: Round, ratings: Sequence[RatingLeaf]) -> list[Verdict]:
    return [
        _committed(found, verdict)
        if isinstance(verdict, VerifiedRating)
        else _REFUSALS[verdict[0]](verdict[1])
        for verdict in found.verifier.verify(ratings)
    ]


def _decode_kernel(state: State, found: Round, ratings: Sequence[RatingLeaf]) -> list[Verdict]:
    try:
        return [_committed(found, rating) for rating in found.verifier.decode(ratings)]
    except EncodingError as error:
        if len(ratings) == 1:
            return [bare(error)]
    # One of them, which was never verified whatever anybody believes: the others are not to blame.
    return [verdict for rating in ratings for verdict in _decode_kernel(state, found, [rating])]


def _committed(found: Round, rating: VerifiedRating) -> Committed:
    count = len(found.scheme.layout.commitments)
    sums = tuple(rating.sums)
    degree = len(sums) // count - 1
    rows = tuple(sums[count + q * degree : count + (q + 1) * degree] for q in range(count))
    return Committed(sums[:count], rows)
