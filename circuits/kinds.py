"""The kinds of questions: which bits each becomes, which rules bind them, what is disclosed of them.

Each class adds its bits, rules and slots to a `System` when it is made, then turns answers into bits
(`assign`) and opened sums of slots into figures (`read`, and `read_total` where the total has a
commitment of its own). Only independent slots are disclosed; the rest follows by the rules.
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

    total_commitment: int | None = None
    """The commitment of its own that holds the question's total, if it has one."""
    none: int | None = None
    """The bit that says "no answer", if there is one; else all bits are 0 where there is no answer."""
    answered_slot: int | None = None
    """The slot of the main commitment that counts the answers, where no other slots tell their number."""

    def __init__(self, question: Question) -> None:
        self.question = question

    def assign(self, answer: Answer, bits: list[int]) -> None:
        """Put the answer into the bits, which are all 0. Raises InputError for an answer that is none."""
        if answer is None:
            if self.question.required:
                raise InputError("an answer is required")
            if self.none is not None:
                bits[self.none] = 1
        else:
            self._assign_answer(answer, bits)

    @abstractmethod
    def _assign_answer(self, answer: str | int | Sequence[str], bits: list[int]) -> None: ...

    @abstractmethod
    def read(self, counted: int, opened: Sequence[int]) -> Figures:
        """The figures in the opened main commitment of ``counted`` ratings. InvalidOpening if implausible."""

    def read_total(self, answered: int, opened: Sequence[int]) -> Figures:
        """The figures in the opened commitment of the total, of ``answered`` answers."""
        (offset,) = opened
        return self._total(answered, offset)

    def _total(self, answered: int, offset: int) -> Figures:
        # Slots hold Σ (value - min), which is never negative.
        lowest, highest = self.question.bounds()
        check_range(offset, 0, (highest - lowest) * answered, "total above the least possible")
        return totalled(answered, offset + lowest * answered)


class OneOf(Kind):
    """single, score: one bit per option or level, one more for "no answer" if optional; they sum to 1."""

    def __init__(self, question: Question, system: System) -> None:
        super().__init__(question)
        self.choices = dict(zip(question.choices, system.bits(len(question.choices)), strict=True))
        everything = list(self.choices.values())
        if not question.required:
            self.none = system.bits(1)[0]
            everything.append(self.none)
        system.rule({bit: 1 for bit in everything}, 1)
        if question.disclose == "histogram":
            # One of the bits follows from the others: "no answer", or the last choice.
            self.slots = [system.slot({bit: 1}) for bit in everything[:-1]]
            return
        terms = {bit: level for level, bit in enumerate(self.choices.values())}
        if self.none is None:
            self.slots = [system.slot(terms)]
        else:
            self.answered_slot = system.slot({bit: 1 for bit in self.choices.values()})
            self.total_commitment = system.commitment()
            system.slot(terms, self.total_commitment)

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

    def read(self, counted: int, opened: Sequence[int]) -> Figures:
        if self.answered_slot is not None:
            return Figures(check_range(opened[self.answered_slot], 0, counted, "answered"))
        values = [opened[slot] for slot in self.slots]
        if self.question.disclose == "total":
            return self._total(counted, values[0])
        # Σ bits = 1 in every rating: what the slots leave is the last choice, or "no answer". No value is
        # negative, so if that is not, none is above ``counted`` either.
        rest = check_range(counted - sum(values), 0, counted, "what the counts leave")
        counts = dict(zip(self.choices, [*values, rest], strict=self.none is None))
        answered = sum(counts.values())
        if self.question.kind == "score":
            return totalled(answered, sum(int(level) * count for level, count in counts.items()), counts)
        return Figures(answered, counts)


class AnyOf(Kind):
    """multi: a bit per option; Σ options = min·answered + Σ weight·slack; optional: slack + s = answered."""

    def __init__(self, question: Question, system: System) -> None:
        super().__init__(question)
        self.lowest, self.highest = question.bounds()
        self.options = dict(zip(question.choices, system.bits(len(question.options)), strict=True))
        self.answered = None if question.required else system.bits(1)[0]
        self.weights: list[int] = []
        self.slack = self.slack_complement = range(0)
        if not question.required or (self.lowest, self.highest) != (0, len(self.options)):
            self._bound(system)
        disclosed = list(self.options.values())
        if self.lowest == self.highest:
            disclosed.pop()  # it follows from the others: Σ options = min·answered
        self.slots = [system.slot({bit: 1}) for bit in disclosed]
        if self.answered is not None:
            self.answered_slot = system.slot({self.answered: 1})

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
        if self.answered is not None:
            bits[self.answered] = 1
        slack = decompose(len(chosen) - self.lowest, self.weights)
        for bit, value in zip(self.slack, slack, strict=True):
            bits[bit] = value
        for bit, value in zip(self.slack_complement, slack, strict=False):
            bits[bit] = 1 - value

    def read(self, counted: int, opened: Sequence[int]) -> Figures:
        answered = counted
        if self.answered_slot is not None:
            answered = check_range(opened[self.answered_slot], 0, counted, "answered")
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
        terms = dict(zip(self.digits, self.weights, strict=True))
        self.answered: int | None = None
        self.complement = range(0)
        if question.required:
            self.total_slot = system.slot(terms)
            return
        self.answered = system.bits(1)[0]
        self.complement = system.bits(len(self.weights))
        for bit, complement in zip(self.digits, self.complement, strict=True):
            system.rule({bit: 1, complement: 1, self.answered: -1}, 0)
        self.answered_slot = system.slot({self.answered: 1})
        self.total_commitment = system.commitment()
        system.slot(terms, self.total_commitment)

    def _assign_answer(self, answer: str | int | Sequence[str], bits: list[int]) -> None:
        if isinstance(answer, bool) or not isinstance(answer, int):
            raise InputError("expected an integer")
        if not self.lowest <= answer <= self.highest:
            raise InputError(f"expected {self.lowest} to {self.highest}")
        values = decompose(answer - self.lowest, self.weights)
        for bit, value in zip(self.digits, values, strict=True):
            bits[bit] = value
        if self.answered is not None:
            bits[self.answered] = 1
        for bit, value in zip(self.complement, values, strict=False):
            bits[bit] = 1 - value

    def read(self, counted: int, opened: Sequence[int]) -> Figures:
        if self.answered_slot is None:
            return self._total(counted, opened[self.total_slot])
        return Figures(check_range(opened[self.answered_slot], 0, counted, "answered"))


KINDS: dict[str, type[OneOf | AnyOf | Number]] = {
    "single": OneOf,
    "score": OneOf,
    "multi": AnyOf,
    "number": Number,
}


def _unknown(options: Iterable[str]) -> str:
    # What was answered is not repeated: messages end up in logs.
    return f"unknown option; there is {', '.join(options)}"
