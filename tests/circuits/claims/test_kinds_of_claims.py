"""Each kind of claim: true at its bounds, refused one step beyond, and proved with every suite."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from circuits.claims import check_claims
from circuits.indicators import Claim
from tests.circuits.claims.world import BEFORE, FIGURES, World, claim, indicator, scheme
from tests.suites import EVERY
from tests.toygroup import TOY
from zkperf.errors import InputError, InvalidProof
from zkperf.groups.base import Group
from zkperf.proofs.committed import DoesNotHold

# (claim, figures for which it just holds, figures for which it just does not)
BOUNDS: dict[str, tuple[Claim, dict[str, int], dict[str, int]]] = {
    "target": (claim("target", "quality"), {"quality": 190}, {"quality": 189}),
    "target, lower": (claim("target", "turnover"), {"turnover": 2500}, {"turnover": 2501}),
    "band, low": (claim("band", "quality", numbers=("15", "19.5")), {"quality": 150}, {"quality": 149}),
    "band, high": (claim("band", "quality", numbers=("15", "19.5")), {"quality": 195}, {"quality": 196}),
    "band at the edge of the range": (
        claim("band", "quality", numbers=(0, 10)),
        {"quality": 100},
        {"quality": 101},
    ),
    "band at the other edge": (
        claim("band", "quality", numbers=(20, 30)),
        {"quality": 200},
        {"quality": 199},
    ),
    # 1200 / 40.0 = 30
    "ratio, at least": (
        claim("ratio", "cost", "cases", numbers=(30,), sense="at least"),
        {"cost": 1200},
        {"cost": 1199},
    ),
    "ratio, at most": (
        claim("ratio", "cost", "cases", numbers=(30,), sense="at most"),
        {"cost": 1200},
        {"cost": 1201},
    ),
    "ratio, a fraction": (
        claim("ratio", "quality", "turnover", numbers=("4/5",), sense="at least"),
        {"quality": 200, "turnover": 2500},
        {"quality": 200, "turnover": 2501},
    ),
    "improved": (claim("improved", "quality", numbers=(25,)), {"quality": 200}, {"quality": 199}),
    "improved by any amount": (
        claim("improved", "quality", numbers=(0,)),
        {"quality": 161},
        {"quality": 160},
    ),
    "improved, lower": (claim("improved", "turnover", numbers=(5,)), {"turnover": 2470}, {"turnover": 2471}),
    "improved, lower, by any amount": (
        claim("improved", "turnover", numbers=(0,)),
        {"turnover": 2599},
        {"turnover": 2600},
    ),
    "improved by a fraction": (claim("improved", "cost", numbers=("0.1",)), {"cost": 1001}, {"cost": 1000}),
    "improved, negative": (claim("improved", "change", numbers=(0,)), {"change": -29}, {"change": -30}),
    # 20.0 + 40.0 = 60
    "parts": (claim("parts", "quality", "cases", "cost"), {"cost": 60}, {"cost": 61}),
}


def lowered(first: int) -> Any:
    """The indicators, of which the second may be divided by."""
    base = scheme().indicators
    return (*base[:1], base[1].model_copy(update={"min": first}), *base[2:])


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("group", EVERY)
def test_true_at_its_bound(group: Group, name: str) -> None:
    stated, holds, fails = BOUNDS[name]
    made = scheme(stated, indicators=lowered(1))
    check_claims(made)
    world = World(made, group, {**FIGURES, **holds})
    assert world.verdict(world.prove()) is None
    if group is TOY:
        with pytest.raises(DoesNotHold):
            World(made, group, {**FIGURES, **fails}).prove()


@pytest.mark.parametrize("group", EVERY)
def test_a_published_total(group: Group) -> None:
    made = scheme(claim("parts", "quality", "cases", numbers=(0, 100)))
    check_claims(made)
    world = World(made, group)
    item = world.prove(600)
    assert world.verdict(item) is None
    assert world.verdict(item._replace(asked=item.asked._replace(outcome=599))) is not None
    for outcome in (-1, 1001, None):
        assert world.verdict(item._replace(asked=item.asked._replace(outcome=outcome))) is not None
    with pytest.raises(DoesNotHold):
        world.prove(601)
    for low, high in ((0, 59), (61, 100)):
        elsewhere = World(scheme(claim("parts", "quality", "cases", numbers=(low, high))), group)
        with pytest.raises(InvalidProof, match="not in its range"):
            elsewhere.prove(600)


def test_improved_from_nothing_is_better_only_above_it() -> None:
    made = scheme(claim("improved", "quality", numbers=(5,)))
    none = {**BEFORE, "quality": 0}
    assert World(made, figures={**FIGURES, "quality": 1}, before=none).prove()
    with pytest.raises(DoesNotHold):
        World(made, figures={**FIGURES, "quality": 0}, before=none).prove()


@pytest.mark.parametrize(
    "stated, reason",
    [
        (claim("target", "cost"), "no target"),
        (claim("target", "quality", "cost"), "1 indicators"),
        (claim("target", "quality", numbers=(1,)), "0 numbers"),
        (claim("target", "nothing"), "no indicator"),
        (claim("target", "quality", sense="at least"), "sense"),
        (claim("band", "quality", numbers=(1,)), "2 numbers"),
        (claim("band", "quality", "cost", numbers=(1, 2)), "1 indicators"),
        (claim("band", "quality", numbers=(2, 1)), "low <= high"),
        (claim("band", "quality", numbers=(0, 31)), "low <= high"),
        (claim("band", "quality", numbers=(-1, 2)), "low <= high"),
        (claim("band", "quality", numbers=(0, 30)), "every figure"),
        (claim("band", "quality", numbers=(0, "1/3")), "decimals"),
        (claim("ratio", "cost", numbers=(1,), sense="at least"), "2 indicators"),
        (claim("ratio", "cost", "cost", numbers=(1,), sense="at least"), "twice"),
        (claim("ratio", "cost", "cases", numbers=(), sense="at least"), "1 numbers"),
        (claim("ratio", "cost", "cases", numbers=(1,)), "at least"),
        (claim("ratio", "cost", "quality", numbers=(1,), sense="at most"), "divides by zero"),
        (claim("ratio", "cost", "cases", numbers=(2**46,), sense="at most"), "64 bits"),
        (claim("improved", "quality", "cost", numbers=(1,)), "1 indicators"),
        (claim("improved", "quality"), "1 numbers"),
        (claim("improved", "quality", numbers=(-1,)), "0 percent"),
        (claim("improved", "change", numbers=(1,)), "negative"),
        (claim("improved", "cost", numbers=(Fraction(1, 2**40),)), "64 bits"),
        (claim("parts", "quality", "cost"), "two parts"),
        (claim("parts", "quality", numbers=(1, 2)), "two parts"),
        (claim("parts", "quality", "cost", "cost"), "twice"),
        (claim("parts", "quality", "cost", "cases", numbers=(1,)), "no numbers"),
        (claim("parts", "quality", "cost", numbers=(2, 1)), "least total"),
        (claim("parts", "quality", "cost", numbers=(0, "1/7")), "decimals"),
        (claim("index", numbers=("0.5",), sense="at least"), "no \\[index\\]"),
        (claim("nonsense"), "no kind"),
    ],
)
def test_claims_that_make_no_sense(stated: Claim, reason: str) -> None:
    with pytest.raises(InputError, match=f"claim .the_.*{reason}"):
        check_claims(scheme(stated))


def test_claims_in_all() -> None:
    made = scheme(claim("target", "quality"), claim("target", "quality"))
    with pytest.raises(InputError, match="twice"):
        check_claims(made)
    many = tuple(claim("target", "quality").model_copy(update={"id": str(n)}) for n in range(129))
    check_claims(scheme(*many[:128]))
    with pytest.raises(InputError, match="at most 128"):
        check_claims(scheme(*many))


def test_a_form_beyond_all_bounds() -> None:
    wide = (indicator("a", max=2**47), indicator("b", scale=9, min=2**61, max=2**61 + 1))
    made = scheme(claim("ratio", "a", "b", numbers=(2**60,), sense="at most"), indicators=wide)
    with pytest.raises(InputError, match=r"64 bits|overflows"):
        check_claims(made)
