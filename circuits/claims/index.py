"""The weighted index of normalised figures, with its rounding proved.

Every figure with a weight scores (v - min)/(max - min), or (max - v)/(max - min) where less is better;
a missing one its stated value; a published mean (mean - low)/(high - low), cut off at 0 and 1 and rounded
down to six decimals, or its stated value if it is withheld. The index is Σ weight·score / Σ weight. Over
the least common denominator N of everything,

    N·index = A_0 + Σ A_k·v_k            all integers, A_0 of what is public

    PK{ (v, r): V_k = v_k·G + r_k·H,  L <= A_0 + Σ A_k·v_k < R }

where L/N and R/N are the ends of what the provider publishes: of a step, by its place from 0 up, or of some
grades next to each other, by the places of the best and the worst of them from the best down. The last step
takes 1 too, so that no value stands alone. A claim of kind `index` is about a bound:

    A_0 + Σ A_k·v_k >= L        at most:  A_0 + Σ A_k·v_k <= R
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from circuits.claims.kinds import Grades, Kind, Need, Published, Setting, expect
from circuits.claims.parts import tied_to_total
from circuits.indicators import Claim, Index, IndexPart, IndicatorScheme
from zkperf.errors import InputError, InvalidProof
from zkperf.names import check_names
from zkperf.proofs.committed import Statement
from zkperf.proofs.forms import Form

LARGEST = 2**62
"""Of N and of what is added up: intervals have 64 bits."""

MOST_DECIMALS = 18
"""Of a step: what is published is a decimal."""

MILLION = 10**6
"""Public means score in millionths, so that the common denominator is known beforehand."""

PUBLISHED = Claim(id="index", kind="index", indicators=(), sense=None, numbers=())
"""The index itself as a claim: what every provider that has one publishes."""


@dataclass(frozen=True)
class Weighing:
    """N·index = constant + Σ factor·figure, by the indicator's id."""

    denominator: int
    constant: int
    factors: dict[str, int]


def weighing(setting: Setting, extra: Sequence[Fraction] = ()) -> Weighing:
    """The index in integers. N is a multiple of the denominators of ``extra``, too.

    InputError if nothing has a weight ("divides by zero") or numbers could reach 2^62 ("overflows"),
    whatever is reported and published: what is good for a scheme is good for each of its providers.
    """
    scheme = setting.scheme
    weights = {k: item.weight.exact for k, item in enumerate(scheme.indicators) if item.weight is not None}
    parts = () if scheme.index is None else scheme.index.parts
    total = sum(weights.values(), start=Fraction(0)) + sum(part.weight.exact for part in parts)
    if total <= 0:
        raise InputError("the index divides by zero: nothing has a weight")
    constant, factors, summands, reach = Fraction(0), {}, [], Fraction(0)
    for k, weight in weights.items():
        indicator = scheme.indicators[k]
        slope = weight / total / (indicator.max - indicator.min)
        reach += slope * max(abs(indicator.min), abs(indicator.max))
        if k in setting.missing:
            constant += weight / total * indicator.missing.exact
            continue
        if indicator.better == "higher":
            factors[indicator.id], summand = slope, -slope * indicator.min
        else:
            factors[indicator.id], summand = -slope, slope * indicator.max
        constant += summand
        summands.append(summand)
    for part, mean in zip(parts, setting.parts, strict=True):
        constant += part.weight.exact / total * score(part, mean)
    fractions = [constant, *summands, *factors.values(), *extra]
    denominator = lcm(*(fraction.denominator for fraction in fractions))
    # |A_0| <= N·(1 + reach) and Σ |A_k·v_k| <= N·reach: what scores without a figure is at most 1 in all.
    if denominator * 2 * (1 + reach) >= LARGEST:
        raise InputError("the index overflows: choose weights and ranges with smaller common denominators")
    return Weighing(
        denominator, int(constant * denominator), {name: int(f * denominator) for name, f in factors.items()}
    )


def score(part: IndexPart, mean: Fraction | None) -> Fraction:
    """What a mean scores: 0 at ``low`` and beyond, 1 at ``high`` and beyond, as stated if it is withheld."""
    if mean is None:
        return part.missing.exact
    low, high = part.low.exact, part.high.exact
    return Fraction(min(max((mean - low) * MILLION // (high - low), 0), MILLION), MILLION)


def has_index(setting: Setting) -> bool:
    """Whether enough is reported: two figures, none with more than its share of their weight."""
    scheme = setting.scheme
    if scheme.index is None:
        return False
    weights = [
        item.weight.exact
        for k, item in enumerate(scheme.indicators)
        if item.weight is not None and k not in setting.missing
    ]
    return len(weights) >= 2 and max(weights) <= scheme.index.max_share.exact * sum(weights)


def ends(index: Index, outcome: Published) -> tuple[Fraction, Fraction | None]:
    """[low, high) of a published outcome; high is None at the top, which takes 1. InvalidProof for others."""
    if isinstance(outcome, Grades):
        if index.publish != "grade" or not 0 <= outcome.best <= outcome.worst < len(index.grades):
            raise InvalidProof("there is no such grade")
        high = index.grades[outcome.best - 1].least.exact if outcome.best else None
        return index.grades[outcome.worst].least.exact, high
    if index.publish != "exact":
        raise InvalidProof("a grade is published, not a step")
    assert index.step is not None
    step = index.step.exact
    if not 0 <= outcome < 1 / step:
        raise InvalidProof("there is no such step")
    return outcome * step, (outcome + 1) * step if (outcome + 1) * step < 1 else None


def bound(index: Index, grade: int) -> Claim:
    """The claim that the index takes at least this grade, by its place."""
    least = index.grades[grade].least
    return Claim(id="index", kind="index", indicators=(), sense="at least", numbers=(least,))


def outcome_of(index: Index, value: Fraction) -> int:
    """The outcome that is published of an index of this exact value, from 0 to 1."""
    if index.publish == "grade":
        return next(place for place, grade in enumerate(index.grades) if value >= grade.least.exact)
    assert index.step is not None
    steps = 1 / index.step.exact
    return min(int(value * steps), -(-steps.numerator // steps.denominator) - 1)


class WeightedIndex(Kind):
    """The index in its published grade or step, or beyond a bound."""

    def publishes(self, claim: Claim) -> bool:
        return claim == PUBLISHED

    def check(self, scheme: IndicatorScheme, claim: Claim) -> None:
        if claim != PUBLISHED:
            expect(claim, indicators=0, numbers=1, sense=True)
            if not 0 <= claim.numbers[0].exact <= 1:
                raise InputError("expected a bound from 0 to 1")
        if scheme.index is None:
            raise InputError("the scheme has no [index]")
        weights = [item.weight.exact for item in scheme.indicators if item.weight is not None]
        if any(weight <= 0 for weight in weights) or any(p.weight.exact <= 0 for p in scheme.index.parts):
            raise InputError("expected weights above 0")
        if any(part.low.exact == part.high.exact for part in scheme.index.parts):
            raise InputError("the index divides by zero: a part's low is its high")
        if any(not 0 <= part.missing.exact <= 1 for part in scheme.index.parts):
            raise InputError("a mean that is withheld scores from 0 to 1")
        for part in scheme.index.parts:
            if part.source == "pool" and scheme.number(part.id) in tied_to_total(scheme):
                raise InputError(
                    f"a part is the pool of {part.id!r}, which is tied to a published total by a claim of "
                    "kind parts, and so is not pooled: take another indicator's"
                )
        if len(weights) < 2:
            raise InputError("an index needs at least two figures with a weight")
        if max(weights) > scheme.index.max_share.exact * sum(weights):
            raise InputError("one figure has more than its share of the weight: the index would show it")
        check_names([grade.name for grade in scheme.index.grades], "grade")
        least = [grade.least.exact for grade in scheme.index.grades]
        if scheme.index.publish == "grade":
            if not least or least[-1] != 0 or sorted(set(least), reverse=True) != least or least[0] > 1:
                raise InputError("expected grades from the best down to 0, none above 1")
        elif scheme.index.step is None or not 0 < scheme.index.step.exact < 1:
            raise InputError("an exact index needs a step between 0 and 1")
        elif (scheme.index.step.exact * 10**MOST_DECIMALS).denominator != 1:
            raise InputError(f"expected a step with at most {MOST_DECIMALS} decimals")
        weighing(_all_reported(scheme), _fixed(scheme, claim))

    def longest(self, scheme: IndicatorScheme, claim: Claim) -> list[Statement]:
        # Whatever is missing or withheld, its N divides this one. Where one side is open no interval is wider
        # than N·width, where both are proved it is less; just below a power of two, one goes without saying.
        n = weighing(_all_reported(scheme), _fixed(scheme, claim)).denominator
        widest = int(n * _widest(scheme, claim))
        found = [Statement([bounds]) for bounds in [(0, widest), None, None][: 1 if claim.numbers else 3]]
        for less, s in enumerate(found):
            s.between(s.figure(0), 0, max(widest - less, 0))
        return found

    def needs(self, setting: Setting, claim: Claim) -> tuple[Need, ...]:
        reported = (item for k, item in enumerate(setting.scheme.indicators) if k not in setting.missing)
        return tuple(Need(item.id) for item in reported if item.weight is not None)

    def state(
        self, s: Statement, figures: Sequence[Form], setting: Setting, claim: Claim, outcome: Published | None
    ) -> None:
        index = setting.scheme.index
        assert index is not None
        if not has_index(setting):
            raise InvalidProof("too little is reported for an index")
        low: Fraction
        high: Fraction | None
        if claim.numbers:
            bound = claim.numbers[0].exact
            low, high = (bound, None) if claim.sense == "at least" else (Fraction(-1), bound)
        else:
            assert outcome is not None
            low, high = ends(index, outcome)
        weighed = weighing(setting, [low, high or Fraction(0)])
        n = weighed.denominator
        # N·index = A_0 + Σ A_k·v_k
        total = Form.of(weighed.constant)
        for need, figure in zip(self.needs(setting, claim), figures, strict=True):
            total += weighed.factors[need.indicator] * figure
        if high is None:
            s.at_least(total, int(low * n))
        elif claim.numbers:
            s.at_most(total, int(high * n))
        else:
            s.between(total, int(low * n), int(high * n) - 1)


def _all_reported(scheme: IndicatorScheme) -> Setting:
    assert scheme.index is not None
    return Setting(scheme, "", frozenset(), [Fraction(0)] * len(scheme.index.parts))


def _widest(scheme: IndicatorScheme, claim: Claim) -> Fraction:
    """How far the ends of an outcome can be apart, from 0 to 1."""
    index = scheme.index
    assert index is not None
    if claim.numbers:
        bound = claim.numbers[0].exact
        return 1 - bound if claim.sense == "at least" else bound
    if index.publish == "exact":
        assert index.step is not None
        return index.step.exact
    return Fraction(1)


def _fixed(scheme: IndicatorScheme, claim: Claim) -> list[Fraction]:
    """What else is brought to the common denominator."""
    assert scheme.index is not None
    steps = [] if scheme.index.step is None else [scheme.index.step.exact]
    grades = [grade.least.exact for grade in scheme.index.grades]
    # Whatever is missing and whatever the means are: the denominators of each summand.
    weights = [item.weight.exact for item in scheme.indicators if item.weight is not None]
    total = sum(weights) + sum(part.weight.exact for part in scheme.index.parts)
    missing = [i.weight.exact / total * i.missing.exact for i in scheme.indicators if i.weight is not None]
    means = [part.weight.exact / total / MILLION for part in scheme.index.parts]
    means += [part.weight.exact / total * part.missing.exact for part in scheme.index.parts]
    return [*steps, *grades, *missing, *means, *(number.exact for number in claim.numbers)]
