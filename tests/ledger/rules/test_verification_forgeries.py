"""Ratings that keep all of a proof's equations but one: the kernel refuses each, as the readable code does.

A changed byte changes the challenge, and then nothing holds. Here the forger makes the proof itself, with a
token that is its own, so that only the one equation is left to refuse it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from circuits.rating import Core, Witness, decode_core, rating_equations
from circuits.rating.prover import prove
from tests.world import LEVELS, World, number, questionnaire, single
from zkperf._native import RatingLeaf
from zkperf.errors import ZkperfError
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
