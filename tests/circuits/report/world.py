"""A round of figures with four trustees, and providers that report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from circuits.claims import Opening
from circuits.indicators import IndicatorScheme
from circuits.rating import Bundle
from circuits.report import DecodedReport, Report, ReportContext, ReportForm, build_report, verify_reports
from tests.circuits.claims.world import PERIOD, claim, scheme
from tests.toygroup import TOY
from zkperf.errors import ZkperfError
from zkperf.groups.base import Group

FIGURES = {0: 200, 1: 2500, 3: 400}
"""Indicator 0 has a bit, 1 a target that is claimed in public, 3 no target; 2 and 4 are missing."""


def care() -> IndicatorScheme:
    return scheme(claim("target", "turnover"))


@dataclass
class World:
    group: Group = TOY
    scheme: IndicatorScheme = field(default_factory=care)
    period: str = PERIOD

    def __post_init__(self) -> None:
        self.form = ReportForm(self.scheme, self.period)
        self.secrets = [self.group.random_nonzero_scalar() for _ in range(4)]
        self.trustees = [secret * self.group.generator for secret in self.secrets]
        self.context = ReportContext(b"L" * 32, b"S" * 32, b"R" * 32, 3, b"P" * 32, threshold=3, members=4)

    def report(self, figures: Mapping[int, int] | None = None) -> tuple[Report, Bundle, dict[int, Opening]]:
        return build_report(
            self.group, self.form, self.context, self.trustees, 0, FIGURES if figures is None else figures
        )

    def verdict(self, report: Report, context: ReportContext | None = None) -> DecodedReport | ZkperfError:
        (verdict,) = verify_reports(self.group, self.form, [(context or self.context, report)])
        return verdict

    def accepted(self, report: Report) -> DecodedReport:
        verdict = self.verdict(report)
        assert isinstance(verdict, DecodedReport), verdict
        return verdict

    def change(self, report: Report, **changes: Any) -> Report:
        return report.model_copy(update=changes)
