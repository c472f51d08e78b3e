"""Transactions of rounds of figures: kinds 18 to 24 (protocol, section 12.7).

Keys, closing, complaints, deadlines and sums of such rounds are the kinds that rounds of ratings have.
"""

from __future__ import annotations

from circuits.indicators import IndicatorScheme
from circuits.report import Report
from zkperf.encoding import Bytes32, Bytes48, Integer, Record, Sequence, Text, Uint
from zkperf.ledger.signed import Signed


class SchemeOfFigures(Signed):
    """A scheme of indicators, published by an evaluator. Its digest is the scheme's identifier."""

    evaluator: Bytes32
    scheme: IndicatorScheme


class Place(Record):
    """A node of a round's tree. Places are listed parents first; place 0 is the root."""

    name: Text
    parent: Uint | None
    provider: Bytes32 | None
    """The key that signs this provider's reports: given for leaves, and only for them."""


class Auditor(Record):
    """Who may attest figures in a round."""

    name: Text
    key: Bytes32


class FiguresOpened(Signed):
    """A scheme applied to a period, with tree, k_min and auditors frozen. Its digest names the round."""

    evaluator: Bytes32
    scheme: Bytes32
    period: Text
    previous: Bytes32 | None
    """The last period's round: whose commitments `improved` is about."""
    ratings: Sequence[Bytes32]
    """Published rounds of ratings, whose means the index takes."""
    min_cohort: Uint
    """k_min: nothing is pooled over fewer providers."""
    units: Sequence[Place]
    auditors: Sequence[Auditor]
    at: Uint
    until: Uint | None
    """The announced end, as in a round of ratings."""


class ReportPosted(Signed):
    """One provider's report, or a correction of it. Its digest is what the report is known by."""

    report: Report

    @property
    def round(self) -> bytes:
        return self.report.round

    @property
    def unit(self) -> int:
        return self.report.unit


class Proven(Record):
    """One claim that holds."""

    claim: Uint
    """Its place in the scheme; the number of claims is the index itself."""
    outcome: Integer | None
    """What it publishes: of the index the place of the grade or step, of `parts` the total."""
    proof: bytes


class ClaimsPosted(Signed):
    """Everything that one provider can claim. What is not in it is not proved."""

    round: Bytes32
    unit: Uint
    report: Bytes32
    """The digest of the report that it is about."""
    claims: Sequence[Proven]


class Pool(Record):
    """One indicator in one unit."""

    indicator: Text
    status: Text
    reason: Text | None
    count: Uint
    """How many providers are pooled."""
    sum: Integer | None
    """In the indicator's scale."""
    mean: Text | None
    share: Text | None
    """At target, of those who were asked."""
    share_of: Uint | None
    """How many were asked."""
    share_from: Text | None
    """``claims`` that everybody makes in public, ``bits`` that reports commit to, or ``not asked``."""


class PoolUnit(Record):
    """What is published of one group: every indicator's pool, and why the group is withheld if it is."""

    unit: Uint
    name: Text
    status: Text
    reason: Text | None
    count: Uint
    """Reports that count."""
    lost: Uint
    """Reports that fell out because too few members could read their bundles."""
    pools: Sequence[Pool]


class FiguresPublished(Signed):
    """The pools of every unit that is no provider. The rules recompute and compare them."""

    round: Bytes32
    trustee: Uint
    units: Sequence[PoolUnit]


class Attested(Signed):
    """An auditor's word that it saw these figures' openings and found them in the books."""

    auditor: Bytes32
    round: Bytes32
    unit: Uint
    report: Bytes32
    indicators: Sequence[Uint]


class DrawShare(Signed):
    """A trustee's share of the signature that the draw is seeded with."""

    round: Bytes32
    trustee: Uint
    share: Bytes48
