"""Whoever does not own a pseudonym learns nothing about it at the door: neither from what is said nor from
what is done. Attacks are sent about pseudonyms that never rated, wait, are on the log, and wait again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from circuits.rating import Bundle, Core
from tests.ledger.engines.test_door import LOGGED, NEW, WAITING, Scene, scene
from zkperf.ledger.engines import door
from zkperf.ledger.engines.pool import Pool
from zkperf.ledger.transactions import encode_transaction

AGAIN = 1
"""The place of one that is on the log and whose second rating waits."""

__all__ = ["scene"]


@pytest.fixture(scope="module")
def known(scene: Scene) -> dict[str, int]:
    """Places, by what is known of their pseudonyms."""
    scene.world.send(*scene.rating(AGAIN, 1))
    return {"never rated": NEW, "on the log": LOGGED, "waits": WAITING, "rated again": AGAIN}


def _forged(core: Core, bundle: Bundle) -> tuple[Core, Bundle]:
    proof = core.proof[:-32] + bytes([core.proof[-32] ^ 1]) + core.proof[-31:]
    return core.model_copy(update={"proof": proof}), bundle


def _others_bundle(core: Core, bundle: Bundle) -> tuple[Core, Bundle]:
    return core, bundle.model_copy(update={"sealed": bundle.sealed[::-1]})


ATTACKS: dict[str, Callable[[Core, Bundle], tuple[Core, Bundle]]] = {
    "a proof that does not hold": _forged,
    "another bundle": _others_bundle,
}


class Work:
    """How many ratings come to each of the two expensive checks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[tuple[str, int]] = []
        for name in ("verify_ratings", "check_bundles"):
            real = getattr(door, name)

            def counted(*arguments: Any, name: str = name, real: Any = real) -> Any:
                self.done.append((name, len(arguments[-1])))
                return real(*arguments)

            monkeypatch.setattr(door, name, counted)


def attempt(scene: Scene, attack: str, place: int, sequence: int) -> tuple[Core, Bundle]:
    if attack in ATTACKS:
        return ATTACKS[attack](*scene.rating(place, sequence))
    return scene.rating(place, sequence, token=scene.drawn[NEW + 1][1].token)


@pytest.mark.parametrize("attack", [*ATTACKS, "somebody else's token"])
@pytest.mark.parametrize("sequence", range(4))
def test_an_outsider_hears_the_same_about_everybody(
    scene: Scene, known: dict[str, int], monkeypatch: pytest.MonkeyPatch, attack: str, sequence: int
) -> None:
    work = Work(monkeypatch)
    heard, done = set(), set()
    for place in known.values():
        core, bundle = attempt(scene, attack, place, sequence)
        refusal = scene.world.refusal(core, bundle)
        heard.add((type(refusal), refusal.check, str(refusal)))
        done.add(tuple(work.done))
        work.done.clear()
    assert len(heard) == 1 and len(done) == 1
    assert "sequence" not in str(heard)


def test_a_published_rating_with_another_bundle_tells_nothing_either(
    scene: Scene, known: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log shows the core of a rating, but nobody has its bundle."""
    work = Work(monkeypatch)
    published, fresh = scene.sent[LOGGED][0], scene.rating(NEW)[0]
    bundle = scene.rating(NEW)[1]
    heard = []
    for core in (published, fresh):
        refusal = scene.world.refusal(core, bundle)
        heard.append((refusal.check, str(refusal), tuple(work.done)))
        work.done.clear()
    assert heard[0] == heard[1] and heard[0][0] == "complaints"


def test_what_waits_is_not_looked_at_for_who_has_no_bundle(
    scene: Scene, known: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(*_: Any) -> Any:
        raise AssertionError("somebody was looked up")

    monkeypatch.setattr(Pool, "get", get)
    for place in known.values():
        core, bundle = _others_bundle(*scene.rating(place, 1))
        assert scene.world.refusal(core, bundle).check == "complaints"
    with pytest.raises(AssertionError, match="looked up"):
        scene.world.consortium.submit_ratings([_pair(*scene.rating(NEW))])


def test_the_owner_is_told(scene: Scene, known: dict[str, int]) -> None:
    for name, expected in {"never rated": 0, "on the log": 1, "waits": 1, "rated again": 2}.items():
        refusal = scene.world.refusal(*scene.rating(known[name], 3))
        assert str(refusal) == f"expected sequence number {expected}, got 3", name


def test_a_rating_that_is_there_already_is_not_verified_again(
    scene: Scene, known: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends its own one a thousand times costs a thousand looks."""
    work = Work(monkeypatch)
    core, bundle = scene.sent[WAITING]
    verdicts = scene.world.consortium.submit_ratings([_pair(core, bundle)] * 10)
    assert {str(verdict) for verdict in verdicts} == {"expected sequence number 1, got 0"}
    assert work.done == [("check_bundles", 10), ("verify_ratings", 0)]


def _pair(core: Core, bundle: Bundle) -> tuple[bytes, bytes]:
    return encode_transaction(core), bundle.encode()
