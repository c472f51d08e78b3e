"""Claims as proofs: bound to all that they are for, verified in batches, refused by name."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from circuits.claims import Asked, Grades, Opening, Setting, claim_at, needs, prove_claim, verify_claims
from circuits.claims.kinds import Need
from circuits.indicators import Claim
from tests.circuits.claims.world import CONTEXT, FIGURES, PERIOD, World, claim, index, scheme
from tests.suites import EVERY
from zkperf.encoding import decode
from zkperf.errors import EncodingError, InvalidProof
from zkperf.groups.base import Group

ONE = scheme(claim("band", "quality", numbers=(10, 25)))


@pytest.mark.parametrize("group", EVERY)
@pytest.mark.parametrize(
    "field, other",
    [
        ("ledger", b"M" * 32),
        ("scheme", b"T" * 32),
        ("round", b"Q" * 32),
        ("unit", 4),
        ("provider", b"O" * 32),
        ("report", b"C" * 32),
        ("previous", None),
        ("previous", b"F" * 32),
    ],
)
def test_a_claim_is_for_its_context_alone(group: Group, field: str, other: Any) -> None:
    world = World(ONE, group)
    item = world.prove()
    assert world.verdict(item) is None
    moved = replace(CONTEXT, **{field: other})
    assert isinstance(world.verdict(item._replace(context=moved)), InvalidProof)


def test_a_claim_is_for_its_number_and_outcome_alone() -> None:
    """Two claims that say the same are two claims."""
    same = claim("band", "quality", numbers=(10, 25)).model_copy(update={"id": "again"})
    made = scheme(ONE.claims[0], same)
    world = World(made)
    item = world.prove()
    assert world.verdict(item) is None
    moved = item._replace(asked=item.asked._replace(number=1))
    assert isinstance(world.verdict(moved), InvalidProof)


def test_a_claim_about_other_commitments() -> None:
    world = World(ONE)
    item, other = world.prove(), world.prove()
    swapped = item._replace(commitments=other.commitments, encoded=other.encoded)
    assert isinstance(world.verdict(swapped), InvalidProof)
    for commitments in ((), item.commitments * 2):
        assert isinstance(world.verdict(item._replace(commitments=commitments)), EncodingError)


def test_what_there_is_not_cannot_be_claimed() -> None:
    world = World(ONE)
    item = world.prove()
    for number, outcome in ((1, None), (2, None), (0, 1)):
        verdict = world.verdict(item._replace(asked=item.asked._replace(number=number, outcome=outcome)))
        assert isinstance(verdict, InvalidProof)
    with pytest.raises(InvalidProof, match="no claim 1"):
        claim_at(ONE, 1)
    indexed = World(scheme(index=index()))
    item = indexed.prove(Grades(1, 1))
    for outcome in (None, 1, Grades(3, 3), Grades(-1, 1), Grades(1, 3), Grades(1, 0)):
        assert isinstance(
            indexed.verdict(item._replace(asked=item.asked._replace(outcome=outcome))), InvalidProof
        )


def test_a_target_only_where_there_is_one() -> None:
    made = scheme(claim("target", "turnover"))
    world = World(made)
    item = world.prove()
    assert world.verdict(item) is None
    elsewhere = item.asked._replace(setting=Setting(made, "2016"))
    verdict = world.verdict(item._replace(asked=elsewhere))
    assert isinstance(verdict, InvalidProof) and "does not apply" in str(verdict)
    with pytest.raises(InvalidProof, match="does not apply"):
        prove_claim(world.group, elsewhere, CONTEXT, [Opening(1, 1)], item.commitments)


def test_another_periods_target_is_another_claim() -> None:
    made = scheme(claim("target", "turnover"))
    world = World(made)
    item = world.prove()
    easier = item.asked._replace(setting=Setting(made, "2017"))
    assert isinstance(world.verdict(item._replace(asked=easier)), InvalidProof)


def test_the_figures_that_are_needed() -> None:
    made = scheme(claim("improved", "turnover", numbers=(1,)), index=index())
    setting = Setting(made, PERIOD)
    assert needs(setting, 0) == (Need("turnover"), Need("turnover", previous=True))
    assert needs(setting, 1) == (Need("quality"), Need("turnover"))


@pytest.mark.parametrize("group", EVERY)
def test_many_claims_are_one_batch(group: Group) -> None:
    stated: list[tuple[Claim, int | None]] = [
        (claim("target", "quality"), None),
        (claim("parts", "quality", "cases", numbers=(0, 100)), 600),
        (claim("ratio", "cost", "cases", numbers=(30,), sense="at most"), None),
    ]
    worlds = [(World(scheme(item), group), outcome) for item, outcome in stated]
    batch = [world.prove(outcome) for world, outcome in worlds]
    assert verify_claims(group, batch) == [None] * 3
    spoilt = [
        batch[0]._replace(proof=batch[0].proof[1:]),
        batch[1],
        batch[2]._replace(context=replace(CONTEXT, unit=9)),
        batch[0]._replace(asked=Asked(batch[0].asked.setting, 7, None)),
        batch[0],
    ]
    verdicts = verify_claims(group, spoilt)
    assert [type(verdict).__name__ for verdict in verdicts] == [
        "EncodingError",
        "NoneType",
        "InvalidProof",
        "InvalidProof",
        "NoneType",
    ]


def test_the_context_says_everything() -> None:
    """Each part of it changes it, also where the statement would tell as well."""
    contexts = [CONTEXT.bind(0, None), CONTEXT.bind(1, None), CONTEXT.bind(0, 0), CONTEXT.bind(0, 1)]
    for field in fields(CONTEXT):
        value = getattr(CONTEXT, field.name)
        other = value + 1 if isinstance(value, int) else value[::-1] + b"x"
        contexts.append(replace(CONTEXT, **{field.name: other}).bind(0, None))
    assert len(set(contexts)) == len(contexts)
    assert decode(contexts[0], what="context")[0] == "zkperf/v1/claim"


def test_openings_are_not_printed() -> None:
    assert str(FIGURES["quality"]) not in repr(Opening(FIGURES["quality"], 5))
