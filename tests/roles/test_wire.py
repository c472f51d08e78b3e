"""Bodies of submissions: the kernel's reader takes exactly what the records' encoding is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkperf import encoding
from zkperf.errors import EncodingError
from zkperf.ledger.transactions import REPORT
from zkperf.roles.wire import (
    MAX_SUBMISSIONS,
    Posted,
    Submission,
    encode_submissions,
    is_rating,
    is_report,
    read_submission,
    read_submissions,
)

PARTS = st.binary(max_size=300)
ITEMS = st.lists(st.tuples(PARTS, st.none() | PARTS), min_size=1, max_size=4)


def records(items: list[Posted]) -> list[Submission]:
    return [Submission(transaction=transaction, bundle=bundle) for transaction, bundle in items]


def defined(data: bytes) -> list[Posted] | None:
    """What the body of a batch holds by the general reader and the record; None if it is refused."""
    try:
        value = encoding.decode(data)
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_SUBMISSIONS:
            return None
        found = [Submission.from_array(item) for item in value]
    except EncodingError:
        return None
    return [(item.transaction, item.bundle) for item in found]


def read(data: bytes) -> list[Posted] | None:
    try:
        return read_submissions(data)
    except EncodingError:
        return None


@given(items=ITEMS)
def test_what_is_written_is_read(items: list[Posted]) -> None:
    assert read_submissions(encode_submissions(records(items))) == items
    assert read_submission(records(items)[0].encode()) == items[0]


@settings(max_examples=300, deadline=None)
@given(items=ITEMS, data=st.data())
def test_any_changed_body_is_read_as_the_records_are(items: list[Posted], data: st.DataObject) -> None:
    body = bytearray(encode_submissions(records(items)))
    place = data.draw(st.integers(0, len(body) - 1))
    kind = data.draw(st.sampled_from(["change", "cut", "insert"]))
    byte = data.draw(st.integers(0, 255) | st.sampled_from([0x40, 0x58, 0x5F, 0x82, 0x9F, 0xF6, 0xFF]))
    if kind == "change":
        body[place] = byte
    elif kind == "cut":
        del body[place:]
    else:
        body.insert(place, byte)
    assert read(bytes(body)) == defined(bytes(body))


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"", "shorter"),
        (b"\x80", "expected 1 to 1000"),
        (b"\x81\x82\x41a", "at place 0"),
        (b"\x82\x82\x41a\xf6\x81\x41a", "another number of fields, at place 1"),
        (b"\x81\x82\x41a\xf6\x00", "bytes after its end"),
        (b"\x9f\x82\x41a\xf6\xff", "not definite"),
        (b"\x98\x01\x82\x41a\xf6", "shortest form"),
        (b"\x81\x82\x41a\xf7", "another type"),
    ],
)
def test_a_malformed_batch_is_refused_saying_where(body: bytes, match: str) -> None:
    with pytest.raises(EncodingError, match=match):
        read_submissions(body)


def test_a_batch_has_at_most_a_thousand() -> None:
    one: Posted = (b"a", None)
    assert len(read_submissions(encode_submissions(records([one] * MAX_SUBMISSIONS)))) == MAX_SUBMISSIONS
    with pytest.raises(EncodingError, match="expected 1 to 1000"):
        read_submissions(encode_submissions(records([one] * (MAX_SUBMISSIONS + 1))))


@pytest.mark.parametrize(
    "body", [b"\x83\x41a\xf6\xf6", b"\x82\x41a\xf6\x00", b"\x82\xf6\xf6", b"\x82\x61a\xf6"]
)
def test_a_malformed_submission_is_refused(body: bytes) -> None:
    with pytest.raises(EncodingError):
        read_submission(body)
    with pytest.raises(EncodingError):
        Submission.decode(body)


def test_a_submission_has_no_representation() -> None:
    assert repr(Submission(transaction=b"a", bundle=b"secret")) == "<submission>"


def test_what_a_submission_with_a_bundle_is() -> None:
    report, other = REPORT + b"rest", b"\x83\x08rest"
    assert is_report((report, b"")) and not is_rating((report, b""))
    assert is_rating((other, b"")) and not is_report((other, b""))
    assert not any(kind((data, None)) for kind in (is_report, is_rating) for data in (report, other))
