"""A trustee's book of shares: opened and checked as ratings arrive, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from circuits.rating import (
    Bundle,
    Core,
    check_bundle,
    decode_core,
    open_shares,
    share_equations,
)
from zkperf._native import RatingLeaf, ShareOpener
from zkperf.errors import InvalidShare, RuleViolation
from zkperf.groups.base import Group
from zkperf.ledger.state import Round, State
from zkperf.ledger.transactions import decode_transaction, encode_transaction
from zkperf.proofs.batch import Equation, verify_each
from zkperf.sealing import decode_shares
from zkperf.sharing import Share

FetchBundles = Callable[[Sequence[bytes]], dict[bytes, bytes]]
"""Digests of ratings to their bundles: how a trustee asks again for what it has lost."""


class Sealed(NamedTuple):
    """A rating with its bundle, and its leaf."""

    core: Core
    bundle: Bundle
    leaf: bytes


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
        """Opens this trustee's share of each rating and checks all of a round's as one batch.

        Raises EncodingError or InvalidShare, and takes none, if a bundle is not its rating's.
        """
        by_round: dict[bytes, list[Sealed]] = {}
        for core, bundle in ratings:
            # Nobody would believe a complaint about a bundle that is not the rating's own.
            layout = state.rounds[core.round].scheme.layout
            check_bundle(self.group, layout, core, bundle, state.members)
            sealed = Sealed(core, bundle, encode_transaction(core))
            by_round.setdefault(core.round, []).append(sealed)
        for round_id, items in by_round.items():
            found, page = state.rounds[round_id], self._pages[round_id]
            task = self._open_readably if found.verifier is None else self._open_in_kernel
            for (core, bundle, leaf), shares in zip(items, task(state, found, items), strict=True):
                digest = sha256(leaf).digest()
                if shares is None:
                    page.bad[digest] = (core, bundle)
                else:
                    page.good[digest] = shares

    def settle(self, state: State, found: Round, fetch: FetchBundles) -> None:
        """After close: deletes the shares of ratings that were replaced or struck out, and asks again for
        the bundles of those that count and are not in the book, after a restart say.

        Raises RuleViolation if some cannot be had: the trustee then cannot say that it has checked.
        """
        page, counted = (
            self._pages[found.digest],
            {rating.digest: rating for rating in found.counted_below(0)},
        )
        for book in (page.good, page.bad):
            for digest in book.keys() - counted.keys():
                del book[digest]
        missing = counted.keys() - page.good.keys() - page.bad.keys()
        bundles = fetch(list(missing)) if missing else {}
        pairs = []
        for digest in missing & bundles.keys():
            core = decode_transaction(state.leaf(counted[digest].index))
            assert isinstance(core, Core)
            pairs.append((core, Bundle.decode(bundles[digest])))
        self.receive(state, pairs)
        if len(pairs) < len(missing):
            lost = len(missing) - len(pairs)
            raise RuleViolation(f"the sealed shares of {lost} ratings cannot be had", check="counted set")

    def bad_on_log(self, found: Round) -> list[tuple[Core, Bundle]]:
        """Ratings on the log, not struck out yet, whose share is bad: to be complained about."""
        bad = self._pages[found.digest].bad
        return (
            [bad[rating.digest] for rating in found.counted_below(0) if rating.digest in bad] if bad else []
        )

    def share(self, found: Round, digest: bytes, q: int) -> Share:
        """This trustee's good share of commitment q of a rating. InvalidShare if it has none."""
        good = self._pages[found.digest].good
        if digest not in good:
            raise InvalidShare(f"trustee {self.index} has no good share of a counted rating")
        return good[digest][q]

    def forget(self, found: Round) -> None:
        """Deletes the shares of a round of which everything that may be published is opened."""
        self._pages.pop(found.digest, None)

    # -- opening: the readable definition and the kernel, held to the same by a test ---------------

    def _open_readably(
        self, state: State, found: Round, items: Sequence[Sealed]
    ) -> list[tuple[Share, ...] | None]:
        """The good shares of each rating of one round, None where they are bad."""
        scheme = found.scheme
        opened: list[tuple[Share, ...] | None] = []
        equations: list[list[Equation]] = []
        places: list[int] = []
        for place, (core, bundle, _) in enumerate(items):
            decoded = decode_core(self.group, scheme.layout, state.rules.threshold, core)
            # D = t_j·Y
            point = self.group.msm([self.secret], [decoded.ephemeral])
            sealed = bundle.sealed[self.index - 1]
            try:
                shares = open_shares(self.group, scheme.keys, state.ledger, core, self.index, point, sealed)
            except InvalidShare:
                opened.append(None)
                continue
            opened.append(shares)
            places.append(place)
            equations.append(
                share_equations(scheme.keys, decoded.commitments, decoded.coefficients, self.index, shares)
            )
        for culprit in verify_each(self.group, equations):
            opened[places[culprit]] = None
        return opened

    def _open_in_kernel(
        self, state: State, found: Round, items: Sequence[Sealed]
    ) -> list[tuple[Share, ...] | None]:
        leaves = [RatingLeaf(item.leaf) for item in items]
        ratings = found.verifier.decode(leaves)
        sealed = [item.bundle.sealed[self.index - 1] for item in items]
        opener = ShareOpener(self.index, self.group.encode_scalar(self.secret))
        lengths = [len(key.generators) for key in found.scheme.keys]
        return [
            None if plaintext is None else decode_shares(self.group, plaintext, lengths)
            for plaintext in opener.open(found.verifier, leaves, ratings, sealed)
        ]
