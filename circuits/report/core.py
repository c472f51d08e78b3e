"""What a report is on the wire, and the form that a scheme gives it in one period."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from circuits.indicators import IndicatorScheme
from circuits.report.bits import asked_bits
from zkperf.encoding import Bytes32, Record, Sequence, Uint, encode
from zkperf.errors import EncodingError
from zkperf.groups.base import Group
from zkperf.proofs.committed import Statement

WORDS = (8, 16, 32, 64)


@dataclass(frozen=True)
class ReportContext:
    """Everything public that a report is made for."""

    ledger: bytes
    scheme: bytes
    """The scheme's digest."""
    round: bytes
    unit: int
    provider: bytes
    """The key that signs it."""
    threshold: int
    members: int


class Report(Record):
    """One provider's figures of one period. Elements are encoded in the ledger's commitment group."""

    round: Bytes32
    unit: Uint
    sequence: Uint
    """0, and one more for each correction."""
    reported: Sequence[Uint]
    """Which indicators are reported, ascending. The others are missing, publicly."""
    ephemeral: bytes
    """Y = y·B."""
    commitments: Sequence[bytes]
    """V_k of each reported indicator, then B_k of those of them that have a bit."""
    coefficients: Sequence[Sequence[bytes]]
    """E_{q,1} … E_{q,t-1} for each commitment."""
    digest: Bytes32
    """d, of the bundle of sealed shares."""
    proof: bytes

    @property
    def sealed_for(self) -> tuple[str, list[Any]]:
        """What its shares are sealed for: a label, and the fields that say whose and which it is."""
        named = [self.round, self.unit, list(self.reported), self.ephemeral, self.sequence]
        return "zkperf report share", named

    def bind(self, context: ReportContext) -> bytes:
        """The context of its proof: what it is for, and every field but the proof."""
        here = [context.ledger, context.scheme, context.provider, context.threshold, context.members]
        return encode(["zkperf/v1/report", *here, *self.to_array()[:-1]])


@dataclass(frozen=True, eq=False)
class ReportForm:
    """What can be reported in a period: columns 0, 1, … are the indicators' values, then come the bits.

    A bit says whether the value is at the indicator's target; `asked_bits` says which indicators have one.
    """

    scheme: IndicatorScheme
    period: str
    _statements: dict[tuple[int, ...], Statement] = field(default_factory=dict, repr=False)

    @cached_property
    def bits(self) -> tuple[int, ...]:
        """The indicators that have a bit, ascending."""
        return asked_bits(self.scheme, self.period)

    @cached_property
    def width(self) -> int:
        """n: every indicator's max - min is below 2^n."""
        longest = max(indicator.max - indicator.min for indicator in self.scheme.indicators)
        return next(word for word in WORDS if longest < 2**word)

    def columns(self, reported: SequenceOf[int]) -> tuple[int, ...]:
        """The columns of a report's commitments, in their order."""
        first = len(self.scheme.indicators)
        return (*reported, *(first + place for place, k in enumerate(self.bits) if k in reported))

    def at_target(self, k: int, value: int) -> int:
        """The bit of indicator k for this value."""
        indicator = self.scheme.indicators[k]
        target = indicator.target(self.period)
        assert target is not None
        return int(value >= target if indicator.better == "higher" else value <= target)

    def statement(self, reported: tuple[int, ...]) -> Statement:
        """What a report of these indicators proves, as its verifier writes it down."""
        if reported not in self._statements:
            self._statements[reported] = self.state(reported, None)
        return self._statements[reported]

    def state(self, reported: tuple[int, ...], values: SequenceOf[int] | None) -> Statement:
        """The same; the prover gives the values of its commitments."""
        columns = self.columns(reported)
        s = Statement([None] * len(columns), values, keys=1)
        figures = {}
        for place, k in enumerate(reported):
            indicator = self.scheme.indicators[k]
            # min <= v_k <= max
            figures[k] = s.between(s.figure(place), indicator.min, indicator.max)
        for place, column in enumerate(columns[len(reported) :], len(reported)):
            k = self.bits[column - len(self.scheme.indicators)]
            indicator = self.scheme.indicators[k]
            target = indicator.target(self.period)
            assert target is not None
            # b_k = 1 where v_k >= target (or <= target), else 0
            gain = figures[k] - target if indicator.better == "higher" else target - figures[k]
            s.sign(gain, s.figure(place), self.width)
        return s


@dataclass(frozen=True)
class DecodedReport:
    """A report's elements: Y, and the commitments that sums, shares and claims are about."""

    ephemeral: Any
    columns: tuple[int, ...]
    commitments: tuple[Any, ...]
    coefficients: tuple[tuple[Any, ...], ...]


def decode_report(group: Group, form: ReportForm, threshold: int, report: Report) -> DecodedReport:
    """The elements of a report of this form.

    Raises EncodingError for indicators that do not exist, are out of order or none at all, for other
    counts, and for anything that is not the canonical encoding of an element.
    """
    reported = report.reported
    if not reported or list(reported) != sorted(set(reported)):
        raise EncodingError("report: expected one or more indicators, ascending")
    if reported[-1] >= len(form.scheme.indicators):
        raise EncodingError(f"report: there is no indicator {reported[-1]}")
    columns, degree = form.columns(reported), threshold - 1
    if len(report.commitments) != len(columns):
        raise EncodingError(f"report: expected {len(columns)} commitments, got {len(report.commitments)}")
    if [len(row) for row in report.coefficients] != [degree] * len(columns):
        raise EncodingError(f"report: expected {degree} coefficients for each of {len(columns)} commitments")
    encoded = [report.ephemeral, *report.commitments, *(item for row in report.coefficients for item in row)]
    try:
        ephemeral, *rest = group.decode_many(encoded)
    except EncodingError as error:
        raise EncodingError(f"report: {error}") from None
    count = len(columns)
    rows = tuple(tuple(rest[count + q * degree : count + (q + 1) * degree]) for q in range(count))
    return DecodedReport(ephemeral, columns, tuple(rest[:count]), rows)
