"""Ratings made and verified: time, and bytes on the ledger.

Verification is measured as the ledger does it (encodings, token and proof, `verify_ratings`) and by its
readable definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks import floors
from benchmarks.cohort import FIVE, LONG
from benchmarks.known import KnownRound, Made
from benchmarks.measure import Effort, Figure, Target, Work, once, timed
from zkperf._native import RatingLeaf
from zkperf.errors import ZkperfError
from zkperf.groups.bls12381_reference import BLS12381_REFERENCE
from zkperf.groups.pairing import Pairing
from zkperf.ledger.rules.verification import verify_ratings, verify_reference
from zkperf.ledger.transactions import encode_transaction

PROVING_SECONDS = 0.001
"""The target for one question of five levels, its shares dealt and sealed."""
OF_FLOOR = 1.3
"""Verifying a full block, divided by its floor."""
LONGER = 1.1
"""Verifying 23 bits, divided by verifying five levels."""

FLOOR, PROOFS, TOKENS = "its group operations alone", "of these the proofs'", "of these the tokens'"
ON_FIVE = "the same with five levels"


def figures(effort: Effort) -> Iterator[Figure]:
    """Sizes, proving and verification for both forms; then on P-256, beside ristretto255."""
    known = {form.name: KnownRound.create(form) for form in (FIVE, LONG)}
    made = {name: list(open_round.ratings(effort.block)) for name, open_round in known.items()}
    first = made[FIVE.name]
    for name, open_round in known.items():
        yield _size(open_round, made[name][0])
        yield _proving(open_round, effort)
        for batch in effort.batches:
            beside = None if name == FIVE.name else whole(known[FIVE.name], first[:batch])
            yield _verifying(open_round, made[name][:batch], effort, beside)
    yield from _bad(known[FIVE.name], first, effort)
    yield from _readable(known[FIVE.name], first, effort)


def whole(known: KnownRound, made: Sequence[Made]) -> Work:
    """Encodings, tokens and proofs, as the ledger verifies them: from bytes to verdicts."""
    leaves = [item.leaf for item in made]

    def verify() -> None:
        verdicts = verify_ratings(known.state, [RatingLeaf(leaf) for leaf in leaves])
        assert not any(isinstance(verdict, ZkperfError) for verdict in verdicts)

    return Work(verify, len(made))


def _size(known: KnownRound, made: Made) -> Figure:
    target, name = Target(known.form.core_bytes), known.form.name
    return once("rating.core", f"Core of a rating: {name}", known.parameters, len(made.leaf), "bytes", target)


def _proving(known: KnownRound, effort: Effort) -> Figure:
    state, scheme = known.state, known.found.scheme
    multiplications = floors.making(
        state.commitment_group, scheme.keys, scheme.layout, state.rules.threshold, state.members
    )
    return timed(
        "rating.prove",
        f"Prove {known.form.name}, shares dealt and sealed",
        known.parameters,
        proof(known),
        effort,
        {"its multiplications alone": multiplications},
        target=Target(PROVING_SECONDS) if known.form is FIVE else None,
    )


def proof(known: KnownRound) -> Work:
    """Making a rating."""
    rater = known.newcomer(known.units[0])
    return Work(lambda: known.rate(rater))


def _verifying(known: KnownRound, made: Sequence[Made], effort: Effort, on_five: Work | None) -> Figure:
    batch, full = len(made), len(made) == effort.block
    floor = floors.verifying(known, made)
    works = {FLOOR: floor.whole, PROOFS: floor.proofs.work, TOKENS: floor.tokens.work}
    targets = {FLOOR: Target(OF_FLOOR)} if full else {}
    if on_five is not None:
        works[ON_FIVE] = on_five
        if full:
            targets = {ON_FIVE: Target(LONGER)}
    return timed(
        "rating.verify",
        f"Verify {known.form.name}, {batch} at once, each",
        {**known.parameters, "batch": batch, **{f"floor: {name}": n for name, n in _counts(floor)}},
        whole(known, made),
        effort,
        works,
        ratio_targets=targets,
    )


def _counts(floor: floors.BatchFloor) -> list[tuple[str, int]]:
    """How many of each operation the floor does."""
    counts = [(f"{name} on ristretto255", n) for name, n in sorted(floor.proofs.operations.items())]
    return counts + [(f"{name} on BLS12-381", n) for name, n in sorted(floor.tokens.operations.items())]


# -- with bad ones among them ---------------------------------------------------------------------------


def _bad(known: KnownRound, made: Sequence[Made], effort: Effort) -> Iterator[Figure]:
    good = {"the same block without": whole(known, made)}
    for what, spoil in (("proof", _spoilt_proof), ("token", _spoilt_token)):
        for count in (1, 10):
            places = range(0, len(made), len(made) // count)
            block = [spoil(known, item) if place in places else item for place, item in enumerate(made)]
            leaves, expected = [item.leaf for item in block], list(places)

            def verify(leaves: list[bytes] = leaves, expected: list[int] = expected) -> None:
                verdicts = verify_ratings(known.state, [RatingLeaf(leaf) for leaf in leaves])
                assert [i for i, v in enumerate(verdicts) if isinstance(v, ZkperfError)] == expected

            yield timed(
                "rating.verify.bad",
                f"Verify {len(made)} at once of which {count} with a bad {what}, each",
                {**known.parameters, "batch": len(made), "bad": count, "what": what},
                Work(verify, len(made)),
                effort,
                good,
                few=True,
            )


def _spoilt_proof(known: KnownRound, made: Made) -> Made:
    """The last scalar is another: the encoding is good, the equation of the pseudonym does not hold."""
    group, size = known.state.commitment_group, known.state.commitment_group.scalar_size
    scalar = group.encode_scalar(group.random_scalar())
    return _changed(made, {"proof": made.core.proof[:-size] + scalar})


def _spoilt_token(known: KnownRound, made: Made) -> Made:
    """Somebody else's token."""
    return _changed(made, {"token": known.newcomer(made.core.unit).token})


def _changed(made: Made, update: dict[str, object]) -> Made:
    core = made.core.model_copy(update=update)
    return Made(core, encode_transaction(core), made.bundle)


# -- the readable definition, and the other suite ------------------------------------------------------


def _readable(ours: KnownRound, made: Sequence[Made], effort: Effort) -> Iterator[Figure]:
    batch = min(100, effort.block)
    other = KnownRound.create(FIVE, suite="P-256")
    theirs = list(other.ratings(batch))
    few = min(10, batch)
    for known, ratings, pairing, path in (
        (ours, made[:batch], ours.state.pairing, "kernel's arithmetic"),
        (other, theirs, other.state.pairing, "petlib, and the kernel's pairing"),
        (other, theirs[:few], BLS12381_REFERENCE, "petlib and py_ecc"),
    ):
        yield timed(
            "rating.verify.readable",
            f"Verify five levels by the readable definition, {known.state.commitment_group.name} ({path}), "
            f"{len(ratings)} at once, each",
            {**known.parameters, "batch": len(ratings), "path": path},
            _reference(known, ratings, pairing),
            effort,
            {"the same on ristretto255, in the kernel": whole(ours, made[: len(ratings)])},
            few=True,
        )
    yield timed(
        "rating.prove",
        "Prove five levels, P-256",
        other.parameters,
        proof(other),
        effort,
        {"the same on ristretto255": proof(ours)},
        few=True,
    )


def _reference(known: KnownRound, made: Sequence[Made], pairing: Pairing) -> Work:
    leaves, state = [item.leaf for item in made], replace(known.state, pairing=pairing)

    def verify() -> None:
        verdicts = verify_reference(state, known.found, [RatingLeaf(leaf) for leaf in leaves])
        assert not any(isinstance(verdict, ZkperfError) for verdict in verdicts)

    return Work(verify, len(made))
