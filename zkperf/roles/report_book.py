"""A trustee's book of the shares of reports, as `shares` is of ratings: opened and checked as they arrive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from circuits.rating import Bundle, open_shares, share_equations
from circuits.report import Report
from zkperf.errors import InvalidShare
from zkperf.groups.base import Group
from zkperf.ledger.engines.bundles import wrong
from zkperf.ledger.figure_transactions import ReportPosted
from zkperf.ledger.state import FigureRound, Filed, State
from zkperf.ledger.transactions import decode_transaction
from zkperf.proofs.batch import Equation, verify_each
from zkperf.roles.shares import FetchBundles
from zkperf.sharing import Share, sum_shares


@dataclass
class ReportPage:
    """One round's shares, by the digest of their report: by column those that are good."""

    good: dict[bytes, Mapping[int, Share]] = field(default_factory=dict, repr=False)
    bad: dict[bytes, tuple[Report, Bundle]] = field(default_factory=dict, repr=False)


@dataclass
class ReportBook:
    """The shares of trustee ``index``, a page for each round of figures. ``secret`` is t_j."""

    index: int
    group: Group
    secret: int = field(repr=False)
    _pages: defaultdict[bytes, ReportPage] = field(
        default_factory=lambda: defaultdict(ReportPage), repr=False
    )

    def settle(self, state: State, found: FigureRound, fetch: FetchBundles) -> list[bytes]:
        """Opens this trustee's shares of the reports that count so far and are not in the book yet, all as
        one batch, and deletes those of reports that were replaced or struck out.

        Gives the digests of those whose bundle cannot be had, or is not theirs, in order.
        """
        page = self._pages[found.digest]
        counted = {filed.digest: filed for filed in found.counted_below(0)}
        for digest in page.good.keys() - counted.keys():
            del page.good[digest]
        for digest in page.bad.keys() - counted.keys():
            del page.bad[digest]
        missing = [digest for digest in counted if digest not in page.good and digest not in page.bad]
        bundles = fetch(missing) if missing else {}
        there = [counted[digest] for digest in missing if digest in bundles]
        refusals = wrong(state, found, there, [bundles[filed.digest] for filed in there])
        own = [filed for filed, refusal in zip(there, refusals, strict=True) if refusal is None]
        self._open(state, found, own, bundles)
        return sorted(set(missing) - {filed.digest for filed in own})

    def _open(
        self, state: State, found: FigureRound, filed: Sequence[Filed], bundles: Mapping[bytes, bytes]
    ) -> None:
        page = self._pages[found.digest]
        opened: list[tuple[bytes, Mapping[int, Share]]] = []
        equations: list[list[Equation]] = []
        sources: list[tuple[Report, Bundle]] = []
        for item in filed:
            posted = decode_transaction(state.leaf(item.index))
            assert isinstance(posted, ReportPosted)
            report, bundle = posted.report, Bundle.decode(bundles[item.digest])
            columns = list(item.columns)
            keys = [found.key(column) for column in columns]
            # D = t_j·Y
            shared = self.group.msm([self.secret], [self.group.decode(report.ephemeral)])
            sealed = bundle.sealed[self.index - 1]
            try:
                shares = open_shares(self.group, keys, state.ledger, report, self.index, shared, sealed)
            except InvalidShare:
                page.bad[item.digest] = (report, bundle)
                continue
            rows = [item.columns[column] for column in columns]
            commitments, coefficients = [row[0] for row in rows], [row[1] for row in rows]
            equations.append(share_equations(keys, commitments, coefficients, self.index, shares))
            opened.append((item.digest, dict(zip(columns, shares, strict=True))))
            sources.append((report, bundle))
        culprits = set(verify_each(self.group, equations))
        for place, (digest, by_column) in enumerate(opened):
            if place in culprits:
                page.bad[digest] = sources[place]
            else:
                page.good[digest] = by_column

    def bad(self, found: FigureRound) -> list[tuple[bytes, Report, Bundle]]:
        """Reports that count so far and whose share is bad, with their digests: to be complained about."""
        bad = self._pages[found.digest].bad
        counted = [filed.digest for filed in found.counted_below(0)] if bad else []
        return [(digest, *bad[digest]) for digest in counted if digest in bad]

    def sum(self, found: FigureRound, column: int, unit: int) -> Share:
        """Σ of this trustee's shares of a column over the reports pooled below a unit.

        Raises InvalidShare if it has no good share of one of them.
        """
        good, shares = self._pages[found.digest].good, []
        for filed in found.contributors(found.indicator_of(column), unit):
            if filed.digest not in good:
                raise InvalidShare(f"trustee {self.index} has no good share of a counted report")
            shares.append(good[filed.digest][column])
        return sum_shares(self.group.order, shares)

    def forget(self, found: FigureRound) -> None:
        """Deletes the shares of a round of which everything that may be published is opened."""
        self._pages.pop(found.digest, None)
