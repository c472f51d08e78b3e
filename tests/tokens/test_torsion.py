"""The token equation looks at a token's part in G1 alone: what is accepted, and what is not."""

from __future__ import annotations

from math import gcd
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.torsion import COFACTOR, PRIMES, Z, curve, encoded, point, random_points, shifted, torsion
from tests.toypairing import ToyPairing, ToyPoint
from zkperf.errors import EncodingError, InvalidToken
from zkperf.groups.bls12381 import BLS12381, EFFECTIVE_COFACTOR, ORDER
from zkperf.groups.bls12381_reference import BLS12381_REFERENCE
from zkperf.groups.pairing import Pairing
from zkperf.tokens.blind import message_point, verify_token, verify_tokens

P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
TOY = ToyPairing()
both = pytest.mark.parametrize("pairing", [BLS12381, BLS12381_REFERENCE], ids=["kernel", "py_ecc"])
SECRET = 0x5EC2E7


def case(pairing: Pairing, pseudonym: bytes = b"X") -> tuple[Any, Any, bytes]:
    """(K, P, the encoding of k·P)."""
    signed = message_point(pairing, b"L" * 32, b"R" * 32, 1, pseudonym)
    return SECRET * pairing.g2.generator, signed, pairing.g1.encode(SECRET * signed)


def accepted(pairing: Pairing, token: bytes) -> bool:
    """The verdict on a token for the pseudonym of `case`: the same alone and in a batch."""
    key, signed, _ = case(pairing)
    signature = pairing.decode_signature(token)
    alone = True
    try:
        verify_token(pairing, key, signed, signature)
    except InvalidToken:
        alone = False
    assert verify_tokens(pairing, [(key, signed, signature)]) == ([] if alone else [0])
    return alone


# -- the facts that the equation rests on (protocol, section 4.5) ---------------------------------------


def test_the_numbers_of_the_curve() -> None:
    trace = Z + 1
    assert EFFECTIVE_COFACTOR == 1 - Z == 3 * 11 * 10177 * 859267 * 52437899
    assert ORDER == Z**4 - Z**2 + 1
    assert P + 1 - trace == COFACTOR * ORDER
    assert 3 * COFACTOR == (Z - 1) ** 2
    # π is in Z[ω], and √-3·(π - 1) = -(z - 1)·(z² + ω²), whose norm is 3·c·q
    f = (Z - 1) * (2 * Z**2 - 1) // 3
    assert trace**2 - 4 * P == -3 * f**2
    assert 3 * COFACTOR * ORDER == (Z - 1) ** 2 * (Z**4 - Z**2 + 1)
    assert gcd(EFFECTIVE_COFACTOR, ORDER) == gcd(COFACTOR, ORDER) == 1
    product = 1
    for prime, times in PRIMES.items():
        product *= prime**times
    assert product == COFACTOR


@both
def test_clearing_takes_every_point_to_g1_and_all_torsion_to_the_identity(pairing: Pairing) -> None:
    g1 = pairing.g1
    for candidate in random_points(6):
        cleared = pairing.clear([1], [pairing.decode_signature(encoded(candidate))])
        assert g1.decode(g1.encode(cleared)) == cleared
        assert g1.encode(cleared) == encoded(curve.multiply(candidate, EFFECTIVE_COFACTOR))
    for prime in (None, *list(PRIMES)[1:]):
        assert pairing.clear([5], [pairing.decode_signature(encoded(torsion(prime)))]) == g1.identity
    # the points of order 3 are those with x = 0
    assert curve.is_inf(curve.multiply(torsion(3), EFFECTIVE_COFACTOR))


@both
def test_clearing_a_sum(pairing: Pairing) -> None:
    g1, h = pairing.g1, pairing.effective_cofactor
    one, two = 7 * g1.generator, 11 * g1.generator
    assert pairing.clear([], []) == g1.identity
    assert pairing.clear([3, 2**128 - 1], [one, two]) == h * (3 * one + (2**128 - 1) * two)
    assert pairing.clear([0, 4], [two, one]) == (4 * h) * one
    moved = pairing.decode_signature(shifted(g1.encode(one), torsion()))
    assert pairing.clear([9, 1], [moved, two]) == h * (9 * one + two)
    assert pairing.clear([1, 1], [one, -one]) == g1.identity
    assert pairing.clear([1], [g1.identity]) == g1.identity
    many = [moved, pairing.decode_signature(encoded(torsion(11)))] * 20
    assert pairing.clear(list(range(40)), many) == (h * sum(range(0, 40, 2))) * one
    for wrong in ([1], [1, 2, 3]):
        with pytest.raises(ValueError):
            pairing.clear(wrong, [one, two])


def test_a_long_sum_is_cleared_in_pieces() -> None:
    g1 = BLS12381.g1
    count = 2100  # more than one thread sums
    moved = BLS12381.decode_signature(shifted(g1.encode(g1.generator), torsion()))
    assert BLS12381.clear([2**100 + i for i in range(count)], [moved] * count) == (
        EFFECTIVE_COFACTOR * (count * 2**100 + count * (count - 1) // 2) % ORDER * g1.generator
    )


# -- decoding -------------------------------------------------------------------------------------------


@both
def test_a_signature_is_any_point_of_the_curve_but_the_identity(pairing: Pairing) -> None:
    decode = pairing.decode_signature
    good = pairing.g1.encode(pairing.g1.generator)
    for data in (good, *map(encoded, random_points(3)), encoded(torsion()), encoded(torsion(11))):
        decode(data)
    off_the_curve = next(x for x in range(1, 99) if pow(x**3 + 4, (P - 1) // 2, P) == P - 1)
    x = int.from_bytes(good, "big") % 2**381
    wrong = {
        "another length": good[:-1],
        "two points": good + good,
        "no flag": x.to_bytes(48, "big"),
        "zeros": bytes(48),
        "not reduced": (2**383 + P + 4).to_bytes(48, "big"),
        "not on the curve": (2**383 + off_the_curve).to_bytes(48, "big"),
        "the identity": b"\xc0" + bytes(47),
        "the identity with a coordinate": b"\xc0" + bytes(46) + b"\x01",
        "order 3": b"\x80" + bytes(47),
        "the other of order 3": b"\xa0" + bytes(47),
    }
    for name, data in wrong.items():
        with pytest.raises(EncodingError):
            decode(data)
            pytest.fail(name)


@both
def test_the_points_of_g1_stay_the_only_elements(pairing: Pairing) -> None:
    """What is no token is decoded as ever: a point that torsion was added to is not an element."""
    for data in (encoded(torsion()), shifted(pairing.g1.encode(pairing.g1.generator), torsion(11))):
        with pytest.raises(EncodingError):
            pairing.g1.decode(data)


# -- verdicts -------------------------------------------------------------------------------------------


@both
def test_torsion_added_to_a_token_changes_nothing(pairing: Pairing) -> None:
    _, _, token = case(pairing)
    assert accepted(pairing, token)
    for added in (torsion(), torsion(11)):
        moved = shifted(token, added)
        assert moved != token
        assert accepted(pairing, moved)


@both
def test_torsion_alone_is_no_token(pairing: Pairing) -> None:
    """Cleared it is the identity, and e(h·P, K) is not 1: P and K are not the identity."""
    for pure in (torsion(), torsion(11)):
        assert not accepted(pairing, encoded(pure))


@both
def test_torsion_does_not_help_a_wrong_signature(pairing: Pairing) -> None:
    _, signed, token = case(pairing)
    negative = pairing.g1.encode(-(SECRET * signed))
    cleared = pairing.g1.encode(pairing.effective_cofactor * (SECRET * signed))
    for wrong in (negative, cleared):
        assert not accepted(pairing, wrong)
        assert not accepted(pairing, shifted(wrong, torsion()))
    assert not accepted(pairing, shifted(token, random_points(1)[0]))


def test_a_batch_on_py_ecc_names_the_same_as_the_kernel() -> None:
    tokens = [case(BLS12381, name)[2] for name in (b"X", b"Y", b"Z")]
    tokens = [shifted(tokens[0], torsion()), shifted(tokens[1], torsion(11)), encoded(torsion())]
    for pairing in (BLS12381, BLS12381_REFERENCE):
        items = [
            (*case(pairing, name)[:2], pairing.decode_signature(token))
            for name, token in zip((b"X", b"Y", b"Z"), tokens, strict=True)
        ]
        assert verify_tokens(pairing, items) == [2]


def test_torsion_in_two_tokens_does_not_matter_whether_it_cancels_out() -> None:
    """In a group with small subgroups weights would see a part of it with luck only; here none is seen."""
    pairing, small = BLS12381, torsion(11)
    key, one, first = case(pairing, b"X")
    _, two, second = case(pairing, b"Y")
    for added in (small, curve.neg(small), curve.multiply(small, 3)):
        moved = shifted(first, small), shifted(second, added)
        items = [(key, p, pairing.decode_signature(s)) for p, s in zip((one, two), moved, strict=True)]
        assert [verify_tokens(pairing, items) for _ in range(12)] == [[]] * 12


KINDS = ("good", "torsion", "small torsion", "pure", "wrong", "wrong and torsion", "another's", "any point")
GOOD = ("good", "torsion", "small torsion")


def token_of_kind(kind: str, number: int) -> bytes:
    pairing = BLS12381
    signature = SECRET * message_point(pairing, b"L" * 32, b"R" * 32, 1, bytes([number]))
    token = pairing.g1.encode(signature)
    wrong = pairing.g1.encode(signature + pairing.g1.generator)
    return {
        "good": lambda: token,
        "torsion": lambda: shifted(token, LARGE),
        "small torsion": lambda: shifted(token, SMALL),
        "pure": lambda: encoded(LARGE),
        "wrong": lambda: wrong,
        "wrong and torsion": lambda: shifted(wrong, LARGE),
        "another's": lambda: token_of_kind("torsion", number + 1),
        "any point": lambda: encoded(ANY),
    }[kind]()


LARGE, SMALL, ANY = torsion(), torsion(11), random_points(1, first=1000)[0]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=12))
def test_mixtures(kinds: list[str]) -> None:
    items = []
    for number, kind in enumerate(kinds):
        key, signed, _ = case(BLS12381, bytes([number]))
        items.append((key, signed, BLS12381.decode_signature(token_of_kind(kind, number))))
    bad = [number for number, kind in enumerate(kinds) if kind not in GOOD]
    assert verify_tokens(BLS12381, items) == bad
    for number, item in enumerate(items):
        if number in bad:
            with pytest.raises(InvalidToken):
                verify_token(BLS12381, *item)
        else:
            verify_token(BLS12381, *item)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.booleans()), min_size=1, max_size=20))
def test_mixtures_where_all_logarithms_are_known(cases: list[tuple[int, bool]]) -> None:
    items = []
    for number, (small, good) in enumerate(cases):
        key, signed, _ = case(TOY, bytes([number]))
        part = SECRET * signed if good else TOY.g1.generator
        items.append((key, signed, ToyPoint(part, small)))
    assert verify_tokens(TOY, items) == [number for number, (_, good) in enumerate(cases) if not good]


def test_points_decode_as_they_are() -> None:
    """The helper of these tests: T is what q leaves, and G1 what the cofactor does."""
    for candidate in random_points(3):
        assert point(encoded(candidate)) is not None
        left, right = curve.multiply(candidate, ORDER), curve.multiply(candidate, COFACTOR)
        assert curve.is_inf(curve.multiply(left, COFACTOR))
        assert curve.is_inf(curve.multiply(right, ORDER))
        assert not curve.is_inf(left) and not curve.is_inf(right)
