"""From qualified deals to the cohorts' keys, and from these to tokens."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.misfits import refuses_misfits
from tests.tokens.dealer import LEDGER, ROUND, check, deal_with, toy_context
from zkperf.errors import InvalidToken, RuleViolation
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.bls12381_reference import BLS12381_REFERENCE
from zkperf.groups.p256 import NIST_P256
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.tokens.blind import blind, finish, message_point, sign_share, verify_token
from zkperf.tokens.keygen import (
    Deal,
    KeygenContext,
    check_deal_public,
    commit,
    make_deal,
    open_deal_shares,
)
from zkperf.tokens.keys import CohortKeys, cohort_keys, secret_keys

CONTEXT = toy_context()


def run(
    context: KeygenContext, secrets: list[int], dealers: list[int]
) -> tuple[CohortKeys, list[tuple[int, ...]]]:
    """The keys of a run in which these members dealt honestly, and each trustee's k_{j,c}."""
    deals = [make_deal(context, dealer) for dealer in dealers]
    digests = [commit(context, deal).digest for deal in deals]
    checked = [
        check_deal_public(context, digest, Deal.decode(deal.encode()))
        for digest, deal in zip(digests, deals, strict=True)
    ]
    rows = [
        secret_keys(context, [open_deal_shares(context, each, j, secret) for each in checked])
        for j, secret in enumerate(secrets, start=1)
    ]
    return cohort_keys(context, checked), rows


def test_fields_of_the_wrong_type_are_refused() -> None:
    keys, _ = run(CONTEXT, [1001, 1002, 1003, 1004], [1, 2])
    refuses_misfits(keys)


@pytest.mark.parametrize(("members", "threshold"), [(2, 1), (2, 2), (3, 2), (4, 2), (5, 3), (7, 4)])
def test_any_t_trustees_issue_tokens_under_the_keys(members: int, threshold: int) -> None:
    context = toy_context(members, threshold)
    pairing = context.pairing
    keys, secrets = run(context, [1000 + j for j in range(1, members + 1)], list(range(1, members + 1)))
    keys = CohortKeys.decode(keys.encode())
    assert len(keys.keys) == len(keys.shares) == 2
    for index, unit in enumerate(context.cohorts):
        key = pairing.g2.decode(keys.keys[index])
        share_keys = {j: pairing.g2.decode(data) for j, data in enumerate(keys.shares[index], start=1)}
        assert share_keys == {j: secrets[j - 1][index] * pairing.g2.generator for j in share_keys}
        point = message_point(pairing, LEDGER, ROUND, unit, b"X")
        for chosen in combinations(range(1, members + 1), threshold):
            blinding, blinded = blind(pairing, point)
            shares = {j: sign_share(pairing, secrets[j - 1][index], blinded) for j in chosen}
            token, liars = finish(pairing, key, share_keys, point, blinding, shares, threshold)
            assert liars == ()
            verify_token(pairing, key, point, token)


def test_the_keys_are_the_sums_of_the_qualified_deals() -> None:
    """Dealers 1 and 3 only; by hand: k_c(j) = Σ_i (a_{i,c,0} + j·a_{i,c,1})."""
    deals = [deal_with(CONTEXT, 1, [[1, 2], [3, 4]], 9), deal_with(CONTEXT, 3, [[10, 20], [30, 40]], 9)]
    keys = cohort_keys(CONTEXT, [check(CONTEXT, deal) for deal in deals])
    decode = CONTEXT.pairing.g2.decode
    assert (keys.round, keys.part) == (ROUND, 0)
    assert [decode(key).log for key in keys.keys] == [11, 33]
    assert [[decode(key).log for key in row] for row in keys.shares] == [
        [11 + 22, 11 + 44, 11 + 66, 11 + 88],
        [33 + 44, 33 + 88, 33 + 132, 33 + 176],
    ]
    reversed_keys = cohort_keys(CONTEXT, [check(CONTEXT, deal) for deal in reversed(deals)])
    assert reversed_keys == keys


def test_secret_keys_are_sums_of_shares() -> None:
    order = CONTEXT.pairing.g2.order
    assert secret_keys(CONTEXT, [(1, 2), (order - 1, 5)]) == (0, 7)


def test_no_cohorts_key_follows_from_anothers() -> None:
    """Over many runs with many cohorts, no two keys are related by a small factor or offset."""
    context = toy_context(2, 2, tuple(range(20)))
    keys, _ = run(context, [1001, 1002], [1, 2])
    logarithms = [context.pairing.g2.decode(key).log for key in keys.keys]
    assert len(set(logarithms)) == 20
    differences = {(b - a) % context.pairing.g2.order for a, b in combinations(logarithms, 2)}
    assert len(differences) == 190


def test_fewer_deals_than_the_threshold_make_no_key() -> None:
    """t-1 corrupted members could be all the dealers."""
    checked = check(CONTEXT, make_deal(CONTEXT, 1))
    with pytest.raises(RuleViolation, match="at least 2 qualified deals, got 1") as caught:
        cohort_keys(CONTEXT, [checked])
    assert caught.value.check == "key generation"


def test_a_deal_counts_once() -> None:
    checked = check(CONTEXT, make_deal(CONTEXT, 1))
    other = check(CONTEXT, make_deal(CONTEXT, 2))
    with pytest.raises(RuleViolation, match="twice"):
        cohort_keys(CONTEXT, [checked, other, checked])


@pytest.mark.parametrize(
    ("second", "which"),
    [([[-1, 5], [7, 7]], "the key of cohort 3"), ([[5, -9], [7, 7]], "the key of trustee 2 for cohort 3")],
)
def test_the_identity_is_no_key(second: list[list[int]], which: str) -> None:
    """Polynomials that sum to 0 at 0, or at trustee 2: 1 + 4·j and 5 - 7·j."""
    first = [[1, 4], [3, 3]]
    order = CONTEXT.pairing.g2.order
    second = [[a % order for a in polynomial] for polynomial in second]
    if "trustee" in which:
        second[0] = [5, (-3 - 4) % order]  # (1 + 4j) + (5 - 7j) = 6 - 3j
    deals = [deal_with(CONTEXT, 1, first, 9), deal_with(CONTEXT, 2, second, 9)]
    with pytest.raises(InvalidToken, match=which):
        cohort_keys(CONTEXT, [check(CONTEXT, deal) for deal in deals])


@pytest.mark.parametrize("group", [RISTRETTO255, NIST_P256], ids=["ristretto255", "P-256"])
def test_a_run_on_the_kernel_in_both_suites(group: Any) -> None:
    secrets = [group.random_nonzero_scalar() for _ in range(4)]
    trustees = tuple(secret * group.generator for secret in secrets)
    context = KeygenContext(BLS12381, group, LEDGER, ROUND, (1, 2, 3), 2, trustees)
    keys, rows = run(context, secrets, [1, 2, 4])
    point = message_point(BLS12381, LEDGER, ROUND, 2, b"X")
    blinding, blinded = blind(BLS12381, point)
    shares = {j: sign_share(BLS12381, rows[j - 1][1], blinded) for j in (2, 3, 4)}
    shares[3] += BLS12381.g1.generator
    share_keys = {j: BLS12381.g2.decode(data) for j, data in enumerate(keys.shares[1], start=1)}
    key = BLS12381.g2.decode(keys.keys[1])
    token, liars = finish(BLS12381, key, share_keys, point, blinding, shares, 2)
    assert liars == (3,)
    verify_token(BLS12381, key, point, token)
    with pytest.raises(InvalidToken):
        verify_token(BLS12381, BLS12381.g2.decode(keys.keys[0]), point, token)


def test_kernel_and_py_ecc_check_each_others_deals() -> None:
    group = RISTRETTO255
    secrets = [11, 12]
    trustees = tuple(secret * group.generator for secret in secrets)
    kernel = KeygenContext(BLS12381, group, LEDGER, ROUND, (5,), 2, trustees)
    reference = KeygenContext(BLS12381_REFERENCE, group, LEDGER, ROUND, (5,), 2, trustees)
    deals = [make_deal(kernel, 1), make_deal(reference, 2)]
    results = []
    for context in (kernel, reference):
        checked = [check(context, deal) for deal in deals]
        rows = [open_deal_shares(context, each, 2, 12) for each in checked]
        results.append((cohort_keys(context, checked), secret_keys(context, rows)))
    assert results[0] == results[1]
    (keys, (secret,)) = results[0]
    assert keys.shares[0][1] == BLS12381.g2.encode(secret * BLS12381.g2.generator)


def test_two_hundred_cohorts_of_seven_members() -> None:
    group = RISTRETTO255
    secrets = list(range(21, 28))
    trustees = tuple(secret * group.generator for secret in secrets)
    cohorts = tuple(range(1, 201))
    context = KeygenContext(BLS12381, group, LEDGER, ROUND, cohorts, 3, trustees)
    keys, rows = run(context, secrets, [1, 4, 7])
    assert len(keys.keys) == 200
    for index in (0, 199):
        for j in (1, 7):
            expected = rows[j - 1][index] * BLS12381.g2.generator
            assert BLS12381.g2.decode(keys.shares[index][j - 1]) == expected
