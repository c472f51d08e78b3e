"""Schemes of indicators: what is refused, and how figures are read."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from circuits.indicators import IndicatorScheme, Ratio, Target, check_indicators
from tests.circuits.claims.world import INDICATORS, claim, index, indicator, part, scheme
from tests.misfits import refuses_misfits
from zkperf.encoding import Record
from zkperf.errors import EncodingError, InputError


def test_a_scheme_that_makes_sense() -> None:
    made = scheme(claim("target", "quality"), index=index())
    check_indicators(made)
    assert IndicatorScheme.decode(made.encode()) == made
    assert [made.number(item.id) for item in INDICATORS] == [0, 1, 2, 3, 4]
    with pytest.raises(InputError, match="no indicator 'x'"):
        made.number("x")


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"scale": 10}, "scale"),
        ({"min": 5, "max": 5}, "min below max"),
        ({"min": 0, "max": 2**48}, "2\\^48"),
        ({"min": 2**62, "max": 2**62 + 5}, "2\\^48"),
        ({"min": -(2**62), "max": -(2**62) + 5}, "2\\^48"),
        ({"targets": (Target(period=None, value=101),)}, "outside"),
        ({"targets": (Target(period="a", value=-1),)}, "outside"),
        ({"targets": (Target(period="a", value=1), Target(period="a", value=2))}, "period 'a' occurs twice"),
        ({"targets": (Target(period="Q1", value=1), Target(period="q1", value=2))}, "'q1' reads like"),
        ({"targets": (Target(period=None, value=1), Target(period=None, value=2))}, "two targets"),
        ({"targets": (Target(period="a\t", value=1),)}, "period 1: it has a line break, a tab"),
        ({"unit": " "}, "unit: it begins or ends with a blank"),
        ({"title": {"en": "a", "EN": "b"}}, "title: language 'en' is there twice"),
        ({"missing": Ratio.of(Fraction(3, 2))}, "from 0 to 1"),
        ({"missing": Ratio.of(Fraction(-1, 2))}, "from 0 to 1"),
        ({"missing": Ratio(numerator=2, denominator=4)}, "lowest terms"),
        ({"weight": Ratio(numerator=2, denominator=4)}, "lowest terms"),
    ],
)
def test_indicators_that_make_no_sense(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=f"indicator 'a': .*{reason}"):
        check_indicators(scheme(indicators=(indicator("a", **changes),)))


def test_how_many() -> None:
    many = tuple(indicator(str(n)) for n in range(65))
    check_indicators(scheme(indicators=many[:64]))
    for wrong in ((), many):
        with pytest.raises(InputError, match="1 to 64"):
            check_indicators(scheme(indicators=wrong))
    with pytest.raises(InputError, match="twice"):
        check_indicators(scheme(indicators=(many[0], many[0])))


def test_the_largest_ranges() -> None:
    check_indicators(
        scheme(indicators=(indicator("a", max=2**48 - 1), indicator("b", min=1 - 2**62, max=0 - 2**62 + 9)))
    )


def test_targets_by_period() -> None:
    both = indicator("a", targets=(Target(period=None, value=1), Target(period="2017", value=2)))
    assert (both.target("2017"), both.target("2018")) == (2, 1)
    assert INDICATORS[1].target("2016") is None and INDICATORS[2].target("2016") is None


def test_decimals_are_scaled_exactly() -> None:
    quality = INDICATORS[0]
    assert quality.scaled(Fraction("19.5")) == 195
    with pytest.raises(InputError, match="more decimals"):
        quality.scaled(Fraction("19.55"))


def test_ratios() -> None:
    assert Ratio.of(Fraction(4, 6)) == Ratio(numerator=2, denominator=3)
    assert Ratio.of(3).exact == 3
    for wrong in (Fraction(2**63), Fraction(1, 2**63)):
        with pytest.raises(InputError, match="digits"):
            Ratio.of(wrong)


def test_fields_are_of_their_types() -> None:
    first = indicator(
        "a", targets=(Target(period="2018", value=1),), weight=Ratio.of(1), missing=Ratio.of(Fraction(1, 2))
    )
    mean = part("a", 1, 2)
    whole = scheme(
        claim("ratio", "a", "b", numbers=(1,), sense="at most"),
        index=index("exact", grades=index().grades, parts=(mean,)),
        indicators=(first, indicator("b")),
    )
    refuses_misfits(whole)


@pytest.mark.parametrize(
    "record, place, value",
    [
        (Ratio.of(1), 1, 0),
        (Ratio.of(1), 1, -1),
        (Ratio.of(1), 1, 2**63),
        (INDICATORS[0], 6, "best"),
        (claim("target", "a"), 3, "less than"),
        (index(), 0, "nothing"),
        (part("a", 1, 2), 0, "sum"),
    ],
)
def test_fields_have_only_some_values(record: Record, place: int, value: Any) -> None:
    fields = record.to_array()
    with pytest.raises(EncodingError):
        type(record).from_array([*fields[:place], value, *fields[place + 1 :]])
