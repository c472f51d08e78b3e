"""Ratings that keep all of a proof's equations but one: the kernel refuses each, as the readable code does.

A changed byte changes the challenge, and then nothing holds. Here the forger makes the proof itself, with a
token that is its own, so that only the one equation is left to refuse it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.rating import Core, Witness, decode_core, rating_equations
from circuits.rating.prover import prove
from tests.torsion import encoded, random_points, shifted, torsion
from tests.world import LEVELS, World, number, questionnaire, single
from zkperf._native import RatingLeaf
from zkperf.errors import EncodingError, ZkperfError
from zkperf.groups.ristretto255 import RISTRETTO255 as G
from zkperf.ledger.rules.verification import rating_context, verify_ratings, verify_reference
from zkperf.ledger.state import Round
from zkperf.ledger.transactions import encode_transaction
from zkperf.proofs.batch import verify_each
from zkperf.roles.citizen import Citizen, Token

ASKED = questionnaire(single(), number(required=False), number("age", 0, 90, required=True))
ANSWERS: dict[str, Any] = {"recommend": LEVELS[1], "minutes": 20, "age": 40}
KEYS = "pseudonym and ephemeral key"


class Forger:
    """Citizens with a token, in a round on the kernel's suite, t = 3, who prove whatever they like."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.found: Round = world.open_round(("A", "B"), ASKED)
        rated = [world.rate(self.found, [ANSWERS], unit)[0] for unit in (1, 1, 2)]
        self.honest, self.other, self.elsewhere = rated
        self.scheme = self.found.scheme
        self.layout = self.scheme.layout
        self.context = rating_context(world.state, self.found, 1)

    @property
    def bits(self) -> list[int]:
        return self.layout.bits(ANSWERS)

    def forge(
        self,
        bits: Sequence[int] | None = None,
        *,
        committed: Sequence[Sequence[int]] | None = None,
        witness: dict[str, Any] | None = None,
        by: tuple[Citizen, Token, Core] | None = None,
        **fields: Any,
    ) -> Core:
        """A core with these bits, whatever they are; other committed values, witness or fields if given."""
        bits = self.bits if bits is None else bits
        values = self.layout.disclosed(bits) if committed is None else committed
        blindings = tuple(G.random_scalar() for _ in values)
        _, token, core = by or self.honest
        x, y = G.decode_scalar(token.secret), G.random_nonzero_scalar()
        commitments = tuple(
            G.encode(key.commit([value % G.order for value in row], r))
            for key, row, r in zip(self.scheme.keys, values, blindings, strict=True)
        )
        claimed = core.model_copy(
            update={"commitments": commitments, "ephemeral": G.encode(y * G.generator), **fields}
        )
        known = Witness(tuple(bit % G.order for bit in bits), blindings, x, y)
        known = replace(known, **(witness or {}))
        proof = prove(G, self.layout, self.scheme.keys, self.context, claimed, known)
        return claimed.model_copy(update={"proof": proof})

    def kept(self, bits: list[int]) -> list[int]:
        """These bits, with the pivots that keep every rule."""
        bits = bits.copy()
        for rule in self.layout.rules:
            bits[rule.pivot] = rule.constant + sum(factor * bits[bit] for bit, factor in rule.terms)
        return bits

    def verdict(self, core: Core) -> tuple[str, list[str]]:
        """The kernel's verdict, which is the readable one too, and the equations that do not hold."""
        rating = RatingLeaf(encode_transaction(core))
        verdicts = [
            *verify_ratings(self.world.state, [rating]),
            *verify_reference(self.world.state, self.found, [rating]),
        ]
        names = {type(v).__name__ if isinstance(v, ZkperfError) else "valid" for v in verdicts}
        assert len(names) == 1, names
        decoded = decode_core(G, self.layout, 3, core)
        equations = rating_equations(G, self.layout, self.scheme.keys, self.context, core, decoded)
        broken = verify_each(G, [[equation] for equation in equations])
        return names.pop(), [equations[place].name for place in broken]


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> Forger:
    path = tmp_path_factory.mktemp("forgeries")
    forger = Forger(World.create(path / "ledger", members=4, threshold=3))
    assert forger.found.verifier is not None, "the kernel verifies this round"
    assert len(forger.layout.commitments) == 2
    return forger


def test_the_forger_is_honest_when_it_changes_nothing(forger: Forger) -> None:
    assert forger.verdict(forger.forge()) == ("valid", [])


@pytest.mark.parametrize("wrong", [2, -1])
def test_bits_that_are_not_0_or_1(forger: Forger, wrong: int) -> None:
    for free in forger.layout.free:
        bits = forger.bits
        bits[free] = wrong
        assert forger.verdict(forger.forge(forger.kept(bits))) == ("InvalidProof", ["bits"])


def test_bits_that_break_a_rule(forger: Forger) -> None:
    for rule in forger.layout.rules:
        bits = forger.bits
        bits[rule.pivot] ^= 1
        name, broken = forger.verdict(forger.forge(bits))
        assert (name, broken) == ("InvalidProof", ["bits"])


@pytest.mark.parametrize("q", [0, 1])
def test_commitments_to_something_else(forger: Forger, q: int) -> None:
    for slot in range(len(forger.layout.commitments[q])):
        committed = forger.layout.disclosed(forger.bits)
        committed[q][slot] += 1
        core = forger.forge(committed=committed)
        assert forger.verdict(core) == ("InvalidProof", [f"commitment {q}"])


def test_somebody_elses_keys(forger: Forger) -> None:
    """A pseudonym whose token was seen, and a victim's ephemeral key: both without their secrets."""
    secret = G.decode_scalar(forger.other[1].secret)
    assert forger.verdict(forger.forge(by=forger.honest, witness={"x": secret}))[1] == [KEYS]
    stranger = G.encode(G.random_nonzero_scalar() * G.generator)
    for core in (
        forger.forge(witness={"x": secret}),
        forger.forge(ephemeral=stranger),
        forger.forge(ephemeral=stranger, witness={"y": 77}),
    ):
        assert forger.verdict(core) == ("InvalidProof", [KEYS])


def test_x_and_y_that_only_add_up(forger: Forger) -> None:
    x, y = G.decode_scalar(forger.honest[1].secret), 22
    ephemeral = G.encode(y * G.generator)
    for witness in ({"x": y, "y": x}, {"x": x + 1, "y": y - 1}, {"x": x + y, "y": 0}):
        core = forger.forge(ephemeral=ephemeral, witness=witness)
        assert forger.verdict(core) == ("InvalidProof", [KEYS])


def test_a_token_that_is_not_the_pseudonyms(forger: Forger) -> None:
    """The proof is right; the token is good, for another pseudonym or in another cohort."""
    for _, token, _ in (forger.other, forger.elsewhere):
        assert forger.verdict(forger.forge(token=token.token)) == ("InvalidToken", [])


LARGE, SMALL = torsion(), torsion(11)


def test_whoever_holds_a_token_may_add_torsion_to_it(forger: Forger) -> None:
    """What is verified is the token's part in G1: the rating is as valid as the one without."""
    token = forger.honest[1].token
    for added in (LARGE, SMALL):
        assert forger.verdict(forger.forge(token=shifted(token, added))) == ("valid", [])


def test_nobody_else_may(forger: Forger) -> None:
    """The challenge takes the token in: a rating that is passed on with another form of it is refused."""
    core = forger.honest[2]
    altered = core.model_copy(update={"token": shifted(core.token, LARGE)})
    assert forger.verdict(altered)[0] == "InvalidProof"


def test_a_token_without_the_signature_in_it(forger: Forger) -> None:
    """Torsion alone, and torsion with the signature on another pseudonym or for another cohort."""
    others = [shifted(token.token, LARGE) for _, token, _ in (forger.other, forger.elsewhere)]
    for token in (encoded(LARGE), encoded(SMALL), *others):
        assert forger.verdict(forger.forge(token=token)) == ("InvalidToken", [])


def test_a_token_that_is_no_point(forger: Forger) -> None:
    """The two points of order 3, with x = 0, have no encoding that is accepted."""
    for token in (b"\x80" + bytes(47), b"\xa0" + bytes(47)):
        rating = RatingLeaf(encode_transaction(forger.forge(token=token)))
        for verdicts in (
            verify_ratings(forger.world.state, [rating]),
            verify_reference(forger.world.state, forger.found, [rating]),
        ):
            assert [type(verdict) for verdict in verdicts] == [EncodingError]


@pytest.fixture(scope="module")
def tokens(forger: Forger) -> list[tuple[str, RatingLeaf]]:
    """Ratings with right proofs and tokens of every kind, and the verdict on each."""
    cases = [("valid", core) for _, _, core in (forger.honest, forger.other, forger.elsewhere)]
    token = forger.honest[1].token
    cases += [("valid", forger.forge(token=shifted(token, added))) for added in (LARGE, SMALL)]
    wrong = [
        encoded(LARGE),
        encoded(SMALL),
        encoded(random_points(1)[0]),
        forger.other[1].token,
        shifted(forger.other[1].token, LARGE),
        shifted(token, random_points(1)[0]),
    ]
    cases += [("InvalidToken", forger.forge(token=data)) for data in wrong]
    altered = forger.other[2].model_copy(update={"token": shifted(forger.other[1].token, SMALL)})
    cases += [("InvalidProof", altered), ("EncodingError", forger.forge(token=b"\x80" + bytes(47)))]
    return [(verdict, RatingLeaf(encode_transaction(core))) for verdict, core in cases]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_blocks_with_tokens_of_every_kind(
    forger: Forger, tokens: list[tuple[str, RatingLeaf]], data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.integers(0, len(tokens) - 1), min_size=1, max_size=16))
    block = [tokens[place][1] for place in places]
    for verdicts in (
        verify_ratings(forger.world.state, block),
        verify_reference(forger.world.state, forger.found, block),
    ):
        names = [type(v).__name__ if isinstance(v, ZkperfError) else "valid" for v in verdicts]
        assert names == [tokens[place][0] for place in places]


def test_two_wrongs_in_a_block_do_not_make_a_right(forger: Forger) -> None:
    """z one too high and z one too low: without weights the sum over the block would still be zero."""
    block = []
    for step in (1, 0, -1):
        core = forger.forge()
        z = G.encode_scalar((G.decode_scalar(core.proof[-32:]) + step) % G.order)
        core = core.model_copy(update={"proof": core.proof[:-32] + z})
        block.append(RatingLeaf(encode_transaction(core)))
    for verdicts in (
        verify_ratings(forger.world.state, block),
        verify_reference(forger.world.state, forger.found, block),
    ):
        assert [isinstance(verdict, ZkperfError) for verdict in verdicts] == [True, False, True]
