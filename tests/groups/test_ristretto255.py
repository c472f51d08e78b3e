"""ristretto255 against RFC 9496 and RFC 9497."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zkperf._native import RistrettoElement, sum_scalars
from zkperf.errors import EncodingError
from zkperf.groups.ristretto255 import RISTRETTO255 as G


@pytest.fixture(scope="module")
def vectors(shared: Callable[[str], Path]) -> Any:
    return json.loads(shared("vectors/rfc9496/ristretto255.json").read_text())


def test_rfc9496_a1_multiples_of_the_generator(vectors: Any) -> None:
    identity, *multiples = [bytes.fromhex(text) for text in vectors["small_multiples"]]
    assert len(multiples) == 15
    element = G.identity
    for k, encoded in enumerate(multiples, start=1):
        element = element + G.generator
        assert G.encode(element) == G.encode(k * G.generator) == encoded
        assert G.decode(encoded) == element
    with pytest.raises(EncodingError, match="identity"):
        G.decode(identity)


def test_rfc9496_a2_encodings_to_refuse(vectors: Any) -> None:
    bad = [bytes.fromhex(text) for text in vectors["bad_encodings"]]
    assert len(bad) == 29
    for encoded in bad:
        with pytest.raises(EncodingError, match="not the canonical encoding"):
            G.decode(encoded)
        with pytest.raises(EncodingError, match="item 1: ristretto255: not the canonical encoding"):
            G.decode_many([G.encode(G.generator), encoded])


def test_rfc9496_a3_one_way_map(vectors: Any) -> None:
    assert len(vectors["one_way_map"]) == 11
    for case in vectors["one_way_map"]:
        element = RistrettoElement.from_uniform_bytes(bytes.fromhex(case["uniform_bytes"]))
        assert G.encode(element).hex() == case["element"]


def test_rfc9496_one_way_map_takes_64_bytes() -> None:
    for size in (0, 63, 65):
        with pytest.raises(ValueError, match=f"expected 64 bytes, got {size}"):
            RistrettoElement.from_uniform_bytes(bytes(size))


def test_rfc9497_a1_hash_to_group() -> None:
    """The OPRF's test vectors contain ``hash_to_ristretto255`` of their inputs, blinded."""
    dst = b"HashToGroup-OPRFV1-\x00-ristretto255-SHA512"
    blind = bytes.fromhex("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706")
    blinded = {
        b"\x00": "609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c",
        b"\x5a" * 17: "da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418",
    }
    for message, expected in blinded.items():
        element = G.decode_scalar(blind) * G.hash_to_element(message, dst)
        assert G.encode(element).hex() == expected


def test_the_generator_has_a_table_with_the_same_multiples() -> None:
    other = G.hash_to_element(b"", b"table")
    for k in (0, 1, 2, G.order - 1, G.random_scalar()):
        # k·B from the table, and from a sum that does not use it
        assert k * G.generator == k * (G.generator + other) - k * other


def test_scalars_are_little_endian_and_reduced() -> None:
    assert G.encode_scalar(258) == b"\x02\x01" + bytes(30)
    assert G.decode_scalar(G.encode_scalar(G.order - 1)) == G.order - 1
    for wrong in (G.order.to_bytes(32, "little"), b"\xff" * 32, bytes(31), bytes(33)):
        with pytest.raises(EncodingError):
            G.decode_scalar(wrong)
    with pytest.raises(ValueError, match="reduced"):
        G.encode_scalar(G.order)


def test_rows_of_scalars_add_up() -> None:
    rows = [[G.random_scalar() for _ in range(3)] for _ in range(5)] + [[0, 1, G.order - 1]]
    total = sum_scalars([b"".join(map(G.encode_scalar, row)) for row in rows])
    assert total == b"".join(G.encode_scalar(sum(column) % G.order) for column in zip(*rows, strict=True))
    assert sum_scalars([b""]) == b""


def test_rows_that_do_not_fit_do_not_add_up() -> None:
    one = G.encode_scalar(1)
    with pytest.raises(ValueError, match="at least one row"):
        sum_scalars([])
    for rows in ([one, one + one], [one + one, one], [one, b""]):
        with pytest.raises(ValueError, match="one length"):
            sum_scalars(rows)
    for rows in ([G.order.to_bytes(32, "little")], [one, b"\xff" * 32], [one[:-1]], [one + b"\0"]):
        with pytest.raises((EncodingError, ValueError)):
            sum_scalars(rows)
    with pytest.raises(EncodingError, match="not reduced"):
        sum_scalars([one, G.order.to_bytes(32, "little")])
    with pytest.raises(EncodingError, match="expected 32 bytes"):
        sum_scalars([one[:-1]])
