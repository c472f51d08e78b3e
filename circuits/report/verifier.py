"""Checking reports: many are one batch."""

from __future__ import annotations

from collections.abc import Sequence

from circuits.report.core import DecodedReport, Report, ReportContext, ReportForm, decode_report
from zkperf.errors import EncodingError, InvalidProof, ZkperfError, bare
from zkperf.groups.base import Group
from zkperf.proofs.committed import Presented, verify_statements
from zkperf.randomness import RandomBytes, system


def verify_reports(
    group: Group,
    form: ReportForm,
    reports: Sequence[tuple[ReportContext, Report]],
    source: RandomBytes = system,
) -> list[DecodedReport | ZkperfError]:
    """For each report of one round what it commits to, or why it is refused.

    EncodingError if it is malformed, InvalidProof if it is for another round or unit than its context or
    its proof does not hold. Whose it is and whether its sequence number is allowed is for the caller.
    """
    verdicts: list[DecodedReport | ZkperfError] = []
    presented, places = [], []
    for context, report in reports:
        try:
            if (report.round, report.unit) != (context.round, context.unit):
                raise InvalidProof("the report is for another round or unit")
            decoded = decode_report(group, form, context.threshold, report)
        except (EncodingError, InvalidProof) as error:
            verdicts.append(bare(error))
            continue
        places.append(len(verdicts))
        verdicts.append(decoded)
        presented.append(
            Presented(
                form.statement(report.reported),
                decoded.commitments,
                report.commitments,
                (decoded.ephemeral,),
                report.bind(context),
                report.proof,
            )
        )
    for place, verdict in zip(places, verify_statements(group, presented, source), strict=True):
        if verdict is not None:
            verdicts[place] = verdict
    return verdicts
