"""The cohorts' keys, as they follow from the deals that qualified."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Ordered
from typing import Any

from zkperf.encoding import Bytes32, Bytes96, Record, Sequence, Uint
from zkperf.errors import InvalidToken, RuleViolation
from zkperf.groups.base import Group
from zkperf.tokens.keygen import CheckedDeal, KeygenContext


class CohortKeys(Record):
    """The public keys of every cohort of a run, in the order of the run's cohorts."""

    round: Bytes32
    part: Uint
    keys: Sequence[Bytes96]
    """Per cohort K_c = k_c·g2: tokens verify under it."""
    shares: Sequence[Sequence[Bytes96]]
    """Per cohort K_{1,c} … K_{n,c}, K_{j,c} = k_{j,c}·g2: trustee j's signature shares verify under it."""


def cohort_keys(context: KeygenContext, qualified: Ordered[CheckedDeal]) -> CohortKeys:
    """The keys that follow from the qualified deals, whatever their order.

    Raises RuleViolation if there are fewer than t deals, of different dealers: at most t-1 members are
    corrupted, so among t dealers is an honest one, and its randomness is in every key. Raises InvalidToken
    if a key is the identity.
    """
    dealers = {checked.deal.dealer for checked in qualified}
    if len(dealers) != len(qualified):
        raise RuleViolation("a dealer's deal is counted twice", check="key generation")
    if len(dealers) < context.threshold:
        raise RuleViolation(
            f"expected at least {context.threshold} qualified deals, got {len(dealers)}",
            check="key generation",
        )
    group = context.pairing.g2
    keys: list[bytes] = []
    shares: list[tuple[bytes, ...]] = []
    for index, cohort in enumerate(context.cohorts):
        # B_k = Σ_i A_{i,c,k}
        columns = zip(*(checked.coefficients[index] for checked in qualified), strict=True)
        sums = [_sum(group, column) for column in columns]
        # K_c = B_0
        keys.append(_encode(group, sums[0], f"the key of cohort {cohort}"))
        row = []
        for j in range(1, context.members + 1):
            # K_{j,c} = Σ_k j^k·B_k = B_0 + j·(B_1 + j·(…)); adding j times is faster than multiplying
            value = sums[-1]
            for coefficient in reversed(sums[:-1]):
                value = _sum(group, [value] * j) + coefficient
            row.append(_encode(group, value, f"the key of trustee {j} for cohort {cohort}"))
        shares.append(tuple(row))
    return CohortKeys(round=context.round, part=context.part, keys=tuple(keys), shares=tuple(shares))


def secret_keys(context: KeygenContext, shares: Iterable[Ordered[int]]) -> tuple[int, ...]:
    """A trustee's k_{j,c} per cohort, from the shares that `open_deal_shares` gave it, one row for each
    qualified dealer."""
    # k_{j,c} = Σ_i s_{i,j,c}
    return tuple(sum(column) % context.pairing.g2.order for column in zip(*shares, strict=True))


def _sum(group: Group, elements: Ordered[Any]) -> Any:
    return sum(elements, start=group.identity)


def _encode(group: Group, key: Any, what: str) -> bytes:
    if key == group.identity:
        raise InvalidToken(f"{what} is the identity")
    return group.encode(key)
