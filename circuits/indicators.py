"""A scheme of indicators: what providers report, what is claimed of it, and the index made of it.

On the ledger a scheme is a Record (its bytes fix its digest); `check_indicators` says whether what is
reported makes sense, `circuits.claims.check_claims` whether what is claimed does. Figures are integers: a
decimal times 10^scale. Limits: 64 indicators, 128 claims; max - min below 2^48.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import Annotated, Literal

from pydantic import Field

from circuits.questionnaire import Translations, check_languages
from zkperf.encoding import Integer, Record, Sequence, Text, Uint
from zkperf.errors import InputError
from zkperf.names import check_name, check_names

MAX_INDICATORS = 64
MAX_SCALE = 9
SPAN = 2**48

Positive = Annotated[int, Field(gt=0, lt=2**63)]


class Ratio(Record):
    """numerator / denominator, in lowest terms."""

    numerator: Integer
    denominator: Positive

    @staticmethod
    def of(value: Fraction | int) -> Ratio:
        """The record of an exact number. InputError if it does not fit into 64 bits."""
        exact = Fraction(value)
        if abs(exact.numerator) >= 2**63 or exact.denominator >= 2**63:
            raise InputError("a number with too many digits")
        return Ratio(numerator=exact.numerator, denominator=exact.denominator)

    @property
    def exact(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)


class Target(Record):
    """The target of one period, or of every period that has none of its own."""

    period: Text | None
    value: Integer


class Indicator(Record):
    """One figure of a report: an integer from min to max that stands for value / 10^scale."""

    id: Text
    title: Translations
    unit: Text
    scale: Uint
    min: Integer
    max: Integer
    better: Literal["higher", "lower"]
    targets: Sequence[Target]
    weight: Ratio | None
    """In the index; None if the indicator has no part in it."""
    missing: Ratio
    """What a figure that is not reported scores in the index, from 0 (worst) to 1."""
    floor: Uint | None
    """The least number of values that has to stay possible for it; None: as many as the scheme says."""

    def target(self, period: str) -> int | None:
        """The target in ``period``, if there is one."""
        by_period = {target.period: target.value for target in self.targets}
        return by_period.get(period, by_period.get(None))

    def scaled(self, value: Fraction) -> int:
        """value·10^scale. InputError if that is no integer."""
        scaled = Fraction(value * 10**self.scale)
        if scaled.denominator != 1:
            raise InputError(f"{value} has more decimals than indicator {self.id!r} keeps")
        return scaled.numerator


class Claim(Record):
    """What is claimed of every provider. `circuits.claims` says what each kind needs."""

    id: Text
    kind: Text
    indicators: Sequence[Text]
    sense: Literal["at least", "at most"] | None
    numbers: Sequence[Ratio]


class Grade(Record):
    """A grade and the least index that it takes."""

    name: Text
    least: Ratio


class IndexPart(Record):
    """A published mean in every provider's index: of a pool, or of a question of a rating round."""

    source: Literal["pool", "rating"]
    id: Text
    weight: Ratio
    low: Ratio
    """The mean that scores 0: the larger of the two where less is better."""
    high: Ratio
    """The mean that scores 1."""
    missing: Ratio
    """What a mean that is withheld scores, from 0 (worst) to 1."""


class Index(Record):
    """How the index is published."""

    publish: Literal["grade", "exact"]
    grades: Sequence[Grade]
    """From the best down; the last takes 0."""
    step: Ratio | None
    """What an exact index is rounded down to a multiple of."""
    max_share: Ratio
    """The largest part of the weight that one figure may have."""
    parts: Sequence[IndexPart]


class IndicatorScheme(Record):
    """Indicators, claims, and perhaps an index."""

    id: Text
    title: Translations
    indicators: Sequence[Indicator]
    claims: Sequence[Claim]
    index: Index | None
    floor: Uint
    """The least number of values that everything public has to leave possible for a figure."""
    draw: Uint
    """How many figures are drawn for inspection after each round."""

    @property
    def periods(self) -> list[str]:
        """Periods that differ in their targets: each that has one of its own, and "" for any other."""
        named = {target.period for indicator in self.indicators for target in indicator.targets}
        return sorted(period or "" for period in named | {None})

    def named(self, identifier: str) -> Indicator:
        """The indicator of this id. InputError if there is none."""
        return self.indicators[self.number(identifier)]

    def floor_of(self, identifier: str) -> int:
        """The least number of values of this indicator that has to stay possible: 1 promises nothing."""
        own = self.named(identifier).floor
        return max(1, self.floor if own is None else own)

    def number(self, identifier: str) -> int:
        """The place of an indicator. InputError if there is none of this id."""
        for number, indicator in enumerate(self.indicators):
            if indicator.id == identifier:
                return number
        raise InputError(f"there is no indicator {identifier!r}")


def check_indicators(scheme: IndicatorScheme) -> None:
    """Raises InputError, naming the indicator, unless what is reported makes sense."""
    if not 1 <= len(scheme.indicators) <= MAX_INDICATORS:
        raise InputError(f"expected 1 to {MAX_INDICATORS} indicators, got {len(scheme.indicators)}")
    check_name(scheme.id, "scheme's id")
    check_languages(scheme.title, "title")
    check_names([indicator.id for indicator in scheme.indicators], "indicator")
    for indicator in scheme.indicators:
        try:
            _check_indicator(indicator)
        except InputError as error:
            raise InputError(f"indicator {indicator.id!r}: {error}") from None


def _check_indicator(indicator: Indicator) -> None:
    if indicator.scale > MAX_SCALE:
        raise InputError(f"expected a scale of 0 to {MAX_SCALE}, got {indicator.scale}")
    if indicator.min >= indicator.max:
        raise InputError("expected min below max")
    if indicator.max - indicator.min >= SPAN or max(abs(indicator.min), abs(indicator.max)) >= 2**62:
        raise InputError("min and max are too large, or too far apart: max - min has to be below 2^48")
    check_languages(indicator.title, "title")
    check_name(indicator.unit, "unit")
    if sum(target.period is None for target in indicator.targets) > 1:
        raise InputError("two targets for every other period")
    named = [target.period for target in indicator.targets if target.period is not None]
    check_names(named, "target's period")
    for target in indicator.targets:
        if not indicator.min <= target.value <= indicator.max:
            raise InputError("a target outside of min to max")
    if not 0 <= indicator.missing.exact <= 1:
        raise InputError("a missing figure scores from 0 to 1")
    ratios = [indicator.missing, *([] if indicator.weight is None else [indicator.weight])]
    if any(gcd(ratio.numerator, ratio.denominator) != 1 for ratio in ratios):
        raise InputError("a ratio that is not in lowest terms")
