"""The scheme file: what each field becomes, and every refusal with the place that it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from circuits.claims import KINDS, Kind, Setting
from circuits.claims.kinds import expect
from circuits.indicators import Claim, IndicatorScheme, Ratio, Target
from tests.indicators.example import SCHEME
from zkperf.errors import InputError
from zkperf.indicators.asked import expected_lines
from zkperf.indicators.scheme_file import load_scheme, parse_scheme
from zkperf.proofs.committed import Statement
from zkperf.proofs.forms import Form


def test_everything_a_file_can_say() -> None:
    scheme = parse_scheme(SCHEME, name="S.toml")
    quality, turnover, cost, *_ = scheme.indicators
    assert (scheme.id, scheme.title["zh"], scheme.floor, scheme.draw) == ("care", "养老院", 5, 0)
    assert (quality.scale, quality.min, quality.max, quality.unit) == (1, 0, 300, "points")
    assert quality.targets == (Target(period="2023", value=190), Target(period="2024", value=195))
    assert quality.weight == Ratio.of(Fraction(3, 5))
    assert turnover.targets == (Target(period=None, value=2500),)
    assert (turnover.missing.exact, quality.missing.exact) == (Fraction(1, 2), 0)
    assert (cost.weight, cost.targets, cost.unit, cost.title) == (None, (), "1", {})
    assert [
        (claim.kind, claim.indicators, claim.sense, [number.exact for number in claim.numbers])
        for claim in scheme.claims
    ] == [
        ("target", ("quality",), None, []),
        ("band", ("quality",), None, [10, 25]),
        ("ratio", ("staff_cost", "cost"), "at most", [Fraction(4, 5)]),
        ("improved", ("turnover",), None, [Fraction(5, 2)]),
        ("parts", ("staff_cost", "other_cost", "cost"), None, []),
        ("index", (), "at least", [Fraction(1, 2)]),
    ]
    assert scheme.index is not None
    assert [(grade.name, grade.least.exact) for grade in scheme.index.grades] == [
        ("A", Fraction(4, 5)),
        ("B", Fraction(3, 5)),
        ("C", 0),
    ]
    assert scheme.index.max_share.exact == Fraction(2, 3)


def test_parts_of_a_published_total_and_of_the_index() -> None:
    text = SCHEME.replace('total = "cost"', 'total_min = "0"\ntotal_max = "180000"')
    text += '[[index.part]]\nsource = "rating"\nid = "overall"\nweight = "1"\nlow = "1"\nhigh = "5"\n'
    scheme = parse_scheme(f"floor = 1\n{text}", name="S.toml")
    assert [number.exact for number in scheme.claims[4].numbers] == [0, 180000]
    assert scheme.claims[4].indicators == ("staff_cost", "other_cost")
    assert scheme.index is not None
    [part] = scheme.index.parts
    assert (part.source, part.id, part.weight.exact, part.low.exact, part.high.exact) == (
        "rating",
        "overall",
        1,
        1,
        5,
    )


def test_an_exact_index() -> None:
    grades = 'grades = [["A", "0.80"], ["B", "0.60"], ["C", "0"]]'
    without = SCHEME.replace('"grade"', '"exact"').replace(grades, "")
    for floor in (0, 1):
        for text, step in ((without, "0.01"), (f'{without}step = "0.2"', "0.2")):
            scheme = parse_scheme(f"floor = {floor}\n{text}", name="S.toml")
            assert scheme.index is not None and scheme.index.step is not None
            assert (scheme.index.publish, scheme.index.step.exact) == ("exact", Fraction(step))


def floors(text: str, **given: int) -> str:
    """The scheme with floors of its indicators' own."""
    for name, floor in given.items():
        text = text.replace(f'[[indicator]]\nid = "{name}"', f'[[indicator]]\nid = "{name}"\nfloor = {floor}')
    return text


def test_floors_of_indicators() -> None:
    scheme = parse_scheme(floors(SCHEME, quality=1, cost=100, staff_cost=0), name="S.toml")
    assert [item.floor for item in scheme.indicators] == [1, None, 100, 0, None]
    assert [scheme.floor_of(item.id) for item in scheme.indicators] == [1, 5, 100, 1, 5]


def test_what_publishes_a_number_takes_figures_without_a_floor() -> None:
    exact = SCHEME[: SCHEME.index("grades = ")].replace('"grade"', '"exact"')
    total = SCHEME.replace('total = "cost"', 'total_min = "0"\ntotal_max = "180000"')
    cases = (
        (exact, ("quality", "turnover"), "an exact index"),
        (total, ("staff_cost", "other_cost"), "the total of 'costs'"),
    )
    for text, names, what in cases:
        for named in names:
            others = {name: 1 for name in names if name != named}
            for refused in (floors(text, **others), floors(text, **others, **{named: 2})):
                explanation = (
                    f"S.toml: {what} can fix indicator '{named}' at an end of its range, so it can have no "
                    "floor: give it the line floor = 1, or publish less"
                )
                with pytest.raises(InputError, match=re.escape(explanation)):
                    parse_scheme(refused, name="S.toml")
        scheme = parse_scheme(floors(text, **dict.fromkeys(names, 1)), name="S.toml")
        assert [item.id for item in scheme.indicators if scheme.floor_of(item.id) == 1] == list(names)


def test_narrow_claims_are_no_reason_to_refuse_a_scheme() -> None:
    """They are not asked where they could tell too much."""
    narrow = SCHEME.replace('low = "10.0"', 'low = "24.8"')
    scheme = parse_scheme(narrow, name="S.toml")
    assert [number.exact for number in scheme.claims[1].numbers] == [Fraction("24.8"), 25]
    assert [line for line in expected_lines(scheme) if "quality_band in the 1st period" in line]
    assert expected_lines(parse_scheme(SCHEME, name="S.toml")) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('id = "care"', "", 'S.toml: id: missing; write id = "…"'),
        ('id = "care"', 'id = "care"\nfloors = 3', "S.toml: unknown field 'floors'"),
        ('id = "care"', 'id = "care"\nfloor = "5"', "S.toml: floor: expected a whole number"),
        ('id = "care"', 'id = "care"\ndraw = -1', "S.toml: draw: expected a whole number"),
        ('id = "quality"', 'id = "group"', "indicator 'group': id: a figures file has a column of this name"),
        ('id = "quality"', 'id = "Q of L"', "indicator 1: id: expected 1 to 64 letters"),
        ('id = "turnover"', 'id = "quality"', "indicator 'quality' occurs twice"),
        ('unit = "points"', 'units = "points"', "indicator 'quality': unknown field 'units'"),
        ('unit = "points"', 'floor = "1"', "indicator 'quality': floor: expected a whole number"),
        ('unit = "points"', "floor = -1", "indicator 'quality': floor: expected a whole number"),
        ('unit = "points"', "unit = 3", "indicator 'quality': unit: expected text in quotes"),
        ("scale = 1", "scale = 10", "indicator 'quality': scale: expected 0 to 9 decimals"),
        ("scale = 1", 'scale = "1"', "indicator 'quality': scale: expected a whole number"),
        ('max = "30"', "max = 30.0", "indicator 'quality': max: write it in quotes"),
        ('max = "30"', 'max = "30.05"', "indicator 'quality': max: 30.05 has more than 1 decimals"),
        ('max = "30"', 'max = "-1"', "indicator 'quality': expected min below max"),
        ('max = "30"', 'max = "many"', "indicator 'quality': max: 'many' is not a decimal"),
        ('max = "30"', "", "indicator 'quality': max: expected a decimal in quotes"),
        ('max = "30"', 'max = "99999999999999999999"', "indicator 'quality': max: does not fit"),
        ('better = "higher"', 'better = "more"', "indicator 'quality': better: expected 'higher' or 'lower'"),
        ('"2024" = "19.5"', '"" = "19.5"', "indicator 'quality': target: period 2: a name is missing"),
        ("title = {", 'title = { en-Latn-x-y-z-a-b-c-d-e-f = "x",', "is not a language tag"),
        ('id = "care"', 'id = "ca\\u001bre"', "S.toml: id: it has a control character (U+001B, character 3)"),
        ('"2024" = "19.5"', '"2024" = "30.5"', "indicator 'quality': a target outside of min to max"),
        ('"2024" = "19.5"', '"2024" = "19.55"', "indicator 'quality': target of '2024': 19.55 has more"),
        ('weight = "0.6"', "weight = 0.6", "indicator 'quality': weight: write it in quotes"),
        ('weight = "0.6"', 'weight = "0"', "expected weights above 0"),
        ('missing = "0.5"', 'missing = "1.5"', "indicator 'turnover': a missing figure scores from 0 to 1"),
        ('kind = "band"', 'kind = "range"', "claim 'quality_band': kind: expected 'target' or"),
        ('low = "10.0"', "", "claim 'quality_band': low: expected a decimal in quotes"),
        ('low = "10.0"', 'low = "26"', "claim 'quality_band': expected min <= low <= high <= max"),
        ('at_most = "0.8"', "", "claim 'staff_share': expected either at_least or at_most"),
        ('at_most = "0.8"', 'at_most = "0.8"\nat_least = "0.1"', "claim 'staff_share': expected either"),
        ('denominator = "cost"', 'denominator = "other_cost"', "claim 'staff_share': divides by zero"),
        ('denominator = "cost"', 'denominator = "rent"', "claim 'staff_share': there is no indicator 'rent'"),
        ('percent = "2.5"', 'percent = "-1"', "claim 'less_turnover': expected 0 percent or more"),
        ('total = "cost"', "", "claim 'costs': expected total"),
        ('total = "cost"', 'total = "cost"\ntotal_min = "0"', "claim 'costs': expected total"),
        ('parts = ["staff_cost", "other_cost"]', "parts = 2", "claim 'costs': parts: expected a list"),
        ('publish = "grade"', 'publish = "all"', "[index]: publish: expected 'grade' or 'exact'"),
        ('publish = "grade"', 'publish = "grade"\nstep = "0.1"', "[index]: step: a grade has none"),
        ('publish = "grade"', 'publish = "exact"', "[index]: grades: an exact index has none"),
        ('["C", "0"]', '["C"]', "[index]: grades: number 3: expected a name and the least index"),
        ('["C", "0"]', '["C", "0.1"]', "expected grades from the best down to 0"),
        ('["C", "0"]', '[" ", "0"]', "[index]: grades: number 3: it begins or ends with a blank"),
        ('["C", "0"]', '["a", "0"]', "grade 'a' reads like grade 'A'"),
        ('["C", "0"]', '["", "0"]', "[index]: grades: number 3: a name is missing"),
        ('["C", "0"]', '[3, "0"]', "[index]: grades: number 3: expected a name in quotes"),
        ("[index]", "[indices]", "S.toml: unknown field 'indices'"),
        ("[[claim]]", "[claim]", "S.toml: not TOML"),
    ],
)
def test_refused(old: str, new: str, expected: str) -> None:
    assert old in SCHEME
    with pytest.raises(InputError, match=re.escape(expected)) as refusal:
        parse_scheme(SCHEME.replace(old, new, 1), name="S.toml")
    assert str(refusal.value).startswith("S.toml: ")


def test_a_kind_that_was_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no change here: its claims are written as they stand on the ledger."""

    class Close(Kind):
        def check(self, scheme: IndicatorScheme, claim: Claim) -> None:
            expect(claim, indicators=2, numbers=1)

        def state(
            self, s: Statement, figures: Sequence[Form], setting: Setting, claim: Claim, outcome: int | None
        ) -> None:
            s.between(figures[0] - figures[1], -100, 100)

    monkeypatch.setitem(KINDS, "close", Close())
    added = '[[claim]]\nid = "near"\nkind = "close"\nindicators = ["cost", "staff_cost"]\nnumbers = ["100"]\n'
    text = f"floor = 1\n{SCHEME.replace('[index]', added + '[index]')}"
    claim = parse_scheme(text, name="S.toml").claims[-1]
    assert (claim.kind, claim.indicators, claim.numbers) == (
        "close",
        ("cost", "staff_cost"),
        (Ratio.of(100),),
    )
    for wrong in ("numbers = 100", "numbers = [1.5]", 'indicators = "cost"', 'sense = "more"', "bound = 3"):
        field = wrong.split(" = ")[0]
        changed = re.sub(rf"^{field} = .*$", wrong, added, flags=re.MULTILINE)
        changed += "" if wrong in changed else f"{wrong}\n"
        with pytest.raises(InputError, match=f"claim 'near': .*{field}"):
            parse_scheme(text.replace(added, changed), name="S.toml")


def test_a_scheme_without_indicators() -> None:
    with pytest.raises(InputError, match="has no indicators"):
        parse_scheme('id = "x"', name="S.toml")
    with pytest.raises(InputError, match="expected tables"):
        parse_scheme('id = "x"\nindicator = 3', name="S.toml")


def test_an_index_that_overflows() -> None:
    text = SCHEME.replace('weight = "0.4"', 'weight = "0.400000000000007"')
    with pytest.raises(InputError, match="overflows"):
        parse_scheme(text, name="S.toml")


def test_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "S.toml").write_text(SCHEME, "utf-8-sig")
    assert load_scheme(tmp_path / "S.toml") == parse_scheme(SCHEME, name="S.toml")
    with pytest.raises(InputError, match="cannot be read"):
        load_scheme(tmp_path / "none.toml")
