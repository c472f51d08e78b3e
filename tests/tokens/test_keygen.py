"""Dealing: a deal's every check is met by a forgery that passes all the others."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from tests.misfits import refuses_misfits
from tests.tokens.dealer import (
    LEDGER,
    ROUND,
    check,
    deal_with,
    digest_of_coefficients,
    possession_point,
    replaced,
    reprove,
    seal_for,
    toy_context,
)
from tests.toygroup import TOY
from tests.toypairing import ToyPairing, ToySide
from zkperf.encoding import encode
from zkperf.errors import EncodingError, InvalidOpening, InvalidProof, InvalidShare
from zkperf.randomness import system
from zkperf.tokens.keygen import (
    Deal,
    KeygenContext,
    check_deal_public,
    commit,
    commitment_digest,
    make_deal,
    max_cohorts,
    open_deal_shares,
)

CONTEXT = toy_context()
POLYNOMIALS = [[11, 12], [21, 22]]
Y = 99
GOOD = deal_with(CONTEXT, 2, POLYNOMIALS, Y)


def refused(error: type[Exception], match: str, deal: Deal, context: KeygenContext = CONTEXT) -> None:
    with pytest.raises(error, match=match):
        check(context, deal)


# -- honest deals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("members", "threshold"), [(1, 1), (2, 1), (2, 2), (4, 2), (5, 3), (7, 4)])
def test_an_honest_deal_is_accepted_and_its_shares_open(members: int, threshold: int) -> None:
    context = toy_context(members, threshold, cohorts=(2, 9, 4))
    deal = make_deal(context, members)
    checked = check_deal_public(context, commit(context, deal).digest, Deal.decode(deal.encode()))
    order = context.pairing.g2.order
    for j in range(1, members + 1):
        shares = open_deal_shares(context, checked, j, 1000 + j)
        for share, row in zip(shares, checked.coefficients, strict=True):
            assert len(row) == threshold
            assert share == sum(point.log * j**k for k, point in enumerate(row)) % order


def test_fields_of_the_wrong_type_are_refused() -> None:
    refuses_misfits(GOOD, "ephemeral", "knowledge", "sealed")
    refuses_misfits(commit(CONTEXT, GOOD))


def test_a_deal_is_what_the_protocol_says() -> None:
    """`make_deal` and the independent `deal_with` give the same bytes from the same secrets."""
    deal = make_deal(CONTEXT, 2)
    polynomials = [[CONTEXT.pairing.g2.decode(point).log for point in row] for row in deal.coefficients]
    y = CONTEXT.group.decode(deal.ephemeral).log
    again = deal_with(CONTEXT, 2, polynomials, y, deal.salt)
    assert again.model_copy(update={"knowledge": deal.knowledge}) == deal


def test_everything_in_a_deal_is_fresh() -> None:
    first, second = make_deal(CONTEXT, 1), make_deal(CONTEXT, 1)
    points = [point for deal in (first, second) for row in deal.coefficients for point in row]
    assert len(set(points)) == len(points) == 8
    assert first.ephemeral != second.ephemeral
    assert first.salt != second.salt


def test_no_polynomial_has_a_zero_coefficient() -> None:
    """The identity has no encoding, so the smallest draw gives the coefficient 1."""
    draws = 0

    def source(size: int) -> bytes:
        nonlocal draws
        draws += 1
        return bytes(size) if draws <= 4 else system(size)

    g2 = CONTEXT.pairing.g2
    deal = check(CONTEXT, make_deal(CONTEXT, 1, source)).deal
    assert {point for row in deal.coefficients for point in row} == {g2.encode(g2.generator)}


def test_a_dealer_is_a_member() -> None:
    for dealer in (0, 5):
        with pytest.raises(ValueError, match="expected a dealer from 1 to 4"):
            make_deal(CONTEXT, dealer)


@pytest.mark.parametrize("threshold", [0, 5])
def test_a_threshold_is_at_most_the_number_of_members(threshold: int) -> None:
    with pytest.raises(ValueError, match="expected a threshold from 1 to 4"):
        toy_context(4, threshold)


@pytest.mark.parametrize("cohorts", [(), (3, 3)])
def test_cohorts_are_there_once(cohorts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="each once"):
        toy_context(cohorts=cohorts)


def test_the_context_binds_all_that_is_fixed_before() -> None:
    base: dict[str, Any] = {
        "pairing": ToyPairing(),
        "group": TOY,
        "ledger": LEDGER,
        "round": ROUND,
        "cohorts": (3, 5),
        "threshold": 2,
        "trustees": CONTEXT.trustees,
        "part": 0,
    }
    other_pairing = ToyPairing()
    other_pairing.name = "another"
    changes: list[dict[str, Any]] = [
        {},
        {"pairing": other_pairing},
        {"group": ToySide("another", TOY.order, 32)},
        {"ledger": bytes(32)},
        {"round": bytes(32)},
        {"cohorts": (5, 3)},
        {"cohorts": (3,)},
        {"threshold": 3},
        {"trustees": CONTEXT.trustees[:3]},
        {"trustees": (*CONTEXT.trustees[:3], 5 * CONTEXT.group.generator)},
        {"part": 1},
    ]
    digests = {KeygenContext(**{**base, **change}).digest for change in changes}
    assert len(digests) == len(changes)
    assert CONTEXT.digest in digests


def test_digests_are_what_the_protocol_says() -> None:
    """Their labels keep them apart from everything else that is hashed."""
    where = [LEDGER, ROUND, 0]
    trustees = [TOY.encode(trustee) for trustee in CONTEXT.trustees]
    names = ["zkperf/v1/key-generation", CONTEXT.pairing.name, "toy"]
    assert CONTEXT.digest == sha256(encode([*names, *where, [3, 5], 2, trustees])).digest()
    committed = sha256(b"zkperf/v1/deal" + CONTEXT.digest + GOOD.encode()).digest()
    assert commitment_digest(CONTEXT, GOOD) == committed


# -- what everybody checks --------------------------------------------------------------------------


def test_a_deal_must_be_the_one_committed_to() -> None:
    digest = commitment_digest(CONTEXT, GOOD)
    check_deal_public(CONTEXT, digest, GOOD)
    for other in (reprove(CONTEXT, GOOD, salt=b"s" * 32), deal_with(CONTEXT, 2, [[1, 2], [3, 4]], Y)):
        with pytest.raises(InvalidOpening, match="member 2"):
            check_deal_public(CONTEXT, digest, other)


def test_a_copied_commitment_cannot_be_opened() -> None:
    """Another dealer's digest, posted as one's own, only opens to a deal that names that dealer."""
    digest = commitment_digest(CONTEXT, GOOD)
    with pytest.raises(InvalidOpening):
        check_deal_public(CONTEXT, digest, reprove(CONTEXT, GOOD, dealer=3))


def test_a_commitment_says_whose_it_is() -> None:
    commitment = commit(CONTEXT, GOOD)
    assert (commitment.round, commitment.part, commitment.dealer) == (ROUND, 0, 2)
    assert commitment.digest == commitment_digest(CONTEXT, GOOD)
    assert commitment.digest != commitment_digest(toy_context(part=1), GOOD)


@pytest.mark.parametrize("change", [{"round": bytes(32)}, {"part": 1}])
def test_a_deal_names_its_run(change: dict[str, Any]) -> None:
    refused(EncodingError, "another run", reprove(CONTEXT, GOOD, **change))


@pytest.mark.parametrize("dealer", [0, 5])
def test_a_deal_names_a_member(dealer: int) -> None:
    refused(EncodingError, "expected a dealer from 1 to 4", deal_with(CONTEXT, dealer, POLYNOMIALS, Y))


def test_a_deal_serves_every_cohort_and_no_other() -> None:
    refused(EncodingError, "coefficients for 2 cohorts", deal_with(CONTEXT, 2, POLYNOMIALS[:1], Y))
    refused(EncodingError, "coefficients for 2 cohorts", deal_with(CONTEXT, 2, [*POLYNOMIALS, [1, 2]], Y))


@pytest.mark.parametrize(
    "polynomials",
    [[[11, 12, 13], [21, 22, 23]], [[11], [21]], [[11, 12, 13], [21]], [[11], [21, 22, 23]]],
    ids=["raised", "lowered", "raised and lowered", "lowered and raised"],
)
def test_a_deal_has_exactly_t_coefficients_for_each_cohort(polynomials: list[list[int]]) -> None:
    """With a coefficient more, t trustees could not sign; with one less, t-1 could."""
    refused(EncodingError, "exactly 2 coefficients", deal_with(CONTEXT, 2, polynomials, Y))


def test_a_deal_proves_possession_for_every_cohort() -> None:
    for possession in (GOOD.possession[:1], (*GOOD.possession, GOOD.possession[0])):
        deal = reprove(CONTEXT, GOOD, possession=possession)
        refused(EncodingError, "expected 2 proofs of possession", deal)


def test_a_deal_has_shares_for_every_trustee() -> None:
    for sealed in (GOOD.sealed[:3], (*GOOD.sealed, GOOD.sealed[0])):
        refused(EncodingError, "sealed shares for 4 trustees", reprove(CONTEXT, GOOD, sealed=sealed))


@pytest.mark.parametrize("change", [-1, 1])
def test_sealed_shares_have_one_size(change: int) -> None:
    size = len(GOOD.sealed[0]) + change
    sealed = replaced(GOOD.sealed, 3, bytes(size))
    refused(EncodingError, "sealed shares of 80 bytes", reprove(CONTEXT, GOOD, sealed=sealed))


def test_the_identity_is_no_ephemeral_key_coefficient_or_proof() -> None:
    with pytest.raises(EncodingError, match="toy: not the encoding"):
        check(CONTEXT, GOOD.model_copy(update={"ephemeral": bytes(32)}))
    row = (GOOD.coefficients[1][0], bytes(96))
    coefficients = replaced(GOOD.coefficients, 1, row)
    refused(EncodingError, "toy: not the encoding", reprove(CONTEXT, GOOD, coefficients=coefficients))
    possession = replaced(GOOD.possession, 1, bytes(48))
    refused(EncodingError, "toy: not the encoding", reprove(CONTEXT, GOOD, possession=possession))


def test_a_wrong_proof_of_possession_is_refused() -> None:
    for index in range(2):
        possession = replaced(GOOD.possession, index, CONTEXT.pairing.g1.encode(CONTEXT.pairing.g1.generator))
        deal = reprove(CONTEXT, GOOD, possession=possession)
        refused(InvalidProof, "member 2: a proof of possession", deal)


def test_proofs_of_possession_cannot_be_exchanged_between_cohorts() -> None:
    """Their sum is right; each alone is wrong. Only random weights see it."""
    possession = (GOOD.possession[1], GOOD.possession[0])
    refused(InvalidProof, "proof of possession", reprove(CONTEXT, GOOD, possession=possession))


def test_a_key_cannot_be_copied_with_its_proof_of_possession() -> None:
    """Dealer 3 deals dealer 2's own keys, with dealer 2's own proofs for them."""
    copied = reprove(CONTEXT, GOOD, dealer=3)
    refused(InvalidProof, "member 3: a proof of possession", copied)


def test_a_proof_of_possession_is_for_one_run_and_one_sharing() -> None:
    later = toy_context(part=1)
    replayed = reprove(later, GOOD, part=1)
    refused(InvalidProof, "proof of possession", replayed, later)
    other = deal_with(CONTEXT, 2, [[11, 13], [21, 22]], Y)
    refused(InvalidProof, "proof of possession", reprove(CONTEXT, other, possession=GOOD.possession))


def test_a_rogue_key_has_no_proof_of_possession() -> None:
    """A_0 = (chosen key) - (dealer 2's): the cohort key would be dealer 3's alone. Whoever knows only the
    chosen logarithm can offer a proof for that or for dealer 2's, but not for the difference."""
    g1, g2 = CONTEXT.pairing.g1, CONTEXT.pairing.g2
    chosen = 5000
    rogue = chosen * g2.generator - g2.decode(GOOD.coefficients[0][0])
    row = (g2.encode(rogue), GOOD.coefficients[0][1])
    coefficients = (row, GOOD.coefficients[1])
    binding = digest_of_coefficients(CONTEXT, 3, [list(each) for each in coefficients])
    q_point = possession_point(CONTEXT, binding)
    offer = g1.encode(chosen * q_point - g1.decode(GOOD.possession[0]))
    deal = reprove(
        CONTEXT,
        GOOD,
        dealer=3,
        coefficients=coefficients,
        possession=(offer, g1.encode(POLYNOMIALS[1][0] * q_point)),
    )
    refused(InvalidProof, "member 3: a proof of possession", deal)


def test_the_ephemeral_key_must_be_the_dealers_own() -> None:
    """A multiple of another dealer's Y, with that dealer's proof: complaints would decrypt for the copier."""
    others = deal_with(CONTEXT, 1, POLYNOMIALS, Y)
    copied = GOOD.model_copy(update={"ephemeral": others.ephemeral, "knowledge": others.knowledge})
    refused(InvalidProof, "linear relation", copied)
    multiple = CONTEXT.group.encode(2 * CONTEXT.group.decode(others.ephemeral))
    refused(InvalidProof, "linear relation", copied.model_copy(update={"ephemeral": multiple}))


@pytest.mark.parametrize(
    "change",
    [{"salt": b"s" * 32}, {"sealed": replaced(GOOD.sealed, 0, bytes(80))}],
    ids=["salt", "sealed shares"],
)
def test_the_proof_of_the_ephemeral_key_is_bound_to_the_whole_deal(change: dict[str, Any]) -> None:
    refused(InvalidProof, "linear relation", GOOD.model_copy(update=change))


def test_the_proof_of_the_ephemeral_key_is_bound_to_the_run() -> None:
    later = toy_context(part=1)
    deal = deal_with(later, 2, POLYNOMIALS, Y)
    earlier = reprove(CONTEXT, deal)
    refused(InvalidProof, "linear relation", earlier, later)


# -- what the recipient checks ----------------------------------------------------------------------


def shares_refused(match: str, deal: Deal, trustee: int = 4, secret: int = 1004) -> None:
    checked = check(CONTEXT, deal)
    with pytest.raises(InvalidShare, match=match):
        open_deal_shares(CONTEXT, checked, trustee, secret)


def resealed(*shares: int, trustee: int = 4) -> Deal:
    """GOOD, but with these integers (32 bytes each) sealed for a trustee."""
    binding = digest_of_coefficients(CONTEXT, 2, [list(row) for row in GOOD.coefficients])
    plaintext = b"".join(share.to_bytes(32, "big") for share in shares)
    sealed = seal_for(CONTEXT, binding, Y, trustee, plaintext)
    return reprove(CONTEXT, GOOD, sealed=replaced(GOOD.sealed, trustee - 1, sealed))


def test_resealing_the_good_shares_gives_a_good_deal() -> None:
    deal = resealed(11 + 4 * 12, 21 + 4 * 22)
    assert open_deal_shares(CONTEXT, check(CONTEXT, deal), 4, 1004) == (59, 109)


def test_garbage_does_not_open() -> None:
    shares_refused("does not open", reprove(CONTEXT, GOOD, sealed=replaced(GOOD.sealed, 3, bytes(80))))


def test_another_trustees_key_opens_nothing() -> None:
    shares_refused("does not open", GOOD, secret=1003)


def test_shares_sealed_for_another_run_or_sharing_do_not_open() -> None:
    """The same y and the same trustee, but another context: not under this key."""
    others = (deal_with(toy_context(part=1), 2, POLYNOMIALS, Y), deal_with(CONTEXT, 1, POLYNOMIALS, Y))
    for other in others:
        shares_refused("does not open", reprove(CONTEXT, GOOD, sealed=other.sealed))


def test_shares_must_be_reduced() -> None:
    order = CONTEXT.pairing.g2.order
    shares_refused("malformed", resealed(59 + order, 109))


def test_shares_must_match_the_coefficients() -> None:
    shares_refused("do not match", resealed(60, 109))
    shares_refused("do not match", resealed(59, 110))


def test_errors_that_cancel_out_in_a_plain_sum_are_seen() -> None:
    shares_refused("do not match", resealed(60, 108))


def test_another_trustees_shares_do_not_match() -> None:
    shares_refused("do not match", resealed(11 + 3 * 12, 21 + 3 * 22))


# -- sizes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("members", "threshold"), [(1, 1), (4, 2), (5, 3), (7, 3), (7, 7)])
def test_max_cohorts_is_how_many_fit(members: int, threshold: int) -> None:
    limit, margin = 60_000, 150  # the margin is for the transaction around the record

    def largest(cohorts: int) -> int:
        context = toy_context(members, threshold, tuple(range(cohorts)))
        keys = [bytes(32), 0, [bytes(96)] * cohorts, [[bytes(96)] * members] * cohorts]
        return max(len(make_deal(context, 1).encode()), len(encode(keys)))

    fitting = max_cohorts(members, threshold, limit)
    assert largest(fitting) <= limit - margin
    assert largest(fitting + 4) > limit - margin
