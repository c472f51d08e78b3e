"""An auditor of figures: what it opens, what it refuses to believe, and what it attests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.roles.figures import QUALITY, TURNOVER, FigureWorld
from zkperf.encoding import encode
from zkperf.errors import (
    EncodingError,
    InputError,
    InvalidOpening,
    InvalidShare,
    InvalidSignature,
    RuleViolation,
)
from zkperf.roles.figure_auditor import Inspector
from zkperf.roles.keystore import KeyStore
from zkperf.roles.showing import Card, KeptOpening, Shown
from zkperf.sealing import seal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FigureWorld]:
    made = FigureWorld.create(tmp_path)
    made.report(0, {QUALITY: 205, TURNOVER: 2525})
    yield made
    made.world.consortium.close()


def show(world: FigureWorld, *indicators: int) -> Shown:
    provider, state = world.providers[0], world.world.state
    return provider.show(state, world.found, indicators, world.auditor.card())


def resealed(world: FigureWorld, plaintext: bytes) -> Shown:
    """What a provider that lies would show."""
    shown, group = show(world, QUALITY), world.world.state.commitment_group
    key = group.decode(world.auditor.sealing_key)
    shown = shown.model_copy(update={"ephemeral": group.encode(group.msm([7], [group.generator]))})
    return shown.model_copy(update={"sealed": seal(group, 7, key, shown.context, plaintext)})


def test_what_is_shown_is_seen_and_attested(world: FigureWorld) -> None:
    seen = world.auditor.look(world.found, Shown.decode(show(world, TURNOVER, QUALITY).encode()))
    assert seen.figures == {QUALITY: 205, TURNOVER: 2525}
    assert float(seen.value(TURNOVER)) == 25.25
    assert "205" not in repr(seen)
    world.world.consortium.submit(world.auditor.attest(world.world.state, world.found, seen, [QUALITY]))
    assert world.found.attested == {(1, QUALITY): {world.auditor.public: world.world.state.size - 1}}


def test_only_what_was_shown_is_attested(world: FigureWorld) -> None:
    seen = world.auditor.look(world.found, show(world, QUALITY))
    with pytest.raises(RuleViolation, match="only what was shown"):
        world.auditor.attest(world.world.state, world.found, seen, [QUALITY, TURNOVER])


def test_only_reported_figures_are_shown(world: FigureWorld) -> None:
    with pytest.raises(InputError, match="was not reported"):
        show(world, 2)
    with pytest.raises(InputError, match="no report that counts"):
        world.providers[1].show(world.world.state, world.found, [QUALITY], world.auditor.card())


def test_another_auditor_sees_nothing(world: FigureWorld, tmp_path: Path) -> None:
    other = Inspector.enrol(KeyStore(tmp_path / "other"), world.world.state.commitment_group)
    with pytest.raises(InvalidShare):
        other.look(world.found, show(world, QUALITY))


def test_another_figure_does_not_open_the_commitment(world: FigureWorld) -> None:
    group, filed = world.world.state.commitment_group, world.found.reports[1]
    opening = world.providers[0].openings(group, filed)[QUALITY]
    blinding = group.encode_scalar(opening.blinding)
    for indicator, value in ((QUALITY, 206), (TURNOVER, 205)):
        false = KeptOpening(indicator=indicator, value=value, blinding=blinding)
        with pytest.raises(InvalidOpening):
            world.auditor.look(world.found, resealed(world, encode([false.to_array()])))
    unreported = KeptOpening(indicator=3, value=205, blinding=blinding)
    with pytest.raises(InvalidOpening, match="was not reported"):
        world.auditor.look(world.found, resealed(world, encode([unreported.to_array()])))
    for nonsense in ([], 5):
        with pytest.raises(EncodingError):
            world.auditor.look(world.found, resealed(world, encode(nonsense)))


def test_a_stale_commitment_is_not_attested(world: FigureWorld) -> None:
    shown = show(world, QUALITY)
    seen = world.auditor.look(world.found, shown)
    world.report(0, {QUALITY: 100})
    with pytest.raises(RuleViolation, match="stale commitment"):
        world.auditor.look(world.found, shown)
    with pytest.raises(RuleViolation, match="stale commitment"):
        world.world.consortium.submit(world.auditor.attest(world.world.state, world.found, seen, [QUALITY]))
    with pytest.raises(RuleViolation, match="stale commitment"):
        world.auditor.look(world.found, shown.model_copy(update={"round": bytes(32)}))


def test_a_card_says_whose_sealing_key_it_is(world: FigureWorld, tmp_path: Path) -> None:
    other = Inspector.enrol(KeyStore(tmp_path / "other"), world.world.state.commitment_group)
    card = Card.decode(world.auditor.card().encode())
    assert (card.key, card.sealing_key) == (world.auditor.public, world.auditor.sealing_key)
    card.verify()
    for forged in (
        card.model_copy(update={"sealing_key": other.sealing_key}),
        card.model_copy(update={"key": other.public}),
        card.model_copy(update={"signature": bytes(64)}),
    ):
        with pytest.raises(InvalidSignature):
            forged.verify()
    provider, state = world.providers[0], world.world.state
    with pytest.raises(InvalidSignature):
        provider.show(
            state, world.found, [QUALITY], card.model_copy(update={"sealing_key": other.sealing_key})
        )
    with pytest.raises(RuleViolation, match="not one of this round's"):
        provider.show(state, world.found, [QUALITY], other.card())
