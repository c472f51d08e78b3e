"""A trustee's book of shares: opened and checked as ratings arrive, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from circuits.rating import (
    Bundle,
    Core,
    DecodedCore,
    check_bundle,
    decode_core,
    open_shares,
    share_equations,
)
from zkperf.errors import InvalidShare, RuleViolation
from zkperf.groups.base import Group
from zkperf.ledger.state import Accepted, Round, State
from zkperf.ledger.transactions import decode_transaction, encode_transaction
from zkperf.proofs.batch import Equation, verify_each
from zkperf.sharing import Share

FetchBundles = Callable[[Sequence[bytes]], dict[bytes, bytes]]
"""Digests of ratings to their bundles: how a trustee asks again for what it has lost."""


@dataclass
class Page:
    """One round's shares, by the digest of their rating."""

    good: dict[bytes, tuple[Share, ...]] = field(default_factory=dict, repr=False)
    bad: dict[bytes, tuple[Core, Bundle]] = field(default_factory=dict, repr=False)


@dataclass
class ShareBook:
    """The shares of trustee ``index``, a page for each round. ``secret`` is t_j."""

    index: int
    group: Group
    secret: int = field(repr=False)
    _pages: defaultdict[bytes, Page] = field(default_factory=lambda: defaultdict(Page), repr=False)

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
                self._pages[core.round].bad[digest] = (core, bundle)
                continue
            opened.append((digest, core, bundle, shares))
            equations.append(
                share_equations(scheme.keys, decoded.commitments, decoded.coefficients, self.index, shares)
            )
        culprits = set(verify_each(self.group, equations))
        for place, (digest, core, bundle, shares) in enumerate(opened):
            page = self._pages[core.round]
            if place in culprits:
                page.bad[digest] = (core, bundle)
            else:
                page.good[digest] = shares

    def settle(self, state: State, found: Round, fetch: FetchBundles) -> None:
        """After close: deletes the shares of ratings that were replaced or struck out, and asks again for
        the bundles of those that count and are not in the book, after a restart say.

        Raises RuleViolation if some cannot be had: the trustee then cannot say that it has checked.
        """
        page, counted = self._pages[found.digest], {rating.digest: rating for rating in _counted(found)}
        for book in (page.good, page.bad):
            for digest in book.keys() - counted.keys():
                del book[digest]
        missing = counted.keys() - page.good.keys() - page.bad.keys()
        bundles = fetch(list(missing)) if missing else {}
        pairs = []
        for digest in missing & bundles.keys():
            core = decode_transaction(state.leaf(counted[digest].index))
            assert isinstance(core, Core)
            bundle = Bundle.decode(bundles[digest])
            # Nobody would believe a complaint about a bundle that is not the rating's own.
            check_bundle(self.group, found.scheme.layout, core, bundle, state.members)
            pairs.append((core, bundle))
        self.receive(state, pairs)
        if len(pairs) < len(missing):
            lost = len(missing) - len(pairs)
            raise RuleViolation(f"the sealed shares of {lost} ratings cannot be had", check="counted set")

    def bad_on_log(self, found: Round) -> list[tuple[Core, Bundle]]:
        """Ratings on the log, not struck out yet, whose share is bad: to be complained about."""
        bad = self._pages[found.digest].bad
        return [bad[rating.digest] for rating in _counted(found) if rating.digest in bad] if bad else []

    def share(self, found: Round, digest: bytes, q: int) -> Share:
        """This trustee's good share of commitment q of a rating. InvalidShare if it has none."""
        good = self._pages[found.digest].good
        if digest not in good:
            raise InvalidShare(f"trustee {self.index} has no good share of a counted rating")
        return good[digest][q]

    def forget(self, found: Round) -> None:
        """Deletes the shares of a round of which everything that may be published is opened."""
        self._pages.pop(found.digest, None)

    def _open(self, state: State, core: Core, decoded: DecodedCore, bundle: Bundle) -> tuple[Share, ...]:
        keys = state.rounds[core.round].scheme.keys
        # D = t_j·Y
        point = self.group.msm([self.secret], [decoded.ephemeral])
        sealed = bundle.sealed[self.index - 1]
        return open_shares(self.group, keys, state.ledger, core, self.index, point, sealed)


def _counted(found: Round) -> Iterator[Accepted]:
    """The ratings that count so far: on the log, not replaced, not struck out."""
    for cohort in found.cohorts.values():
        for rating in cohort.ratings.values():
            if not rating.struck:
                yield rating
