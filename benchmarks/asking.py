"""What it costs to find out what a provider is asked (protocol 12.6): one posting, and many providers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from random import Random

from benchmarks.measure import Effort, Figure, Parameters, Target, Work, timed
from circuits.claims import check_claims
from circuits.exposure import Figures, System, check_floors, foresee
from circuits.indicators import (
    Claim,
    Grade,
    Index,
    Indicator,
    IndicatorScheme,
    Ratio,
    check_indicators,
)
from circuits.indicators import (
    Target as Aim,
)

INDICATORS = 20
HIGH = 1000
FLOOR = 5
POSTING_SECONDS = 0.050
PROVIDERS_SECONDS = 60.0
PROVIDERS = 1000


def figures(effort: Effort) -> Iterator[Figure]:
    """A posting of 20 claims and a grade over 20 indicators, in the first period and in the tenth."""
    made = plan()
    for periods in (1, 10):
        history = grown(made, periods, seed=1)
        parameters: Parameters = {"indicators": INDICATORS, "claims": len(made.claims), "periods": periods}
        yield timed(
            "asking.posting",
            f"What a provider is asked, {len(made.claims)} claims and a grade, period {periods}",
            parameters,
            Work(partial(foresee, made, *history)),
            effort,
            target=Target(POSTING_SECONDS),
            few=True,
        )
    some = [grown(made, 10, seed) for seed in range(10 if effort.block < 1000 else 50)]
    yield timed(
        "asking.providers",
        f"What {len(some)} providers are asked in their tenth period, each",
        {"indicators": INDICATORS, "claims": len(made.claims), "periods": 10, "providers": len(some)},
        Work(lambda: [foresee(made, *history) for history in some], len(some)),
        effort,
        target=Target(PROVIDERS_SECONDS / PROVIDERS),
        few=True,
    )


def plan() -> IndicatorScheme:
    """20 indicators, half with a target and half with an improvement, ratios between them, and a grade."""
    weight = Ratio.of(Fraction(1, INDICATORS))
    made = IndicatorScheme(
        id="asking",
        title={},
        indicators=tuple(
            Indicator(
                id=f"i{k}",
                title={},
                unit="1",
                scale=0,
                min=1,
                max=HIGH,
                better="higher" if k % 2 else "lower",
                targets=(Aim(period=None, value=HIGH // 2 + 10 * k - 100),),
                weight=weight,
                missing=Ratio.of(0),
                floor=None,
            )
            for k in range(INDICATORS)
        ),
        claims=(
            *(_claim(f"target{k}", "target", [k]) for k in range(0, INDICATORS, 2)),
            *(_claim(f"better{k}", "improved", [k], Fraction(k - 1)) for k in range(1, 12, 2)),
            *(_claim(f"ratio{k}", "ratio", [k, k + 1], Fraction(2, 3), "at least") for k in range(12, 16)),
        ),
        index=Index(
            publish="grade",
            grades=tuple(
                Grade(name=name, least=Ratio.of(Fraction(least, 100)))
                for name, least in (("A", 62), ("B", 59), ("C", 55), ("D", 0))
            ),
            step=None,
            max_share=Ratio.of(Fraction(2, 3)),
            parts=(),
        ),
        floor=FLOOR,
        draw=0,
    )
    check_indicators(made)
    check_claims(made)
    check_floors(made)
    return made


def _claim(
    name: str, kind: str, of: list[int], number: Fraction | None = None, sense: str | None = None
) -> Claim:
    numbers = () if number is None else (Ratio.of(number),)
    names = tuple(f"i{k}" for k in of)
    return Claim(id=name, kind=kind, indicators=names, sense=sense, numbers=numbers)  # type: ignore[arg-type]


def grown(made: IndicatorScheme, periods: int, seed: int) -> tuple[System, Figures, Figures | None]:
    """What is public of a provider before its last period, and its figures of that one and the one before:
    they move at random, a little upwards."""
    random, system = Random(seed), System()
    values = {item.id: random.randint(HIGH // 3, 2 * HIGH // 3) for item in made.indicators}
    before: Figures | None = None
    for number in range(periods):
        now = Figures(bytes([number]), "", dict(values))
        if number == periods - 1:
            return system, now, before
        system, before = foresee(made, system, now, before).outcome.system, now
        for name, value in values.items():
            values[name] = min(max(value + random.randint(-HIGH // 20, HIGH // 15), 1), HIGH)
    raise ValueError("at least one period")
