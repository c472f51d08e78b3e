"""What nobody can do without: the same group operations straight through the kernel, and nothing else.

A figure divided by its floor says how much the protocol's own bookkeeping costs, whatever the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from benchmarks.cohort import SERVICE, Cohort
from benchmarks.measure import Work
from circuits.rating import Core, auxiliary_key, decode_core, rating_equations
from zkperf.groups.base import Group
from zkperf.groups.pairing import Pairing
from zkperf.ledger.rules.verification import rating_context
from zkperf.proofs.batch import WEIGHT_BOUND
from zkperf.randomness import uniform_nonzero
from zkperf.tokens.blind import TOKEN_DST


def making(cohort: Cohort) -> Work:
    """The multiplications of one rating."""
    group, scheme = cohort.group, cohort.found.scheme
    # For each commitment C_q, A_q and E_{q,1} … E_{q,t-1}; then U and V.
    rows = [key for key in scheme.keys for _ in range(cohort.state.rules.threshold + 1)]
    rows += [auxiliary_key(group, scheme.layout)] * 2
    sums = [[*key.generators, key.blinding] for key in rows]
    scalars = [[group.random_scalar() for _ in elements] for elements in sums]
    secret = group.random_scalar()
    # X, Y and R; then y·T_j for the trustees' seals
    single = [*[group.generator] * 3, *cohort.device.view.trustees]

    def multiply() -> None:
        for row, elements in zip(scalars, sums, strict=True):
            group.msm(row, elements)
        for element in single:
            secret * element

    return Work(multiply)


def verifying_proofs(cohort: Cohort, cores: Sequence[Core]) -> Work:
    """Every point of these ratings decompressed, and one sum over as many points as their batch has."""
    group, scheme, threshold = cohort.group, cohort.found.scheme, cohort.state.rules.threshold
    context = rating_context(cohort.state, cohort.found, SERVICE)
    encodings: list[bytes] = []
    elements: dict[int, Any] = {}  # by identity, as a batch counts a generator once
    for core in cores:
        decoded = decode_core(group, scheme.layout, threshold, core)
        encodings += [core.pseudonym, core.ephemeral, *core.commitments, *chain(*core.coefficients)]
        encodings += [group.encode(point) for point in (*decoded.masks, decoded.u, decoded.v, decoded.r)]
        for equation in rating_equations(group, scheme.layout, scheme.keys, context, core, decoded):
            elements |= {id(element): element for element in equation.elements}
    points = list(elements.values())
    scalars = [group.random_scalar() for _ in points]

    def verify() -> None:
        group.decode_many(encodings)
        group.msm_public(scalars, points)

    return Work(verify, len(cores))


def verifying_tokens(pairing: Pairing, key: Any, messages: Sequence[bytes], tokens: Sequence[bytes]) -> Work:
    """Every message hashed, every token decompressed, two sums, one cleared of the cofactor, and one check
    of two pairs."""
    g1 = pairing.g1
    points = [g1.hash_to_element(message, TOKEN_DST) for message in messages]
    signatures = [pairing.decode_signature(token) for token in tokens]
    weights = [uniform_nonzero(WEIGHT_BOUND) for _ in tokens]

    def verify() -> None:
        for message in messages:
            g1.hash_to_element(message, TOKEN_DST)
        for token in tokens:
            pairing.decode_signature(token)
        left, right = pairing.clear(weights, signatures), g1.msm_public(weights, points)
        pairing.check([(left, -pairing.g2.generator), (right, key)])

    return Work(verify, len(tokens))


def opening(group: Group) -> Work:
    """One multiplication and one decompression."""
    secret = group.random_nonzero_scalar()
    element = secret * group.generator
    encoding = group.encode(element)

    def multiply() -> None:
        group.decode(encoding)
        secret * element

    return Work(multiply)


def together(*works: Work) -> Work:
    """All of them, one after the other; each has the same count."""

    def call() -> None:
        for work in works:
            work.call()

    return Work(call, works[0].count)
