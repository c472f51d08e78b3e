"""The kinds of questions: which bits each becomes, which rules bind them, what is disclosed of them.

Each class adds its bits, rules and slots to a `System` when it is made, then turns answers into bits
(`assign`) and opened sums of slots into figures (`read`). Only independent slots are disclosed; the rest
follows by the rules.

What a required question discloses is in the main commitment, which is opened where enough people rated. An
optional one may have been answered by fewer: the main commitment only counts its answers, and the rest is in
a commitment of its own, which is opened where enough of them are there (protocol, section 8).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from circuits.constraints import System
from circuits.figures import Figures, check_range, totalled
from circuits.questionnaire import Question
from zkperf.errors import InputError
from zkperf.proofs.digits import decompose, digits

Answer = str | int | Sequence[str] | None
"""An option's id (single), a list of them (multi), an integer (score, number), None for no answer."""


class Kind(ABC):
    """One compiled question."""

    commitment = 0
    """The commitment that holds the question's figures: the main one, or one of its own if it is optional."""
    answered: int | None = None
    """The bit that says that there is an answer, of an optional question; all others are 0 without it."""
    answered_slot: int | None = None
    """The slot of the main commitment that counts the answers to an optional question."""

    def __init__(self, question: Question) -> None:
        self.question = question

    def _place(self, system: System) -> None:
        """Gives an optional question its bit *answered*, that bit's slot, and a commitment of its own."""
        if not self.question.required:
            self.answered = system.bits(1)[0]
            self.answered_slot = system.slot({self.answered: 1})
            self.commitment = system.commitment()

    def assign(self, answer: Answer, bits: list[int]) -> None:
        """Put the answer into the bits, which are all 0. Raises InputError for an answer that is none."""
        if answer is None:
            if self.question.required:
                raise InputError("an answer is required")
            return
        self._assign_answer(answer, bits)
        if self.answered is not None:
            bits[self.answered] = 1

    @abstractmethod
    def _assign_answer(self, answer: str | int | Sequence[str], bits: list[int]) -> None: ...

    @abstractmethod
    def read(self, answered: int, opened: Sequence[int]) -> Figures:
        """The figures in the opened sum of ``commitment`` over ``answered`` answers, which is the number of
        ratings if the question is required. InvalidOpening if no answers can have that sum."""

    def _total(self, answered: int, offset: int) -> Figures:
        # Slots hold Σ (value - min), which is never negative.
        lowest, highest = self.question.bounds()
        check_range(offset, 0, (highest - lowest) * answered, "total above the least possible")
        return totalled(answered, offset + lowest * answered)


class OneOf(Kind):
    """single, score: one bit per option or level; they sum to 1, or to ``answered`` if optional."""

    def __init__(self, question: Question, system: System) -> None:
        super().__init__(question)
        self.choices = dict(zip(question.choices, system.bits(len(question.choices)), strict=True))
        self._place(system)
        terms = {bit: 1 for bit in self.choices.values()}
        if self.answered is None:
            system.rule(terms, 1)
        else:
            system.rule(terms | {self.answered: -1}, 0)
        if question.disclose == "histogram":
            # The last choice follows from the others: what they leave of the answers.
            disclosed = [{bit: 1} for bit in list(self.choices.values())[:-1]]
        else:
            disclosed = [{bit: level for level, bit in enumerate(self.choices.values())}]
        self.slots = [system.slot(slot, self.commitment) for slot in disclosed]

    def _assign_answer(self, answer: str | int | Sequence[str], bits: list[int]) -> None:
        if self.question.kind == "score":
            if isinstance(answer, bool) or not isinstance(answer, int):
                raise InputError("expected an integer")
            answer = str(answer)
        if not isinstance(answer, str):
            raise InputError("expected one option")
        if answer not in self.choices:
            raise InputError(
                "not one of the levels" if self.question.kind == "score" else _unknown(self.choices)
            )
        bits[self.choices[answer]] = 1

    def read(self, answered: int, opened: Sequence[int]) -> Figures:
        values = [opened[slot] for slot in self.slots]
        if self.question.disclose == "total":
            return self._total(answered, values[0])
        # No value is negative, so if what they leave is not, none is above ``answered`` either.
        rest = check_range(answered - sum(values), 0, answered, "what the counts leave")
        counts = dict(zip(self.choices, [*values, rest], strict=True))
        if self.question.kind == "score":
            return totalled(answered, sum(int(level) * count for level, count in counts.items()), counts)
        return Figures(answered, counts)


class AnyOf(Kind):
    """multi: a bit per option; Σ options = min·answered + Σ weight·slack; optional: slack + s = answered."""

    def __init__(self, question: Question, system: System) -> None:
        super().__init__(question)
        self.lowest, self.highest = question.bounds()
        self.options = dict(zip(question.choices, system.bits(len(question.options)), strict=True))
        self._place(system)
        self.weights: list[int] = []
        self.slack = self.slack_complement = range(0)
        if not question.required or (self.lowest, self.highest) != (0, len(self.options)):
            self._bound(system)
        disclosed = list(self.options.values())
        if self.lowest == self.highest:
            disclosed.pop()  # it follows from the others: Σ options = min·answered
        self.slots = [system.slot({bit: 1}, self.commitment) for bit in disclosed]

    def _bound(self, system: System) -> None:
        self.weights = digits(self.highest - self.lowest)
        self.slack = system.bits(len(self.weights))
        terms = {bit: 1 for bit in self.options.values()}
        terms |= {bit: -weight for bit, weight in zip(self.slack, self.weights, strict=True)}
        if self.answered is None:
            system.rule(terms, self.lowest)
            return
        system.rule(terms | {self.answered: -self.lowest}, 0)
        self.slack_complement = system.bits(len(self.weights))
        for bit, complement in zip(self.slack, self.slack_complement, strict=True):
            system.rule({bit: 1, complement: 1, self.answered: -1}, 0)

    def _assign_answer(self, answer: str | int | Sequence[str], bits: list[int]) -> None:
        if isinstance(answer, (str, int)):
            raise InputError("expected a list of options")
        chosen = set(answer)
        for option in answer:
            if option not in self.options:
                raise InputError(_unknown(self.options))
        if len(chosen) != len(answer):
            raise InputError("an option occurs twice")
        if not self.lowest <= len(chosen) <= self.highest:
            raise InputError(f"expected {self.lowest} to {self.highest} options")
        for option in chosen:
            bits[self.options[option]] = 1
        slack = decompose(len(chosen) - self.lowest, self.weights)
        for bit, value in zip(self.slack, slack, strict=True):
            bits[bit] = value
        for bit, value in zip(self.slack_complement, slack, strict=False):
            bits[bit] = 1 - value

    def read(self, answered: int, opened: Sequence[int]) -> Figures:
        values = [opened[slot] for slot in self.slots]
        if self.lowest == self.highest:
            values.append(self.lowest * answered - sum(values))
        for value, option in zip(values, self.options, strict=True):
            check_range(value, 0, answered, option)
        check_range(sum(values), self.lowest * answered, self.highest * answered, "choices in all")
        return Figures(answered, dict(zip(self.options, values, strict=True)))


class Number(Kind):
    """number: digits of value - min; if optional, an ``answered`` bit and digit + s = answered."""

    def __init__(self, question: Question, system: System) -> None:
        super().__init__(question)
        self.lowest, self.highest = question.bounds()
        self.weights = digits(self.highest - self.lowest)
        self.digits = system.bits(len(self.weights))
        self._place(system)
        self.complement = range(0)
        if self.answered is not None:
            self.complement = system.bits(len(self.weights))
            for bit, complement in zip(self.digits, self.complement, strict=True):
                system.rule({bit: 1, complement: 1, self.answered: -1}, 0)
        self.slot = system.slot(dict(zip(self.digits, self.weights, strict=True)), self.commitment)

    def _assign_answer(self, answer: str | int | Sequence[str], bits: list[int]) -> None:
        if isinstance(answer, bool) or not isinstance(answer, int):
            raise InputError("expected an integer")
        if not self.lowest <= answer <= self.highest:
            raise InputError(f"expected {self.lowest} to {self.highest}")
        values = decompose(answer - self.lowest, self.weights)
        for bit, value in zip(self.digits, values, strict=True):
            bits[bit] = value
        for bit, value in zip(self.complement, values, strict=False):
            bits[bit] = 1 - value

    def read(self, answered: int, opened: Sequence[int]) -> Figures:
        return self._total(answered, opened[self.slot])


KINDS: dict[str, type[OneOf | AnyOf | Number]] = {
    "single": OneOf,
    "score": OneOf,
    "multi": AnyOf,
    "number": Number,
}


def _unknown(options: Iterable[str]) -> str:
    # What was answered is not repeated: messages end up in logs.
    return f"unknown option; there is {', '.join(options)}"
