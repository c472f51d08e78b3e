"""A citizen's device: what it refuses to take from a registrar, trustees, and a sequencer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.rating import Core, verify_rating
from tests.torsion import shifted, torsion
from tests.world import World, questionnaire, single
from zkperf.errors import (
    EncodingError,
    InputError,
    InvalidSignature,
    InvalidToken,
    RuleViolation,
)
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.promises import Promise, draft, signed_promises
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Round
from zkperf.ledger.transactions import Issue, decode_transaction, digest
from zkperf.roles.citizen import Citizen, Request, Token, draw_token, send_rating
from zkperf.roles.registrar import Registrar, Voucher
from zkperf.roles.view import RoundView
from zkperf.tokens.blind import LyingTrustees, message_point, verify_token

G1 = BLS12381.g1


@dataclass
class Scene:
    """Two open rounds, and a device that looks at the first."""

    world: World
    found: Round
    other: Round
    citizen: Citizen

    def voucher(self, unit: int = 1) -> Voucher:
        return self.world.voucher(self.found, unit)

    def drawn(self) -> tuple[Voucher, Request, dict[int, bytes]]:
        """A token under way: its request is on the log, and these are the trustees' shares."""
        voucher = self.voucher()
        request = self.citizen.request_token(voucher)
        self.world.consortium.submit(request.issue)
        return voucher, request, self.world.consortium.token_shares(public_bytes(voucher.key()))


@pytest.fixture(scope="module", params=["ristretto255", "P-256"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    world = World.create(tmp_path_factory.mktemp("scene") / "ledger", suite=request.param)
    found = world.open_round(("A", "B"))
    other = world.open_round(("C",), questionnaire(single("again")), name="other")
    view = RoundView.load(world.consortium, world.state.ledger, found.digest)
    yield Scene(world, found, other, Citizen(view))
    world.consortium.close()


# -- vouchers ---------------------------------------------------------------------------------------


def refuses(scene: Scene, voucher: Voucher, check: str) -> None:
    with pytest.raises((RuleViolation, InvalidSignature)) as caught:
        scene.citizen.request_token(voucher)
    assert caught.value.check == check


def test_vouchers_of_another_ledger_or_round_are_refused(scene: Scene) -> None:
    registrar = scene.world.folder.registrar()
    refuses(scene, registrar.voucher(bytes(32), scene.found.digest, 1), "issuance")
    refuses(scene, registrar.voucher(scene.world.state.ledger, bytes(32), 1), "issuance")
    refuses(scene, scene.world.voucher(scene.other), "issuance")


@pytest.mark.parametrize("unit", [0, 3, 2**62])
def test_vouchers_for_no_service_are_refused(scene: Scene, unit: int) -> None:
    refuses(scene, scene.voucher(unit), "issuance")


def test_vouchers_of_another_registrar_are_refused(scene: Scene) -> None:
    ledger, found = scene.world.state.ledger, scene.found
    mallory = Registrar(Ed25519PrivateKey.generate()).voucher(ledger, found.digest, 1)
    refuses(scene, mallory, "signatures")
    honest = scene.voucher()
    for changes in (
        {"unit": 2},
        {"secret": Ed25519PrivateKey.generate().private_bytes_raw()},
        {"registrar_signature": bytes(64)},
    ):
        refuses(scene, honest.model_copy(update=changes), "signatures")


def test_a_service_without_a_registrar_gives_no_tokens(scene: Scene) -> None:
    """The rules allow no such round; a ledger that shows one is refused all the same."""
    view = scene.citizen.view
    units = tuple(unit.model_copy(update={"registrar": None}) for unit in view.opened.units)
    opened = view.opened.model_copy(update={"units": units})
    with pytest.raises(RuleViolation, match="no registrar"):
        replace(scene.citizen, view=replace(view, opened=opened)).request_token(scene.voucher())


def test_every_voucher_gets_a_pseudonym_of_its_own(scene: Scene) -> None:
    """And every request: a device that asks twice with one voucher shows nothing that links the two."""
    voucher, other = scene.voucher(), scene.voucher()
    requests = [scene.citizen.request_token(item) for item in (voucher, voucher, other)]
    assert len({request.pseudonym for request in requests}) == 3
    issues = [decode_transaction(request.issue) for request in requests]
    assert len({issue.blinded for issue in issues}) == 3
    for request, issue in zip(requests, issues, strict=True):
        assert isinstance(issue, Issue)
        assert request.pseudonym not in request.issue
        assert issue.voucher == public_bytes(request.voucher.key())
        assert request.voucher.secret not in request.issue


# -- tokens -----------------------------------------------------------------------------------------


def is_good(scene: Scene, request: Request, token: Token) -> bool:
    view = scene.citizen.view
    key = BLS12381.g2.decode(view.keys_of(1)[0])
    point = message_point(BLS12381, view.ledger, view.round, 1, request.pseudonym)
    verify_token(BLS12381, key, point, G1.decode(token.token))
    return True


def test_any_threshold_of_trustees_give_the_same_token(scene: Scene) -> None:
    _, request, shares = scene.drawn()
    tokens = [
        scene.citizen.finish_token(request, {j: shares[j] for j in trustees})
        for trustees in ((1, 2), (2, 3), (1, 3), (1, 2, 3))
    ]
    assert len({token.token for token in tokens}) == 1
    assert is_good(scene, request, tokens[0])


def lie(share: bytes) -> bytes:
    """A point of the right group that is no share."""
    return bytes(G1.encode(2 * G1.decode(share)))


@pytest.mark.parametrize("liar", [1, 2, 3])
def test_one_lying_trustee_does_not_matter(scene: Scene, liar: int) -> None:
    _, request, shares = scene.drawn()
    infinity = b"\xc0" + bytes(47)
    for bad in (lie(shares[liar]), shares[liar % 3 + 1], bytes(48), infinity, b"", b"\xff" * 48, bytes(96)):
        token = scene.citizen.finish_token(request, shares | {liar: bad})
        assert is_good(scene, request, token)


def test_a_trustee_cannot_mark_a_token(scene: Scene) -> None:
    """Torsion in a share would end up in the token, where whoever added it would know it again. Such a
    share is no point of the group: the device does without it, and its token is the one there is."""
    _, request, shares = scene.drawn()
    unmarked = scene.citizen.finish_token(request, shares)
    marked = shares | {1: shifted(shares[1], torsion())}
    assert scene.citizen.finish_token(request, marked).token == unmarked.token
    with pytest.raises(InvalidToken, match="expected shares of 2 trustees"):
        scene.citizen.finish_token(request, {1: marked[1], 2: shares[2]})


def test_too_many_lying_trustees_are_named(scene: Scene) -> None:
    _, request, shares = scene.drawn()
    with pytest.raises(LyingTrustees) as caught:
        scene.citizen.finish_token(request, shares | {1: lie(shares[1]), 3: lie(shares[3])})
    assert caught.value.liars == (1, 3)
    assert caught.value.check == "tokens"


def test_too_few_shares_make_no_token(scene: Scene) -> None:
    _, request, shares = scene.drawn()
    strangers = {0: shares[1], 4: shares[2], -1: shares[2], 99: shares[3]}
    for few in ({}, {1: shares[1]}, {1: shares[1], 2: b"?"}, {2: shares[2]} | strangers, strangers):
        with pytest.raises(InvalidToken, match="expected shares of 2 trustees"):
            scene.citizen.finish_token(request, few)
    assert is_good(scene, request, scene.citizen.finish_token(request, shares | strangers))


def test_shares_for_another_point_make_no_token(scene: Scene) -> None:
    _, request, _ = scene.drawn()
    _, _, others = scene.drawn()
    with pytest.raises(LyingTrustees):
        scene.citizen.finish_token(request, others)


# -- ratings ----------------------------------------------------------------------------------------


def test_answers_that_are_none_are_refused_by_question_and_not_repeated(scene: Scene) -> None:
    citizen, token = scene.world.citizen(scene.found)
    bad: list[dict[str, Any]] = [
        {},
        {"recommend": None},
        {"recommend": "my secret"},
        {"recommend": 3},
        {"recommend": ["good"]},
    ]
    for answers in bad:
        with pytest.raises(InputError, match="recommend") as caught:
            citizen.rate(token, answers)
        assert "secret" not in str(caught.value)
    with pytest.raises(InputError, match="unknown question"):
        citizen.rate(token, {"recommend": "good", "colour": "blue"})


def test_a_token_of_another_round_is_not_used(scene: Scene) -> None:
    _, token = scene.world.citizen(scene.other)
    with pytest.raises(RuleViolation, match="another round") as caught:
        scene.citizen.rate(token, {"recommend": "good"})
    assert caught.value.check == "tokens"


def test_a_rating_sent_and_replaced(scene: Scene) -> None:
    citizen, token = scene.world.citizen(scene.found)
    core, given, following = send_rating(citizen, scene.world.consortium, token, {"recommend": "good"})
    assert (core.sequence, following.next_sequence) == (0, 1)
    assert given.digest == digest(core)
    again, _, third = send_rating(citizen, scene.world.consortium, following, {"recommend": "poor"})
    assert again.pseudonym == core.pseudonym and third.next_sequence == 2
    with pytest.raises(RuleViolation, match="sequence"):
        send_rating(citizen, scene.world.consortium, token, {"recommend": "good"})
    last = scene.world.state.rules.max_sequence
    for sequence in range(2, last + 1):
        send_rating(
            citizen,
            scene.world.consortium,
            token.model_copy(update={"next_sequence": sequence}),
            {"recommend": "good"},
        )
    with pytest.raises(RuleViolation, match=f"at most {last} times"):
        send_rating(
            citizen,
            scene.world.consortium,
            token.model_copy(update={"next_sequence": last + 1}),
            {"recommend": "good"},
        )


def test_whoever_makes_it_a_rating_is_accepted(scene: Scene) -> None:
    """The kernel's prover and the readable one, each before the ledger's verifier and the readable one."""
    citizen, _ = scene.world.citizen(scene.found)
    view, hot = citizen.view, citizen.view.prover
    assert (hot is None) == (view.group.name == "P-256")
    for prover in {hot, None}:
        citizen, token = scene.world.citizen(scene.found)
        citizen.view.__dict__["prover"] = prover
        core, bundle = citizen.rate(token, {"recommend": "good"})
        scene.world.send(core, bundle)
        verify_rating(view.group, view.layout, view.context(1), core)


@pytest.mark.parametrize("readable", [True, False])
def test_a_secret_that_is_no_scalar_makes_no_rating(scene: Scene, readable: bool) -> None:
    citizen, token = scene.world.citizen(scene.found)
    if readable:
        citizen.view.__dict__["prover"] = None
    with pytest.raises(EncodingError):
        citizen.rate(token.model_copy(update={"secret": b"\xff" * 32}), {"recommend": "good"})
    with pytest.raises(ValueError):
        citizen.rate(token.model_copy(update={"secret": bytes(32)}), {"recommend": "good"})


def test_a_used_voucher_draws_no_second_token(scene: Scene) -> None:
    voucher = scene.voucher()
    draw_token(scene.citizen, scene.world.consortium, voucher)
    with pytest.raises(RuleViolation, match="voucher is used") as caught:
        draw_token(scene.citizen, scene.world.consortium, voucher)
    assert caught.value.check == "issuance"


def test_promises_for_anything_else_are_refused(scene: Scene) -> None:
    citizen, token = scene.world.citizen(scene.found)
    core, bundle = citizen.rate(token, {"recommend": "good"})
    honest = scene.world.send(core, bundle)
    citizen.check_promise(core, honest)
    key = scene.world.folder.keys("sequencer").signing_key()
    fields: dict[str, Any] = {
        "ledger": honest.ledger,
        "round_id": honest.round,
        "unit": honest.unit,
        "pseudonym": honest.pseudonym,
        "sequence": honest.sequence,
        "digest": honest.digest,
    }
    assert signed(key, **fields) == honest
    for changes in (
        {"ledger": bytes(32)},
        {"round_id": scene.other.digest},
        {"unit": 2},
        {"pseudonym": core.ephemeral},
        {"sequence": 1},
        {"digest": bytes(32)},
    ):
        with pytest.raises(RuleViolation, match="another rating"):
            citizen.check_promise(core, signed(key, **(fields | changes)))
    with pytest.raises(InvalidSignature, match="sequencer"):
        citizen.check_promise(core, signed(Ed25519PrivateKey.generate(), **fields))
    with pytest.raises(InvalidSignature, match="sequencer"):
        citizen.check_promise(core, honest.model_copy(update={"sequence": 1}))
    other, _ = citizen.rate(token, {"recommend": "good"})
    with pytest.raises(RuleViolation, match="another rating"):
        citizen.check_promise(other, honest)


def signed(key: Ed25519PrivateKey, **fields: Any) -> Promise:
    """The promise with these fields."""
    [promise] = signed_promises(key, [draft(**fields)])
    return promise


class Sequencer:
    """Takes ratings and promises something else."""

    def __init__(self, honest: Any, given: Promise) -> None:
        self._honest, self._given = honest, given

    def submit_rating(self, core: bytes, bundle: bytes) -> Promise:
        self._honest.submit_rating(core, bundle)
        return self._given


def test_a_sequencer_that_promises_something_else_is_found_out_at_once(scene: Scene) -> None:
    [(_, _, first)] = scene.world.rate(scene.found, [{"recommend": "good"}])
    assert isinstance(first, Core)
    citizen, token = scene.world.citizen(scene.found)
    client: Any = Sequencer(scene.world.consortium, scene.world.promises[-1])
    with pytest.raises(RuleViolation, match="another rating"):
        send_rating(citizen, client, token, {"recommend": "good"})


# -- secrets ----------------------------------------------------------------------------------------


def test_secrets_have_no_readable_form(scene: Scene) -> None:
    voucher, request, shares = scene.drawn()
    token = scene.citizen.finish_token(request, shares)
    seen = "".join(map(repr, (voucher, request, token, scene.citizen, scene.world.folder.registrar())))
    seen += f"{voucher} {token}"
    for secret in (voucher.secret, token.secret, token.token, request.pseudonym):
        assert secret.hex() not in seen and repr(secret)[2:-1] not in seen
    assert str(request.secret) not in seen and str(request.blinding.factor) not in seen
    assert Token.decode(token.encode()) == token
