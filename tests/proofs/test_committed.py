"""Statements about committed values: each condition is proved where it holds, and cannot be where not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.suites import EVERY
from tests.toygroup import TOY
from zkperf.errors import EncodingError, InvalidProof, ZkperfError
from zkperf.groups.base import Group
from zkperf.proofs import committed
from zkperf.proofs.committed import DoesNotHold, Presented, Statement, prove, verify_statements
from zkperf.proofs.intervals import figure_key

Write = Callable[[Statement], None]
BOUNDS = [(0, 100), (-50, 50), (0, 5000), (0, 1)]


class World:
    """Commitments to values, a public key, and proofs about them."""

    def __init__(self, group: Group, values: Sequence[int]) -> None:
        self.group, self.values = group, list(values)
        pairs = [figure_key(group).commit_random([value % group.order]) for value in values]
        self.commitments = tuple(c for c, _ in pairs)
        self.blindings = [r for _, r in pairs]
        self.encoded = tuple(group.encode(c) for c in self.commitments)
        self.secret = group.random_nonzero_scalar()
        self.key = self.secret * group.generator

    def statement(self, write: Write, *, known: bool, keys: int = 0) -> Statement:
        values = self.values if known else None
        statement = Statement(BOUNDS[: len(self.values)], values, keys=keys)
        write(statement)
        return statement

    def prove(self, write: Write, keys: int = 0, honest: bool = True, **changes: Any) -> Presented:
        statement = self.statement(write, known=True, keys=keys)
        pairs = [(self.key, self.secret)] * keys
        proof = prove(self.group, statement, self.commitments, self.blindings, b"context", pairs)
        public = tuple(key for key, _ in pairs)
        verified = self.statement(write, known=False, keys=keys)
        item = Presented(verified, self.commitments, self.encoded, public, b"context", proof)
        return item._replace(**changes)

    def verdict(self, item: Presented) -> ZkperfError | None:
        (verdict,) = verify_statements(self.group, [item])
        return verdict


VALUES = (40, -7, 40 * -7 * -1, 1)

CONDITIONS: dict[str, tuple[Write, Write]] = {
    "at least": (lambda s: check(s.at_least(s.figure(0), 40)), lambda s: check(s.at_least(s.figure(0), 41))),
    "at most": (lambda s: check(s.at_most(s.figure(1), -7)), lambda s: check(s.at_most(s.figure(1), -8))),
    "between": (
        lambda s: check(s.between(s.figure(0), 40, 40)),
        lambda s: check(s.between(s.figure(0), 10, 39)),
    ),
    "equal": (
        lambda s: s.equal(s.figure(0) + 7 * s.figure(1), -9),
        lambda s: s.equal(s.figure(0) + 7 * s.figure(1), -8),
    ),
    "product": (
        lambda s: s.equal(s.product(s.figure(0), s.figure(1)), -s.figure(2)),
        lambda s: s.equal(s.product(s.figure(0), s.figure(1)), s.figure(2)),
    ),
    "square": (
        lambda s: s.equal(s.product(s.figure(1), s.figure(1)), 49),
        lambda s: s.equal(s.product(s.figure(1), s.figure(1)), 48),
    ),
    "boolean": (lambda s: check(s.boolean(s.figure(3))), lambda s: check(s.boolean(s.figure(0)))),
    "sign of 0": (
        lambda s: s.sign(s.figure(0) - 40, s.figure(3), 8),
        lambda s: s.sign(s.figure(0) - 41, s.figure(3), 8),
    ),
    "sign": (
        lambda s: s.sign(s.figure(1) + 7, s.figure(3), 8),
        lambda s: s.sign(s.figure(1) - 50, s.figure(3), 8),
    ),
    "a sign of 0 denied": (
        lambda s: s.sign(s.figure(1), 1 - s.figure(3), 8),
        lambda s: s.sign(s.figure(0), 1 - s.figure(3), 8),
    ),
}


def check(form: object) -> None:
    assert form is not None


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("group", EVERY)
def test_what_holds_is_proved(group: Group, name: str) -> None:
    world = World(group, VALUES)
    holds, _ = CONDITIONS[name]
    assert world.verdict(world.prove(holds)) is None


@pytest.mark.parametrize("name", CONDITIONS)
def test_what_does_not_hold_is_not_proved(name: str) -> None:
    """The prover refuses, without a value in the message; and one that does not look has nothing valid."""
    _, fails = CONDITIONS[name]
    world = World(TOY, VALUES)
    with pytest.raises(DoesNotHold) as refusal:
        world.prove(fails)
    assert not any(character.isdigit() and character > "1" for character in str(refusal.value))


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("group", EVERY)
def test_the_proof_of_one_condition_is_none_of_another(group: Group, name: str) -> None:
    world = World(group, VALUES)
    holds, fails = CONDITIONS[name]
    item = world.prove(holds)
    verdict = world.verdict(item._replace(statement=world.statement(fails, known=False)))
    assert isinstance(verdict, InvalidProof | EncodingError)


def everything(s: Statement) -> None:
    a, b, c = (s.figure(i) for i in range(3))
    s.at_least(a, 1)
    s.equal(s.product(a, b), -c)
    s.sign(b, 1 - s.figure(3), 8)


@pytest.mark.parametrize("group", EVERY)
def test_everything_public_is_bound(group: Group) -> None:
    world = World(group, VALUES)
    item = world.prove(everything, keys=1)
    assert world.verdict(item) is None
    other = World(group, VALUES)
    for changed in (
        item._replace(context=b"another"),
        item._replace(keys=other.prove(everything, keys=1).keys),
        item._replace(commitments=other.commitments, encoded=other.encoded),
        item._replace(encoded=other.encoded),
        item._replace(
            statement=world.statement(
                lambda s: (everything(s), s.at_least(s.figure(0), 2))[0], known=False, keys=1
            )
        ),
    ):
        assert world.verdict(changed) is not None


@pytest.mark.parametrize("group", EVERY)
def test_sizes_and_encodings(group: Group) -> None:
    world = World(group, VALUES)
    for write, keys in ((everything, 1), (lambda s: s.equal(s.figure(0), 40), 0)):
        item = world.prove(write, keys=keys)
        size = group.element_size
        for proof in (
            b"",
            item.proof[: size - 1],
            item.proof[:-1],
            item.proof + b"\0",
            b"\xff" * size + item.proof[size:],
        ):
            assert isinstance(world.verdict(item._replace(proof=proof)), EncodingError)


@pytest.mark.parametrize("group", EVERY)
def test_a_batch_names_its_culprits(group: Group) -> None:
    world = World(group, VALUES)
    good = world.prove(everything, keys=1)
    linear_only = world.prove(lambda s: s.equal(s.figure(0), 40))
    ranges_only = world.prove(lambda s: check(s.at_least(s.figure(0), 40)))
    batch = [
        good,
        linear_only._replace(context=b"x"),
        ranges_only,
        ranges_only._replace(context=b"x"),
        linear_only,
    ]
    batch.append(good._replace(proof=b""))
    verdicts = verify_statements(group, batch)
    assert [type(verdict).__name__ for verdict in verdicts] == [
        "NoneType",
        "InvalidProof",
        "NoneType",
        "InvalidProof",
        "NoneType",
        "EncodingError",
    ]
    assert "linear relation" in str(verdicts[1]) and "range proof" in str(verdicts[3])
    assert verify_statements(group, []) == []


def test_a_linear_part_and_its_intervals_cannot_be_exchanged() -> None:
    """Two proofs of one statement: halves of both are no proof."""
    world = World(TOY, VALUES)

    def write(s: Statement) -> None:
        s.boolean(s.figure(3))
        s.at_least(s.figure(0), 1)

    one, two = world.prove(write), world.prove(write)
    relation = one.statement.relation(TOY, world.commitments, [])
    assert relation is not None
    from zkperf.proofs.linear import size

    at = size(relation)
    assert isinstance(world.verdict(one._replace(proof=one.proof[:at] + two.proof[at:])), InvalidProof)


def cheat(world: World, values: Sequence[int], write: Write) -> Presented:
    """A prover that says these are its values, for commitments to others, and looks at nothing."""
    statement = Statement(BOUNDS[: len(values)], values)
    statement._require = lambda *arguments: None  # type: ignore[method-assign]
    write(statement)
    proof = prove(world.group, statement, world.commitments, world.blindings, b"context")
    verified = world.statement(write, known=False)
    return Presented(verified, world.commitments, world.encoded, (), b"context", proof)


def test_intervals_of_other_values_are_refused() -> None:
    world = World(TOY, VALUES)
    item = cheat(world, (41, *VALUES[1:]), lambda s: check(s.at_least(s.figure(0), 41)))
    assert isinstance(world.verdict(item), InvalidProof)


def test_a_form_below_its_least_is_not_wrapped_around() -> None:
    """A negative form is no small residue: nothing proves it."""
    world = World(TOY, VALUES)
    with pytest.raises(ValueError, match="outside"):
        cheat(world, VALUES, lambda s: check(s.at_least(s.figure(0), 41)))


def test_forms_have_to_be_bounded() -> None:
    s = Statement([None, None, (0, 1)])
    with pytest.raises(ValueError, match="no bounds"):
        s.at_least(s.figure(0), 0)
    with pytest.raises(ValueError, match="no bounds"):
        s.product(s.figure(0), s.figure(2))
    with pytest.raises(ValueError, match="8 bits"):
        s.sign(s.figure(0), s.figure(2), 8)
    for low, high in ((0, None), (None, 9)):
        half = s.figure(0).within(low, high)
        with pytest.raises(ValueError, match="no bounds"):
            s.at_least(half, 0)
        with pytest.raises(ValueError, match="no bounds"):
            s.product(half, s.figure(2))
        with pytest.raises(ValueError, match="no bounds"):
            s.product(s.figure(2), half)
        with pytest.raises(ValueError, match="8 bits"):
            s.sign(half, s.figure(2), 8)
        # half a bound is none: both sides are proved
        before = len(s.intervals)
        s.between(half, 0, 9)
        assert [(i.span, i.capped) for i in s.intervals[before:]] == [(9, False)]
    v = s.between(s.figure(0), 0, 255)
    s.sign(v, s.figure(2), 8)
    for form in (v + 1, -v - 2):
        with pytest.raises(ValueError, match="8 bits"):
            s.sign(form, s.figure(2), 8)


def test_what_is_known_is_not_proved_again() -> None:
    s = Statement([(0, 100)])
    v = s.figure(0)
    s.between(v, -5, 30)
    s.between(v, 30, 200)
    s.between(v, 30, 60)
    assert [(i.span, i.capped) for i in s.intervals] == [(30, True), (70, True), (30, False)]


def test_the_digest_says_everything_that_was_written_down() -> None:
    """Which commitments and keys there are, each form, span and cap; what is a product, and what is zero."""

    def written(write: Write, keys: int = 0, count: int = 4) -> bytes:
        statement = Statement(BOUNDS[:count], keys=keys)
        write(statement)
        return statement.digest

    digests = [
        written(lambda s: None),
        written(lambda s: None, keys=1),
        written(lambda s: None, count=3),
        written(lambda s: s.equal(s.figure(0))),
        written(lambda s: s.equal(s.figure(0), 1)),
        written(lambda s: s.equal(2 * s.figure(0))),
        written(lambda s: check(s.boolean(s.figure(0)))),
        written(lambda s: check(s.product(s.figure(0), s.figure(1)))),
        written(lambda s: check(s.product(s.figure(1), s.figure(0)))),
        written(lambda s: check(s.at_least(s.figure(0), 1))),
        written(lambda s: check(s.at_least(s.figure(0), 2))),
        written(lambda s: check(s.at_most(s.figure(0), 1))),
        written(lambda s: check(s.between(s.figure(0), 1, 99))),
        written(lambda s: check(s.between(s.figure(0), 1, 98))),
        written(lambda s: check(s.between(s.figure(0).within(None, None), 1, 100))),
    ]
    assert len(set(digests)) == len(digests)


def test_a_proof_is_bound_to_everything_public() -> None:
    s, other = Statement(BOUNDS[:1]), Statement(BOUNDS[:2])
    first, second = TOY.generator, 2 * TOY.generator
    bound = [
        committed._bind(TOY, *arguments)
        for arguments in (
            (s, [b"V"], [first], b"context"),
            (other, [b"V"], [first], b"context"),
            (s, [b"W"], [first], b"context"),
            (s, [b"V"], [second], b"context"),
            (s, [b"V"], [first], b"another"),
        )
    ]
    assert len(set(bound)) == len(bound)
    assert committed._tag(TOY, bound[0]) != committed._tag(TOY, bound[1])
    ranges = [
        committed._range_context(*arguments) for arguments in ((b"a", b"b"), (b"c", b"b"), (b"a", b"c"))
    ]
    assert len(set(ranges)) == len(ranges)


def test_repr_has_no_values() -> None:
    assert repr(Statement([(0, 9)], [7])) == "<statement about 1 commitments>"
