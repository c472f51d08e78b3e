"""A questionnaire compiled to bits: the public part of the statement `rating` that depends on the scheme.

b ∈ {0,1}^m with L·b = c, and w_q = M_q·b for each commitment q. Commitment 0 is the main one; every
optional question has one of its own. Each bit is exactly one of

- *disclosed*: a unit row of some M_q;
- a *pivot* of L: computed from the others by a rule;
- *auxiliary*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from circuits.constraints import Row, Rule, System, apply, reduce
from circuits.figures import Figures, check_range
from circuits.kinds import KINDS, Answer, Kind
from circuits.questionnaire import Questionnaire, validate
from zkperf.encoding import encode
from zkperf.errors import InputError, InvalidOpening

__all__ = ["Answer", "Figures", "Layout", "compile_questionnaire"]


@dataclass(frozen=True)
class Layout:
    """A compiled questionnaire. ``size`` is m; ``commitments[q]`` are the rows of M_q."""

    questionnaire: Questionnaire
    size: int
    rules: tuple[Rule, ...]
    commitments: tuple[tuple[Row, ...], ...]
    auxiliary: tuple[int, ...]
    _kinds: Mapping[str, Kind] = field(repr=False)

    @cached_property
    def free(self) -> tuple[int, ...]:
        """The bits that are not pivots, ascending: the entries of f that a proof carries."""
        pivots = {rule.pivot for rule in self.rules}
        return tuple(bit for bit in range(self.size) if bit not in pivots)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the deterministic CBOR of [m, L and c solved for the pivots, M, auxiliary bits]."""
        rules = [[rule.pivot, rule.constant, rule.terms] for rule in self.rules]
        return sha256(encode([self.size, rules, self.commitments, self.auxiliary])).digest()

    # -- answers in --------------------------------------------------------------------------------

    def bits(self, answers: Mapping[str, Answer]) -> list[int]:
        """b for these answers by question id; a question that is left out has no answer.

        Raises InputError, naming the question but not the answer, for an answer that the question
        does not allow, one that is missing but required, and a question that does not exist.
        """
        for identifier in answers:
            if identifier not in self._kinds:
                raise InputError(f"unknown question {identifier!r}")
        bits = [0] * self.size
        for identifier, kind in self._kinds.items():
            try:
                kind.assign(answers.get(identifier), bits)
            except InputError as error:
                raise InputError(f"question {identifier!r}: {error}") from None
        return bits

    def check(self, bits: Sequence[int]) -> None:
        """Raises ValueError unless these are the bits of some answers: b_i in {0, 1} and L·b = c."""
        if len(bits) != self.size:
            raise ValueError(f"expected {self.size} bits, got {len(bits)}")
        if any(bit not in (0, 1) for bit in bits) or any(
            bits[rule.pivot] != rule.constant + sum(factor * bits[bit] for bit, factor in rule.terms)
            for rule in self.rules
        ):
            raise ValueError("the bits are no answers to this questionnaire")

    def disclosed(self, bits: Sequence[int]) -> list[list[int]]:
        """w_q = M_q·b for each commitment."""
        return [apply(rows, bits) for rows in self.commitments]

    # -- figures out -------------------------------------------------------------------------------

    def commitment_of(self, identifier: str) -> int:
        """Which commitment holds the figures of a question: 0, or its own if it is optional."""
        return self._kinds[identifier].commitment

    def answered(self, commitment: int, opened: Sequence[int]) -> int:
        """How many answered the question of ``commitment`` (1 or more), from the opened sum of w_0."""
        self._check_length(0, opened)
        (slot,) = (kind.answered_slot for kind in self._kinds.values() if kind.commitment == commitment)
        assert slot is not None
        return opened[slot]

    def read_main(self, counted: int, opened: Sequence[int]) -> dict[str, Figures]:
        """The figures of every question, from the sum of w_0 over ``counted`` ratings.

        Of an optional question they hold only how many answered. Raises InvalidOpening, naming the
        question, for a sum that no ratings can have.
        """
        self._check_length(0, opened)
        figures = {}
        for identifier, kind in self._kinds.items():
            with naming(identifier):
                if kind.answered_slot is None:
                    figures[identifier] = kind.read(counted, opened)
                else:
                    answered = check_range(opened[kind.answered_slot], 0, counted, "answered")
                    figures[identifier] = Figures(answered)
        return figures

    def read_optional(self, identifier: str, answered: int, opened: Sequence[int]) -> Figures:
        """The figures of an optional question, from the opened sum of its own commitment.

        ``answered`` is the number of answers. Raises InvalidOpening likewise.
        """
        self._check_length(self.commitment_of(identifier), opened)
        with naming(identifier):
            return self._kinds[identifier].read(answered, opened)

    def _check_length(self, commitment: int, opened: Sequence[int]) -> None:
        expected = len(self.commitments[commitment])
        if len(opened) != expected:
            raise InvalidOpening(f"commitment {commitment}: expected {expected} values, got {len(opened)}")


@contextmanager
def naming(identifier: str) -> Iterator[None]:
    """An opening that no ratings can have says which question it is about."""
    try:
        yield
    except InvalidOpening as error:
        raise InvalidOpening(f"question {identifier!r}: {error}") from None


def compile_questionnaire(questionnaire: Questionnaire) -> Layout:
    """The layout of a questionnaire. Raises InputError, naming the question, if it makes no sense."""
    validate(questionnaire)
    system = System()
    kinds = {question.id: KINDS[question.kind](question, system) for question in questionnaire.questions}
    rules = reduce(system)
    disclosed, pivots = system.disclosed_bits(), frozenset(rule.pivot for rule in rules)
    assert not disclosed & pivots, "a bit is disclosed and a pivot"
    assert all(system.commitments), "a commitment without slots"
    return Layout(
        questionnaire,
        system.size,
        rules,
        tuple(tuple(rows) for rows in system.commitments),
        tuple(bit for bit in range(system.size) if bit not in disclosed | pivots),
        kinds,
    )
