"""Ratings, and what a round may have to post, fit into leaves: else there is no such scheme or round."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path

import pytest

from circuits.layout import compile_questionnaire
from circuits.questionnaire import Questionnaire
from circuits.rating import commitment_keys
from tests.ledger.bench import before
from tests.world import World, number, questionnaire, single
from zkperf.errors import InputError, RuleViolation
from zkperf.groups.p256 import NIST_P256
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.ledger.rules.sizes import MAX_UNIT, MOST_RATINGS, check_room, largest_posting, most_ratings
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Phase, Scheme
from zkperf.ledger.transactions import (
    MAX_TRANSACTION,
    ResultPosted,
    RoundOpened,
    SumsPosted,
    Unit,
    decode_transaction,
    encode_transaction,
)


def scheme_of(asked: Questionnaire) -> Scheme:
    layout = compile_questionnaire(asked)
    return Scheme(bytes(32), 1, asked, layout, commitment_keys(RISTRETTO255, layout))


def services(count: int) -> list[Unit]:
    return [
        Unit(name="all", parent=None, registrar=None),
        *(Unit(name=f"s{place:04}", parent=0, registrar=bytes(32)) for place in range(count)),
    ]


def test_nothing_that_the_tally_posts_is_longer(tmp_path: Path) -> None:
    world = World.create(tmp_path / "ledger")
    asked = questionnaire(single(), number("minutes", required=True), number("visits", -5, 2**40))
    found = world.open_round(["A", "B"], asked)
    for unit in (1, 2):
        world.rate(found, [{"recommend": "good", "minutes": 240, "visits": 2**40}] * 3, unit)
    world.close_round(found)
    assert found.phase is Phase.PUBLISHED
    posted = [
        leaf for leaf in world.leaves() if isinstance(decode_transaction(leaf), SumsPosted | ResultPosted)
    ]
    stages = {len(leaf) for leaf in posted}
    assert len(stages) == 3  # two stages of sums, and the result
    assert max(stages) <= largest_posting(found.scheme, found.opened.units)


def test_the_longest_of_sums_of_totals_and_of_results_decides() -> None:
    long = "x" * 200
    for asked in (
        questionnaire(single(options=[str(option) for option in range(100)])),  # sums
        questionnaire(*(number(f"n{place}") for place in range(20))),  # sums of optional questions
        questionnaire(single(options=[str(option) for option in range(100)], required=False)),  # likewise
        questionnaire(single(options=[f"{option}{long[2:]}" for option in (10, 11, 12)])),  # the result
    ):
        one, two, three = (largest_posting(scheme_of(asked), services(count)) for count in (1, 2, 3))
        each = {
            "sums": 34 * (len(compile_questionnaire(asked).commitments[0]) + 1),
            "optional": sum(34 * (len(rows) + 1) for rows in compile_questionnaire(asked).commitments[1:]),
            "result": sum(len(choice) for item in asked.questions for choice in item.choices),
        }
        assert two - one >= max(each.values())
        assert abs((three - two) - (two - one)) <= 4  # longer heads of arrays


def test_a_round_whose_totals_would_not_fit_does_not_open() -> None:
    bench, opened = before(RoundOpened)
    scheme = bench.state.schemes[opened.scheme]
    key = public_bytes(bench.key("registrar"))

    def with_services(count: int) -> RoundOpened:
        units = tuple(
            unit if unit.parent is None else unit.model_copy(update={"registrar": key})
            for unit in services(count)
        )
        changed: RoundOpened = bench.resigned("evaluator", opened, units=units)
        return changed

    fits = range(1000)
    most = bisect_right(fits, MAX_TRANSACTION, key=lambda count: largest_posting(scheme, services(count))) - 1
    bench.refuse(with_services(most + 1), "rounds", f"{most + 2} units are too many for this questionnaire")
    bench.apply(with_services(most))


@pytest.mark.parametrize("suite", ["ristretto255", "P-256"])
def test_a_rating_has_exactly_the_bytes_that_are_reckoned_with(suite: str, tmp_path: Path) -> None:
    world = World.create(tmp_path / "ledger", suite=suite, members=3, threshold=2)
    asked = questionnaire(single(), single("why", required=False), number("minutes"))
    found = world.open_round(["A"], asked)
    [[_, _, core]] = world.rate(found, [{"recommend": "good", "minutes": 240}])
    group, rules = world.state.commitment_group, world.state.rules
    longest = core.model_copy(update={"unit": MAX_UNIT, "sequence": rules.max_sequence})
    size = len(encode_transaction(longest))
    check_room(group, 2, rules.max_sequence, found.scheme.layout)
    # Each member more that has to open a total adds a coefficient to each of the three commitments.
    most = bisect_right(
        range(1, 5_000), MAX_TRANSACTION, key=lambda t: size + (t - 2) * 3 * (group.element_size + 2)
    )
    check_room(group, most - 1, rules.max_sequence, found.scheme.layout)
    with pytest.raises(InputError, match="a rating would have 65,"):
        check_room(group, most + 1, rules.max_sequence, found.scheme.layout)


def test_a_questionnaire_whose_ratings_would_not_fit_is_refused(tmp_path: Path) -> None:
    world = World.create(tmp_path / "ledger", members=24, threshold=24)
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    options = [str(option) for option in range(8)]

    def posted(*, required: bool) -> bytes:
        asked = (single(f"q{place}", options, required=required) for place in range(64))
        return evaluator.post_scheme(questionnaire(*asked))

    with pytest.raises(RuleViolation, match=r"make answers required \(each of the 64 optional") as refused:
        world.consortium.submit(posted(required=False))
    assert refused.value.check == "schemes"
    world.consortium.submit(posted(required=True))
    world.consortium.close()


def test_how_many_optional_questions_fit() -> None:
    """The figures in the documents."""
    most = compile_questionnaire(
        questionnaire(*(single(f"q{place}", ["yes", "no"], required=False) for place in range(64)))
    )
    for group, threshold in ((RISTRETTO255, 25), (NIST_P256, 24)):
        check_room(group, threshold, 3, most)
        with pytest.raises(InputError, match="each of the 64 optional questions"):
            check_room(group, threshold + 1, 3, most)


@pytest.mark.parametrize(
    ("low", "high", "most"),
    [
        (0, 1, MOST_RATINGS),
        (0, 2**31, MOST_RATINGS),
        (-(2**40), 0, 2**23 - 1),
        (2**62, 2**62 + 1, 1),
        (-(2**63), 5 - 2**63, 0),
    ],
)
def test_how_many_ratings_a_total_can_take(low: int, high: int, most: int) -> None:
    assert most_ratings(questionnaire(single(), number("n", low, high))) == most
    assert most_ratings(questionnaire(single())) == MOST_RATINGS


def test_no_more_tokens_than_the_largest_total_can_take(tmp_path: Path) -> None:
    world = World.create(tmp_path / "ledger")
    high = 2**61 + 5  # three times this is below 2^63, four times is not
    found = world.open_round(["A", "B"], questionnaire(number("n", 2**61, high, required=True)))
    world.rate(found, [{"n": high}] * 2, unit=1)
    world.rate(found, [{"n": high}], unit=2)
    with pytest.raises(RuleViolation, match="all 3 tokens of this round are issued") as refused:
        world.citizen(found, unit=2)
    assert refused.value.check == "issuance"
    world.close_round(found)
    assert found.result is not None
    assert found.result[0].questions[0].total == 3 * high
