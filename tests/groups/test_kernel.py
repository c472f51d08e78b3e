"""What holds for every group of the Rust kernel."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkperf.errors import EncodingError
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.ristretto255 import RISTRETTO255

GROUPS = [RISTRETTO255, BLS12381.g1, BLS12381.g2]
every_group = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)


def integers(group: Any) -> st.SearchStrategy[int]:
    """Scalars, with the ones that go wrong first."""
    q = group.order
    return st.sampled_from([0, 1, 2, q - 2, q - 1]) | st.integers(0, q - 1)


@every_group
@given(data=st.data())
@settings(max_examples=25)
def test_laws_of_a_group_of_prime_order(group: Any, data: st.DataObject) -> None:
    a, b = data.draw(integers(group)), data.draw(integers(group))
    p = group.hash_to_element(data.draw(st.binary(max_size=8)), b"laws")
    assert a * p + b * p == ((a + b) % group.order) * p
    assert a * p - b * p == ((a - b) % group.order) * p
    assert a * (b * p) == (a * b % group.order) * p
    assert a * (p + group.generator) == a * group.generator + a * p
    assert p + group.identity == p == group.identity + p
    assert p - p == p + -p == 0 * p == group.identity
    negative = -p
    assert -negative == p


@every_group
@given(data=st.data())
@settings(max_examples=25)
def test_sums_of_products(group: Any, data: st.DataObject) -> None:
    # Few different elements, so that equal and opposite ones and the identity meet in one sum.
    pool = [group.identity, group.generator, -group.generator, group.hash_to_element(b"", b"sums")]
    terms = data.draw(st.lists(st.tuples(integers(group), st.sampled_from(pool)), max_size=12))
    expected = group.identity
    for scalar, element in terms:
        expected = expected + scalar * element
    scalars, elements = [scalar for scalar, _ in terms], [element for _, element in terms]
    assert group.msm(scalars, elements) == expected
    assert group.msm_public(scalars, elements) == expected
    assert group.msm_public(tuple(scalars), tuple(elements)) == expected


@every_group
def test_sums_of_so_many_products_that_they_are_shared_out(group: Any) -> None:
    logarithms = [group.random_scalar() for _ in range(1500)]
    scalars = [group.random_scalar() for _ in logarithms]
    elements = [x * group.generator for x in logarithms]
    expected = sum(s * x for s, x in zip(scalars, logarithms, strict=True)) % group.order
    assert group.msm_public(scalars, elements) == expected * group.generator
    assert group.msm(scalars, elements) == expected * group.generator


@every_group
def test_scalars_are_taken_modulo_the_order(group: Any) -> None:
    p, q = group.hash_to_element(b"", b"reduction"), group.order
    assert q * p == group.identity
    assert -3 * p == (q - 3) * p == (2**300 * q - 3) * p
    assert group.msm([q + 2, -1], [p, p]) == group.msm_public([q + 2, -1], [p, p]) == p


@every_group
def test_sums_need_as_many_scalars_as_elements(group: Any) -> None:
    for sum_of_products in (group.msm, group.msm_public):
        with pytest.raises(ValueError, match="got 1 and 2"):
            sum_of_products([1], [group.generator, group.generator])
        with pytest.raises(TypeError):
            sum_of_products([1.0], [group.generator])


def test_groups_do_not_mix() -> None:
    for group in GROUPS:
        for other in GROUPS:
            if group is not other:
                assert group.generator != other.generator
                with pytest.raises(TypeError):
                    group.generator + other.generator
                with pytest.raises(TypeError):
                    group.msm([1], [other.generator])
                with pytest.raises(EncodingError):
                    group.decode(other.encode(other.generator))


@every_group
def test_equal_elements_have_equal_hashes_and_encodings(group: Any) -> None:
    p = group.hash_to_element(b"", b"equality")
    again = 5 * p - 4 * p  # the same element in other projective coordinates
    assert again == p
    assert group.encode(again) == group.encode(p)
    assert len({p, again, group.identity, group.generator}) == 3
    assert p != "p"


@every_group
@given(data=st.data())
@settings(max_examples=20)
def test_decoding_gives_back_what_was_encoded(group: Any, data: st.DataObject) -> None:
    element = data.draw(integers(group).filter(bool)) * group.generator
    encoded = group.encode(element)
    assert len(encoded) == group.element_size
    assert group.decode(encoded) == element


@every_group
@given(data=st.data())
@settings(max_examples=50)
def test_what_decodes_is_canonical(group: Any, data: st.DataObject) -> None:
    """Any bytes, and encodings with one bit changed: refused, or exactly what encoding gives."""
    encoded = bytearray(group.encode(data.draw(st.integers(1, 2**16)) * group.generator))
    bit = data.draw(st.integers(0, 8 * len(encoded) - 1))
    encoded[bit // 8] ^= 1 << bit % 8
    size = group.element_size
    for candidate in (bytes(encoded), data.draw(st.binary(min_size=size, max_size=size))):
        try:
            element = group.decode(candidate)
        except EncodingError:
            continue
        assert group.encode(element) == candidate
        assert group.order * element == group.identity


@every_group
def test_an_encoding_has_one_length(group: Any) -> None:
    encoded = group.encode(group.generator)
    for wrong in (b"", encoded[:-1], encoded + b"\x00", encoded * 2):
        with pytest.raises(EncodingError, match=f"expected {group.element_size} bytes, got {len(wrong)}"):
            group.decode(wrong)


@every_group
def test_the_identity_has_no_encoding(group: Any) -> None:
    with pytest.raises(ValueError, match="identity has no encoding"):
        group.encode(group.identity)


@every_group
def test_decoding_many_names_the_first_bad_one(group: Any) -> None:
    elements = [k * group.generator for k in range(1, 40)]
    encoded = [group.encode(element) for element in elements]
    assert group.decode_many(iter(encoded)) == elements
    assert group.decode_many([]) == []
    encoded[11] = encoded[30] = bytes(group.element_size)
    with pytest.raises(EncodingError, match=r"^item 11: "):
        group.decode_many(encoded)


@every_group
def test_domain_separation_tags_have_1_to_255_bytes(group: Any) -> None:
    tags = [b"t", b"u", b"t" * 255]
    assert len({group.hash_to_element(message, tag) for tag in tags for message in (b"", b"m")}) == 6
    for wrong in (b"", b"t" * 256):
        with pytest.raises(ValueError, match=f"tag of 1 to 255 bytes, got {len(wrong)}"):
            group.hash_to_element(b"", wrong)


@every_group
def test_nothing_of_an_element_is_in_its_repr(group: Any) -> None:
    """Shared secrets of a key agreement are elements too."""
    assert group.encode(group.generator).hex()[:8] not in repr(group.generator)
