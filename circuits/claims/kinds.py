"""What every kind of claim is: which figures it is about, what it needs, and the lines that state it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from circuits.indicators import Claim, Indicator, IndicatorScheme
from zkperf.errors import InputError
from zkperf.proofs.committed import Statement
from zkperf.proofs.forms import Form


class Need(NamedTuple):
    """A figure that a claim is about."""

    indicator: str
    """Its id: the last period's scheme may list indicators at other places."""
    previous: bool = False
    """It is the last period's, not this one's."""


class Grades(NamedTuple):
    """What is published of a grade: that it is none better than ``best`` and none worse than ``worst``, by
    place from the best down. Mostly they are the same one."""

    best: int
    worst: int


Published = int | Grades
"""What a claim may publish beside that it holds: a total, a step of the index, or its grade."""


@dataclass(frozen=True)
class Setting:
    """What a claim is stated in: the scheme, the period, and what of it is public.

    ``missing`` are the indicators that the provider has not reported, and ``parts`` the published means
    that the index takes, None for one that was withheld. Only the index looks at them.
    """

    scheme: IndicatorScheme
    period: str
    missing: frozenset[int] = frozenset()
    parts: Sequence[Fraction | None] = field(default=())


class Kind(ABC):
    """One kind of claim. ``state`` is run by prover and verifier alike."""

    def publishes(self, claim: Claim) -> bool:
        """Whether the claim comes with a public outcome."""
        return False

    def applies(self, setting: Setting, claim: Claim) -> bool:
        """Whether the claim is made in this period, if what it needs is reported."""
        return True

    def example(self, scheme: IndicatorScheme, claim: Claim) -> Published | None:
        """Some outcome that can be, to try the claim with; None if it publishes none."""
        return None

    def longest(self, scheme: IndicatorScheme, claim: Claim) -> Sequence[Statement]:
        """Statements of which one has a proof as long as the claim's can be at most. None: then it depends
        on nothing but the period."""
        return ()

    @abstractmethod
    def check(self, scheme: IndicatorScheme, claim: Claim) -> None:
        """Raises InputError unless the claim has what it needs."""

    def needs(self, setting: Setting, claim: Claim) -> tuple[Need, ...]:
        """The figures that it is about: by default its indicators in this period."""
        return tuple(map(Need, claim.indicators))

    @abstractmethod
    def state(
        self, s: Statement, figures: Sequence[Form], setting: Setting, claim: Claim, outcome: Published | None
    ) -> None:
        """Writes down what is claimed of ``figures``, which are in the order of `needs`."""


def indicators(scheme: IndicatorScheme, claim: Claim) -> list[Indicator]:
    """The claim's indicators."""
    return [scheme.named(identifier) for identifier in claim.indicators]


def expect(claim: Claim, *, indicators: int | None = None, numbers: int, sense: bool = False) -> None:
    """Raises InputError unless the claim has so many indicators and numbers, and a sense or none."""
    if indicators is not None and len(claim.indicators) != indicators:
        raise InputError(f"expected {indicators} indicators, got {len(claim.indicators)}")
    if len(set(claim.indicators)) != len(claim.indicators):
        raise InputError("an indicator occurs twice")
    if len(claim.numbers) != numbers:
        raise InputError(f"expected {numbers} numbers, got {len(claim.numbers)}")
    if (claim.sense is not None) != sense:
        raise InputError("expected “at least” or “at most”" if sense else "its sense goes without saying")


def common_scale(parts: Mapping[int, int], scales: Sequence[int]) -> dict[int, int]:
    """Factors that bring figures of these scales to the largest of them, times the sign given for each."""
    largest = max(scales[place] for place in parts)
    return {place: sign * 10 ** (largest - scales[place]) for place, sign in parts.items()}
