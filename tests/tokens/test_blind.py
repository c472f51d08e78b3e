"""Blind threshold BLS: what a token proves, who is named when it does not, and that blindness is perfect."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toypairing import ToyPairing
from zkperf.errors import InvalidToken
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.bls12381_reference import BLS12381_REFERENCE
from zkperf.groups.pairing import Pairing
from zkperf.tokens.blind import (
    LyingTrustees,
    blind,
    combine,
    finish,
    message_point,
    sign_share,
    unblind,
    verify_token,
    verify_tokens,
)

TOY = ToyPairing()
LEDGER, ROUND, UNIT, PSEUDONYM = b"L" * 32, b"R" * 32, 7, b"X" * 32


def shared_key(
    pairing: Pairing, threshold: int, members: int, secret: int = 77
) -> tuple[Any, dict[int, int], dict[int, Any]]:
    """(K, {j: k_j}, {j: K_j}) of k = ``secret`` shared with a fixed polynomial."""
    g2 = pairing.g2
    polynomial = [secret, *range(1234, 1234 + threshold - 1)]
    secrets = {j: sum(a * j**k for k, a in enumerate(polynomial)) % g2.order for j in range(1, members + 1)}
    return secret * g2.generator, secrets, {j: k * g2.generator for j, k in secrets.items()}


def point_of(pairing: Pairing, pseudonym: bytes = PSEUDONYM) -> Any:
    return message_point(pairing, LEDGER, ROUND, UNIT, pseudonym)


def token_of(pairing: Pairing, secret: int, pseudonym: bytes) -> Any:
    return secret * point_of(pairing, pseudonym)


@pytest.mark.parametrize("pairing", [TOY, BLS12381, BLS12381_REFERENCE], ids=["toy", "kernel", "py_ecc"])
def test_a_token_is_drawn_blindly_and_verifies(pairing: Pairing) -> None:
    key, secrets, share_keys = shared_key(pairing, 2, 3)
    point = point_of(pairing)
    blinding, blinded = blind(pairing, point)
    recorded = pairing.g1.decode(pairing.g1.encode(blinded))
    shares = {j: sign_share(pairing, secrets[j], recorded) for j in (3, 1)}
    for j, share in shares.items():
        verify_token(pairing, share_keys[j], recorded, share)
    token, liars = finish(pairing, key, share_keys, point, blinding, shares, 2)
    assert liars == ()
    assert token == 77 * point
    verify_token(pairing, key, point, token)
    assert verify_tokens(pairing, [(key, point, token)]) == []
    with pytest.raises(InvalidToken):
        verify_token(pairing, key, point, token + pairing.g1.generator)
    with pytest.raises(InvalidToken):
        verify_token(pairing, share_keys[2], recorded, shares[3])
    assert verify_tokens(pairing, [(key, point, token), (key, point, -token)]) == [1]


def test_the_kernel_and_py_ecc_agree_on_points_and_tokens() -> None:
    kernel, reference = BLS12381, BLS12381_REFERENCE
    left, right = point_of(kernel), point_of(reference)
    assert kernel.g1.encode(left) == reference.g1.encode(right)
    assert kernel.g1.encode(sign_share(kernel, 99, left)) == reference.g1.encode(
        sign_share(reference, 99, right)
    )


FROZEN_POINT = (
    "a2ac646ff0f24d12ff7457ea927044a56b5b47ff3ed05a7893f74f2438b327c29a9cfd32c938ee8c37aa4cf2280e1b4e"
)


def test_the_encoding_of_a_message_is_frozen() -> None:
    """Tokens of earlier versions must stay valid; other implementations are pinned to this."""
    assert BLS12381.g1.encode(point_of(BLS12381)).hex() == FROZEN_POINT


@pytest.mark.parametrize(("threshold", "members"), [(1, 1), (1, 2), (2, 2), (2, 3), (3, 5), (4, 7)])
def test_any_t_shares_give_the_same_token(threshold: int, members: int) -> None:
    key, secrets, _ = shared_key(TOY, threshold, members)
    point = point_of(TOY)
    for first in range(1, members - threshold + 2):
        blinding, blinded = blind(TOY, point)
        shares = {j: sign_share(TOY, secrets[j], blinded) for j in range(first, first + threshold)}
        token = unblind(TOY, blinding, combine(TOY, shares, threshold))
        verify_token(TOY, key, point, token)
        assert token == 77 * point


def test_too_few_shares_are_refused() -> None:
    with pytest.raises(InvalidToken, match="expected shares of 3 trustees, got 2"):
        combine(TOY, {1: TOY.g1.generator, 2: TOY.g1.generator}, 3)


def test_fewer_shares_than_the_threshold_give_no_token() -> None:
    key, secrets, _ = shared_key(TOY, 3, 5)
    point = point_of(TOY)
    blinding, blinded = blind(TOY, point)
    shares = {j: sign_share(TOY, secrets[j], blinded) for j in (1, 2)}
    with pytest.raises(InvalidToken):
        verify_token(TOY, key, point, unblind(TOY, blinding, combine(TOY, shares, 2)))


# -- what a token is for ----------------------------------------------------------------------------

OTHERS = {
    "ledger": (b"M" * 32, ROUND, UNIT, PSEUDONYM),
    "round": (LEDGER, b"S" * 32, UNIT, PSEUDONYM),
    "unit": (LEDGER, ROUND, UNIT + 1, PSEUDONYM),
    "pseudonym": (LEDGER, ROUND, UNIT, b"Y" * 32),
}


@pytest.mark.parametrize("changed", OTHERS)
def test_a_token_is_for_one_ledger_round_unit_and_pseudonym(changed: str) -> None:
    key, _, _ = shared_key(TOY, 2, 3)
    token = token_of(TOY, 77, PSEUDONYM)
    verify_token(TOY, key, point_of(TOY), token)
    with pytest.raises(InvalidToken):
        verify_token(TOY, key, message_point(TOY, *OTHERS[changed]), token)


def test_a_message_is_hashed_under_the_tag_of_tokens() -> None:
    class Spy(ToyPairing):
        def __init__(self) -> None:
            super().__init__()
            self.g1.hash_to_element = self.record  # type: ignore[method-assign]
            self.seen: list[tuple[bytes, bytes]] = []

        def record(self, message: bytes, dst: bytes) -> Any:
            self.seen.append((message, dst))

    spy = Spy()
    point_of(spy)
    message = b"\x84\x58\x20" + LEDGER + b"\x58\x20" + ROUND + b"\x07\x58\x20" + PSEUDONYM
    assert spy.seen == [(message, b"ZKPERF-V01-token-BLS12381G1_XMD:SHA-256_SSWU_RO_")]


def test_shares_of_one_cohort_do_not_convert_to_another() -> None:
    _, secrets, share_keys = shared_key(TOY, 2, 3, secret=77)
    other_key, _, other_share_keys = shared_key(TOY, 2, 3, secret=78)
    point = point_of(TOY)
    blinding, blinded = blind(TOY, point)
    shares = {j: sign_share(TOY, secrets[j], blinded) for j in secrets}
    with pytest.raises(LyingTrustees) as caught:
        finish(TOY, other_key, other_share_keys, point, blinding, shares, 2)
    assert caught.value.liars == (1, 2, 3)
    for j in secrets:
        verify_token(TOY, share_keys[j], blinded, shares[j])
        with pytest.raises(InvalidToken):
            verify_token(TOY, other_share_keys[j], blinded, shares[j])


# -- liars ------------------------------------------------------------------------------------------


def test_honest_shares_are_not_looked_at_one_by_one() -> None:
    pairing = ToyPairing()
    key, secrets, share_keys = shared_key(pairing, 3, 5)
    point = point_of(pairing)
    blinding, blinded = blind(pairing, point)
    shares = {j: sign_share(pairing, secrets[j], blinded) for j in secrets}
    finish(pairing, key, share_keys, point, blinding, shares, 3)
    assert pairing.pairs_checked == 2


@pytest.mark.parametrize("lying", [(1,), (2,), (1, 3)])
def test_liars_are_named_and_left_out(lying: tuple[int, ...]) -> None:
    key, secrets, share_keys = shared_key(TOY, 3, 5)
    point = point_of(TOY)
    blinding, blinded = blind(TOY, point)
    shares = {j: sign_share(TOY, secrets[j] + (j in lying), blinded) for j in secrets}
    token, liars = finish(TOY, key, share_keys, point, blinding, shares, 3)
    assert (token, liars) == (77 * point, lying)


def test_two_liars_whose_lies_cancel_out_in_a_plain_sum_are_named() -> None:
    key, secrets, share_keys = shared_key(TOY, 3, 5)
    point = point_of(TOY)
    blinding, blinded = blind(TOY, point)
    shares = {j: sign_share(TOY, secrets[j], blinded) for j in secrets}
    shares[1] += TOY.g1.generator
    shares[2] -= TOY.g1.generator
    assert finish(TOY, key, share_keys, point, blinding, shares, 3)[1] == (1, 2)


def test_with_too_few_honest_shares_the_liars_are_named() -> None:
    key, secrets, share_keys = shared_key(TOY, 3, 5)
    point = point_of(TOY)
    blinding, blinded = blind(TOY, point)
    shares = {j: sign_share(TOY, secrets[j] + (j > 2), blinded) for j in secrets}
    with pytest.raises(LyingTrustees, match="trustees 3, 4, 5") as caught:
        finish(TOY, key, share_keys, point, blinding, shares, 3)
    assert caught.value.liars == (3, 4, 5)


def test_share_keys_that_do_not_belong_to_the_cohort_key_give_no_token() -> None:
    _, secrets, share_keys = shared_key(TOY, 2, 3)
    point = point_of(TOY)
    blinding, blinded = blind(TOY, point)
    shares = {j: sign_share(TOY, secrets[j], blinded) for j in secrets}
    with pytest.raises(InvalidToken) as caught:
        finish(TOY, 78 * TOY.g2.generator, share_keys, point, blinding, shares, 2)
    assert not isinstance(caught.value, LyingTrustees)


# -- batches ----------------------------------------------------------------------------------------


def batch(pairing: Pairing, size: int) -> list[tuple[Any, Any, Any]]:
    """Good items under two keys in turn."""
    keys = [11 * pairing.g2.generator, 12 * pairing.g2.generator]
    names = [bytes([number]) for number in range(size)]
    return [
        (keys[number % 2], point_of(pairing, name), token_of(pairing, 11 + number % 2, name))
        for number, name in enumerate(names)
    ]


def test_an_empty_batch_is_good() -> None:
    assert verify_tokens(TOY, []) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_exactly_the_culprits_are_found(case: tuple[int, set[int]]) -> None:
    size, bad = case
    items = [
        (key, point, token + TOY.g1.generator if index in bad else token)
        for index, (key, point, token) in enumerate(batch(TOY, size))
    ]
    assert verify_tokens(TOY, items) == sorted(bad)


def test_forgeries_that_cancel_out_in_a_plain_sum_are_found() -> None:
    items = batch(TOY, 6)
    (key, point, token), (other_key, other_point, other_token) = items[0], items[4]
    items[0] = (key, point, token + TOY.g1.generator)
    items[4] = (other_key, other_point, other_token - TOY.g1.generator)
    assert verify_tokens(TOY, items) == [0, 4]


def test_tokens_exchanged_between_pseudonyms_are_found() -> None:
    items = batch(TOY, 6)
    (key, point, token), (_, other_point, other_token) = items[1], items[3]
    items[1], items[3] = (key, point, other_token), (key, other_point, token)
    assert verify_tokens(TOY, items) == [1, 3]


def test_a_good_batch_costs_one_pair_for_each_key_and_one_more() -> None:
    pairing = ToyPairing()
    items = batch(pairing, 10)
    # the same keys again, as other objects
    items += [(pairing.g2.decode(pairing.g2.encode(key)), point, token) for key, point, token in items]
    assert verify_tokens(pairing, items) == []
    assert pairing.pairs_checked == 3


# -- blindness --------------------------------------------------------------------------------------


def test_the_recorded_point_is_uniform_whatever_the_pseudonym_is() -> None:
    """In a group of order 101, over every byte that the random source can give: the blinded point takes
    each of the 100 values other than the identity equally often, for every P."""
    pairing = ToyPairing(order=101)
    for logarithm in range(1, 101):
        point = logarithm * pairing.g1.generator
        seen: Counter[int] = Counter()
        for byte in range(256):
            answers = iter([bytes([byte]), b"\xff"])
            if byte % 128 >= 100:  # drawn again: not an outcome of its own
                continue
            _, blinded = blind(pairing, point, lambda _, answers=answers: next(answers))  # type: ignore[misc]
            seen[blinded.log] += 1
        assert seen == {value: 2 for value in range(1, 101)}


@given(st.integers(0, 2**64), st.lists(st.binary(min_size=32, max_size=32), min_size=2, max_size=5))
@settings(max_examples=25, deadline=None)
def test_every_pseudonym_explains_every_recorded_point(key: int, pseudonyms: list[bytes]) -> None:
    """Whoever sees P' and all signatures on it, and can compute logarithms, finds for each pseudonym
    exactly one β that explains P', and with it the very token that the pseudonym shows later."""
    secret = key + 1
    _, recorded = blind(TOY, point_of(TOY, pseudonyms[0]))
    signature = sign_share(TOY, secret, recorded)
    for pseudonym in pseudonyms:
        point = point_of(TOY, pseudonym)
        beta = recorded.log * pow(point.log, -1, TOY.order) % TOY.order
        assert beta * point == recorded
        blinding, blinded = blind(TOY, point, lambda size, beta=beta: (beta - 1).to_bytes(size, "little"))  # type: ignore[misc]
        assert blinded == recorded
        assert unblind(TOY, blinding, signature) == token_of(TOY, secret, pseudonym)


@given(st.integers(1, TOY.order - 1), st.integers(1, TOY.order - 1))
@settings(max_examples=50, deadline=None)
def test_unblinding_undoes_blinding(logarithm: int, secret: int) -> None:
    point = logarithm * TOY.g1.generator
    blinding, blinded = blind(TOY, point)
    assert blinded != TOY.g1.identity
    assert unblind(TOY, blinding, sign_share(TOY, secret, blinded)) == secret * point


def test_a_blinding_does_not_show_itself() -> None:
    blinding, _ = blind(TOY, point_of(TOY))
    assert str(blinding.factor) not in repr(blinding)
    assert repr(blinding) == "Blinding()"
