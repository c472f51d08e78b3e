"""The kernel and the readable definition give every rating the same verdict, good or mutated."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.rating import Core
from tests.world import LEVELS, World, number, questionnaire, single
from zkperf._native import RatingLeaf
from zkperf.errors import EncodingError, InvalidProof, InvalidToken, ZkperfError
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.ledger.rules.verification import (
    Verdict,
    decode_ratings,
    verify_ratings,
    verify_reference,
)
from zkperf.ledger.state import Round
from zkperf.ledger.transactions import decode_transaction, encode_transaction

ASKED = questionnaire(
    single(), single("why", required=False), number(required=False), number("age", -5, 90, required=True)
)


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Round, list[RatingLeaf]]:
    """A round on the kernel's suite with eight ratings in two cohorts, t = 3."""
    path: Path = tmp_path_factory.mktemp("verification")
    world = World.create(path / "ledger", members=4, threshold=3)
    found = world.open_round(("A", "B"), ASKED)
    cores: list[Core] = []
    for unit in (1, 2):
        answers = [
            {
                "recommend": LEVELS[place],
                "why": LEVELS[-1 - place] if place % 3 else None,
                "minutes": 10 * place if place % 2 else None,
                "age": place - 3,
            }
            for place in range(4)
        ]
        cores += [core for _, _, core in world.rate(found, answers, unit)]
    return world, found, [RatingLeaf(encode_transaction(core)) for core in cores]


def core_of(rating: RatingLeaf) -> Core:
    core = decode_transaction(rating.data)
    assert isinstance(core, Core)
    return core


def kinds(verdicts: list[Verdict]) -> list[str]:
    return [type(verdict).__name__ if isinstance(verdict, ZkperfError) else "valid" for verdict in verdicts]


def both(world: World, found: Round, ratings: list[RatingLeaf]) -> list[str]:
    """The verdicts of the two, which must be the same."""
    kernel = kinds(verify_ratings(world.state, ratings))
    assert kernel == kinds(verify_reference(world.state, found, ratings))
    return kernel


def swapped(rating: RatingLeaf, **changes: object) -> RatingLeaf:
    core = core_of(rating).model_copy(update=changes)
    return RatingLeaf(encode_transaction(core))


def test_good_ratings_are_valid_and_commit_to_the_same(rated: tuple[World, Round, list[RatingLeaf]]) -> None:
    world, found, ratings = rated
    assert both(world, found, ratings) == ["valid"] * len(ratings)
    assert verify_ratings(world.state, ratings) == verify_reference(world.state, found, ratings)
    assert decode_ratings(world.state, ratings) == verify_reference(world.state, found, ratings)


def test_the_empty_block(rated: tuple[World, Round, list[RatingLeaf]]) -> None:
    world, found, _ = rated
    assert both(world, found, []) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_changed_byte_gets_the_same_verdict_from_both(
    rated: tuple[World, Round, list[RatingLeaf]], data: st.DataObject
) -> None:
    world, found, ratings = rated
    block = list(ratings)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(block) - 1))
        leaf = bytearray(block[place].data)
        # Not the round and unit: those belong to the ledger's rules.
        at = data.draw(st.integers(37, len(leaf) - 1))
        leaf[at] ^= data.draw(st.integers(1, 255))
        try:
            core = decode_transaction(bytes(leaf))
        except EncodingError:
            with pytest.raises(EncodingError):
                RatingLeaf(bytes(leaf))
            continue
        if isinstance(core, Core):
            block[place] = RatingLeaf(bytes(leaf))
    verdicts = both(world, found, block)
    for rating, original, verdict in zip(block, ratings, verdicts, strict=True):
        assert (verdict == "valid") == (rating.data == original.data)


def test_each_reason_is_named_by_both(rated: tuple[World, Round, list[RatingLeaf]]) -> None:
    world, found, ratings = rated
    first, second, other = ratings[0], ratings[1], ratings[4]
    other_element = RISTRETTO255.encode(RISTRETTO255.random_nonzero_scalar() * RISTRETTO255.generator)
    cases = {
        "token of another pseudonym": (swapped(first, token=core_of(second).token), "InvalidToken"),
        "token of another cohort": (swapped(other, unit=1), "InvalidToken"),
        "token not a point": (swapped(first, token=bytes(48)), "EncodingError"),
        "another sequence number": (swapped(first, sequence=1), "InvalidProof"),
        "another ephemeral key": (swapped(first, ephemeral=other_element), "InvalidProof"),
        "another digest": (swapped(first, digest=bytes(32)), "InvalidProof"),
        "the identity": (swapped(first, ephemeral=bytes(32)), "EncodingError"),
        "a commitment too few": (swapped(first, commitments=core_of(first).commitments[:1]), "EncodingError"),
        "a coefficient too many": (
            swapped(first, coefficients=tuple((*row, other_element) for row in core_of(first).coefficients)),
            "EncodingError",
        ),
        "a short proof": (swapped(first, proof=core_of(first).proof[:-1]), "EncodingError"),
        "a scalar not reduced": (
            swapped(first, proof=core_of(first).proof[:-32] + b"\xff" * 32),
            "EncodingError",
        ),
        "another proof": (swapped(first, proof=core_of(second).proof), "InvalidProof"),
    }
    for place in range(len(core_of(first).proof) // 32):
        altered = bytearray(core_of(first).proof)
        altered[32 * place] ^= 2
        case = swapped(first, proof=bytes(altered))
        [verdict] = both(world, found, [case])
        assert verdict in {"InvalidProof", "EncodingError"}
    for name, (case, expected) in cases.items():
        assert both(world, found, [case]) == [expected], name
    block = [*ratings, *(case for case, _ in cases.values()), *ratings]
    expected_all = ["valid"] * 8 + [expected for _, expected in cases.values()] + ["valid"] * 8
    assert both(world, found, block) == expected_all


def test_errors_carry_the_name_of_their_check(rated: tuple[World, Round, list[RatingLeaf]]) -> None:
    world, _, ratings = rated
    bad = swapped(ratings[0], sequence=2), swapped(ratings[0], token=core_of(ratings[1]).token)
    verdicts = verify_ratings(world.state, list(bad))
    assert [type(verdict) for verdict in verdicts] == [InvalidProof, InvalidToken]


def test_a_round_or_unit_that_is_not_there(rated: tuple[World, Round, list[RatingLeaf]]) -> None:
    world, _, ratings = rated
    unknown = swapped(ratings[0], round=bytes(32)), swapped(ratings[0], unit=9)
    for verdict in verify_ratings(world.state, [*unknown, ratings[0]])[:2]:
        assert isinstance(verdict, ZkperfError)
        assert verdict.check == "batches"


@pytest.mark.parametrize(
    "change",
    [
        lambda leaf: leaf + b"\x00",
        lambda leaf: leaf[:-1],
        lambda leaf: b"\x8a" + leaf[1:],
        lambda leaf: leaf.replace(b"\x8b\x0a", b"\x8b\x18\x0a", 1),
        lambda leaf: leaf.replace(b"\x8b\x0a", b"\x8b\x0b", 1),
        lambda leaf: leaf.replace(b"\x58\x20", b"\x59\x00\x20", 1),
        lambda leaf: b"\x9f" + leaf[1:] + b"\xff",
        lambda leaf: leaf[:36] + b"\x3b" + b"\xff" * 8 + leaf[37:],
        lambda leaf: leaf[:36] + b"\x1b" + b"\xff" * 8 + leaf[37:],
        lambda leaf: b"",
    ],
)
def test_the_kernel_reads_one_encoding_only(
    rated: tuple[World, Round, list[RatingLeaf]], change: object
) -> None:
    _, _, ratings = rated
    changed = change(ratings[0].data)  # type: ignore[operator]
    assert changed != ratings[0].data
    with pytest.raises(EncodingError):
        RatingLeaf(changed)
    with pytest.raises((EncodingError, AssertionError)):
        assert isinstance(decode_transaction(changed), Core)
