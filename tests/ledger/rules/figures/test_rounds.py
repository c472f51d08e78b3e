"""How a round of figures is opened, closed, and brought forward by deadlines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.circuits.claims.world import claim, index, indicator, part
from tests.ledger.figure_bench import FigureBench, a_round, bare, in_phase, places, plan, provider_key
from tests.world import number, questionnaire, single
from zkperf.errors import InvalidSignature, RuleViolation
from zkperf.ledger.figure_transactions import Auditor
from zkperf.ledger.rules.figures.rounds import check_ratings
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Phase

CHECK = "rounds"


def ready(**changes: Any) -> FigureBench:
    bench = bare()
    bench.apply(bench.scheme_posted(plan(**changes)))
    return bench


def test_a_round_without_a_draw_is_open_at_once() -> None:
    bench = ready()
    opened = bench.opened()
    bench.apply(opened)
    assert (bench.figures.phase, bench.figures.keygens) == (Phase.OPEN, [])
    bench.refuse(opened, CHECK, "on the ledger already")


def test_a_draw_needs_a_key() -> None:
    bench = ready(draw=2)
    bench.apply(bench.opened())
    assert bench.figures.phase is Phase.COMMITTING
    bench.make_keys()
    assert bench.figures.keyed and bench.figures.phase is Phase.OPEN


def test_only_an_evaluator_opens() -> None:
    bench = ready()
    opened = bench.opened()
    bench.refuse(bench.resigned("registrar", opened), "signatures", error=InvalidSignature)
    other = public_bytes(bench.key("registrar"))
    bench.refuse(bench.resigned("registrar", opened, evaluator=other), CHECK, "not one of")


def swapped(**changes: Any) -> Any:
    """The places, one of them changed."""
    found = list(places())
    found[2] = found[2].model_copy(update=changes)
    return tuple(found)


WRONG: dict[str, tuple[Any, str]] = {
    "an unknown scheme": (lambda: {"scheme": bytes(32)}, "scheme is not on the ledger"),
    "an end before the opening": (lambda: {"until": 1_800_000_000}, "announced end is not after"),
    "an end in years": (lambda: {"until": 1_900_000_000}, "more than 731 days"),
    "a small k_min": (lambda: {"min_cohort": 1}, "at least 2"),
    "no tree": (lambda: {"units": places()[1:]}, "units: unit 0 must be the root"),
    "a leaf without a key": (lambda: {"units": swapped(provider=None)}, "providers, and only they"),
    "a group with a key": (
        lambda: {
            "units": (places()[0], places()[1].model_copy(update={"provider": bytes(32)}), *places()[2:])
        },
        "providers, and only they",
    ),
    "two of one name": (lambda: {"units": swapped(name="n2")}, "two units are called 'North/n2'"),
    "two that read alike": (
        lambda: {"units": swapped(name="N2")},
        "units 'North/N2' and 'North/n2' read alike",
    ),
    "one name in two groups": (
        lambda: {"units": places({"North": ("n1",), "South": ("N1",)})},
        "units 'North/n1' and 'South/N1' read alike, by their names",
    ),
    "a name with an end": (lambda: {"units": swapped(name="n2 ")}, "unit 2: it begins or ends with a blank"),
    "a period with a control": (lambda: {"period": "2024\x1b[2J"}, "the period: it has a control"),
    "an auditor without a visible name": (
        lambda: {"auditors": (Auditor(name="\u3164", key=bytes(32)),)},
        "auditor 1: it has an invisible character",
    ),
    "two auditors that read alike": (
        lambda: {
            "auditors": tuple(Auditor(name=n, key=bytes([i] * 32)) for i, n in enumerate(("Audit", "AUDIT")))
        },
        "auditor 'AUDIT' reads like auditor 'Audit'",
    ),
    "two of one key": (lambda: {"units": swapped(provider=places()[3].provider)}, "have the same key"),
    "an auditor twice": (lambda: {"auditors": ("twice",)}, "two auditors have the same key"),
    "a provider among the auditors": (
        lambda: {"auditors": (Auditor(name="n1's own", key=public_bytes(provider_key("n1"))),)},
        "has a provider's key",
    ),
    "unknown ratings": (lambda: {"ratings": (bytes(32),)}, "there is no round"),
    "an unknown previous round": (lambda: {"previous": bytes(32)}, "there is no round"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_round_cannot_be(name: str) -> None:
    make, reason = WRONG[name]
    bench, changes = ready(), make()
    if changes.get("auditors") == ("twice",):
        [auditor, *_] = bench.opened().auditors
        changes["auditors"] = (auditor, auditor.model_copy(update={"name": "another"}))
    bench.refuse(bench.opened(**changes), CHECK, reason)


def test_a_period_is_spelt_in_one_way() -> None:
    """Rounds of one period are told apart by their identifiers; one that looks like it is a trap."""
    bench = ready()
    bench.apply(bench.opened(period="Q1 2024"))
    again = {"units": places({"West": ("w1", "w2", "w3")})}
    bench.refuse(bench.opened(period="q1 2024", **again), CHECK, "period 'q1 2024' reads like 'Q1 2024'")
    bench.apply(bench.opened(period="Q1 2024", **again))


def test_too_many_groups_are_refused() -> None:
    bench = ready()
    many = {f"g{n}": (f"p{n}",) for n in range(300)}
    bench.refuse(bench.opened(units=places(many)), CHECK, "too many for 3 indicators")


def test_providers_are_no_groups() -> None:
    """Nothing is posted for them one by one: there may be more of them."""
    bench = ready()
    bench.apply(bench.opened(units=places({"all of them": [f"p{n}" for n in range(300)]})))


def test_totals_have_64_bits() -> None:
    large = indicator("large", min=2**61, max=2**61 + 10)
    bench = ready(indicators=(large,), claims=(), index=None)
    names = [f"p{n}" for n in range(4)]
    bench.refuse(bench.opened(units=places({"g": names})), CHECK, "more than 64 bits")
    bench.apply(bench.opened(units=places({"g": names[:3]})))


def test_a_provider_is_in_one_open_round_at_a_time() -> None:
    bench = a_round()
    bench.refuse(bench.opened(period="2019"), CHECK, "'n1' is in another open round")
    # By its names from below the root, whatever that is called, or by its key, whatever it is called itself.
    root, *others = places()
    renamed = root.model_copy(update={"name": "everybody"})
    rekeyed = [
        place.model_copy(update={"provider": public_bytes(provider_key(f"new {place.name}"))})
        if place.provider
        else place
        for place in others
    ]
    bench.refuse(bench.opened(units=(renamed, *rekeyed)), CHECK, "'n1' is in another open round")
    named = [place.model_copy(update={"name": f"the {place.name}"}) for place in others]
    bench.refuse(bench.opened(units=(renamed, *named)), CHECK, "'the n1' is in another open round")
    shouted = [place.model_copy(update={"name": place.name.upper()}) for place in rekeyed]
    bench.refuse(bench.opened(units=(renamed, *shouted)), CHECK, "'N1' is in another open round")
    bench.apply(bench.opened(period="2019", units=places({"East": ("e1", "e2")})))
    closed = in_phase(Phase.SUMMING).fork()
    closed.apply(closed.opened(period="2019"))


def test_the_previous_round_has_a_result_and_the_same_figures() -> None:
    bench = in_phase(Phase.OPENED).fork()
    before = bench.figures.digest
    bench.refuse(bench.opened(period="2019", previous=before), CHECK, "does not allow")
    bench.go(Phase.CONCLUDED)
    much = claim("improved", "quality", numbers=(10,)).model_copy(update={"id": "much"})
    others = bench.fork()
    cost = plan().indicators[2].model_copy(update={"max": 60})
    others.apply(others.scheme_posted(plan(indicators=(*plan().indicators[:2], cost))))
    # What 10 percent tells about the figures of 2018 is found out when it is asked.
    asking = bench.fork()
    asking.apply(asking.scheme_posted(plan(claims=(*plan().claims, much))))
    asking.apply(asking.opened(period="2019", previous=before))
    # Of cost nothing is claimed about the last period.
    others.apply(others.opened(period="2019", previous=before))
    for changes, reason in (
        ({"id": "other"}, "of another scheme"),
        (
            {"indicators": (plan().indicators[0].model_copy(update={"max": 301}), *plan().indicators[1:])},
            "another unit, range or scale",
        ),
        (
            {
                "indicators": (
                    plan().indicators[0].model_copy(update={"better": "lower"}),
                    *plan().indicators[1:],
                )
            },
            "another unit, range or scale",
        ),
        (
            {
                "indicators": (
                    plan().indicators[0].model_copy(update={"unit": "stars"}),
                    *plan().indicators[1:],
                )
            },
            "another unit",
        ),
    ):
        fork = bench.fork()
        fork.apply(fork.scheme_posted(plan(**changes)))
        fork.refuse(fork.opened(period="2019", previous=before), CHECK, reason)
    bench.apply(bench.opened(period="2019", previous=before))
    assert bench.figures.previous is not None and bench.figures.previous.digest == before


def test_ratings_are_published_rounds() -> None:
    bench = ready()
    # A round of figures is no round of ratings.
    bench.apply(bench.opened())
    bench.refuse(
        bench.opened(ratings=(bench.figures.digest,), units=places({"East": ("e1",)})),
        CHECK,
        "there is no round",
    )


def test_means_of_ratings_can_be_had() -> None:
    made = plan(index=index(parts=(part("quality"), part("satisfied", 1, 5, source="rating"))), floor=1)
    asked = questionnaire(number("satisfied", 1, 5))
    check_ratings(plan(), [])
    check_ratings(made, [questionnaire(single()), asked])
    for wrong in ([], [questionnaire(number("quality"))], [asked, questionnaire(single("satisfied"))]):
        with pytest.raises(RuleViolation, match="the mean of 'satisfied'"):
            check_ratings(made, wrong)
    bench = bare()
    bench.apply(bench.scheme_posted(made))
    bench.refuse(bench.opened(), CHECK, "the mean of 'satisfied'")


# -- closing, and deadlines -----------------------------------------------------------------------------


def test_closing_goes_on_to_checking() -> None:
    bench = in_phase(Phase.OPEN).fork()
    closed = bench.close()
    bench.apply(closed)
    assert bench.figures.phase is Phase.DRAINING
    bench.refuse(closed, CHECK, "does not allow")
    bench.apply(bench.drained())
    assert bench.figures.phase is Phase.CHECKING


def test_a_round_is_not_closed_before_the_end_that_it_has_announced() -> None:
    bench = a_round(until=1_800_000_100)
    bench.refuse(bench.close(at=1_800_000_099), CHECK, "announced that it is open until 1800000100")
    bench.apply(bench.close(at=1_800_000_100))
    assert bench.figures.phase is Phase.DRAINING


def test_a_round_that_has_no_key_yet_is_abandoned() -> None:
    bench = a_round(plan(draw=1))
    bench.apply(bench.close())
    assert bench.figures.phase is Phase.ABANDONED


def test_a_deadline_ends_the_checks_if_enough_are_done() -> None:
    bench = in_phase(Phase.OPEN).fork()
    bench.report_all()
    bench.apply(bench.close())
    bench.apply(bench.drained())
    for j in (1, 2):
        bench.apply(bench.checked(j))
    assert bench.state.enough == 3
    bench.refuse(bench.deadline(), CHECK, "only 2 members")
    bench.apply(bench.checked(3))
    assert bench.figures.phase is Phase.SUMMING


def test_a_deadline_ends_the_wait_for_claims() -> None:
    bench = in_phase(Phase.CLAIMING).fork()
    bench.apply(bench.claims("n1"))
    # Nobody knows since when providers may claim: the sums may have taken long.
    before = -bench.state.rules.stage_seconds
    bench.refuse(bench.deadline(late=before - 1), CHECK, "the stage began after")
    bench.fork().apply(bench.deadline(late=before))
    bench.apply(bench.deadline())
    assert bench.figures.phase is Phase.CLAIMING
    bench.apply(bench.claims("s1"))
    bench.refuse(bench.deadline(late=-1), CHECK, "the stage lasts until")
    bench.apply(bench.deadline())
    assert bench.figures.phase is Phase.OPENED
    bench.refuse(bench.claims("n2"), "claims", "takes no claims now")
    bench.refuse(bench.deadline(), CHECK, "does not allow")


def test_a_round_without_reports_is_over_soon() -> None:
    bench = in_phase(Phase.OPEN).fork()
    bench.check_all()
    assert bench.figures.phase is Phase.OPENED
    bench.apply(bench.published())
    assert bench.figures.phase is Phase.CONCLUDED and bench.figures.result is not None
    assert bench.figures.result[0].reason == "no reports"
