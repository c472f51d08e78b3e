"""What rounds of figures publish, as the command line prints it in JSON.

Plain dictionaries, so that what tables and pages show is exactly what ``--json`` gives. Decimals are
strings: sums with as many decimals as the indicator's scale, means and shares with six, halves to even.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from zkperf.roles.verdicts import Verdict

Status = Literal["published", "withheld"]


class PoolResult(TypedDict):
    """One indicator in one node. ``count`` is the number of providers pooled, public for withheld ones too.

    ``share_at_target`` is None where the pool is withheld, and where it is not asked who is at the target.
    It is a share of ``share_of`` providers: those of the pool who were asked, and answered.
    ``share_from`` says where it comes from: ``claims`` that everybody makes in public, committed ``bits``,
    or ``not asked``; None for an indicator without a target in the period.
    """

    status: Status
    reason: str | None
    count: int
    sum: str | None
    mean: str | None
    share_at_target: str | None
    share_of: int | None
    share_from: str | None


class NodeResult(TypedDict):
    """A group, or all providers together. Withheld: too few providers report anything at all in it."""

    status: Status
    reason: str | None
    lost: int
    """Reports that fell out because too few members could read their sealed shares."""
    pools: dict[str, PoolResult]


class ProviderResult(TypedDict):
    """What one provider proved. ``grade`` or ``index`` is there if the scheme has one, None for a provider
    that reports too little or has not proved it. With the grade come ``grades``, the best and the worst that
    it may be: two where not every bound was asked, as for "B or better".

    A claim is "not reported" if a figure that it needs is missing, and where it is not made: of an
    indicator without a target in the period, or about the period before the first. It is "not asked" where
    an answer could tell too much, whatever it is, and "nothing posted" of a provider that has sent none.

    ``dropped`` is how often its proofs in this period contradicted what it had left unproved, here or in
    periods before: then none of that counts as false any more.
    """

    grade: NotRequired[str | None]
    grades: NotRequired[list[str] | None]
    index: NotRequired[str | None]
    claims: dict[str, Verdict]
    dropped: int


class PeriodResult(TypedDict):
    """What one round has published. ``compared_with`` is the period that claims of kind ``improved`` compare
    with: that of the round that this one names as the last."""

    rehearsal: bool
    """Nothing of it is for real: the genesis says so."""
    compared_with: str | None
    total: NodeResult
    groups: dict[str, NodeResult]
    providers: dict[str, ProviderResult]


class ReportResult(TypedDict):
    """What ``zkperf report --json`` prints."""

    periods: dict[str, PeriodResult]
