"""A provider: what it sends, what it keeps, and what it does not send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from circuits.claims import Grades
from circuits.exposure import Figures, foresee
from tests.indicators.example import SCHEME
from tests.roles.figures import COST, OTHER, QUALITY, STAFF, TURNOVER, FigureWorld
from zkperf.encoding import encode
from zkperf.errors import InputError, InvalidProof, InvalidSignature, RuleViolation, ZkperfError
from zkperf.indicators.scheme_file import parse_scheme
from zkperf.ledger.figure_transactions import ClaimsPosted, ReportPosted
from zkperf.ledger.signing import signed
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import decode_transaction, encode_transaction
from zkperf.roles.provider import Provider, preview
from zkperf.roles.showing import Shown

FIGURES = {QUALITY: 200, TURNOVER: 2000, COST: 1000, STAFF: 700, OTHER: 300}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FigureWorld]:
    made = FigureWorld.create(tmp_path)
    yield made
    made.world.consortium.close()


def proved(world: FigureWorld, number: int) -> set[str]:
    return names(world, world.found.claimed[number + 1].proved)


def names(world: FigureWorld, numbers: Iterable[int]) -> set[str]:
    return {world.scheme.claims[c].id if c < len(world.scheme.claims) else "index" for c in numbers}


def test_a_round(world: FigureWorld) -> None:
    world.report(0, FIGURES)
    world.report(1, {**FIGURES, QUALITY: 90, STAFF: 900, OTHER: 101})
    world.report(2, {QUALITY: 300})
    world.close()
    assert world.found.phase is Phase.CLAIMING
    for number in range(3):
        world.claim(number)
    assert proved(world, 0) == {"quality_target", "quality_band", "staff_share", "costs", "good", "index"}
    assert proved(world, 1) == {"good", "index"} - ({"good"} if 90 / 300 * 0.6 + 0.8 * 0.4 < 0.5 else set())
    assert proved(world, 2) == {"quality_target"}
    everything = {"quality_target", "quality_band", "staff_share", "costs", "good", "index"}
    asked = [names(world, world.found.claimed[number + 1].asked) for number in range(3)]
    assert asked == [everything, everything, {"quality_target", "quality_band"}]
    assert world.found.phase is Phase.CONCLUDED


def test_a_correction_replaces(world: FigureWorld) -> None:
    world.report(0, FIGURES)
    world.report(0, {**FIGURES, QUALITY: 100})
    world.report(1, {QUALITY: 100})
    world.close()
    world.claim(0)
    world.claim(1)
    assert world.found.result is not None
    assert world.found.result[0].pools[QUALITY].sum == 200


def test_corrections_end(world: FigureWorld) -> None:
    for _ in range(world.world.state.rules.max_sequence + 1):
        world.report(0, FIGURES)
    with pytest.raises(RuleViolation, match="as often as it can be"):
        world.report(0, FIGURES)


@pytest.mark.parametrize("figures", [{QUALITY: 301}, {QUALITY: -1}, {5: 1}, {}])
def test_what_cannot_be_reported_is_not_sent(world: FigureWorld, figures: dict[int, int]) -> None:
    size = world.world.state.size
    with pytest.raises(InputError) as refusal:
        world.report(0, figures)
    assert "301" not in str(refusal.value)
    assert world.world.state.size == size


def test_after_the_close_nothing_is_reported(world: FigureWorld) -> None:
    world.report(0, FIGURES)
    world.close()
    with pytest.raises(RuleViolation, match="it is not open"):
        world.report(1, FIGURES)


def test_a_stranger_is_not_in_the_round(world: FigureWorld) -> None:
    store = world.world.folder.provider_keys("nobody")
    stranger = Provider(store.new_signing_key(), store)
    with pytest.raises(RuleViolation, match="is not in the round"):
        stranger.report(world.world.state, world.found, FIGURES)


def test_a_report_is_nobody_elses(world: FigureWorld) -> None:
    """Copied under another's key or place, or into another period, it is refused."""
    data, bundle = world.providers[0].report(world.world.state, world.found, FIGURES)
    posted = decode_transaction(data)
    ledger = world.world.state.ledger
    for report, key, expected in (
        (posted.report, world.providers[1].key, InvalidSignature),
        (posted.report.model_copy(update={"unit": 2}), world.providers[1].key, InvalidProof),
        (posted.report.model_copy(update={"sequence": 1}), world.providers[0].key, RuleViolation),
    ):
        copied = encode_transaction(signed(ReportPosted, key, ledger, report=report))
        with pytest.raises(expected):
            world.send(copied, bundle.encode())
    world.send(data, bundle.encode())


def test_claims_are_about_the_report_that_counts(world: FigureWorld) -> None:
    world.report(0, FIGURES)
    stale = world.found.reports[1].digest
    world.report(0, {**FIGURES, QUALITY: 100})
    world.report(1, FIGURES)
    world.close()
    provider, state = world.providers[0], world.world.state
    data = provider.claim(state, world.found)
    assert data is not None
    posted = decode_transaction(data)
    for changes, expected in (
        ({"report": stale}, "stale commitment"),
        ({"claims": posted.claims[::-1]}, "in the scheme's order"),
    ):
        fields = {name: getattr(posted, name) for name in ("round", "unit", "report", "claims")} | changes
        forged = encode_transaction(signed(ClaimsPosted, provider.key, state.ledger, **fields))
        with pytest.raises(ZkperfError, match=expected):
            world.world.consortium.submit(forged)
    world.world.consortium.submit(data)


def test_openings_that_are_lost_are_named(world: FigureWorld) -> None:
    world.report(0, FIGURES)
    world.report(1, FIGURES)
    world.close()
    elsewhere = replace(world.providers[0], store=world.world.folder.provider_keys("elsewhere"))
    with pytest.raises(InputError, match="is missing"):
        elsewhere.claim(world.world.state, world.found)


def test_nothing_to_claim_without_a_report(world: FigureWorld) -> None:
    world.report(0, FIGURES)
    world.close()
    assert world.providers[1].claim(world.world.state, world.found) is None


def test_the_preview_says_what_will_be_claimed() -> None:
    scheme = parse_scheme(SCHEME, name="S.toml")
    figures = {scheme.indicators[k].id: value for k, value in FIGURES.items()}
    shown = preview(scheme, now("2023", **figures), Figures(b"before", "2022", {"turnover": 2100}))
    assert {statement.claim: statement.holds for statement in shown.claims} == {
        "quality_target": "holds",
        "quality_band": "holds",
        "staff_share": "holds",
        "less_turnover": "holds",
        "costs": "holds",
        "good": "holds",
    }
    assert (shown.at_target, shown.outcome, shown.grades) == ({"turnover": True}, "B", Grades(1, 1))
    assert shown.compared_with == "2022"
    shown = preview(scheme, now("2023", quality=80, cost=10, staff_cost=9, other_cost=2))
    no, missing = "does not hold", "not reported"
    assert [statement.holds for statement in shown.claims] == [no, no, no, missing, no, missing]
    assert (shown.at_target, shown.outcome, shown.compared_with) == ({}, None, None)
    assert preview(scheme, now("2025", quality=80)).claims[0].holds == missing
    assert preview(scheme, now("2025")).outcome is None
    for outside in (-1, 301):
        with pytest.raises(InputError, match="out of its range"):
            preview(scheme, now("2023", quality=outside))


def now(period: str, **values: int) -> Figures:
    return Figures(period.encode(), period, values)


def test_the_preview_says_what_will_not_be_asked() -> None:
    """A band of three values is not asked, whatever the figure is: not even where its answer seems to follow,
    since the target may have been reached and not proved. What is public before goes in, what is public
    afterwards comes out."""
    band = parse_scheme(SCHEME.replace('low = "10.0"', 'low = "24.8"'), name="S.toml")
    for quality in (80, 190, 249):
        shown = preview(band, now("2023", quality=quality))
        assert [statement.holds for statement in shown.claims][1] == "not asked"
    scheme = parse_scheme(STEADY, name="S.toml")
    first = preview(scheme, now("1", days=50))
    assert [statement.holds for statement in first.claims] == ["holds", "not reported"]
    second = preview(scheme, now("2", days=53), now("1", days=50), first.system)
    assert [statement.holds for statement in second.claims] == ["holds", "not asked"]
    # Without what was said in the first period, nothing speaks against it.
    alone = preview(scheme, now("2", days=53), now("1", days=50))
    assert [statement.holds for statement in alone.claims] == ["holds", "holds"]


STEADY = """
id = "steady"
[[indicator]]
id = "days"
min = "0"
max = "1000"
better = "higher"
[[claim]]
id = "narrow"
kind = "band"
indicator = "days"
low = "50"
high = "54"
[[claim]]
id = "more"
kind = "improved"
indicator = "days"
"""


def test_what_is_shown_is_sealed_for_one_report() -> None:
    """Each field is in the context, as the protocol's section 12.11 says."""
    shown = Shown(round=b"R" * 32, unit=3, report=b"D" * 32, ephemeral=b"Y" * 32, sealed=b"sealed")
    assert shown.context == encode(["zkperf/v1/shown", b"R" * 32, 3, b"D" * 32, b"Y" * 32])


def test_secrets_have_no_repr(world: FigureWorld) -> None:
    world.report(0, FIGURES)
    filed = world.found.reports[1]
    openings = world.providers[0].openings(world.world.state.commitment_group, filed)
    assert "200" not in repr(openings)
    assert repr(world.providers[0]) == "<provider>"
    shown = preview(world.scheme, now("2023", quality=200))
    assert "holds" not in repr(shown) and "200" not in repr(now("2023", quality=200))
    assert repr(foresee(world.scheme, shown.system, now("2023", quality=200), None)) == "<foreseen>"
