"""The statement `report`: one provider's figures of one period, in their ranges, shared among the trustees.

    PK{ (v, r, b, s, y):  V_k = v_k·G + r_k·H,  min_k <= v_k <= max_k     for each reported indicator k,
                          B_k = b_k·G + s_k·H,  b_k ∈ {0, 1},
                          b_k = 1 if v_k is at its target, else 0         for those that have a bit,
                          Y = y·B }

`core` holds what is written and the form that a scheme gives it, `prover` makes a report, `verifier` checks
many. Shares are those of ratings (`circuits.rating.shares`), one value for each commitment.
"""

from __future__ import annotations

from circuits.report.bits import asked_bits
from circuits.report.core import DecodedReport, Report, ReportContext, ReportForm, decode_report
from circuits.report.prover import build_report, check_figures
from circuits.report.verifier import verify_reports

__all__ = [
    "DecodedReport",
    "Report",
    "ReportContext",
    "ReportForm",
    "asked_bits",
    "build_report",
    "check_figures",
    "decode_report",
    "verify_reports",
]
