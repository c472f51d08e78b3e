"""Deterministic CBOR and records: one object, one encoding, and everything else is refused."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from zkperf.encoding import (
    Bytes32,
    Bytes48,
    Bytes64,
    Bytes96,
    Integer,
    Record,
    Sequence,
    Text,
    Uint,
    decode,
    encode,
)
from zkperf.errors import EncodingError

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=20),
    lambda items: st.lists(items, max_size=4) | st.dictionaries(st.text(max_size=5), items, max_size=3),
    max_leaves=12,
)


@given(PLAIN)
@settings(max_examples=100, deadline=None)
def test_what_is_encoded_is_decoded(value: Any) -> None:
    assert decode(encode(value)) == value


# RFC 8949, appendix A
@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (1000, "1903e8"),
        (2**63 - 1, "1b7fffffffffffffff"),
        (-1, "20"),
        (-1000, "3903e7"),
        (True, "f5"),
        (None, "f6"),
        (b"\x01\x02\x03\x04", "4401020304"),
        ("ü", "62c3bc"),
        ([1, [2, 3], [4, 5]], "8301820203820405"),
        ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    ],
)
def test_examples_of_rfc_8949(value: Any, encoded: str) -> None:
    assert encode(value).hex() == encoded
    assert decode(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize(
    "data",
    [
        "",  # nothing
        "82",  # cut off
        "0000",  # something after it
        "ff",  # a break without a beginning
        "1c",  # reserved
        "62c328",  # not UTF-8
        "81" * 2000 + "00",  # deeper than anything that is read
    ],
)
def test_bytes_that_are_no_cbor(data: str) -> None:
    with pytest.raises(EncodingError, match=r"^thing: not"):
        decode(bytes.fromhex(data), what="thing")


@pytest.mark.parametrize(
    "data",
    [
        "1817",  # 23 in two bytes
        "190018",  # 24 in three
        "5801aa",  # a length in two bytes
        "9f01ff",  # a list of indefinite length
        "5f41aaff",  # bytes in chunks
        "a2616201616101",  # keys in another order
        "a2616101616101",  # a key twice
        "c2410a",  # 10 as a bignum
    ],
)
def test_other_encodings_of_the_same_object(data: str) -> None:
    cbor2.loads(bytes.fromhex(data))
    with pytest.raises(EncodingError, match="not deterministically encoded"):
        decode(bytes.fromhex(data))


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        cbor2.undefined,
        cbor2.CBORSimpleValue(99),
        cbor2.CBORTag(1000, 1),
        frozenset([1, 2]),
        2**63,
        -(2**63) - 1,
        2**70,
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "place", [lambda v: v, lambda v: [v], lambda v: {"a": v}], ids=["alone", "list", "map"]
)
def test_values_that_are_never_written(value: Any, place: Any) -> None:
    data = cbor2.dumps(place(value), canonical=True)
    with pytest.raises(EncodingError, match="never writes"):
        decode(data)


def test_keys_that_are_never_written() -> None:
    with pytest.raises(EncodingError, match="never writes"):
        decode(cbor2.dumps({1.5: 1}, canonical=True))


# -- records ----------------------------------------------------------------------------------------


class Point(Record):
    name: Text
    x: Uint


class Path(Record):
    points: Sequence[Point]
    labels: dict[str, Text]
    closed: bool
    note: bytes | None


PATH = Path(points=(Point(name="a", x=1), Point(name="b", x=2)), labels={"en": "way"}, closed=True, note=None)
FIELDS: list[Any] = [[["a", 1], ["b", 2]], {"en": "way"}, True, None]


def test_a_record_is_the_array_of_its_fields() -> None:
    assert PATH.to_array() == FIELDS
    assert PATH.encode() == encode(FIELDS)
    assert Path.decode(PATH.encode()) == PATH
    assert Path.from_array(FIELDS) == PATH
    # Records and tuples are fine where the program itself puts the fields together.
    assert Path.from_array([PATH.points, *FIELDS[1:]]) == PATH


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"points": [], "labels": {}, "closed": True, "note": None}, "Path: expected an array"),
        (b"", "Path: expected an array"),
        (FIELDS[:-1], "Path: fields: .*expected 4 fields, got 3"),
        ([*FIELDS, None], "Path: fields: .*expected 4 fields, got 5"),
        ([[["a", 1], ["b"]], *FIELDS[1:]], "Path: points.1: .*expected 2 fields, got 1"),
        ([[["a", 1], ["b", -1]], *FIELDS[1:]], "Path: points.1.x"),
        ([[["a", 1], ["b", "2"]], *FIELDS[1:]], "Path: points.1.x"),
        ([[["a", True]], *FIELDS[1:]], "Path: points.0.x"),
        ([{}, *FIELDS[1:]], "Path: points"),
        ([*FIELDS[:2], 1, None], "Path: closed"),
        ([*FIELDS[:3], "text"], "Path: note"),
    ],
)
def test_fields_that_do_not_fit(fields: Any, message: str) -> None:
    with pytest.raises(EncodingError, match=f"^{message}"):
        Path.from_array(fields)
    with pytest.raises(EncodingError, match=f"^{message}"):
        Path.decode(encode(fields))


def test_a_record_within_a_record_is_an_array_too() -> None:
    """As a map of its fields it would be a second encoding of the same record."""
    with pytest.raises(EncodingError, match=r"^Path: points\.1: .*expected an array"):
        Path.from_array([[["a", 1], {"name": "b", "x": 2}], *FIELDS[1:]])


def test_what_is_wrong_is_said_without_the_value() -> None:
    with pytest.raises(EncodingError) as caught:
        Point.from_array(["a", "secret"])
    assert "secret" not in str(caught.value)


def test_records_have_their_fields_only_and_keep_them() -> None:
    with pytest.raises(ValidationError):
        Point(name="a", x=1, y=2)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        PATH.closed = False  # type: ignore[misc]


class Everything(Record):
    thirty_two: Bytes32
    forty_eight: Bytes48
    sixty_four: Bytes64
    ninety_six: Bytes96
    uint: Uint
    integer: Integer
    text: Text


GOOD: dict[str, tuple[Any, ...]] = {
    "thirty_two": (bytes(32),),
    "forty_eight": (bytes(48),),
    "sixty_four": (bytes(64),),
    "ninety_six": (bytes(96),),
    "uint": (0, 2**63 - 1),
    "integer": (-(2**63), 2**63 - 1),
    "text": ("a", "ü" * 1000),
}
BAD: dict[str, tuple[Any, ...]] = {
    "thirty_two": (bytes(31), bytes(33)),
    "forty_eight": (bytes(47), bytes(49)),
    "sixty_four": (bytes(63), bytes(65)),
    "ninety_six": (bytes(95), bytes(97)),
    "uint": (-1, 2**63, True),
    "integer": (-(2**63) - 1, 2**63, False),
    "text": ("", "a" * 1001, b"a"),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_bounds_of_every_type(name: str) -> None:
    place = list(GOOD).index(name)
    fields = [values[0] for values in GOOD.values()]
    for value in GOOD[name]:
        changed = [*fields[:place], value, *fields[place + 1 :]]
        assert Everything.from_array(changed).to_array() == changed
    for value in BAD[name]:
        with pytest.raises(EncodingError, match=f"^Everything: {name}"):
            Everything.from_array([*fields[:place], value, *fields[place + 1 :]])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xd8\x23\x64(?i)", "tag"),  # a regular expression: compiling one can take minutes
        (b"\xc2\x41\x01", "tag"),
        (b"\xd9\xd9\xf7\x80", "tag"),
        (b"\x9f\xff", "indefinite"),
        (b"\x5f\xff", "indefinite"),
        (b"\xfb" + bytes(8), "float"),
        (b"\xf7", "simple value"),
        (b"\xf8\x20", "simple value"),
        (b"\x81" * 17 + b"\x00", "deeply"),
        (b"\x81", "too early"),
        (b"\x5b" + b"\xff" * 8, "after its end|too early"),
        (b"\x00\x00", "after its end"),
        (b"\x1a\x00", "after its end|too early"),
    ],
)
def test_what_is_never_written_is_refused_before_it_is_interpreted(
    data: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(data: bytes) -> object:
        raise AssertionError("cbor2 was asked")

    monkeypatch.setattr("zkperf.encoding.cbor2.loads", never)
    with pytest.raises(EncodingError, match=why):
        decode(data)
