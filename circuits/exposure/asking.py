"""Which claims a provider is asked for: decided from what is public before anybody answers.

A period's claims are taken in the scheme's order, the index last and the bounds of its grades one by one.
A claim is *asked* only if each of its outcomes that is possible, after everything public, leaves every figure
of every period as many values as its floor says. So that a claim is not asked tells nothing: whoever knows
the outcomes before it can decide it too (simulatable auditing: Kenthapadi, Mishra and Nissim, PODS 2005).

A claim that publishes a number (a total, an exact index), or that is about products, is asked only where it
could tell about no figure with a floor. Its figures are *opaque* from then on: nothing ties them to figures
that have one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from circuits.claims import KINDS, Grades, Need, Setting, claim_at, is_made, needs, statement_of
from circuits.claims.index import bound
from circuits.exposure.propagation import Refuted
from circuits.exposure.search import Search, Shown
from circuits.exposure.system import Alternative, Condition, Fact, System, negation
from circuits.indicators import Claim
from zkperf.errors import InvalidProof
from zkperf.proofs.committed import Statement
from zkperf.proofs.forms import Form

Said = Mapping[int, int | None]
"""The claims that a provider proves, by number, with their published outcomes: of a grade, its place."""


@dataclass(frozen=True)
class Outcome:
    """What a provider was asked for in a period, and what is public afterwards."""

    system: System
    asked: frozenset[int]
    """Numbers of the claims that were asked; the index is the one after the last."""
    grades: Grades | None
    """Of the grade that it published, if it did."""


def ask(system: System, setting: Setting, place: Callable[[Need], int | None], said: Said) -> Outcome:
    """Goes through the claims of one provider in a period.

    ``place`` is where a figure that a claim needs stands in the system, None if it is not reported. What is
    said of claims that are not asked is not looked at. The system given stays as it is.
    """
    asking, asked, grades = _Asking(system.copy()), set(), None
    scheme = setting.scheme
    for number in range(len(scheme.claims) + (scheme.index is not None)):
        claim = claim_at(scheme, number)
        if not is_made(setting, claim):
            continue
        wanted = [place(need) for need in needs(setting, number)]
        figures = [figure for figure in wanted if figure is not None]
        if len(figures) < len(wanted):
            continue
        if number < len(scheme.claims):
            answered = asking.claim(setting, claim, figures, number in said)
        elif scheme.index is not None and scheme.index.publish == "grade":
            answered, grades = asking.grade(setting, figures, said.get(number))
        else:
            answered = asking.number(figures)
        if answered:
            asked.add(number)
    return Outcome(asking.finished(), frozenset(asked), grades)


def learn(system: System, ends: Mapping[int, tuple[int | None, int | None]]) -> System:
    """The system after it has become public between which ends some figures are; None is no end."""
    asking = _Asking(system.copy())
    for figure, (low, high) in ends.items():
        asking.answered([figure], Fact(((Condition(((figure, 1),), low, high),),), proved=True))
    return asking.finished()


class _Asking:
    """A system to which the outcomes of one provider's claims are added."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._search = Search(system)

    def finished(self) -> System:
        """The system with everything that was answered."""
        self._system.bounds = self._search.bounds
        self._system.points = [tuple(point.values) for point in self._search.points]
        return self._system

    def claim(self, setting: Setting, claim: Claim, figures: Sequence[int], said: bool) -> bool:
        """Whether a claim is asked. ``said``: it is proved, if it is."""
        if KINDS[claim.kind].publishes(claim):
            return self.number(figures)
        statement = statement_of(setting, claim)
        if statement.products:
            return self.number(figures)
        holds = conditions(statement, figures)
        return self._decide(figures, Fact((holds,), proved=True), negation(holds, proved=False), said)

    def number(self, figures: Sequence[int]) -> bool:
        """Whether something is asked of which every outcome would have to be looked at: never where it could
        tell about a figure with a floor."""
        asked = self._promises_nothing(self._tied(figures))
        if asked:
            self._system.opaque.update(figures)
        return asked

    def grade(self, setting: Setting, figures: Sequence[int], said: int | None) -> tuple[bool, Grades | None]:
        """Whether some bound of the grades is asked, and what of the grade is published, if it is."""
        index = setting.scheme.index
        assert index is not None
        last = len(index.grades) - 1
        best, asked = 0, last == 0
        for grade in range(last):
            reached = conditions(statement_of(setting, bound(index, grade)), figures)
            yes, no = Fact((reached,), proved=True), negation(reached, proved=True)
            if self._decide(figures, yes, no, None if said is None else said <= grade):
                asked = True
                if said is not None and said <= grade:
                    return True, Grades(best, grade)
                best = grade + 1
        return asked, None if said is None or not asked else Grades(best, last)

    def answered(self, figures: Sequence[int], fact: Fact) -> None:
        """Something has become public, asked or not. InvalidProof if it cannot be."""
        try:
            self._public(figures, fact, self._search.attempt(fact))
        except Refuted:
            raise InvalidProof("what was proved cannot be, after what was published") from None

    def _decide(self, figures: Sequence[int], yes: Fact, no: Fact, answer: bool | None) -> bool:
        """Whether a question is asked. If it is, its answer becomes public, unless that is None. InvalidProof
        for an answer that was proved and cannot be."""
        free = self._promises_nothing(tied := self._tied(figures))
        if tied & self._system.opaque:
            if free:
                self._system.opaque.update(figures)
            return free
        shown: dict[bool, Shown | None] = {}
        contradicting: dict[bool, tuple[Search, Shown | None]] = {}
        for outcome, fact in ((True, yes), (False, no)):
            try:
                found = shown[outcome] = self._search.attempt(fact)
            except Refuted:
                # It cannot be, if everything that was not proved is false. A proof would show that it is not.
                if not fact.proved or (proofs := self._proofs_alone()) is None:
                    continue
                try:
                    found = proofs.attempt(fact)
                except Refuted:
                    continue
                contradicting[outcome] = proofs, found
            if found is None and not free:
                return False
        if not shown:
            return False
        if answer in shown:
            self._public(figures, yes if answer else no, shown[answer])
        elif answer in contradicting:
            self._search, found = contradicting[answer]
            self._system.facts = [fact for fact in self._system.facts if fact.proved]
            self._system.dropped += 1
            self._public(figures, yes if answer else no, found)
        elif answer is not None and (yes if answer else no).proved:
            raise InvalidProof("these answers cannot all be true")
        # What is not proved although it must hold tells nothing.
        return True

    def _proofs_alone(self) -> Search | None:
        """The system without what nobody has proved; None if there is nothing of that kind in it."""
        system = self._system
        proved = [fact for fact in system.facts if fact.proved]
        if len(proved) == len(system.facts):
            return None
        ranges = [(figure.low, figure.high) for figure in system.figures]
        points = [tuple(point.values) for point in self._search.points]
        search = Search(System(system.figures, proved, ranges, points))
        # All facts hold in each of the points, and there is one, so the proved ones are not refuted.
        search.narrow()
        return search

    def _public(self, figures: Sequence[int], fact: Fact, shown: Shown | None) -> None:
        if shown is None:
            # They have no floor; what else is said of them cannot be followed any more.
            self._system.opaque.update(figures)
        else:
            self._search.commit(fact, shown)
            self._system.facts.append(fact)

    def _tied(self, figures: Iterable[int]) -> set[int]:
        """The figures that facts tie to these, and these."""
        about, facts = self._search.conditions.about, self._search.conditions.facts
        found, waiting = set(figures), list(figures)
        seen: set[int] = set()
        while waiting:
            for fact in about[waiting.pop()]:
                if fact not in seen:
                    seen.add(fact)
                    new = [figure for figure in facts[fact].figures if figure not in found]
                    found.update(new)
                    waiting += new
        return found

    def _promises_nothing(self, figures: Iterable[int]) -> bool:
        return all(self._system.figures[figure].least == 1 for figure in figures)


def conditions(statement: Statement, figures: Sequence[int]) -> Alternative:
    """What a statement says of figures that stand at these places, if it is about no products."""

    def condition(form: Form, low: int, high: int | None) -> Condition:
        # low <= Σ factor·v + constant <= high
        terms = tuple((figures[place], factor) for place, factor in form.terms)
        return Condition(terms, low - form.constant, None if high is None else high - form.constant)

    return (
        *(condition(form, 0, 0) for form in statement.zeros),
        *(condition(item.form, 0, None if item.capped else item.span) for item in statement.intervals),
    )
