"""A trustee's book of shares: opened and checked as ratings arrive, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from circuits.rating import (
    Bundle,
    Core,
    check_bundle,
    decode_core,
    open_shares,
    share_equations,
)
from zkperf._native import RatingLeaf, ShareOpener, sum_scalars
from zkperf.encoding import Record
from zkperf.errors import InvalidShare, RuleViolation
from zkperf.groups.base import Group
from zkperf.ledger.engines.door import check_bundles
from zkperf.ledger.state import Round, State, Tallied
from zkperf.ledger.transactions import decode_transaction
from zkperf.proofs.batch import Equation, verify_each
from zkperf.sealing import decode_shares, encode_shares
from zkperf.sharing import Share, sum_shares

Sealed = tuple[RatingLeaf, bytes]
"""A rating and its encoded bundle."""

FetchBundles = Callable[[Sequence[bytes]], dict[bytes, bytes]]
"""Digests of ratings to their bundles: how a trustee asks again for what it has lost."""

Settle = Callable[[], list[bytes]]
"""Brings a book up to date; the entries whose bundle cannot be had, or is not theirs."""

Complaints = Callable[[], Iterable[Record]]
"""About bad shares of entries on the log."""


def require_all(found: Tallied, lost: Sequence[bytes]) -> None:
    """RuleViolation, naming the first leaf, if there are such bundles: then nothing can be summed."""
    if lost:
        first = min(found.entries[digest][1].index for digest in lost)
        more = f" and of {len(lost) - 1} more" if len(lost) > 1 else ""
        raise RuleViolation(
            f"the bundle of leaf {first}{more} is missing or damaged: restore it from a copy",
            check="counted set",
        )


@dataclass(slots=True)
class Opened:
    """This trustee's good shares of one rating, as they were sealed: scalars one after the other."""

    plaintext: bytes = field(repr=False)


@dataclass
class Page:
    """One round's shares, by the digest of their rating."""

    good: dict[bytes, Opened] = field(default_factory=dict, repr=False)
    bad: dict[bytes, Sealed] = field(default_factory=dict, repr=False)


@dataclass
class ShareBook:
    """The shares of trustee ``index``, a page for each round. ``secret`` is t_j."""

    index: int
    group: Group
    secret: int = field(repr=False)
    _pages: defaultdict[bytes, Page] = field(default_factory=lambda: defaultdict(Page), repr=False)

    def receive(self, state: State, ratings: Sequence[Sealed]) -> None:
        """Opens this trustee's share of each rating and checks all of a round's as one batch.

        The ratings have been verified. Raises EncodingError or InvalidShare, and takes none, if a bundle is
        not its rating's: nobody would believe a complaint about it.
        """
        by_round: dict[bytes, list[Sealed]] = {}
        for sealed in ratings:
            by_round.setdefault(sealed[0].round, []).append(sealed)
        opened = {round_id: self._open(state, round_id, items) for round_id, items in by_round.items()}
        for round_id, items in by_round.items():
            page = self._pages[round_id]
            for sealed, plaintext in zip(items, opened[round_id], strict=True):
                digest = sealed[0].digest
                if plaintext is None:
                    page.bad[digest] = sealed
                else:
                    page.good[digest] = Opened(plaintext)

    def settle(self, state: State, found: Round, fetch: FetchBundles) -> list[bytes]:
        """After close: deletes the shares of ratings that were replaced or struck out, and asks again for
        the bundles of those that count and are not in the book, after a restart say.

        Gives the digests of those whose bundle cannot be had, or is not theirs, in order.
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
        pairs = [
            (RatingLeaf(state.leaf(counted[digest].index)), bundles[digest])
            for digest in missing & bundles.keys()
        ]
        refusals = check_bundles(state, found, pairs)
        own = [sealed for sealed, refusal in zip(pairs, refusals, strict=True) if refusal is None]
        self.receive(state, own)
        return sorted(missing - {leaf.digest for leaf, _ in own})

    def bad_on_log(self, found: Round) -> list[tuple[Core, Bundle]]:
        """Ratings on the log, not struck out yet, whose share is bad: to be complained about."""
        bad = self._pages[found.digest].bad
        if not bad:
            return []
        return [_read(bad[rating.digest]) for rating in found.counted_below(0) if rating.digest in bad]

    def total(self, found: Round, digests: Iterable[bytes], q: int) -> Share:
        """The sum of this trustee's shares of commitment q of ratings, at least one: its share of their sum.

        Raises InvalidShare if it has no good share of one of them.
        """
        good, plaintexts = self._pages[found.digest].good, []
        for digest in digests:
            if digest not in good:
                raise InvalidShare(f"trustee {self.index} has no good share of a counted rating")
            plaintexts.append(good[digest].plaintext)
        lengths = [len(key.generators) for key in found.scheme.keys]
        if found.verifier is None:
            shares = (decode_shares(self.group, plaintext, lengths)[q] for plaintext in plaintexts)
            return sum_shares(self.group.order, shares)
        return decode_shares(self.group, sum_scalars(plaintexts), lengths)[q]

    def forget(self, found: Round) -> None:
        """Deletes the shares of a round of which everything that may be published is opened."""
        self._pages.pop(found.digest, None)

    # -- opening: the readable definition and the kernel, held to the same by a test ---------------

    def _open(self, state: State, round_id: bytes, items: Sequence[Sealed]) -> list[bytes | None]:
        """The good shares of each rating of one round, None where they are bad."""
        found = state.rounds[round_id]
        if found.verifier is None:
            return self._open_readably(state, found, [_read(sealed) for sealed in items])
        return ShareOpener(self.index, self.group.encode_scalar(self.secret)).open(found.verifier, items)

    def _open_readably(
        self, state: State, found: Round, items: Sequence[tuple[Core, Bundle]]
    ) -> list[bytes | None]:
        scheme = found.scheme
        for core, bundle in items:
            check_bundle(self.group, scheme.layout, core, bundle, state.members)
        opened: list[bytes | None] = []
        equations: list[list[Equation]] = []
        places: list[int] = []
        for place, (core, bundle) in enumerate(items):
            decoded = decode_core(self.group, scheme.layout, state.rules.threshold, core)
            # D = t_j·Y
            point = self.group.msm([self.secret], [decoded.ephemeral])
            sealed = bundle.sealed[self.index - 1]
            try:
                shares = open_shares(self.group, scheme.keys, state.ledger, core, self.index, point, sealed)
            except InvalidShare:
                opened.append(None)
                continue
            opened.append(encode_shares(self.group, shares))
            places.append(place)
            equations.append(
                share_equations(scheme.keys, decoded.commitments, decoded.coefficients, self.index, shares)
            )
        for culprit in verify_each(self.group, equations):
            opened[places[culprit]] = None
        return opened


def _read(sealed: Sealed) -> tuple[Core, Bundle]:
    leaf, bundle = sealed
    core: Any = decode_transaction(leaf.data)
    return core, Bundle.decode(bundle)
