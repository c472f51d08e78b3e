"""Distributed generation of the cohorts' keys: what a dealer deals, and how it is checked.

One run serves many cohorts c at once, each with polynomials of its own; no cohort's key is ever derived
from another's. Dealer i draws a_{c,0} … a_{c,t-1}, publishes A_{c,k} = a_{c,k}·g2 (exactly t for each
cohort) and gives trustee j the shares s_{j,c} = Σ_k j^k·a_{c,k}, sealed. Everything is public on the ledger:

1. every dealer posts a `DealCommitment`, and only when all have (or the time is over)
2. its `Deal`, which everybody checks with `check_deal_public`;
3. each trustee opens its shares with `open_deal_shares` and proves a bad one (`dealing_complaint`);
4. the keys follow from the deals that are left (`keys`).

The sealed shares stay on a public ledger. That costs no privacy: they carry shares of signing keys, never
answers, and the blindness of tokens does not rest on any key being secret.

Sources: Pedersen, EUROCRYPT '91, and Feldman, FOCS '87, for sharing and checking; Ristenpart and Yilek,
EUROCRYPT 2007, for proofs of possession.
"""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from circuits.possession import prove_possession, verify_possession
from zkperf import sealing
from zkperf.encoding import Bytes32, Bytes48, Bytes96, Record, Sequence, Uint, encode
from zkperf.errors import EncodingError, InvalidOpening, InvalidProof, InvalidShare, InvalidToken
from zkperf.groups.base import Group
from zkperf.groups.pairing import Pairing
from zkperf.proofs.batch import WEIGHT_BOUND
from zkperf.randomness import RandomBytes, system, uniform_nonzero

POSSESSION_DST = b"ZKPERF-V01-possession-BLS12381G1_XMD:SHA-256_SSWU_RO_"


@dataclass(frozen=True)
class KeygenContext:
    """What is fixed before a run: everything here is bound into every message of the run."""

    pairing: Pairing
    group: Group
    """The suite's group, in which the trustees' keys are."""
    ledger: bytes
    round: bytes
    cohorts: tuple[int, ...]
    """The units whose keys are made, in the order in which all messages list them."""
    threshold: int
    trustees: tuple[Any, ...]
    """T_1 … T_n."""
    part: int = 0
    """A round with more cohorts than fit into one log entry has several runs, numbered from 0."""

    def __post_init__(self) -> None:
        if not 1 <= self.threshold <= self.members:
            raise ValueError(f"expected a threshold from 1 to {self.members}, got {self.threshold}")
        if not self.cohorts or len(set(self.cohorts)) != len(self.cohorts):
            raise ValueError("expected at least one cohort, each once")

    @property
    def members(self) -> int:
        """n."""
        return len(self.trustees)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 over all of it: 32 bytes."""
        trustees = [self.group.encode(trustee) for trustee in self.trustees]
        names = ["zkperf/v1/key-generation", self.pairing.name, self.group.name]
        place = [self.ledger, self.round, self.part]
        return sha256(encode([*names, *place, list(self.cohorts), self.threshold, trustees])).digest()


class DealCommitment(Record):
    """A dealer binds itself to a deal before it sees any other."""

    round: Bytes32
    part: Uint
    dealer: Uint
    digest: Bytes32
    """`commitment_digest`: hiding because of the deal's salt, binding because SHA-256 is."""


class Deal(Record):
    """What one dealer contributes to the keys of every cohort of the run."""

    round: Bytes32
    part: Uint
    dealer: Uint
    """i, from 1 to n."""
    salt: Bytes32
    ephemeral: bytes
    """Y = y·B in the suite's group, fresh for this deal."""
    knowledge: bytes
    """Proof of knowledge of y, bound to everything else in the deal."""
    coefficients: Sequence[Sequence[Bytes96]]
    """Per cohort A_{c,0} … A_{c,t-1} in G2."""
    possession: Sequence[Bytes48]
    """Per cohort a_{c,0}·Q in G1, where Q is hashed from the context, i and all coefficients."""
    sealed: Sequence[bytes]
    """Per trustee j its shares s_{j,c} for all cohorts, 32 bytes each, sealed under y·T_j."""


@dataclass(frozen=True)
class CheckedDeal:
    """A deal that passed `check_deal_public`, with its elements decoded."""

    deal: Deal
    digest: bytes
    """What the dealer had committed to: names this deal and no other."""
    binding: bytes
    """`coefficients_digest`."""
    ephemeral: Any
    coefficients: tuple[tuple[Any, ...], ...]


def max_cohorts(members: int, threshold: int, limit: int) -> int:
    """How many cohorts one run may have, so that each of its records has at most ``limit`` bytes."""
    deal = 1 + 98 * threshold + 50 + 32 * members  # per cohort: coefficients, possession, shares
    keys = 98 + 1 + 98 * members  # per cohort: its key and the trustees'
    return (limit - 500 - 19 * members) // max(deal, keys)


# -- digests ----------------------------------------------------------------------------------------


def commitment_digest(context: KeygenContext, deal: Deal) -> bytes:
    """SHA-256 of a label, the context and the whole deal, with its 32 random bytes of salt."""
    return sha256(b"zkperf/v1/deal" + context.digest + deal.encode()).digest()


def coefficients_digest(context: KeygenContext, dealer: int, coefficients: Ordered[Ordered[bytes]]) -> bytes:
    """SHA-256 over the context, the dealer and its A_{c,k}: what its sharing is identified by."""
    return sha256(encode([context.digest, dealer, [list(row) for row in coefficients]])).digest()


def _possession_point(pairing: Pairing, binding: bytes) -> Any:
    """Q in G1. One for all cohorts of a deal, so that two pairings check all of the deal's proofs."""
    return pairing.g1.hash_to_element(binding, POSSESSION_DST)


def _sealing_context(binding: bytes, trustee: int) -> bytes:
    return encode(["zkperf/v1/key-shares", binding, trustee])


def _knowledge_context(context: KeygenContext, deal: Deal) -> bytes:
    """Everything in the deal but the proof itself."""
    rest = deal.model_copy(update={"knowledge": b""})
    return sha256(b"zkperf/v1/deal-knowledge" + context.digest + rest.encode()).digest()


# -- dealing ----------------------------------------------------------------------------------------


def make_deal(context: KeygenContext, dealer: int, source: RandomBytes = system) -> Deal:
    """A fresh deal of dealer i. It holds shares for every trustee, the dealer itself included, so nothing
    else is to be kept; y and the polynomials are gone when this returns. Secret until all have committed.
    """
    if not 1 <= dealer <= context.members:
        raise ValueError(f"expected a dealer from 1 to {context.members}, got {dealer}")
    pairing, order = context.pairing, context.pairing.g2.order
    # Never 0, because the identity has no encoding.
    polynomials = [
        [pairing.g2.random_nonzero_scalar(source) for _ in range(context.threshold)] for _ in context.cohorts
    ]
    # A_{c,k} = a_{c,k}·g2
    coefficients = tuple(
        tuple(pairing.g2.encode(pairing.g2.msm([a], [pairing.g2.generator])) for a in polynomial)
        for polynomial in polynomials
    )
    binding = coefficients_digest(context, dealer, coefficients)
    q_point = _possession_point(pairing, binding)
    y = context.group.random_nonzero_scalar(source)
    ephemeral = context.group.msm([y], [context.group.generator])
    sealed = []
    for j, trustee in enumerate(context.trustees, start=1):
        # s_{j,c} = Σ_k j^k·a_{c,k}
        shares = [sum(j**k * a for k, a in enumerate(polynomial)) % order for polynomial in polynomials]
        plaintext = b"".join(pairing.g2.encode_scalar(share) for share in shares)
        sealed.append(sealing.seal(context.group, y, trustee, _sealing_context(binding, j), plaintext))
    draft = Deal(
        round=context.round,
        part=context.part,
        dealer=dealer,
        salt=source(32),
        ephemeral=context.group.encode(ephemeral),
        knowledge=b"",
        coefficients=coefficients,
        possession=tuple(
            pairing.g1.encode(pairing.g1.msm([polynomial[0]], [q_point])) for polynomial in polynomials
        ),
        sealed=tuple(sealed),
    )
    knowledge = prove_possession(context.group, y, ephemeral, _knowledge_context(context, draft), source)
    return draft.model_copy(update={"knowledge": knowledge})


def commit(context: KeygenContext, deal: Deal) -> DealCommitment:
    """What a dealer posts first."""
    return DealCommitment(
        round=context.round, part=context.part, dealer=deal.dealer, digest=commitment_digest(context, deal)
    )


# -- checking ---------------------------------------------------------------------------------------


def check_deal_public(
    context: KeygenContext, digest: bytes, deal: Deal, source: RandomBytes = system
) -> CheckedDeal:
    """What everybody checks of a deal; ``digest`` is what its dealer has committed to.

    Raises EncodingError for a deal of another run, of the wrong shape or with undecodable elements,
    InvalidOpening if it is not what was committed to, InvalidProof if the dealer does not prove that it
    knows y and every a_{c,0}.
    """
    _check_shape(context, deal)
    if commitment_digest(context, deal) != digest:
        raise InvalidOpening(f"deal of member {deal.dealer}: not the deal that it committed to")
    pairing = context.pairing
    ephemeral = context.group.decode(deal.ephemeral)
    flat = pairing.g2.decode_many(point for row in deal.coefficients for point in row)
    t = context.threshold
    coefficients = tuple(tuple(flat[at : at + t]) for at in range(0, len(flat), t))
    possessions = pairing.g1.decode_many(deal.possession)
    binding = coefficients_digest(context, deal.dealer, deal.coefficients)

    bound = min(WEIGHT_BOUND, pairing.g1.order)
    weights = [uniform_nonzero(bound, source) for _ in context.cohorts]
    # e(Σ w_c·(a_{c,0}·Q), -g2) · e(Q, Σ w_c·A_{c,0}) = 1
    try:
        pairing.check(
            [
                (pairing.g1.msm_public(weights, possessions), -pairing.g2.generator),
                (
                    _possession_point(pairing, binding),
                    pairing.g2.msm_public(weights, [row[0] for row in coefficients]),
                ),
            ]
        )
    except InvalidToken:
        raise InvalidProof(f"deal of member {deal.dealer}: a proof of possession does not hold") from None
    verify_possession(context.group, ephemeral, _knowledge_context(context, deal), deal.knowledge)
    return CheckedDeal(deal, digest, binding, ephemeral, coefficients)


def _check_shape(context: KeygenContext, deal: Deal) -> None:
    def require(good: bool, problem: str) -> None:
        if not good:
            raise EncodingError(f"deal of member {deal.dealer}: {problem}")

    cohorts, members = len(context.cohorts), context.members
    require((deal.round, deal.part) == (context.round, context.part), "it is for another run")
    require(1 <= deal.dealer <= members, f"expected a dealer from 1 to {members}")
    require(len(deal.coefficients) == cohorts, f"expected coefficients for {cohorts} cohorts")
    # One coefficient too many would raise the threshold above t for good.
    exactly_t = all(len(row) == context.threshold for row in deal.coefficients)
    require(exactly_t, f"expected exactly {context.threshold} coefficients for each cohort")
    require(len(deal.possession) == cohorts, f"expected {cohorts} proofs of possession")
    require(len(deal.sealed) == members, f"expected sealed shares for {members} trustees")
    size = cohorts * context.pairing.g2.scalar_size + sealing.TAG_SIZE
    require(all(len(item) == size for item in deal.sealed), f"expected sealed shares of {size} bytes")


def open_deal_shares(
    context: KeygenContext, checked: CheckedDeal, trustee: int, secret: int, source: RandomBytes = system
) -> tuple[int, ...]:
    """Trustee j's shares s_{j,c} in the order of the cohorts; ``secret`` is t_j.

    Raises InvalidShare if they do not open, are malformed or do not match the coefficients: the trustee
    then posts a complaint.
    """
    # D = t_j·Y
    shared = context.group.msm([secret], [checked.ephemeral])
    return open_with(context, checked, trustee, shared, source)


def open_with(
    context: KeygenContext, checked: CheckedDeal, trustee: int, shared: Any, source: RandomBytes = system
) -> tuple[int, ...]:
    """The same for whoever has been shown D = t_j·Y."""
    group = context.pairing.g2
    sealed = checked.deal.sealed[trustee - 1]
    plaintext = sealing.open_sealed(context.group, shared, _sealing_context(checked.binding, trustee), sealed)
    size = group.scalar_size
    try:
        shares = tuple(
            group.decode_scalar(plaintext[at : at + size]) for at in range(0, len(plaintext), size)
        )
    except EncodingError as error:
        raise InvalidShare(f"a key share of trustee {trustee} is malformed: {error}") from None
    bound = min(WEIGHT_BOUND, group.order)
    weights = [uniform_nonzero(bound, source) for _ in shares]
    powers = [pow(trustee, k, group.order) for k in range(context.threshold)]
    # Σ_c w_c·s_{j,c}·g2 = Σ_c Σ_k w_c·j^k·A_{c,k}; the left side is secret, the right side is not.
    combined = sum(weight * share for weight, share in zip(weights, shares, strict=True)) % group.order
    expected = group.msm_public(
        [weight * power % group.order for weight in weights for power in powers],
        [point for row in checked.coefficients for point in row],
    )
    if group.msm([combined], [group.generator]) != expected:
        raise InvalidShare(f"the key shares of trustee {trustee} do not match the dealer's coefficients")
    return shares
