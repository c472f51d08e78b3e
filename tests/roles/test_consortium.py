"""All members in one process: they stay apart, none stops another, and nobody's secrets show."""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from circuits.rating import prover
from tests.ledger.bench import Rated
from tests.world import World, number, questionnaire, single
from zkperf.errors import ZkperfError
from zkperf.ledger.promises import Promise
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles import citizen as citizen_module
from zkperf.roles.trustee import Trustee
from zkperf.roles.view import RoundView
from zkperf.sharing import Share

GOOD = {"recommend": "good"}
SUITES = ["ristretto255", "P-256"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.create(tmp_path / "ledger")
    yield world
    world.consortium.close()


# -- a client of its own ledger -----------------------------------------------------------------------


def test_trustees_see_the_ratings_that_were_taken_and_no_others(world: World) -> None:
    found = world.open_round()
    drawn = [world.citizen(found) for _ in range(3)]
    ratings = [citizen.rate(token, GOOD) for citizen, token in drawn]
    ratings[1] = ratings[1][0].model_copy(update={"proof": ratings[0][0].proof}), ratings[1][1]
    items = [(encode_transaction(core), bundle.encode()) for core, bundle in ratings]
    one, two, three = world.consortium.submit_ratings(items)
    assert isinstance(one, Promise) and isinstance(two, ZkperfError) and isinstance(three, Promise)
    for trustee in world.consortium.trustees:
        assert set(trustee._shares._pages[found.digest].good) == {one.digest, three.digest}
    with pytest.raises(ZkperfError, match="the rating's proof does not hold"):
        world.consortium.submit_rating(*items[1])


def test_members_react_to_whatever_is_submitted(world: World) -> None:
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    first = world.consortium.submit(evaluator.post_scheme(questionnaire()))
    [scheme] = world.state.schemes
    found = world.open_round(asked=questionnaire(single("other")))
    assert (first, found.phase) == (1, Phase.OPEN)
    verdicts = world.consortium.submit_all([evaluator.close_round(found.digest), b"?"])
    assert isinstance(verdicts[0], int) and isinstance(verdicts[1], ZkperfError)
    assert found.phase is Phase.PUBLISHED and scheme in world.state.schemes


def test_where_a_rounds_foundations_are(world: World) -> None:
    found = world.open_round()
    places = world.consortium.round_leaves(found.digest)
    assert (places.scheme, places.round) == (1, 2)
    assert places.keys == (found.keygens[0].keys_index,)
    with pytest.raises(KeyError):
        world.consortium.round_leaves(bytes(32))


def test_a_member_that_fails_is_remembered_and_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Trustee):
        def duties_in(self, *arguments: Any) -> Iterator[bytes]:
            raise ZkperfError("out of order")

    old = world.consortium.trustees[1]
    world.consortium.trustees = [
        world.consortium.trustees[0],
        Broken(2, old.store, old.group),
        world.consortium.trustees[2],
    ]
    found = world.open_round()
    assert set(found.keygens[0].commitments) == {1, 3}
    assert {member for member, _ in world.consortium.refusals} == {2}
    world.consortium.trustees = [world.consortium.trustees[0], old, world.consortium.trustees[2]]
    world.consortium.settle()
    assert found.phase is Phase.OPEN


# -- no object ever holds t shares of a rating --------------------------------------------------------

OPAQUE = (type, types.ModuleType, types.FrameType, types.CodeType)


def reachable(root: object) -> Iterator[object]:
    """Every object that can be reached from this one, modules and classes left out."""
    seen, waiting = {id(root)}, [root]
    while waiting:
        found = waiting.pop()
        yield found
        if isinstance(found, types.FunctionType):
            # A function's globals are its module's; what it has captured is its own.
            next_ones = [*(found.__closure__ or ()), *(found.__defaults__ or ())]
        else:
            next_ones = gc.get_referents(found)
        for item in next_ones:
            if id(item) not in seen and not isinstance(item, OPAQUE):
                seen.add(id(item))
                waiting.append(item)


class Dealt:
    """The shares of every rating that was made, as the devices dealt them."""

    def __init__(self) -> None:
        self.by_scalar: dict[int, tuple[int, int]] = {}
        """A share's blinding, or one of its values, to (rating, trustee)."""
        self.ratings = 0

    def note(self, shares: tuple[Share, ...], rating: int) -> None:
        for trustee, share in enumerate(shares, 1):
            for scalar in (*share.values, share.blinding):
                # Scalars of shares are 32 random bytes: none occurs by chance.
                assert scalar > 2**64
                self.by_scalar[scalar] = (rating, trustee)

    def held_by(self, root: object) -> dict[int, set[int]]:
        """Whose shares of which ratings an object holds, as numbers or as bytes."""
        found: dict[int, set[int]] = {}
        encodings = {
            scalar.to_bytes(32, order): place
            for scalar, place in self.by_scalar.items()
            for order in ("little", "big")
        }
        for item in reachable(root):
            places = []
            if isinstance(item, int) and item in self.by_scalar:
                places.append(self.by_scalar[item])
            elif isinstance(item, bytes | bytearray | memoryview):
                data = bytes(item)
                windows = (data[at : at + 32] for at in range(len(data) - 31))
                places += [encodings[window] for window in windows if window in encodings]
            for rating, trustee in places:
                found.setdefault(rating, set()).add(trustee)
        return found


@pytest.fixture
def dealt(monkeypatch: pytest.MonkeyPatch) -> Dealt:
    """Listens while ratings are made: not in the kernel, where no share is ever an object of Python's."""
    monkeypatch.setattr(RoundView, "prover", None)
    listening = Dealt()
    real = prover.deal

    def deal(*arguments: Any) -> Any:
        coefficients, shares = real(*arguments)
        listening.note(shares, listening.ratings)
        return coefficients, shares

    real_rate = citizen_module.build_rating

    def build(*arguments: Any) -> Any:
        listening.ratings += 1
        return real_rate(*arguments)

    monkeypatch.setattr(prover, "deal", deal)
    monkeypatch.setattr(citizen_module, "build_rating", build)
    return listening


@pytest.mark.parametrize("suite", SUITES)
def test_no_object_ever_holds_the_threshold_of_a_ratings_shares(
    tmp_path: Path, dealt: Dealt, suite: str
) -> None:
    """Trustees have their own shares; the ledger, its database and the devices have none."""
    world = World.create(tmp_path / "ledger", suite=suite)
    found = world.open_round(asked=questionnaire(single(), number()))
    drawn = [world.citizen(found) for _ in range(5)]
    assert world.state.rules.threshold == 2

    def look(*, complete: bool) -> None:
        for trustee in world.consortium.trustees:
            held = dealt.held_by(trustee)
            assert all(owners == {trustee.index} for owners in held.values())
            assert set(held) == (set(range(1, dealt.ratings + 1)) if complete else set())
        ledger = world.consortium.ledger
        for other in (ledger, ledger._store, ledger.state, ledger._pool, *(citizen for citizen, _ in drawn)):
            assert dealt.held_by(other) == {}
        for file in tmp_path.rglob("*"):
            if file.is_file():
                assert dealt.held_by([file.read_bytes()]) == {}

    for citizen, token in drawn:
        core, bundle = citizen.rate(token, GOOD | {"minutes": 7})
        assert dealt.held_by([core, bundle, token]) == {}
        world.send(core, bundle)
    assert dealt.ratings == 5 and len(found.cohort(1).ratings) == 2
    look(complete=True)
    world.close_round(found)
    assert found.phase is Phase.PUBLISHED
    # Everything is opened: the shares are gone from the trustees too.
    look(complete=False)
    world.consortium.close()


def test_the_search_would_find_them(world: World, dealt: Dealt) -> None:
    """Were the members one object, it would hold all shares: so the search looks where it should."""
    found = world.open_round()
    world.rate(found, [GOOD] * 3)
    everybody = dealt.held_by(world.consortium)
    assert everybody == {rating: {1, 2, 3} for rating in (1, 2, 3)}
    share = next(iter(dealt.by_scalar))
    assert dealt.held_by({"a": [lambda: share]}) != {}
    assert dealt.held_by([b"\x00" + share.to_bytes(32, "little")]) != {}
    assert dealt.held_by([1, 2, b"x" * 100]) == {}


# -- secrets have no readable form --------------------------------------------------------------------


def readable(item: object) -> str:
    text = repr(item) + str(item) + f"{item}"
    if isinstance(item, BaseException):
        text += repr(item.args) + repr(item.__cause__) + repr(item.__context__)
    return text


def forms(secret: int | bytes) -> list[str]:
    """How a secret would show in text."""
    data = secret if isinstance(secret, bytes) else secret.to_bytes(32, "little")
    numbers = {int.from_bytes(data, "little"), int.from_bytes(data, "big")}
    shown = [data.hex(), data[::-1].hex(), repr(data)[2:-1], repr(data[::-1])[2:-1]]
    return shown + [str(number) for number in numbers] + [f"{number:x}" for number in numbers]


@pytest.mark.parametrize("suite", SUITES)
def test_nothing_shows_a_secret(tmp_path: Path, dealt: Dealt, suite: str) -> None:
    world = World.create(tmp_path / "ledger", suite=suite)
    found = world.open_round()
    voucher = world.voucher(found)
    citizen, _ = world.citizen(found)
    request = citizen.request_token(voucher)
    world.consortium.submit(request.issue)
    token = citizen.finish_token(request, world.consortium.token_shares(request_key(request)))
    core, bundle = citizen.rate(token, GOOD)
    world.send(core, bundle)
    trustee = world.consortium.trustees[0]
    [cohort_secret] = trustee._cohort_secrets.values()
    secrets: list[int | bytes] = [
        voucher.secret,
        token.secret,
        request.secret,
        request.blinding.factor,
        trustee._secret,
        *cohort_secret,
        *dealt.by_scalar,
    ]
    for holder in ("sequencer", "evaluator", "registrar", "member-1", "member-2", "member-3"):
        secrets.append(world.folder.keys(holder).signing_key().private_bytes_raw())
    things: list[object] = [
        world.folder,
        world.folder.registrar(),
        world.folder.evaluator(world.state.ledger),
        world.folder.keys("member-1"),
        world.folder.keys("member-1").signing_key(),
        world.consortium,
        *world.consortium.trustees,
        world.consortium.ledger,
        world.consortium.ledger._store,
        trustee._shares,
        *trustee._shares._pages.values(),
        *next(iter(trustee._shares._pages.values())).good.values(),
        citizen,
        voucher,
        request,
        request.blinding,
        token,
        Rated(citizen, token, core, bundle),
        [voucher, request, token],
        {"token": token},
    ]
    things += refusals(world, found.digest, citizen, token)
    text = "".join(map(readable, things))
    for secret in secrets:
        for form in forms(secret):
            assert form not in text
    world.consortium.close()


def request_key(request: Any) -> bytes:
    return public_bytes(request.voucher.key())


def refusals(world: World, round_id: bytes, citizen: Any, token: Any) -> list[object]:
    """Errors of every kind that somebody with secrets can run into."""
    found: list[object] = []

    def attempt(action: Any) -> None:
        try:
            action()
        except Exception as error:
            found.append(error)
        else:
            raise AssertionError("expected a refusal")

    core, bundle = citizen.rate(token, GOOD)
    voucher = world.voucher(world.state.rounds[round_id])
    trustee = world.consortium.trustees[0]
    attempt(lambda: world.send(core, bundle))
    attempt(lambda: citizen.rate(token, {"recommend": "no such answer"}))
    attempt(lambda: citizen.rate(token.model_copy(update={"round": bytes(32)}), GOOD))
    attempt(lambda: citizen.rate(token.model_copy(update={"secret": b"\xff" * 32}), GOOD))
    attempt(lambda: type(token).decode(token.encode()[:-1]))
    attempt(lambda: type(voucher).from_text(voucher.text()[:-4]))
    attempt(lambda: type(voucher).from_array([*voucher.to_array()[:-1], b"short"]))
    attempt(lambda: voucher.verify(bytes(32)))
    attempt(lambda: citizen.request_token(voucher.model_copy(update={"unit": 9})))
    attempt(lambda: citizen.request_token(voucher.model_copy(update={"registrar_signature": bytes(64)})))
    attempt(lambda: citizen.finish_token(citizen.request_token(voucher), {}))
    attempt(lambda: trustee.token_share(world.state, bytes(32)))
    attempt(lambda: trustee._shares.total(world.state.rounds[round_id], [bytes(32)], 0))
    return found
