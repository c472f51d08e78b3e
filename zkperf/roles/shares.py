"""A trustee's book of shares: opened and checked as ratings arrive, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from circuits.rating import (
    Bundle,
    Core,
    DecodedCore,
    decode_core,
    open_shares,
    share_equations,
)
from zkperf.errors import InvalidShare, RuleViolation
from zkperf.groups.base import Group
from zkperf.ledger.state import Round, State
from zkperf.ledger.transactions import decode_transaction, encode_transaction
from zkperf.proofs.batch import Equation, verify_each
from zkperf.sharing import Share

FetchBundles = Callable[[Sequence[bytes]], dict[bytes, bytes]]
"""Digests of ratings to their bundles: how a trustee asks again for what it has lost."""


@dataclass
class ShareBook:
    """The shares of trustee ``index``, by the digest of their rating. ``secret`` is t_j."""

    index: int
    group: Group
    secret: int = field(repr=False)
    _good: dict[bytes, tuple[Share, ...]] = field(default_factory=dict, repr=False)
    _bad: dict[bytes, tuple[Core, Bundle]] = field(default_factory=dict, repr=False)

    def receive(self, state: State, ratings: Sequence[tuple[Core, Bundle]]) -> None:
        """Opens this trustee's share of each rating and checks all of them as one batch."""
        opened: list[tuple[bytes, Core, Bundle, tuple[Share, ...]]] = []
        equations: list[list[Equation]] = []
        for core, bundle in ratings:
            digest = sha256(encode_transaction(core)).digest()
            scheme = state.rounds[core.round].scheme
            decoded = decode_core(self.group, scheme.layout, state.rules.threshold, core)
            try:
                shares = self._open(state, core, decoded, bundle)
            except InvalidShare:
                self._bad[digest] = (core, bundle)
                continue
            opened.append((digest, core, bundle, shares))
            equations.append(
                share_equations(scheme.keys, decoded.commitments, decoded.coefficients, self.index, shares)
            )
        culprits = set(verify_each(self.group, equations))
        for place, (digest, core, bundle, shares) in enumerate(opened):
            if place in culprits:
                self._bad[digest] = (core, bundle)
            else:
                self._good[digest] = shares

    def fetch_missing(self, state: State, found: Round, fetch: FetchBundles) -> None:
        """Asks again for the bundles of counted ratings that are not in the book, after a restart say.

        Raises RuleViolation if some cannot be had: the trustee then cannot say that it has checked.
        """
        missing = {
            rating.digest: rating.index
            for cohort in found.cohorts.values()
            for rating in cohort.ratings.values()
            if not rating.struck and rating.digest not in self._good and rating.digest not in self._bad
        }
        if not missing:
            return
        bundles = fetch(list(missing))
        if len(bundles) < len(missing):
            lost = len(missing) - len(bundles)
            raise RuleViolation(f"the sealed shares of {lost} ratings cannot be had", check="counted set")
        pairs = []
        for digest, index in missing.items():
            core = decode_transaction(state.leaf(index))
            assert isinstance(core, Core)
            pairs.append((core, Bundle.decode(bundles[digest])))
        self.receive(state, pairs)

    def bad_on_log(self, found: Round) -> list[tuple[Core, Bundle]]:
        """Ratings on the log, not struck out yet, whose share is bad: to be complained about."""
        if not self._bad:
            return []
        return [
            self._bad[rating.digest]
            for cohort in found.cohorts.values()
            for rating in cohort.ratings.values()
            if not rating.struck and rating.digest in self._bad
        ]

    def share(self, digest: bytes, q: int) -> Share:
        """This trustee's good share of commitment q of a rating. KeyError if it has none."""
        return self._good[digest][q]

    def forget(self, found: Round) -> None:
        """Deletes the shares of a round whose results are published."""
        for cohort in found.cohorts.values():
            for rating in cohort.ratings.values():
                self._good.pop(rating.digest, None)
                self._bad.pop(rating.digest, None)

    def _open(self, state: State, core: Core, decoded: DecodedCore, bundle: Bundle) -> tuple[Share, ...]:
        keys = state.rounds[core.round].scheme.keys
        # D = t_j·Y
        point = self.group.msm([self.secret], [decoded.ephemeral])
        sealed = bundle.sealed[self.index - 1]
        return open_shares(self.group, keys, state.ledger, core, self.index, point, sealed)
