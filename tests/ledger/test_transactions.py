"""Transactions: every kind has its number and one encoding, and nothing else is one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.rating import Core
from tests.ledger.bench import in_phase
from tests.ledger.rules.test_mutations import due
from zkperf.encoding import Record, decode, encode
from zkperf.errors import EncodingError
from zkperf.ledger import transactions as tx
from zkperf.ledger.signed import Signed
from zkperf.ledger.signing import signed
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import (
    KINDS,
    MAX_TRANSACTION,
    Batch,
    Genesis,
    SchemePosted,
    decode_transaction,
    digest,
    encode_transaction,
    kind_of,
    signed_digest,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


def a_batch() -> Batch:
    return signed(Batch, KEY, b"L" * 32, round=b"R" * 32, unit=1, count=7, final=False)


def test_the_numbers_of_the_kinds_never_change() -> None:
    assert [cls.__name__ for _, cls in sorted(KINDS.items())] == [
        "Genesis", "SchemePosted", "RoundOpened", "DealCommitted", "DealPosted", "DealChallenged",
        "DealsAccepted", "RoundKeys", "Issue", "Batch", "Core", "RoundClosed", "ComplaintPosted",
        "ComplaintRefused", "Checked", "Deadline", "SumsPosted", "ResultPosted", "SchemeOfFigures",
        "FiguresOpened", "ReportPosted", "ClaimsPosted", "FiguresPublished", "Attested", "DrawShare",
        "RoundDrained", "RoundAbandoned", "BundlesLost",
    ]  # fmt: skip
    assert list(KINDS) == list(range(len(KINDS)))
    assert all(kind_of(cls) == kind for kind, cls in KINDS.items())


def test_a_transaction_is_its_kind_and_its_fields() -> None:
    batch = a_batch()
    assert decode(encode_transaction(batch)) == [9, batch.signature, b"R" * 32, 1, 7, False]
    assert digest(batch) == sha256(encode_transaction(batch)).digest()


def test_a_ledgers_transactions_come_back_as_they_were() -> None:
    leaves = in_phase(Phase.PUBLISHED).leaves
    for leaf in leaves:
        transaction = decode_transaction(leaf)
        assert encode_transaction(transaction) == leaf
        assert decode_transaction(encode_transaction(transaction)) == transaction
    assert {type(decode_transaction(leaf)) for leaf in leaves} >= {Genesis, Core, SchemePosted}


def test_the_digest_that_is_signed_leaves_out_the_signature_and_nothing_else() -> None:
    batch = a_batch()
    assert signed_digest(batch) == sha256(encode([b"R" * 32, 1, 7, False])).digest()
    assert signed_digest(batch.model_copy(update={"signature": bytes(64)})) == signed_digest(batch)
    assert digest(batch.model_copy(update={"signature": bytes(64)})) != digest(batch)
    for changes in ({"round": bytes(32)}, {"unit": 2}, {"count": 8}, {"final": True}):
        assert signed_digest(batch.model_copy(update=changes)) != signed_digest(batch)


def test_signed_kinds_begin_with_their_signature() -> None:
    unsigned = {cls for cls in KINDS.values() if not issubclass(cls, Signed)}
    assert unsigned == {Genesis, Core, tx.ComplaintRefused}
    for cls in KINDS.values():
        assert cls in (Genesis, Core) or next(iter(cls.model_fields)) == "signature"


# -- what is none -------------------------------------------------------------------------------------


def refused(value: Any, match: str) -> None:
    data = value if isinstance(value, bytes) else cbor2.dumps(value, canonical=True)
    with pytest.raises(EncodingError, match=match):
        decode_transaction(data)


def fields() -> list[Any]:
    batch = a_batch()
    return [9, *batch.to_array()]


@pytest.mark.parametrize("value", [{}, 9, "batch", None, [], [True], ["9"], [None], [[9]], [b"\x09"]])
def test_an_array_that_starts_with_its_kind_is_expected(value: Any) -> None:
    refused(value, "transaction: expected an array that starts with its kind")


@pytest.mark.parametrize("kind", [-1, len(KINDS), 99, 2**63 - 1])
def test_unknown_kinds(kind: int) -> None:
    refused([kind, *fields()[1:]], f"transaction: unknown kind {kind}")


def test_true_is_not_kind_one() -> None:
    refused([True, *fields()[1:]], "expected an array that starts with its kind")


def test_fields_are_as_many_as_they_are() -> None:
    refused(fields()[:-1], "Batch: fields: .*expected 5 fields, got 4")
    refused([*fields(), 0], "Batch: fields: .*expected 5 fields, got 6")


@pytest.mark.parametrize(
    ("place", "value", "name"),
    [
        (1, bytes(63), "signature"),
        (1, bytes(65), "signature"),
        (1, "s" * 64, "signature"),
        (2, bytes(31), "round"),
        (2, None, "round"),
        (3, -1, "unit"),
        (3, True, "unit"),
        (3, "1", "unit"),
        (4, 0, "count"),
        (4, 2**32, "count"),
        (4, False, "count"),
        (5, 0, "final"),
        (5, 1, "final"),
        (5, None, "final"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(place: int, value: Any, name: str) -> None:
    changed = fields()
    changed[place] = value
    refused(changed, f"Batch: {name}: ")


def test_a_transaction_fits_into_an_entry_of_the_log() -> None:
    """C2SP tlog-tiles writes an entry's length in 16 bits."""
    assert MAX_TRANSACTION == 2**16 - 1
    refused(bytes(2**16), "expected at most 65535 bytes, got 65536")
    # One byte less is read, and found to be no transaction.
    refused(b"\x59\xff\xfc" + bytes(2**16 - 4), "expected an array that starts with its kind")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x82",
        b"\x00\x00",
        encode_transaction(a_batch()) + b"\x00",
        encode_transaction(a_batch())[:-1],
        b"\x9f" + encode_transaction(a_batch())[1:] + b"\xff",
        b"\x98\x06" + encode_transaction(a_batch())[1:],
    ],
    ids=["nothing", "cut", "two", "trailing", "short", "indefinite", "long head"],
)
def test_only_canonical_cbor_is_read(data: bytes) -> None:
    refused(data, "transaction: ")


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        frozenset([b"a"]),
        2**63,
        -(2**63) - 1,
        2**80000,
        1.0,
        float("nan"),
        cbor2.CBORTag(24, b""),
        cbor2.CBORSimpleValue(7),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_zkperf_never_writes_is_refused_anywhere(value: Any) -> None:
    for place in (value, [value], [9, [[value]]], {"a": value}):
        with pytest.raises(EncodingError, match="thing: "):
            decode(cbor2.dumps(place, canonical=True), what="thing")


def test_a_set_does_not_pass_for_a_list() -> None:
    """Its order is nobody's choice: two validators would read two transactions out of the same bytes."""

    core = next(
        transaction
        for transaction in map(decode_transaction, in_phase(Phase.PUBLISHED).leaves)
        if isinstance(transaction, Core)
    )
    value = [10, *core.to_array()]
    place = 1 + list(Core.model_fields).index("commitments")
    assert cbor2.loads(cbor2.dumps([*value[:place], set(value[place]), *value[place + 1 :]]))
    refused([*value[:place], set(value[place]), *value[place + 1 :]], "a value that zkperf never writes")


# -- what every field holds ---------------------------------------------------------------------------

Bad = list[Any]


def octets(size: int) -> Bad:
    """What are not so many bytes."""
    return [b"", bytes(size - 1), bytes(size + 1), "x" * size, None, 0, []]


def listed(inner: Bad) -> Bad:
    """What is no list of such things."""
    return [None, 0, b"", "x", *([item] for item in inner)]


def or_none(inner: Bad) -> Bad:
    return [item for item in inner if item is not None]


UINT: Bad = [-1, 2**63, "1", b"\x01", None, True, []]
INTEGER: Bad = [-(2**63) - 1, 2**63, "1", b"\x01", None, True, []]
TEXT: Bad = ["", "x" * 1001, b"x", None, 0, []]
BYTES: Bad = ["x", None, 0, []]
BOOL: Bad = [None, 0, 1, "true", b""]
RECORD: Bad = [None, 0, b"", "x", [], [0]]
B32, B48, B64 = octets(32), octets(48), octets(64)

FIELDS: dict[type[Record], dict[str, Bad]] = {
    tx.Member: {
        "name": TEXT,
        "signing_key": B32,
        "sealing_key": BYTES,
        "possession": BYTES,
        "signature": B64,
    },
    tx.Genesis: {
        "version": UINT, "name": TEXT, "suite": TEXT, "members": listed(RECORD), "threshold": UINT,
        "log_key": B32, "evaluators": listed(B32), "min_cohort_floor": UINT, "max_sequence": UINT,
        "stage_seconds": UINT,
        "abandon_seconds": UINT, "rehearsal": BOOL, "nonce": B32,
    },
    tx.SchemePosted: {"signature": B64, "evaluator": B32, "questionnaire": RECORD},
    tx.Unit: {"name": TEXT, "parent": or_none(UINT), "registrar": or_none(B32)},
    tx.RoundOpened: {
        "signature": B64, "evaluator": B32, "scheme": B32, "name": TEXT, "min_cohort": UINT,
        "units": listed(RECORD), "at": UINT, "until": or_none(UINT),
    },
    tx.DealCommitted: {"signature": B64, "commitment": RECORD},
    tx.DealPosted: {"signature": B64, "deal": RECORD},
    tx.DealChallenged: {"signature": B64, "complaint": RECORD},
    tx.DealsAccepted: {"signature": B64, "round": B32, "trustee": UINT},
    tx.RoundKeys: {"signature": B64, "trustee": UINT, "keys": RECORD},
    tx.Issue: {
        "signature": B64, "voucher": B32, "round": B32, "unit": UINT, "registrar_signature": B64,
        "blinded": B48,
    },
    tx.Batch: {"signature": B64, "round": B32, "unit": UINT, "count": [0, 2**32, *UINT], "final": BOOL},
    tx.RoundClosed: {"signature": B64, "evaluator": B32, "round": B32, "at": UINT},
    tx.ComplaintPosted: {"signature": B64, "complaint": RECORD},
    tx.ComplaintRefused: {"signature": B64, "round": B32, "trustee": UINT, "digest": B32},
    tx.RoundDrained: {"signature": B64, "round": B32},
    tx.Checked: {
        "signature": B64, "round": B32, "trustee": UINT, "mark": UINT, "root": B32, "entries": B32
    },
    tx.BundlesLost: {"signature": B64, "round": B32, "trustee": UINT, "entries": listed(B32)},
    tx.RoundAbandoned: {"signature": B64, "round": B32, "trustee": UINT, "at": UINT},
    tx.Deadline: {"signature": B64, "signer": B32, "round": B32, "at": UINT},
    tx.NodeSum: {"commitment": UINT, "unit": UINT, "values": listed(B32), "blinding": B32},
    tx.SumsPosted: {
        "signature": B64, "round": B32, "trustee": UINT, "stage": UINT, "counted": B32,
        "sums": listed(RECORD),
    },
    tx.OptionCount: {"option": TEXT, "count": UINT},
    tx.QuestionResult: {
        "question": TEXT, "status": TEXT, "reason": or_none(TEXT), "answered": or_none(UINT),
        "counts": or_none(listed(RECORD)), "total": or_none(INTEGER), "mean": or_none(TEXT),
    },
    tx.UnitResult: {
        "unit": UINT, "name": TEXT, "status": TEXT, "reason": or_none(TEXT), "counted": UINT,
        "lost": UINT, "questions": listed(RECORD),
    },
    tx.ResultPosted: {"signature": B64, "round": B32, "trustee": UINT, "units": listed(RECORD)},
}  # fmt: skip


def records(value: Any) -> Iterator[Record]:
    """The records in a record, itself first."""
    if isinstance(value, Record):
        yield value
        for name in type(value).model_fields:
            yield from records(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from records(item)


@cache
def samples() -> dict[type[Record], list[Any]]:
    """An example of every record, as an array."""
    transactions = [decode_transaction(leaf) for _, leaf in due().values()]
    return {type(record): record.to_array() for t in transactions for record in records(t)}


def test_every_record_of_this_file_is_in_the_table() -> None:
    own = {cls for cls in vars(tx).values() if isinstance(cls, type) and issubclass(cls, Record)}
    own = {cls for cls in own if cls.__module__ == tx.__name__}
    assert own - {Signed} == set(FIELDS)
    for cls, names in FIELDS.items():
        assert list(cls.model_fields) == list(names)
        assert cls.from_array(samples()[cls]).to_array() == samples()[cls]


@pytest.mark.parametrize(
    ("cls", "name"),
    [(cls, name) for cls, names in FIELDS.items() for name in names],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_field_holds_what_it_should_and_nothing_else(cls: type[Record], name: str) -> None:
    place = list(cls.model_fields).index(name)
    for value in FIELDS[cls][name]:
        changed = [*samples()[cls][:place], value, *samples()[cls][place + 1 :]]
        with pytest.raises(EncodingError, match=rf"^{cls.__name__}: {name}[.:]"):
            cls.from_array(changed)
