"""Ratings made and verified: time, and bytes on the ledger.

Verification is measured as the ledger does it (encodings, token and proof, `verify_ratings`), by its
readable definition, and of the proof alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks import floors
from benchmarks.cohort import FIVE, LONG, SERVICE, Cohort, open_cohort
from benchmarks.measure import Effort, Figure, Work, once, timed
from circuits.rating import Core, decode_core, rating_equations
from zkperf._native import RatingLeaf
from zkperf.encoding import encode
from zkperf.errors import ZkperfError
from zkperf.ledger.rules.verification import rating_context, verify_ratings, verify_reference
from zkperf.ledger.transactions import encode_transaction
from zkperf.proofs.batch import verify_each

PROVING_SECONDS = 0.001
"""The target for one question of five levels, its shares dealt and sealed."""


def figures(effort: Effort) -> Iterator[Figure]:
    """Sizes, proving and verification for both forms; then on P-256, beside ristretto255."""
    for form in (FIVE, LONG):
        with open_cohort(form) as cohort:
            cores = [core for core, _ in cohort.ratings(max(effort.batches))]
            yield _size(cohort, cores[0])
            yield _proving(cohort, effort)
            for batch in effort.batches:
                yield _verifying(cohort, cores[:batch], effort)
            for batch in effort.batches:
                yield _verifying_proofs(cohort, cores[:batch], effort)
    with open_cohort(FIVE) as ours, open_cohort(FIVE, "P-256") as other:
        yield from _readable(ours, other, effort)


def _size(cohort: Cohort, core: Core) -> Figure:
    size, target = len(encode_transaction(core)), cohort.form.core_bytes
    return once(
        "rating.core", f"Core of a rating: {cohort.form.name}", cohort.parameters, size, "bytes", target
    )


def _proving(cohort: Cohort, effort: Effort) -> Figure:
    group = cohort.group
    secret = group.random_nonzero_scalar()
    return timed(
        "rating.prove",
        f"Prove {cohort.form.name}, shares dealt and sealed",
        cohort.parameters,
        _proof(cohort),
        effort,
        {
            "one fixed-base multiplication": Work(lambda: secret * group.generator),
            "its multiplications alone": floors.making(cohort),
        },
        target=PROVING_SECONDS if cohort.form is FIVE else None,
    )


def _proof(cohort: Cohort) -> Work:
    token = cohort.draw_token()
    return Work(lambda: cohort.rate(token))


def _verifying(cohort: Cohort, cores: Sequence[Core], effort: Effort) -> Figure:
    batch, state = len(cores), cohort.state
    key = state.pairing.g2.decode(cohort.found.keygen_of(SERVICE).public_key(SERVICE))
    messages = [encode([state.ledger, core.round, core.unit, core.pseudonym]) for core in cores]
    tokens = floors.verifying_tokens(state.pairing, key, messages, [core.token for core in cores])
    return timed(
        "rating.verify",
        f"Verify {cohort.form.name}, {batch} at once, each",
        {**cohort.parameters, "batch": batch},
        _whole(cohort, cores),
        effort,
        {"its group operations alone": floors.together(floors.verifying_proofs(cohort, cores), tokens)},
    )


def _whole(cohort: Cohort, cores: Sequence[Core]) -> Work:
    """Encodings, tokens and proofs, as the ledger verifies them."""
    ratings = [RatingLeaf(encode_transaction(core)) for core in cores]

    def verify() -> None:
        verdicts = verify_ratings(cohort.state, ratings)
        assert not any(isinstance(verdict, ZkperfError) for verdict in verdicts)

    return Work(verify, len(cores))


def _verifying_proofs(cohort: Cohort, cores: Sequence[Core], effort: Effort) -> Figure:
    group, scheme, threshold = cohort.group, cohort.found.scheme, cohort.state.rules.threshold
    context = rating_context(cohort.state, cohort.found, SERVICE)

    def verify() -> None:
        items = []
        for core in cores:
            decoded = decode_core(group, scheme.layout, threshold, core)
            items.append(rating_equations(group, scheme.layout, scheme.keys, context, core, decoded))
        assert verify_each(group, items) == []

    batch = len(cores)
    return timed(
        "rating.verify.proof",
        f"Its proof alone, in Python, {batch} at once, each",
        {**cohort.parameters, "batch": batch},
        Work(verify, batch),
        effort,
        {"its decompressions and one sum of products": floors.verifying_proofs(cohort, cores)},
    )


# -- the readable definition, and the other suite ------------------------------------------------------


def _readable(ours: Cohort, other: Cohort, effort: Effort) -> Iterator[Figure]:
    batch = min(100, max(effort.batches))
    cores = [[core for core, _ in cohort.ratings(batch)] for cohort in (ours, other)]
    kernel = {"the same on ristretto255, in the kernel": _whole(ours, cores[0])}
    for cohort, made in zip((ours, other), cores, strict=True):
        yield timed(
            "rating.verify.readable",
            f"Verify five levels by the readable definition, {cohort.group.name}, {batch} at once, each",
            {**cohort.parameters, "batch": batch},
            _reference(cohort, made),
            effort,
            kernel,
            few=True,
        )
    yield timed(
        "rating.prove",
        "Prove five levels, P-256",
        other.parameters,
        _proof(other),
        effort,
        {"the same on ristretto255": _proof(ours)},
        few=True,
    )


def _reference(cohort: Cohort, cores: Sequence[Core]) -> Work:
    ratings = [RatingLeaf(encode_transaction(core)) for core in cores]

    def verify() -> None:
        verdicts = verify_reference(cohort.state, cohort.found, ratings)
        assert not any(isinstance(verdict, ZkperfError) for verdict in verdicts)

    return Work(verify, len(cores))
