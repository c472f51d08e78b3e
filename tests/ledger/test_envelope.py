"""The outside of transactions is what their inside says, and whoever is no party is stopped there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger.test_transaction_fields import ONE_OF_EACH
from tests.world import World
from zkperf.encoding import Record
from zkperf.errors import EncodingError, InvalidSignature, RuleViolation
from zkperf.ledger import figure_transactions as ftx
from zkperf.ledger import transactions as tx
from zkperf.ledger.envelope import Envelope, kind_of
from zkperf.ledger.rules.signers import SIGNERS, refuse_strangers
from zkperf.ledger.signed import Signed
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.transactions import encode_transaction, signed_digest

SIGNED = [item for item in ONE_OF_EACH if isinstance(item, Signed)]
NAMES = {
    "evaluator": (tx.SchemePosted, tx.RoundOpened, tx.RoundClosed, ftx.SchemeOfFigures, ftx.FiguresOpened),
    "trustee": (
        tx.DealsAccepted,
        tx.RoundKeys,
        tx.Checked,
        tx.RoundAbandoned,
        tx.BundlesLost,
        tx.SumsPosted,
        tx.ResultPosted,
        ftx.DrawShare,
    ),
    "signer": (tx.Deadline,),
    "commitment dealer": (tx.DealCommitted,),
    "deal dealer": (tx.DealPosted,),
    "complaint accuser": (tx.DealChallenged,),
    "complaint trustee": (tx.ComplaintPosted,),
    "report unit": (ftx.ReportPosted,),
    "auditor": (ftx.Attested,),
    "unit": (ftx.ClaimsPosted,),
}


@pytest.mark.parametrize("transaction", SIGNED, ids=lambda item: type(item).__name__)
def test_an_envelope_is_that_of_its_transaction(transaction: Signed) -> None:
    envelope = Envelope.open(encode_transaction(transaction))
    assert envelope.kind is type(transaction) is kind_of(encode_transaction(transaction))
    assert envelope.signature == transaction.signature
    assert envelope.covered == signed_digest(transaction)


@pytest.mark.parametrize("names", NAMES)
def test_fields_are_found_where_they_lie(names: str) -> None:
    for transaction in SIGNED:
        if isinstance(transaction, NAMES[names]):
            envelope, path = Envelope.open(encode_transaction(transaction)), names.split()
            value: object = transaction
            for name in path:
                value = getattr(value, name)
            find = envelope.bytes_at if isinstance(value, bytes) else envelope.number
            assert find(*path) == value
            other = envelope.number if isinstance(value, bytes) else envelope.bytes_at
            with pytest.raises(EncodingError, match="another type"):
                other(*path)


def test_every_kind_that_parties_sign_has_its_signer() -> None:
    kinds = {type(item) for item in SIGNED}
    assert kinds - SIGNERS.keys() == {tx.Issue, tx.Batch, tx.RoundDrained}
    assert SIGNERS.keys() <= kinds


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "shorter than it says"),
        (b"\x80", "shorter than it says"),
        (b"\x40", "another type"),
        (b"\x81\x18\x63", "unknown kind 99"),
        (b"\x9f\x00", "an indefinite length"),
        (b"\x81\x01", "shorter than it says"),
        (b"\x84\x01\x58\x3f" + bytes(63), "not the fields of its kind"),
        (b"\x83\x01\x58\x40" + bytes(64), "not the fields of its kind"),
        (b"\x84\x01\x58\x40" + bytes(63), "not the fields of its kind"),
        (b"\x84\x01" + bytes(65_536), "expected at most 65535 bytes"),
        (encode_transaction(ONE_OF_EACH[0]), "a kind that nobody signs"),
    ],
)
def test_what_is_no_envelope_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(EncodingError, match=words):
        Envelope.open(data)


@given(st.sampled_from(SIGNED), st.data())
def test_whatever_is_sent_is_read_or_refused_by_name(transaction: Signed, data: st.DataObject) -> None:
    body = bytearray(encode_transaction(transaction))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    sent = bytes(body[: data.draw(st.integers(0, len(body)))])
    try:
        envelope = Envelope.open(sent)
        for names, kinds in NAMES.items():
            if envelope.kind in kinds:
                envelope._find(tuple(names.split()))
    except EncodingError:
        pass


# -- who may send what -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.create(tmp_path_factory.mktemp("envelope") / "ledger")
    world.consortium.close()
    return world


def words(world: World, *items: Record) -> Sequence[str | None]:
    return [
        None if refusal is None else str(refusal)
        for refusal in refuse_strangers(world.state, [encode_transaction(item) for item in items])
    ]


def test_a_party_passes_and_a_stranger_does_not(world: World, tmp_path: Path) -> None:
    ledger, stranger = world.state.ledger, Ed25519PrivateKey.generate()
    keys = {j: world.folder.keys(f"member-{j}").signing_key() for j in (1, 2)}
    own = signed(tx.DealsAccepted, keys[1], ledger, round=bytes(32), trustee=1)
    others = signed(tx.DealsAccepted, keys[1], ledger, round=bytes(32), trustee=2)
    nobodys = signed(tx.DealsAccepted, keys[1], ledger, round=bytes(32), trustee=4)
    elsewhere = signed(tx.DealsAccepted, keys[1], bytes(32), round=bytes(32), trustee=1)
    evaluator = world.folder.keys("evaluator").signing_key()
    named = {"round": bytes(32), "at": 1}
    closing = signed(tx.RoundClosed, evaluator, ledger, evaluator=public_bytes(evaluator), **named)
    another = tx.Deadline(signature=closing.signature, signer=public_bytes(evaluator), **named)
    changed = own.model_copy(update={"round": b"1" * 32})
    closed = signed(tx.RoundClosed, stranger, ledger, evaluator=bytes(32), round=bytes(32), at=1)
    bad = "not a signature of member {} over these bytes"
    assert words(world, own, others, nobodys, elsewhere, another, changed, closed) == [
        None,
        bad.format(2),
        "there is no member 4",
        bad.format(1),
        "not a signature of this member or evaluator over these bytes",
        bad.format(1),
        "the signer is not one of the ledger's evaluators",
    ]


def test_refusals_have_the_names_that_the_rules_give_them(world: World) -> None:
    """One of each kind, by nobody: what is refused unseen is refused for a reason that its rules have."""
    refusals = dict(
        zip(
            [type(item) for item in SIGNED],
            refuse_strangers(world.state, [encode_transaction(item) for item in SIGNED]),
            strict=True,
        )
    )
    assert all(refusals.values())
    for kind, refusal in refusals.items():
        assert isinstance(refusal, (RuleViolation, InvalidSignature)), kind
        assert refusal.__traceback__ is None
    assert {
        kind.__name__ for kind, refusal in refusals.items() if str(refusal).startswith("ratings come")
    } == {
        "Issue",
        "Batch",
        "RoundDrained",
    }
