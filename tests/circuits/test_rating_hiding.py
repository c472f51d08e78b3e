"""Perfect hiding, shown: every rating on a ledger can be explained as every other admissible rating.

In the toy group logarithms are known, so a test can do what an adversary without bounds could: take a
rating and any other admissible answers, and solve for the randomness with which the prover, given those
answers, writes the very same bytes. The number of such randomnesses is the same for all answers (each
is the one solution of linear equations), so the bytes say nothing about the answers. The digest d is
taken as given: it hides statistically, by salts of 64 bytes, and not by algebra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations, product
from typing import Any

import pytest

from circuits.kinds import Answer
from circuits.questionnaire import Question, Questionnaire
from circuits.rating import Bundle, Core, build_rating, decode_core, open_shares, prover
from circuits.rating import shares as rating_shares
from circuits.rating.core import challenge
from tests.circuits.rating.world import World
from tests.circuits.strategies import question, questionnaire
from tests.circuits.test_layout import admissible
from tests.toygroup import TOY
from zkperf.commitments import CommitmentKey
from zkperf.randomness import system
from zkperf.sharing import Share, interpolate, sum_shares

Q = TOY.order
THRESHOLD = 3
Polynomials = list[list[list[int]]]
"""φ_{q,k} for each commitment q and k = 1 … t-1."""


def opening(key: CommitmentKey, commitment: Any, values: Sequence[int]) -> int:
    """The one r with C = Com(values; r): known because logarithms are."""
    rest = commitment.log - sum(v * g.log for v, g in zip(values, key.generators, strict=True))
    return int(rest * pow(key.blinding.log, -1, Q) % Q)


def explain(world: World, core: Core, answers: dict[str, Answer], phi: Polynomials) -> list[int]:
    """All the scalars that the prover draws, in its order, to write ``core`` for ``answers``.

    Uses nothing but the core's own bytes, the answers, and polynomials φ, which may be any.
    """
    layout, decoded = world.layout, decode_core(TOY, world.layout, THRESHOLD, core)
    first_size = (len(world.keys) + 3) * TOY.element_size
    e = challenge(TOY, layout, world.context, core, core.proof[:first_size])
    b = layout.bits(answers)
    draws, r = [], []
    for key, w, commitment, row, phi_q in zip(
        world.keys, layout.disclosed(b), decoded.commitments, decoded.coefficients, phi, strict=True
    ):
        r.append(opening(key, commitment, w))
        draws.append(r[-1])
        for element, vector in zip(row, phi_q, strict=True):
            draws += [*vector, opening(key, element, vector)]
    draws.append(decoded.ephemeral.log - 1)  # y, drawn as a number from 1
    # f = e·b + a
    a = [0] * layout.size
    for bit, f in zip(layout.free, decoded.f, strict=True):
        a[bit] = (f - e * b[bit]) % Q
        draws.append(a[bit])
    for rule in layout.rules:
        a[rule.pivot] = sum(c * a[bit] for bit, c in rule.terms) % Q
    # z_r = e·r + r_A
    draws += [(z_r - e * r_q) % Q for z_r, r_q in zip(decoded.z_r, r, strict=True)]
    # U = Com(b_aux ‖ a∘(1 - 2b); u)  and  z_u = e·u + v
    auxiliary = CommitmentKey.derive(TOY, "auxiliary", len(layout.auxiliary) + layout.size)
    linear = [a_i * (1 - 2 * b_i) for a_i, b_i in zip(a, b, strict=True)]
    u = opening(auxiliary, decoded.u, [*(b[bit] for bit in layout.auxiliary), *linear])
    draws += [u, (decoded.z_u - e * u) % Q]
    draws.append(decoded.r.log - 1)  # k, drawn as a number from 1
    return draws


def replay(draws: Sequence[int]) -> Callable[[int], bytes]:
    """A source of randomness that gives exactly these scalars."""
    remaining = iter(draws)
    return lambda size: next(remaining).to_bytes(size, "little")


Dealt = list[tuple[Share, ...]]


def rebuild(
    world: World, core: Core, answers: dict[str, Answer], draws: list[int], monkeypatch: pytest.MonkeyPatch
) -> tuple[Core, Dealt, int]:
    """What the real prover writes for ``answers`` with these draws, with d given; the shares it deals; y."""
    dealt: list[Any] = []

    def given(*arguments: Any) -> tuple[Bundle, bytes]:
        dealt.extend(arguments[4:6])
        return Bundle(salts=(), sealed=()), core.digest

    x = decode_core(TOY, world.layout, THRESHOLD, core).pseudonym.log
    source = replay(draws)
    with monkeypatch.context() as patch:
        patch.setattr(prover, "seal_shares", given)
        rebuilt, _ = build_rating(
            TOY,
            world.layout,
            world.keys,
            world.context,
            world.trustees,
            x,
            core.token,
            core.sequence,
            world.layout.bits(answers),
            source,
        )
    with pytest.raises(StopIteration):
        source(1)  # every draw was used
    y, shares = dealt
    return rebuilt, shares, y


def random_polynomials(world: World) -> Polynomials:
    return [
        [[TOY.random_scalar() for _ in key.generators] for _ in range(THRESHOLD - 1)] for key in world.keys
    ]


def sheets(form: Questionnaire) -> Iterator[dict[str, Answer]]:
    """All admissible answers to a questionnaire."""
    identifiers = [q.id for q in form.questions]
    for combination in product(*(admissible(q) for q in form.questions)):
        yield dict(zip(identifiers, combination, strict=True))


def optional(question: Question) -> Question:
    return question.model_copy(update={"required": False})


SINGLE = question("single", "single", options=["a", "b", "c"])
MULTI = question("multi", "multi", options=["a", "b", "c"], bounds=(1, 3))
LEVELS = question("levels", "score", bounds=(1, 3))
SCORE = question("score", "score", bounds=(1, 3), disclose="total")
NUMBER = question("number", "number", bounds=(2, 5))

FORMS = {
    "single": [SINGLE],
    "single, optional": [optional(SINGLE)],
    "multi": [MULTI],
    "multi, optional": [optional(MULTI)],
    "histogram, optional": [optional(LEVELS)],
    "score": [SCORE],
    "score, optional": [optional(SCORE)],
    "number": [NUMBER],
    "number, optional": [optional(NUMBER)],
    "several": [optional(SINGLE), optional(SCORE), optional(NUMBER)],
}


@pytest.mark.parametrize("name", FORMS)
def test_every_rating_is_explained_by_every_admissible_answer(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the log alone: the public core, and nothing that the rater or a trustee knows."""
    form = questionnaire(*FORMS[name])
    world = World(form, threshold=THRESHOLD)
    every = list(sheets(form))
    for true in every[:: max(1, len(every) // 3)]:
        core, _ = world.rate(true)
        for claimed in every:
            draws = explain(world, core, claimed, random_polynomials(world))
            rebuilt, _, _ = rebuild(world, core, claimed, draws, monkeypatch)
            assert rebuilt.encode() == core.encode()


def through(points: dict[int, Share]) -> list[list[int]]:
    """φ_1 … φ_{t-1} of the polynomials through these t points, one of which is at 0."""
    basis = []
    for i in points:
        # Π_{m≠i} (z - m) / (i - m), coefficient by coefficient
        coefficients = [1]
        for m in points:
            if m != i:
                scale = pow(i - m, -1, Q)
                shifted = [0, *coefficients]
                coefficients = [
                    (high - m * low) * scale % Q
                    for high, low in zip(shifted, [*coefficients, 0], strict=True)
                ]
        basis.append(coefficients)
    columns = list(zip(*(share.values for share in points.values()), strict=True))
    return [
        [sum(v * c[k] for v, c in zip(column, basis, strict=True)) % Q for column in columns]
        for k in range(1, len(points))
    ]


@pytest.mark.parametrize("coalition", [(1, 2), (2, 4)])
@pytest.mark.parametrize("name", ["single, optional", "multi", "several"])
def test_what_t_minus_1_trustees_know_is_explained_too(
    name: str, coalition: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log, and what is sealed for t-1 trustees, byte for byte, with their keys and everybody's salts."""
    form = questionnaire(*FORMS[name])
    world = World(form, threshold=THRESHOLD)
    every = list(sheets(form))
    core, bundle = world.rate(every[-1])
    known = {
        j: open_shares(
            TOY, world.keys, world.context.ledger, core, j, world.shared_point(core, j), bundle.sealed[j - 1]
        )
        for j in coalition
    }
    for claimed in every:
        w = world.layout.disclosed(world.layout.bits(claimed))
        phi = [
            through({0: Share(tuple(values), 0)} | {j: shares[q] for j, shares in known.items()})
            for q, values in enumerate(w)
        ]
        draws = explain(world, core, claimed, phi)
        rebuilt, dealt, y = rebuild(world, core, claimed, draws, monkeypatch)
        assert rebuilt.encode() == core.encode()
        again, _ = rating_shares.seal_shares(
            TOY, world.context.ledger, rebuilt, world.trustees, y, dealt, system
        )
        for j in coalition:
            assert again.sealed[j - 1] == bundle.sealed[j - 1]


def test_after_the_tally_who_answered_what_is_still_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Totals opened, all trustees' sums posted, t-1 trustees' shares known: any exchange of answers fits."""
    form = questionnaire(*FORMS["several"])
    world = World(form, threshold=THRESHOLD)
    coalition = (1, 3)
    answers: list[dict[str, Answer]] = [
        {"single": "a", "score": 1, "number": 5},
        {"single": "b"},
        {"score": 3},
    ]
    ratings = [world.rate(sheet) for sheet in answers]

    def shares_of(core: Core, bundle: Bundle) -> list[tuple[Share, ...]]:
        return [
            open_shares(TOY, world.keys, b"L" * 32, core, j, world.shared_point(core, j), sealed)
            for j, sealed in enumerate(bundle.sealed, 1)
        ]

    true_shares = [shares_of(core, bundle) for core, bundle in ratings]
    members, commitments = range(4), range(len(world.keys))

    def sums(dealt: list[list[tuple[Share, ...]]]) -> list[list[Share]]:
        """Σ over the ratings, by trustee and commitment: what is posted, and determines what is opened."""
        return [[sum_shares(Q, [shares[j][q] for shares in dealt]) for q in commitments] for j in members]

    posted = sums(true_shares)
    for exchange in permutations(answers):
        dealt = []
        for (core, _), true, claimed, shares in zip(ratings, answers, exchange, true_shares, strict=True):
            phi = []
            for q in commitments:
                # The true polynomial, moved from w to w' at 0 and left where it was for the coalition:
                # over all ratings the moves cancel, because Σw' = Σw.
                w, moved = (world.layout.disclosed(world.layout.bits(s))[q] for s in (true, claimed))
                assert list(interpolate(Q, {j + 1: shares[j][q] for j in (0, 1, 2)}).values) == w
                points = {0: Share(tuple(moved), 0)} | {j: shares[j - 1][q] for j in coalition}
                phi.append(through(points))
            draws = explain(world, core, claimed, phi)
            rebuilt, by_commitment, _ = rebuild(world, core, claimed, draws, monkeypatch)
            assert rebuilt.encode() == core.encode()
            again = [tuple(by_commitment[q][j] for q in commitments) for j in members]
            assert all(again[j - 1] == shares[j - 1] for j in coalition)
            dealt.append(again)
        assert sums(dealt) == posted
