"""Whatever a provider may post fits into a transaction, or the scheme is refused."""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement, product
from typing import Any

import pytest

from circuits.claims import (
    KINDS,
    Asked,
    Grades,
    Setting,
    check_claims,
    claim_at,
    has_index,
    longest_proof,
    needs,
)
from circuits.claims import state_claim as stated
from circuits.indicators import Claim, IndicatorScheme, Ratio, Target, check_indicators
from circuits.report import ReportContext, ReportForm, build_report
from tests.circuits.claims.world import INDICATORS, PERIOD, World, claim, index, indicator, part, scheme
from tests.ledger.figure_bench import bare, in_phase
from tests.suites import EVERY, REAL
from zkperf.errors import InputError
from zkperf.groups.base import Group
from zkperf.ledger.figure_transactions import ReportPosted
from zkperf.ledger.rules.figures import sizes
from zkperf.ledger.rules.figures.sizes import check_room
from zkperf.ledger.signed import NO_SIGNATURE
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import MAX_TRANSACTION, decode_leaf, encode_transaction

EVERY_KIND = (
    claim("target", "quality"),
    claim("band", "turnover", numbers=(10, 50)),
    claim("band", "quality", numbers=(0, "25.5")),
    claim("ratio", "cost", "cases", numbers=("2.5",), sense="at least"),
    claim("improved", "quality", numbers=(0,)),
    claim("improved", "cost", numbers=("2.5",)),
    claim("parts", "cost", "cases", "quality"),
    claim("parts", "cases", "quality", numbers=(0, 500)),
)


def everything_claimed() -> IndicatorScheme:
    made = scheme(*(item.model_copy(update={"id": f"c{n}"}) for n, item in enumerate(EVERY_KIND)))
    check_claims(made)
    return made


@pytest.mark.parametrize("group", EVERY)
@pytest.mark.parametrize("number", range(len(EVERY_KIND)))
def test_proofs_are_as_long_as_foreseen(group: Group, number: int) -> None:
    figures = {"quality": 200, "turnover": 2500, "cost": 1200, "cases": 400, "change": 0}
    if EVERY_KIND[number].kind == "parts":
        figures |= {"quality": 160, "cost": 12, "cases": 40} if number == 6 else {}
    made = everything_claimed()
    world = World(made, group, figures=figures, before={"quality": 100, "cost": 1000}, number=number)
    item = world.prove(600 if number == 7 else None)
    assert world.verdict(item) is None
    assert len(item.proof) == longest_proof(group, made, number)


def test_of_several_periods_the_longest() -> None:
    """Near the end of the range little is left to prove."""
    targets = (Target(period="2017", value=10**6 - 1), Target(period=None, value=1))
    made = scheme(claim("target", "cost"), indicators=(indicator("cost", max=10**6, targets=targets),))
    group: Group = REAL[1].values[0]
    by_period = {
        period: stated(Asked(Setting(made, period), 0, None)).size(group) for period in ("2017", PERIOD)
    }
    assert by_period["2017"] < by_period[PERIOD] == longest_proof(group, made, 0)
    other = made.indicators[0].model_copy(update={"targets": targets[:1]})
    only = made.model_copy(update={"indicators": (other,)})
    assert longest_proof(group, only, 0) == by_period["2017"]


@pytest.mark.parametrize("group", EVERY)
@pytest.mark.parametrize("most", [4, 127, 128, 129, 32767, 32768, 2**30])
def test_no_index_has_a_longer_proof(group: Group, most: int) -> None:
    """Whatever is missing or withheld, and whatever comes out; least common denominators of every size."""
    three = [
        indicator(name, max=most, weight=Ratio.of(1), missing=Ratio.of(missing))
        for name, missing in (("a", 0), ("b", 1), ("c", 0))
    ]
    for published, parts in product(
        (index(), index("exact")), ((), (part("d", 0, 10, weight=3, source="rating"),))
    ):
        least, most_of_it = (
            claim("index", numbers=("1/2",), sense=sense).model_copy(update={"id": sense})
            for sense in ("at least", "at most")
        )
        made = scheme(
            least, most_of_it, index=published.model_copy(update={"parts": parts}), indicators=tuple(three)
        )
        check_claims(made)
        longest = [longest_proof(group, made, number) for number in range(3)]
        seen: list[set[int]] = [set(), set(), set()]
        for left, mean in product(range(2), (None, 0, 3, 10)):
            for missing in map(frozenset, combinations(range(3), left)):
                setting = Setting(made, PERIOD, missing, [mean] * len(parts))  # type: ignore[list-item]
                assert has_index(setting)
                for number in range(3):
                    grades = range(len(published.grades))
                    published_ones = [Grades(*pair) for pair in combinations_with_replacement(grades, 2)]
                    for outcome in (published_ones or range(20)) if number == 2 else [None]:
                        assert len(needs(setting, number)) == 3 - left
                        seen[number].add(stated(Asked(setting, number, outcome)).size(group))
        assert all(max(found) <= most for found, most in zip(seen, longest, strict=True))
        # And not much longer: by a bit or two, or one doubling, where no mean has six decimals.
        if not parts:
            assert all(most - max(found) <= 100 for found, most in zip(seen, longest, strict=True))


def test_what_was_posted_is_no_longer_than_foreseen() -> None:
    bench = in_phase(Phase.CONCLUDED)
    group, found = bench.state.commitment_group, bench.figures
    posted = [decode_leaf(leaf) for leaf in bench.leaves]
    claims = [item for item in posted if type(item).__name__ == "ClaimsPosted"]
    reports = [item for item in posted if type(item).__name__ == "ReportPosted"]
    most = sizes._claims(group, found.scheme.scheme)
    assert claims and max(len(encode_transaction(item)) for item in claims) <= most
    most = sizes._report(group, 2, 3, found.scheme.scheme, "2018")
    whole = [item for item in reports if len(item.report.reported) == len(found.scheme.scheme.indicators)]
    # The unit is written with one byte instead of three.
    assert {len(encode_transaction(item)) for item in whole} == {most - 2}
    assert max(len(encode_transaction(item)) for item in reports) == most - 2


# -- the largest report ---------------------------------------------------------------------------------


def many(count: int = 64, span: int = 2**48 - 1, **changes: Any) -> IndicatorScheme:
    """Indicators with targets that nobody claims: each has a bit."""
    targets = (Target(period=None, value=1),)
    made = scheme(
        indicators=tuple(indicator(f"i{n}", max=span, targets=targets, **changes) for n in range(count))
    )
    check_indicators(made)
    return made


LARGEST = [
    pytest.param(*REAL[0].values, many(), id="ristretto255"),
    pytest.param(*REAL[1].values, many(span=2**4), id="P-256"),
]


@pytest.mark.parametrize(("group", "made"), LARGEST)
def test_the_largest_report(group: Group, made: IndicatorScheme) -> None:
    """64 indicators with targets, all of them reported, corrected as often as can be."""
    context = ReportContext(b"L" * 32, b"S" * 32, b"R" * 32, sizes.MAX_UNIT, b"P" * 32, 2, 3)
    trustees = [group.random_nonzero_scalar() * group.generator for _ in range(3)]
    form = ReportForm(made, PERIOD)
    report, _, _ = build_report(group, form, context, trustees, 3, dict.fromkeys(range(64), 1))
    posted = encode_transaction(ReportPosted(signature=NO_SIGNATURE, report=report))
    assert len(posted) == sizes._report(group, 2, 3, made, PERIOD) <= MAX_TRANSACTION
    check_room(group, 2, 3, made)


@pytest.mark.parametrize(("suite", "threshold"), [("ristretto255", 20), ("P-256", 2)])
def test_a_report_that_does_not_fit(suite: str, threshold: int) -> None:
    group: Group = REAL[suite == "P-256"].values[0]
    with pytest.raises(InputError, match=r"a report of all 64 indicators would have [\d,]+ bytes"):
        check_room(group, threshold, 3, many())
    check_room(group, threshold, 3, many(8))


def test_the_period_with_most_bits_decides() -> None:
    """In one period, and in no other, all have targets."""
    group: Group = REAL[1].values[0]
    targets = (Target(period="2017", value=1),)
    made = scheme(indicators=tuple(indicator(f"i{n}", max=2**16, targets=targets) for n in range(64)))
    assert sizes._report(group, 2, 3, made, PERIOD) <= MAX_TRANSACTION
    with pytest.raises(InputError, match="a report of all"):
        check_room(group, 2, 3, made)


# -- claims ---------------------------------------------------------------------------------------------


def bands(count: int) -> IndicatorScheme:
    quality = INDICATORS[0].model_copy(update={"max": 2**40, "scale": 0, "targets": ()})
    claims = tuple(
        Claim(
            id=f"c{n}",
            kind="band",
            indicators=("quality",),
            sense=None,
            numbers=(Ratio.of(5), Ratio.of(2**39)),
        )
        for n in range(count)
    )
    made = scheme(*claims, indicators=(quality,))
    check_claims(made)
    return made


@pytest.mark.parametrize("group", REAL)
def test_claims_that_do_not_fit(group: Group) -> None:
    """The last number of claims that fits, and one more."""
    fits = next(count for count in range(128) if sizes._claims(group, bands(count + 1)) > MAX_TRANSACTION)
    check_room(group, 2, 3, bands(fits))
    with pytest.raises(InputError, match=f"leave out some of the {fits + 1} claims"):
        check_room(group, 2, 3, bands(fits + 1))


def test_the_index_counts_too() -> None:
    group: Group = REAL[0].values[0]
    made = everything_claimed()
    assert not any(KINDS[item.kind].publishes(claim_at(made, n)) for n, item in enumerate(EVERY_KIND[:7]))
    more = made.model_copy(update={"index": index()})
    longer = sizes._claims(group, more) - sizes._claims(group, made)
    assert longer >= longest_proof(group, more, len(EVERY_KIND)) + 9


@pytest.mark.parametrize(
    ("suite", "made", "reason"),
    [("ristretto255", bands(128), "a provider's claims could have"), ("P-256", many(), "a report of all 64")],
)
def test_the_ledger_refuses_the_scheme(suite: str, made: IndicatorScheme, reason: str) -> None:
    bench = bare(suite)
    bench.refuse(bench.scheme_posted(made), "schemes", reason)
