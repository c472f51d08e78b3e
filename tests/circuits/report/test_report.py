"""Reports: what is in range is taken, and everything else is refused by name."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from circuits.indicators import Target
from circuits.report import DecodedReport, Report, ReportForm, asked_bits, build_report, verify_reports
from circuits.report import prover as module
from tests.circuits.claims.world import INDICATORS, PERIOD, claim, indicator, scheme
from tests.circuits.report.world import FIGURES, World
from tests.misfits import refuses_misfits
from tests.suites import EVERY
from tests.toygroup import TOY
from zkperf.encoding import decode
from zkperf.errors import EncodingError, InputError, InvalidProof
from zkperf.groups.base import Group
from zkperf.proofs.committed import DoesNotHold
from zkperf.proofs.intervals import figure_key


@pytest.mark.parametrize("group", EVERY)
def test_figures_in_their_ranges_are_taken(group: Group) -> None:
    world = World(group)
    report, _, openings = world.report()
    assert report.reported == (0, 1, 3)
    decoded = world.accepted(Report.decode(report.encode()))
    assert decoded.columns == (0, 1, 3, 5)
    key = figure_key(group)
    for k, commitment in zip((0, 1, 3), decoded.commitments[:3], strict=True):
        assert openings[k].value == FIGURES[k]
        key.verify_opening(commitment, [openings[k].value], openings[k].blinding)


@pytest.mark.parametrize("group", EVERY)
def test_the_ends_of_every_range(group: Group) -> None:
    world = World(group)
    for end in ("min", "max"):
        figures = {k: getattr(item, end) for k, item in enumerate(world.scheme.indicators)}
        world.accepted(world.report(figures)[0])


def test_a_figure_out_of_its_range_is_not_sent() -> None:
    world = World()
    for k, item in enumerate(world.scheme.indicators):
        for value in (item.min - 1, item.max + 1):
            with pytest.raises(InputError, match=f"{item.id!r}: the figure is out of its range") as refusal:
                world.report({k: value})
            assert str(value) not in str(refusal.value)
    for figures, reason in (({}, "no figure"), ({5: 1}, "no indicator 5"), ({-1: 1}, "no indicator -1")):
        with pytest.raises(InputError, match=reason):
            world.report(figures)
    with pytest.raises(ValueError, match="4 trustees"):
        build_report(TOY, world.form, world.context, world.trustees[:3], 0, FIGURES)


def test_a_figure_out_of_its_range_cannot_be_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(module, "check_figures", lambda form, figures: None)
    for value in (-1, 301):
        with pytest.raises(DoesNotHold):
            world.report({0: value})


@pytest.mark.parametrize("better", ["higher", "lower"])
@pytest.mark.parametrize("value, at", [(189, False), (190, None), (191, True)])
@pytest.mark.parametrize("group", EVERY)
def test_bits_say_who_is_at_the_target(group: Group, better: Any, value: int, at: bool | None) -> None:
    item = INDICATORS[0].model_copy(update={"better": better})
    world = World(group, scheme(indicators=(item,)))
    bit = 1 if at is None else int(at == (better == "higher"))
    assert world.form.at_target(0, value) == bit
    report, _, _ = world.report({0: value})
    world.accepted(report)


@pytest.mark.parametrize("value, lie", [(189, 1), (190, 0), (200, 0), (200, 2)])
def test_a_bit_that_lies_cannot_be_proved(value: int, lie: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both directions."""
    world = World()
    monkeypatch.setattr(ReportForm, "at_target", lambda self, k, value: lie)
    with pytest.raises(DoesNotHold):
        world.report({0: value})


def test_which_indicators_have_a_bit() -> None:
    """Those with a target in the period, unless the same target is claimed in public."""
    both = scheme()
    assert ReportForm(both, PERIOD).bits == (0, 1)
    assert ReportForm(both, "2016").bits == (0,)
    assert ReportForm(scheme(claim("target", "quality")), PERIOD).bits == (1,)
    assert ReportForm(scheme(claim("band", "quality", numbers=(1, 2))), PERIOD).bits == (0, 1)
    form = ReportForm(both, PERIOD)
    assert form.columns((0, 1, 4)) == (0, 1, 4, 5, 6) and form.columns((1, 2)) == (1, 2, 6)
    assert form.columns((2,)) == (2,)


def bits(target: int | None, floor: int, better: Any = "higher", **changes: Any) -> tuple[int, ...]:
    """The bits of one indicator from 0 to 9, unless told otherwise."""
    targets = () if target is None else (Target(period=None, value=target),)
    fields: dict[str, Any] = {"min": 0, "max": 9, "better": better, "targets": targets}
    made = scheme(indicators=(indicator("a", **fields | changes),))
    return asked_bits(made.model_copy(update={"floor": floor}), PERIOD)


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_who_is_at_a_target_is_asked_where_each_answer_leaves_enough_values(better: Any) -> None:
    """By counting: for every target and floor, the values on each side of it."""
    for target, floor in product(range(10), range(12)):
        at = [value for value in range(10) if (value >= target if better == "higher" else value <= target)]
        sides = [len(at), 10 - len(at)]
        enough = all(side in (0, *range(min(floor, 10), 11)) for side in sides)
        assert bits(target, floor, better) == ((0,) if enough else ()), (target, floor)


def test_an_answer_that_everybody_gives_tells_nothing() -> None:
    """A target at the worse end of the range is reached by all."""
    assert bits(0, 10) == bits(9, 10, "lower") == (0,)
    assert bits(9, 2) == bits(0, 2, "lower") == ()
    assert bits(None, 1) == ()
    # A range that has fewer values than the floor cannot promise more than it has.
    assert bits(0, 5, max=2) == (0,) and bits(1, 5, max=2) == ()


def test_words() -> None:
    for span, width in ((255, 8), (256, 16), (2**32, 64)):
        assert ReportForm(scheme(indicators=(indicator("a", max=span),)), PERIOD).width == width


@pytest.mark.parametrize("group", EVERY)
def test_a_report_is_for_its_context_alone(group: Group) -> None:
    """Another ledger, scheme, period, place or provider; a copy under another key; other members."""
    world = World(group)
    report, _, _ = world.report()
    for changes in (
        {"ledger": b"M" * 32},
        {"scheme": b"T" * 32},
        {"provider": b"Q" * 32},
        {"members": 5},
    ):
        assert isinstance(world.verdict(report, replace(world.context, **changes)), InvalidProof)
    assert isinstance(world.verdict(report, replace(world.context, threshold=2)), EncodingError)
    for changes in ({"round": b"Z" * 32}, {"unit": 4}):
        moved = replace(world.context, **changes)
        verdict = world.verdict(report, moved)
        assert isinstance(verdict, InvalidProof) and "another round or unit" in str(verdict)
        copied = world.change(report, **changes)
        assert isinstance(world.verdict(copied, moved), InvalidProof)


@pytest.mark.parametrize("group", EVERY)
def test_every_field_is_bound(group: Group) -> None:
    world = World(group)
    report, _, _ = world.report()
    other, _, _ = world.report()
    for field in ("ephemeral", "commitments", "coefficients", "digest"):
        changed = world.change(report, **{field: getattr(other, field)})
        assert isinstance(world.verdict(changed), InvalidProof), field
    for changes in (
        {"sequence": 1},
        {"commitments": (*report.commitments[1::-1], *report.commitments[2:])},
        {"digest": b"d" * 32},
    ):
        assert isinstance(world.verdict(world.change(report, **changes)), InvalidProof)
    # Of other indicators a proof may have another length.
    verdict = world.verdict(world.change(report, reported=(0, 1, 2)))
    assert isinstance(verdict, EncodingError | InvalidProof)


def test_the_context_says_everything() -> None:
    """Each part of it changes it, also where something else would tell as well."""
    world = World()
    report, _, _ = world.report()
    contexts = [report.bind(world.context)]
    for name in ("ledger", "scheme", "provider", "threshold", "members"):
        value = getattr(world.context, name)
        other = value + 1 if isinstance(value, int) else value[::-1] + b"x"
        contexts.append(report.bind(replace(world.context, **{name: other})))
    for name in type(report).model_fields:
        value = getattr(report, name)
        other = (
            value + 1 if isinstance(value, int) else (*value, 1) if isinstance(value, tuple) else value + b"x"
        )
        contexts.append(world.change(report, **{name: other}).bind(world.context))
    assert contexts.pop() == contexts[0], "the proof is not in its own context"
    assert len(set(contexts)) == len(contexts)
    assert decode(contexts[0], what="context")[0] == "zkperf/v1/report"


def test_sizes_orders_and_encodings() -> None:
    world = World()
    report, _, _ = world.report()
    for changes, reason in (
        ({"reported": ()}, "ascending"),
        ({"reported": (1, 0, 3)}, "ascending"),
        ({"reported": (0, 0, 3)}, "ascending"),
        ({"reported": (0, 1, 5)}, "no indicator 5"),
        ({"reported": (1, 2, 3)}, "expected 3 commitments"),
        ({"commitments": report.commitments[:-1]}, "expected 4 commitments"),
        ({"coefficients": report.coefficients[:-1]}, "coefficients"),
        ({"coefficients": (report.coefficients[0][:1], *report.coefficients[1:])}, "coefficients"),
        ({"ephemeral": bytes(32)}, "report: "),
        ({"commitments": (bytes(32), *report.commitments[1:])}, "report: "),
        ({"coefficients": ((bytes(32),) * 2, *report.coefficients[1:])}, "report: "),
        ({"proof": report.proof[:-1]}, "length"),
        ({"proof": b""}, "length"),
    ):
        verdict = world.verdict(world.change(report, **changes))
        assert isinstance(verdict, EncodingError) and reason in str(verdict), changes


def test_fields_are_of_their_types() -> None:
    report, _, _ = World().report()
    refuses_misfits(report, "ephemeral", "commitments", "coefficients", "proof")


@pytest.mark.parametrize("group", EVERY)
def test_many_are_one_batch(group: Group) -> None:
    world = World(group)
    good = [world.report(figures)[0] for figures in (FIGURES, {2: 5}, {0: 0, 4: -100})]
    bad = [world.change(good[0], sequence=7), world.change(good[1], proof=b"")]
    batch = [good[0], bad[0], good[1], bad[1], good[2]]
    verdicts = verify_reports(group, world.form, [(world.context, report) for report in batch])
    assert [type(verdict) for verdict in verdicts] == [
        DecodedReport,
        InvalidProof,
        DecodedReport,
        EncodingError,
        DecodedReport,
    ]


def test_another_periods_target_is_another_report() -> None:
    """The bit is about this period's target."""
    by_period = (Target(period="2017", value=100), Target(period="2018", value=190))
    made = scheme(indicators=(INDICATORS[0].model_copy(update={"targets": by_period}),))
    world = World(scheme=made)
    report, _, _ = world.report({0: 150})
    world.accepted(report)
    elsewhere = World(scheme=made, period="2017")
    assert isinstance(elsewhere.verdict(report, world.context), InvalidProof)
