"""The kernel makes the rating that the readable definition makes, byte for byte, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import shake_128

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.kinds import Answer
from circuits.questionnaire import Questionnaire
from circuits.rating import (
    Bundle,
    Core,
    build_rating_in_kernel,
    check_bundle,
    check_shares,
    kernel_verifier,
    open_shares,
    sealing_context,
    verify_rating,
)
from tests.circuits.rating.world import EVERY_KIND, FULL, SPARSE, TOKEN, World
from tests.circuits.strategies import answer_sheets, question, questionnaire, questionnaires
from zkperf._native import RatingLeaf, RatingProver, ShareOpener
from zkperf.errors import EncodingError
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.ledger.transactions import encode_transaction
from zkperf.randomness import RandomBytes, system
from zkperf.sealing import bundle_digest, encode_shares, salted_digest, seal

SMALL = questionnaire(question("one", "single", options=["a", "b", "c"]))
ONLY_OPTIONAL = questionnaire(
    question("one?", "single", options=["a", "b", "c", "d"], required=False),
    question("any?", "multi", options=["a", "b", "c"], required=False),
    question("levels?", "score", bounds=(0, 10), required=False),
)
"""The main commitment only counts answers: the others are longer, the last one longest."""


class KernelWorld(World):
    """A cohort on the kernel's suite, whose ratings are made by either of the two."""

    def __init__(self, form: Questionnaire = EVERY_KIND, threshold: int = 3, members: int = 4) -> None:
        super().__init__(form, RISTRETTO255, threshold, members)
        self.verifier = kernel_verifier(self.layout, self.context, {})
        self.prover = RatingProver(self.verifier, self.trustees)

    def rate_in_kernel(
        self,
        answers: dict[str, Answer] = FULL,
        *,
        x: int = 5,
        sequence: int = 0,
        source: RandomBytes = system,
    ) -> tuple[Core, Bundle]:
        secret = RISTRETTO255.encode_scalar(x)
        bits = self.layout.bits(answers)
        return build_rating_in_kernel(self.prover, self.context, secret, TOKEN, sequence, bits, source)


class Recorded:
    """The same bytes to whoever asks for the same, and how many were asked for; ``given`` in some places."""

    def __init__(self, seed: int, given: dict[int, bytes] | None = None) -> None:
        self.seed = seed
        self.given = given or {}
        self.asked: list[int] = []

    def __call__(self, size: int) -> bytes:
        self.asked.append(size)
        place = len(self.asked) - 1
        return self.given.get(place) or shake_128(b"%d/%d" % (self.seed, place)).digest(size)


def both(
    world: KernelWorld, answers: dict[str, Answer], make: Callable[[], Recorded], *, x: int, sequence: int = 0
) -> Recorded:
    """One rating from both, which must be the same; what it was made from."""
    readable, hot = make(), make()
    expected = world.rate(answers, x=x, sequence=sequence, source=readable)
    assert world.rate_in_kernel(answers, x=x, sequence=sequence, source=hot) == expected
    assert hot.asked == readable.asked
    return hot


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 4), st.integers(0, 3), st.integers(1, RISTRETTO255.order - 1))
def test_the_same_randomness_makes_the_same_rating(
    data: st.DataObject, threshold: int, more: int, x: int
) -> None:
    form = data.draw(questionnaires())
    world = KernelWorld(form, threshold, threshold + more)
    seed, sequence = data.draw(st.integers(0, 2**32)), data.draw(st.integers(0, 2**63 - 1))
    both(world, data.draw(answer_sheets(form)), lambda: Recorded(seed), x=x, sequence=sequence)


@pytest.mark.parametrize(
    ("form", "answers"),
    [
        (EVERY_KIND, FULL),
        (EVERY_KIND, SPARSE),
        (ONLY_OPTIONAL, {"one?": "d", "any?": ["a", "c"], "levels?": 10}),
        (ONLY_OPTIONAL, {}),
    ],
)
def test_every_kind_of_question_at_once(form: Questionnaire, answers: dict[str, Answer]) -> None:
    both(KernelWorld(form), answers, lambda: Recorded(1), x=7)


@pytest.mark.parametrize("value", [0, 1, RISTRETTO255.order - 2, RISTRETTO255.order - 1, RISTRETTO255.order])
def test_draws_at_the_edges_are_taken_and_refused_alike(value: int) -> None:
    """A scalar is uniform below q, y and k from 1 on: what is too large is drawn again."""
    world = KernelWorld(SMALL, 2, 2)
    drawn = both(world, {"one": "b"}, lambda: Recorded(2), x=7)
    for place, size in enumerate(drawn.asked):
        if size == RISTRETTO255.scalar_size:
            given = {place: value.to_bytes(size, "little")}
            both(world, {"one": "b"}, partial(Recorded, 2, given), x=7)


SCALARS = {
    "r": (5,),
    "φ, ψ": (1, 2, 3),
    "y": (4,),
    "a": (6, 7),
    "r_A": (8,),
    "u": (9,),
    "v": (10,),
    "k": (11,),
}
"""What is drawn for a rating of `SMALL` with t = 2, in this order."""


@pytest.mark.parametrize(
    ("nothing", "again"),
    [
        ((), False),
        (("r",), True),
        (("φ, ψ",), True),
        (("a", "r_A"), True),
        (("a", "u"), True),
        (("a", "v"), True),
    ],
)
def test_no_element_is_the_identity(nothing: tuple[str, ...], again: bool) -> None:
    """A commitment to nothing with the blinding 0 has no encoding: the kernel draws again, and all of it."""
    world = KernelWorld(SMALL, 2, 2)
    drawn = [
        (0 if name in nothing else scalar).to_bytes(32, "little")
        for name, scalars in SCALARS.items()
        for scalar in scalars
    ]
    asked: list[int] = []

    def source(size: int) -> bytes:
        asked.append(size)
        return drawn.pop(0) if size == 32 and drawn else system(size)

    # The last option has no slot.
    core, _ = world.rate_in_kernel({"one": "c"}, source=source)
    assert drawn == [] and (len(asked) > 11 + 2) == again
    verify_rating(RISTRETTO255, world.layout, world.context, core)


def test_what_the_kernel_makes_is_valid() -> None:
    world = KernelWorld()
    core, bundle = world.rate_in_kernel(sequence=2)
    decoded = verify_rating(RISTRETTO255, world.layout, world.context, core)
    check_bundle(RISTRETTO255, world.layout, core, bundle, world.context.members)
    for j, sealed in enumerate(bundle.sealed, 1):
        point = world.shared_point(core, j)
        shares = open_shares(RISTRETTO255, world.keys, world.context.ledger, core, j, point, sealed)
        check_shares(world.keys, decoded.commitments, decoded.coefficients, j, shares)


def test_nothing_is_drawn_twice() -> None:
    """By itself the kernel asks the operating system: two ratings have only what they must in common."""
    world = KernelWorld()
    (core, bundle), (other, another) = world.rate_in_kernel(), world.rate_in_kernel()
    assert core.pseudonym == other.pseudonym
    elements = [core.ephemeral, *core.commitments, *sum(core.coefficients, ()), *bundle.salts, *bundle.sealed]
    others = [
        other.ephemeral, *other.commitments, *sum(other.coefficients, ()), *another.salts, *another.sealed
    ]  # fmt: skip
    parts = [core.proof[at : at + 32] for at in range(0, len(core.proof), 32)]
    other_parts = [other.proof[at : at + 32] for at in range(0, len(other.proof), 32)]
    assert len({*elements, *others, *parts, *other_parts}) == 2 * (len(elements) + len(parts))


def wrong_bits(world: KernelWorld) -> list[list[int]]:
    """Too few, too many, others than 0 and 1, and some that break one rule each, or all."""
    right = world.layout.bits(FULL)

    def changed(place: int, value: int) -> list[int]:
        return [*right[:place], value, *right[place + 1 :]]

    broken = [changed(rule.pivot, 1 - right[rule.pivot]) for rule in world.layout.rules]
    large = [changed(place, value + 2) for place, value in enumerate(right)]
    uniform = [[value] * len(right) for value in (0, 1, 255)]
    return [[], right[:-1], [*right, 0], *broken, *large, *uniform]


def test_bits_that_are_no_answers_are_refused() -> None:
    world = KernelWorld()
    secret = RISTRETTO255.encode_scalar(5)
    for bits in wrong_bits(world):
        with pytest.raises(ValueError, match="bits"):
            build_rating_in_kernel(world.prover, world.context, secret, TOKEN, 0, bits)
        with pytest.raises(ValueError, match="bits"):
            world.layout.check(bits)
    for answers in (FULL, SPARSE):
        world.layout.check(world.layout.bits(answers))


def test_a_secret_that_is_none_is_refused() -> None:
    world = KernelWorld()
    bits = world.layout.bits(FULL)
    for secret in (b"", bytes(31), RISTRETTO255.order.to_bytes(32, "little"), b"\xff" * 32):
        with pytest.raises(EncodingError):
            build_rating_in_kernel(world.prover, world.context, secret, TOKEN, 0, bits)
        with pytest.raises(EncodingError):
            RISTRETTO255.decode_scalar(secret)
    with pytest.raises(ValueError):
        world.rate_in_kernel(x=0)
    with pytest.raises(ValueError):
        world.rate(x=0)


def test_a_source_that_fails_fails_the_rating() -> None:
    world = KernelWorld()

    def broken(size: int) -> bytes:
        raise RuntimeError("no entropy")

    with pytest.raises(RuntimeError, match="no entropy"):
        world.rate_in_kernel(source=broken)
    for short in (lambda size: bytes(size - 1), lambda size: bytes(size + 1)):
        with pytest.raises(ValueError, match="another number of bytes"):
            world.rate_in_kernel(source=short)


@pytest.mark.parametrize("change", [-1, 1])
def test_the_trustees_are_as_many_as_there_are(change: int) -> None:
    world = KernelWorld()
    trustees = [*world.trustees, *world.trustees][: len(world.trustees) + change]
    with pytest.raises(ValueError, match=f"expected the keys of 4 trustees, got {4 + change}"):
        RatingProver(world.verifier, trustees)


# -- opening -----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(1, 4), st.integers(0, 12))
def test_every_trustee_opens_what_the_readable_definition_opens(
    data: st.DataObject, threshold: int, more: int
) -> None:
    form = data.draw(questionnaires(most=2))
    world = KernelWorld(form, threshold, threshold + more)
    ratings = [world.rate_in_kernel(data.draw(answer_sheets(form)), sequence=place) for place in range(2)]
    items = [(RatingLeaf(encode_transaction(core)), bundle.encode()) for core, bundle in ratings]
    for j, secret in enumerate(world.secrets, 1):
        opened = ShareOpener(j, RISTRETTO255.encode_scalar(secret)).open(world.verifier, items)
        for (core, bundle), plaintext in zip(ratings, opened, strict=True):
            point, sealed = world.shared_point(core, j), bundle.sealed[j - 1]
            shares = open_shares(RISTRETTO255, world.keys, world.context.ledger, core, j, point, sealed)
            assert plaintext == encode_shares(RISTRETTO255, shares)


@pytest.mark.parametrize(
    ("form", "threshold", "j"),
    [
        *((EVERY_KIND, *pair) for pair in ((1, 2), (2, 1), (2, 4), (3, 3), (4, 6), (4, 7))),
        (ONLY_OPTIONAL, 2, 3),
    ],
)
def test_one_wrong_scalar_is_found_in_any_place(form: Questionnaire, threshold: int, j: int) -> None:
    world = KernelWorld(form, threshold, 7)
    core, bundle = world.rate(FULL if form is EVERY_KIND else {"one?": "b", "levels?": 3})
    point = world.shared_point(core, j)
    shares = open_shares(RISTRETTO255, world.keys, world.context.ledger, core, j, point, bundle.sealed[j - 1])
    right = encode_shares(RISTRETTO255, shares)
    opener = ShareOpener(j, RISTRETTO255.encode_scalar(world.secrets[j - 1]))

    def opened(plaintext: bytes) -> bytes | None:
        """What the trustee makes of a rating in which this is sealed for it."""
        context = sealing_context(world.context.ledger, core, j)
        sealed = list(bundle.sealed)
        # t_j·Y is y·T_j: the trustee could have sealed it for itself.
        ephemeral = RISTRETTO255.decode(core.ephemeral)
        sealed[j - 1] = seal(RISTRETTO255, world.secrets[j - 1], ephemeral, context, plaintext)
        pairs = zip(bundle.salts, sealed, strict=True)
        digest = bundle_digest([salted_digest(salt, share) for salt, share in pairs])
        leaf = RatingLeaf(encode_transaction(core.model_copy(update={"digest": digest})))
        changed = bundle.model_copy(update={"sealed": tuple(sealed)}).encode()
        [found] = opener.open(world.verifier, [(leaf, changed)])
        return found

    assert opened(right) == right
    for at in range(0, len(right), 32):
        wrong = bytearray(right)
        wrong[at] ^= 1
        assert opened(bytes(wrong)) is None
        wrong[at : at + 32] = b"\xff" * 32
        assert opened(bytes(wrong)) is None
