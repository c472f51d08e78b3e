"""At the door: ratings that are sure to be admissible at close are taken in, nothing of others is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from circuits.rating import Bundle, Core
from tests.ledger.bench import Bench
from tests.ledger.rules.test_ratings import stolen_token
from tests.world import World
from zkperf._native import RatingLeaf
from zkperf.encoding import encode
from zkperf.errors import EncodingError, InvalidProof, InvalidShare, InvalidToken, RuleViolation
from zkperf.ledger.engines import door
from zkperf.ledger.promises import Promise
from zkperf.ledger.state import Phase, Round
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.citizen import Citizen, Token

GOOD = {"recommend": "good"}
Pair = tuple[bytes, bytes]


@dataclass
class Scene:
    """An open round: the first drawn of A has a rating on the log, the second one waiting."""

    world: World
    found: Round
    drawn: list[tuple[Citizen, Token]]
    sent: list[tuple[Core, Bundle]]

    def rating(self, place: int, sequence: int = 0, **token: Any) -> tuple[Core, Bundle]:
        citizen, own = self.drawn[place]
        return citizen.rate(own.model_copy(update={"next_sequence": sequence, **token}), GOOD)

    def refused(self, core: Core, bundle: Bundle, error: type[Exception], check: str, match: str) -> None:
        """The rating is refused by this error, and nothing is kept of it."""
        ledger = self.world.consortium.ledger
        before = ledger.waiting(self.found.digest, 1), ledger.state.size
        digests = [item.digest for item in ledger._store.all_pending()]
        verdict = self.world.refusal(core, bundle)
        assert (type(verdict), verdict.check) == (error, check)
        assert match in str(verdict)
        assert (ledger.waiting(self.found.digest, 1), ledger.state.size) == before
        assert [item.digest for item in ledger._store.all_pending()] == digests


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Nothing that these tests send is taken in, so they share it."""
    world = World.create(tmp_path_factory.mktemp("door") / "ledger")
    found = world.open_round(("A", "B"))
    drawn = [world.citizen(found) for _ in range(8)]
    sent = []
    for citizen, token in drawn[:5]:
        sent.append(citizen.rate(token, GOOD))
        world.send(*sent[-1])
    cohort = found.cohort(1)
    # Four waited, two of them entered, then one more came.
    assert len(cohort.ratings) == 2 and world.consortium.ledger.waiting(found.digest, 1) == 3
    order = sorted(range(5), key=lambda place: sent[place][0].pseudonym not in cohort.ratings)
    drawn[:5] = [drawn[place] for place in order]
    sent = [sent[place] for place in order]
    yield Scene(world, found, drawn, sent)
    world.consortium.close()


LOGGED, WAITING, NEW = 0, 4, 5


def test_only_ratings_come_through_this_door(scene: Scene) -> None:
    evaluator = scene.world.folder.evaluator(scene.world.state.ledger, scene.world.clock)
    bundle = scene.sent[0][1].encode()
    items = [(evaluator.close_round(scene.found.digest), bundle), (b"?", bundle), (b"", b"")]
    other, broken, empty = scene.world.consortium.submit_ratings(items)
    assert isinstance(other, RuleViolation) and "expected a rating" in str(other)
    assert isinstance(broken, EncodingError) and isinstance(empty, EncodingError)


@pytest.mark.parametrize("changes", [{"round": bytes(32)}, {"unit": 0}, {"unit": 3}])
def test_the_cohort_is_open(scene: Scene, changes: dict[str, Any]) -> None:
    core, bundle = scene.rating(NEW)
    match = "there is no such cohort open for ratings"
    scene.refused(core.model_copy(update=changes), bundle, RuleViolation, "batches", match)


def test_sequence_numbers_follow_one_another(scene: Scene) -> None:
    for place, sequence, expected in (
        (NEW, 1, 0),
        (NEW, 3, 0),
        (LOGGED, 0, 1),
        (LOGGED, 2, 1),
        (WAITING, 0, 1),
        (WAITING, 2, 1),
    ):
        match = f"expected sequence number {expected}, got {sequence}"
        scene.refused(*scene.rating(place, sequence), RuleViolation, "batches", match)


def test_a_rating_that_is_sent_again_is_refused(scene: Scene) -> None:
    for place in (LOGGED, WAITING):
        scene.refused(*scene.sent[place], RuleViolation, "batches", "expected sequence number 1, got 0")


def test_a_rating_comes_with_its_own_bundle(scene: Scene) -> None:
    core, bundle = scene.rating(NEW)
    _, other = scene.rating(NEW)
    match = "the bundle is not the one that the rating was made with"
    scene.refused(core, other, InvalidShare, "complaints", match)
    swapped = bundle.model_copy(update={"sealed": bundle.sealed[::-1]})
    scene.refused(core, swapped, InvalidShare, "complaints", match)
    salted = bundle.model_copy(update={"salts": (bytes(64), *bundle.salts[1:])})
    scene.refused(core, salted, InvalidShare, "complaints", match)


def test_a_bundle_has_a_share_for_every_member(scene: Scene) -> None:
    core, bundle = scene.rating(NEW)
    for changes in (
        {"sealed": bundle.sealed[:2]},
        {"salts": bundle.salts[:2]},
        {"sealed": (), "salts": ()},
        {"sealed": (bundle.sealed[0][:-1], *bundle.sealed[1:])},
    ):
        scene.refused(core, bundle.model_copy(update=changes), EncodingError, "encoding", "bundle: expected")


@pytest.mark.parametrize("bundle", [b"", b"\x80", b"\x82\x80\x80\x00"])
def test_a_bundle_is_a_bundle(scene: Scene, bundle: bytes) -> None:
    core, _ = scene.rating(NEW)
    [verdict] = scene.world.consortium.submit_ratings([(encode_transaction(core), bundle)])
    assert isinstance(verdict, EncodingError)


def test_a_rating_whose_proof_does_not_hold_is_not_taken_in(scene: Scene) -> None:
    core, bundle = scene.rating(NEW)
    forged = core.model_copy(update={"proof": scene.sent[0][0].proof})
    scene.refused(forged, bundle, InvalidProof, "proofs", "the rating's proof does not hold")


def test_a_rating_whose_token_is_not_the_cohorts_is_not_taken_in(scene: Scene) -> None:
    forged = scene.rating(NEW, token=scene.drawn[NEW + 1][1].token)
    scene.refused(*forged, InvalidToken, "tokens", "not a signature of the cohort's key")
    smuggled = scene.rating(NEW, unit=2)
    scene.refused(*smuggled, InvalidToken, "tokens", "")  # nobody has a token of B
    copied = scene.sent[LOGGED][0].model_copy(update={"pseudonym": scene.rating(NEW)[0].pseudonym})
    scene.refused(copied, scene.sent[LOGGED][1], InvalidToken, "tokens", "")


def test_nonsense_costs_no_pairings(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = door.verify_ratings

    def verify(state: Any, ratings: Any) -> Any:
        seen.append(len(ratings))
        return real(state, ratings)

    monkeypatch.setattr(door, "verify_ratings", verify)
    core, bundle = scene.rating(NEW, 7)
    items = [(encode_transaction(core), bundle.encode())] * 5 + [(b"?", b"")]
    assert len(scene.world.consortium.submit_ratings(items)) == 6
    assert sum(seen) == 0


# -- where things are taken in, each test has a world of its own ------------------------------------------


@pytest.fixture
def world(tmp_path: Any) -> Iterator[World]:
    world = World.create(tmp_path / "ledger", floor=3)
    yield world
    world.consortium.close()


def pairs(*ratings: tuple[Core, Bundle]) -> list[Pair]:
    return [(encode_transaction(core), bundle.encode()) for core, bundle in ratings]


def test_every_verdict_stands_in_its_ratings_place(world: World) -> None:
    found = world.open_round(min_cohort=3)
    drawn = [world.citizen(found) for _ in range(4)]
    ratings = [citizen.rate(token, GOOD) for citizen, token in drawn]
    ratings[1] = ratings[1][0].model_copy(update={"proof": ratings[0][0].proof}), ratings[1][1]
    ratings[2] = ratings[2][0], ratings[3][1]
    verdicts = world.consortium.submit_ratings(pairs(*ratings))
    assert [type(verdict) for verdict in verdicts] == [Promise, InvalidProof, InvalidShare, Promise]
    assert world.consortium.ledger.waiting(found.digest, 1) == 2
    assert world.consortium.submit_ratings([]) == []


def test_one_rating_of_a_pseudonym_in_one_request(world: World) -> None:
    found = world.open_round(min_cohort=3)
    citizen, token = world.citizen(found)
    first, second = citizen.rate(token, GOOD), citizen.rate(token, GOOD)
    bad = first[0].model_copy(update={"proof": second[0].proof}), first[1]
    verdicts = world.consortium.submit_ratings(pairs(bad, first, second))
    assert [type(verdict) for verdict in verdicts] == [InvalidProof, Promise, RuleViolation]
    assert str(verdicts[2]) == "two ratings of one pseudonym in one request"


def test_one_pseudonym_in_two_cohorts_is_two_raters(world: World) -> None:
    """Nobody should, but a device that draws no fresh pseudonym harms nobody but its owner."""
    found = world.open_round(("A", "B"), min_cohort=3)
    citizen, _ = world.citizen(found, 1)
    world.citizen(found, 2)
    bench = Bench(world.folder, world.leaves())
    ratings = [citizen.rate(stolen_token(bench, unit, 7), GOOD) for unit in (1, 2)]
    assert ratings[0][0].pseudonym == ratings[1][0].pseudonym
    verdicts = world.consortium.submit_ratings(pairs(*ratings))
    assert [type(verdict) for verdict in verdicts] == [Promise, Promise]


def test_the_last_replacement_is_the_last(world: World) -> None:
    found = world.open_round(min_cohort=3)
    citizen, token = world.citizen(found)
    assert world.state.rules.max_sequence == 3
    for sequence in range(4):
        world.send(*citizen.rate(token.model_copy(update={"next_sequence": sequence}), GOOD))
    again = citizen.rate(token.model_copy(update={"next_sequence": 4}), GOOD)
    assert "can be replaced at most 3 times" in str(world.refusal(*again))


def forged(world: World, citizen: Citizen) -> tuple[Core, Bundle]:
    """A rating with a token that the members made among themselves."""
    bench = Bench(world.folder, world.leaves())
    return citizen.rate(stolen_token(bench), GOOD)


def test_what_waits_counts_against_the_issuances(world: World) -> None:
    found = world.open_round(min_cohort=3)
    drawn = [world.citizen(found) for _ in range(2)]
    honest = [citizen.rate(token, GOOD) for citizen, token in drawn]
    first, second, third = (forged(world, drawn[0][0]) for _ in range(3))
    match = "more ratings than issuances: somebody forges tokens"
    # Two were issued: of three in one request the third finds no place.
    one, two, three = world.consortium.submit_ratings(pairs(honest[0], first, second))
    assert isinstance(one, Promise) and isinstance(two, Promise) and str(three) == match
    # Nor does one that comes later, the honest one included: the forger has taken its place.
    assert str(world.refusal(*third)) == str(world.refusal(*honest[1])) == match
    # Who is waiting already may replace its rating.
    citizen, token = drawn[0]
    world.send(*citizen.rate(token.model_copy(update={"next_sequence": 1}), GOOD))


def test_what_is_on_the_log_counts_against_the_issuances(world: World) -> None:
    found = world.open_round(min_cohort=3)
    drawn = [world.citizen(found) for _ in range(6)]
    for citizen, token in drawn:
        world.send(*citizen.rate(token, GOOD))
    assert (len(found.cohort(1).ratings), world.consortium.ledger.waiting(found.digest, 1)) == (3, 3)
    match = "more ratings than issuances: somebody forges tokens"
    assert match in str(world.refusal(*forged(world, drawn[0][0])))
    # A replacement of one on the log takes no place.
    logged = next(
        place
        for place, (citizen, token) in enumerate(drawn)
        if citizen.rate(token, GOOD)[0].pseudonym in found.cohort(1).ratings
    )
    citizen, token = drawn[logged]
    world.send(*citizen.rate(token.model_copy(update={"next_sequence": 1}), GOOD))
    assert match in str(world.refusal(*forged(world, drawn[0][0])))
    # One more case, one more place.
    world.citizen(found)
    world.send(*forged(world, drawn[0][0]))


def test_a_closed_round_takes_no_rating(world: World) -> None:
    found = world.open_round(min_cohort=3)
    citizen, token = world.citizen(found)
    world.close_round(found)
    assert "there is no such cohort open" in str(world.refusal(*citizen.rate(token, GOOD)))


# -- bundles: the kernel and the readable definition ---------------------------------------------------


def refusals(scene: Scene, pairs: list[tuple[RatingLeaf, bytes]]) -> list[tuple[type, str, str] | None]:
    """Of the two, which must be the same but for the words about an encoding."""
    kernel = door.check_bundles(scene.world.state, scene.found, pairs)
    readable = door.check_bundles_readably(scene.world.state, scene.found, pairs)
    assert [None if e is None else (type(e), e.check) for e in kernel] == [
        None if e is None else (type(e), e.check) for e in readable
    ]
    return [None if error is None else (type(error), error.check, str(error)) for error in kernel]


def test_bundles_are_checked_many_at_once(scene: Scene) -> None:
    sent = [(RatingLeaf(encode_transaction(core)), bundle.encode()) for core, bundle in scene.sent]
    assert refusals(scene, []) == []
    assert refusals(scene, sent) == [None] * len(sent)
    turned = [(leaf, sent[place - 1][1]) for place, (leaf, _) in enumerate(sent)]
    another = (InvalidShare, "complaints", "the bundle is not the one that the rating was made with")
    assert refusals(scene, [*turned, sent[0]]) == [another] * len(sent) + [None]


def test_malformed_bundles_are_refused_by_both(scene: Scene) -> None:
    core, bundle = scene.sent[0]
    leaf = RatingLeaf(encode_transaction(core))
    salts, sealed, data = list(bundle.salts), list(bundle.sealed), bundle.encode()
    for bad, match in {
        encode([salts[:2], sealed[:2]]): "for 3 trustees",
        encode([salts[:2], sealed]): "for 3 trustees",
        encode([salts, sealed[:2]]): "for 3 trustees",
        encode([[*salts, salts[0]], [*sealed, sealed[0]]]): "for 3 trustees",
        encode([salts, [*sealed[:2], sealed[2][:-1]]]): "sealed shares of",
        encode([salts, [*sealed[:2], sealed[2] + b"0"]]): "sealed shares of",
        encode([[*salts[:2], salts[2][:-1]], sealed]): "wrong size",
        encode([salts]): "number of fields",
        encode([salts, sealed, []]): "number of fields",
        data + b"0": "after its end",
        data[:-1]: "shorter",
        b"": "shorter",
        b"\x98\x02" + data[1:]: "shortest form",
        encode([salts, [*sealed[:2], "text"]]): "another type",
    }.items():
        [refusal] = refusals(scene, [(leaf, bad)])
        assert refusal is not None
        kind, check, message = refusal
        assert (kind, check) == (EncodingError, "encoding") and match in message


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_bundle_is_refused_alike(scene: Scene, data: st.DataObject) -> None:
    core, bundle = scene.sent[0]
    body = bytearray(bundle.encode())
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    [refusal] = refusals(scene, [(RatingLeaf(encode_transaction(core)), bytes(body))])
    assert refusal is not None


# -- in two steps ---------------------------------------------------------------------------------------


def test_what_is_examined_early_needs_its_predecessor_only_to_be_let_in(world: World) -> None:
    """The sequence number is not the next one yet, because the one before is still being written."""
    found, ledger = world.open_round(min_cohort=3), world.consortium.ledger
    citizen, token = world.citizen(found)
    first = citizen.rate(token, GOOD)
    second = citizen.rate(token.model_copy(update={"next_sequence": 1}), GOOD)
    early, late = ledger.examine(pairs(first)), ledger.examine(pairs(second))
    assert early[0].found is found and late[0].found is found and late[0].error is None
    assert isinstance(ledger.take(early)[0], Promise)
    assert isinstance(ledger.take(late)[0], Promise)


def before_opening(world: World, found: Round, *ratings: tuple[Core, Bundle]) -> list[door.Examined]:
    """Examined while the round's opening was still being written."""
    found.phase = Phase.KEYED
    examined = world.consortium.ledger.examine(pairs(*ratings))
    found.phase = Phase.OPEN
    return examined


def test_what_was_examined_too_early_is_examined_again(world: World) -> None:
    found, ledger = world.open_round(min_cohort=3), world.consortium.ledger
    citizen, token = world.citizen(found)
    [early] = before_opening(world, found, citizen.rate(token, GOOD))
    assert early.found is None and early.error is None
    assert isinstance(ledger.take([early])[0], Promise)
    assert early.found is found


def test_what_was_examined_too_early_may_turn_out_to_be_bad(world: World) -> None:
    found, ledger = world.open_round(min_cohort=3), world.consortium.ledger
    citizen, token = world.citizen(found)
    stolen = stolen_token_of(world, found)
    [early] = before_opening(world, found, citizen.rate(token.model_copy(update={"token": stolen}), GOOD))
    assert early.error is None and not early.costly
    [verdict] = ledger.take([early])
    assert isinstance(verdict, InvalidToken)


def test_what_was_good_may_have_become_late(world: World) -> None:
    found, ledger = world.open_round(min_cohort=3), world.consortium.ledger
    citizen, token = world.citizen(found)
    examined = ledger.examine(pairs(citizen.rate(token, GOOD), citizen.rate(token, GOOD)))
    assert all(item.found is found for item in examined)
    assert isinstance(ledger.take(examined[:1])[0], Promise)
    [again] = ledger.take(examined[1:])
    assert isinstance(again, RuleViolation) and "expected sequence number 1, got 0" in str(again)
    citizen, token = world.citizen(found)
    waiting = ledger.examine(pairs(citizen.rate(token, GOOD)))
    ledger.submit(world.folder.evaluator(world.state.ledger, world.clock).close_round(found.digest))
    [closed] = ledger.take(waiting)
    assert isinstance(closed, RuleViolation) and "no such cohort open" in str(closed)


def test_what_was_verified_before_the_state_was_built_again_is_verified_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, ledger = world.open_round(min_cohort=3), world.consortium.ledger
    citizen, token = world.citizen(found)
    examined = ledger.examine(pairs(citizen.rate(token, GOOD)))
    ledger._reload()
    seen: list[int] = []
    real = door.verify_ratings
    monkeypatch.setattr(
        door, "verify_ratings", lambda state, items: seen.append(len(items)) or real(state, items)
    )
    assert isinstance(ledger.take(examined)[0], Promise)
    assert seen == [1] and examined[0].found is ledger.state.rounds[found.digest]


def test_what_costs_to_refuse_is_known(world: World) -> None:
    """Proofs, tokens and elements; not what a look shows."""
    found, ledger = world.open_round(min_cohort=3), world.consortium.ledger
    citizen, token = world.citizen(found)
    core, bundle = citizen.rate(token, GOOD)
    flipped = bytes([core.proof[-32] ^ 1])
    bent = core.model_copy(update={"proof": core.proof[:-32] + flipped + core.proof[-31:]})
    off = core.model_copy(update={"proof": b"\xff" * len(core.proof)})
    forged = citizen.rate(token.model_copy(update={"token": stolen_token_of(world, found)}), GOOD)
    other = citizen.rate(token, GOOD)[1]
    late = core.model_copy(update={"sequence": 3})
    items = pairs((core, bundle), (bent, bundle), (off, bundle), forged, (core, other), (late, bundle))
    examined = ledger.examine([*items, (b"?", b"")])
    assert [item.costly for item in examined] == [False, True, True, True, False, True, False]
    assert [item.error.check if item.error else None for item in examined] == [
        None, "proofs", "encoding", "tokens", "complaints", "proofs", "encoding"
    ]  # fmt: skip


def stolen_token_of(world: World, found: Round) -> bytes:
    """A token of somebody else's pseudonym."""
    return world.citizen(found)[1].token
