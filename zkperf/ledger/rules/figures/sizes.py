"""Whether everything that a round of figures may have to post can be written: found out beforehand.

What a provider posts depends on the ledger and the scheme alone: on group, threshold and corrections, which
the genesis fixes, on indicators, claims and the periods that the scheme names. So a scheme that does not fit
is refused when it is posted. What members post depends on the tree as well: that is found out when a round
opens.
"""

from __future__ import annotations

from collections.abc import Sequence

from circuits.claims import KINDS, claim_at, longest_proof
from circuits.indicators import IndicatorScheme
from circuits.report import Report, ReportForm
from zkperf.errors import InputError, RuleViolation
from zkperf.groups.base import Group
from zkperf.ledger.figure_transactions import (
    ClaimsPosted,
    FiguresPublished,
    Place,
    Pool,
    PoolUnit,
    Proven,
    ReportPosted,
)
from zkperf.ledger.rules.genesis import MAX_MEMBERS
from zkperf.ledger.rules.sizes import LARGEST_TOTAL, LONGEST_MEAN, MAX_UNIT
from zkperf.ledger.signed import NO_SIGNATURE
from zkperf.ledger.transactions import MAX_TRANSACTION, NodeSum, SumsPosted, encode_transaction

CHECK = "rounds"


def check_room(group: Group, threshold: int, max_sequence: int, scheme: IndicatorScheme) -> None:
    """InputError unless the largest report and the largest posting of claims of one provider fit into
    transactions on a ledger with these rules. The scheme has to be a good one."""
    report = max(_report(group, threshold, max_sequence, scheme, period) for period in scheme.periods)
    if report > MAX_TRANSACTION:
        raise InputError(
            f"a report of all {len(scheme.indicators)} indicators would have {report:,} bytes, and a "
            f"transaction has at most {MAX_TRANSACTION:,}: split the scheme"
        )
    claims = _claims(group, scheme)
    if claims > MAX_TRANSACTION:
        raise InputError(
            f"a provider's claims could have {claims:,} bytes, and a transaction has at most "
            f"{MAX_TRANSACTION:,}: leave out some of the {len(scheme.claims)} claims"
        )


def _report(group: Group, threshold: int, max_sequence: int, scheme: IndicatorScheme, period: str) -> int:
    """Bytes of the last correction of a report of everything: one of less has fewer and shorter parts."""
    form = ReportForm(scheme, period)
    reported = tuple(range(len(scheme.indicators)))
    element = bytes(group.element_size)
    columns = form.columns(reported)
    report = Report(
        round=bytes(32),
        unit=MAX_UNIT,
        sequence=max_sequence,
        reported=reported,
        ephemeral=element,
        commitments=(element,) * len(columns),
        coefficients=((element,) * (threshold - 1),) * len(columns),
        digest=bytes(32),
        proof=bytes(form.statement(reported).size(group)),
    )
    return len(encode_transaction(ReportPosted(signature=NO_SIGNATURE, report=report)))


def _claims(group: Group, scheme: IndicatorScheme) -> int:
    """Bytes of everything that can be claimed at once, or more: not all of it may hold together."""
    numbers = range(len(scheme.claims) + (scheme.index is not None))
    claims = (claim_at(scheme, number) for number in numbers)
    posted = ClaimsPosted(
        signature=NO_SIGNATURE,
        round=bytes(32),
        unit=MAX_UNIT,
        report=bytes(32),
        claims=tuple(
            Proven(
                claim=number,
                outcome=LARGEST_TOTAL if KINDS[claim.kind].publishes(claim) else None,
                proof=bytes(longest_proof(group, scheme, number)),
            )
            for number, claim in enumerate(claims)
        ),
    )
    return len(encode_transaction(posted))


def check_sizes(scheme: IndicatorScheme, units: Sequence[Place]) -> None:
    """RuleViolation unless sums and result fit into transactions, and totals into 64 bits."""
    providers = sum(place.provider is not None for place in units)
    largest = max(max(abs(item.min), abs(item.max)) for item in scheme.indicators)
    if providers * largest > LARGEST_TOTAL:
        raise RuleViolation("the totals could have more than 64 bits", check=CHECK)
    inner = [number for number, place in enumerate(units) if place.provider is None]
    if max(_sums(scheme, inner), _result(scheme, units, inner)) > MAX_TRANSACTION:
        raise RuleViolation(
            f"{len(inner)} groups are too many for {len(scheme.indicators)} indicators: their totals would "
            f"not fit into one transaction of {MAX_TRANSACTION} bytes",
            check=CHECK,
        )


def _sums(scheme: IndicatorScheme, inner: Sequence[int]) -> int:
    columns = range(2 * len(scheme.indicators))
    of_one_stage = columns[len(scheme.indicators) :]
    posted = SumsPosted(
        signature=NO_SIGNATURE,
        round=bytes(32),
        trustee=MAX_MEMBERS,
        stage=1,
        counted=bytes(32),
        sums=tuple(
            NodeSum(commitment=q, unit=unit, values=(bytes(32),), blinding=bytes(32))
            for q in of_one_stage
            for unit in inner
        ),
    )
    return len(encode_transaction(posted))


def _result(scheme: IndicatorScheme, units: Sequence[Place], inner: Sequence[int]) -> int:
    pools = tuple(
        Pool(
            indicator=item.id,
            status="published",
            reason=None,
            count=len(units),
            sum=-(2**63),
            mean=LONGEST_MEAN,
            share="0.000000",
            share_of=len(units),
            share_from="not asked",
        )
        for item in scheme.indicators
    )
    posted = FiguresPublished(
        signature=NO_SIGNATURE,
        round=bytes(32),
        trustee=MAX_MEMBERS,
        units=tuple(
            PoolUnit(
                unit=unit,
                name=units[unit].name,
                status="published",
                reason=None,
                count=len(units),
                lost=len(units),
                pools=pools,
            )
            for unit in inner
        ),
    )
    return len(encode_transaction(posted))
