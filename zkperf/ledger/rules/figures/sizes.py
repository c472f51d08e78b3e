"""Whether everything that a round of figures may have to post can be written: found out beforehand."""

from __future__ import annotations

from collections.abc import Sequence

from circuits.indicators import IndicatorScheme
from zkperf.errors import RuleViolation
from zkperf.ledger.figure_transactions import FiguresPublished, Place, Pool, PoolUnit
from zkperf.ledger.rules.genesis import MAX_MEMBERS
from zkperf.ledger.signed import NO_SIGNATURE
from zkperf.ledger.transactions import MAX_TRANSACTION, NodeSum, SumsPosted, encode_transaction

CHECK = "rounds"
LARGEST_TOTAL = 2**63 - 1
LONGEST_MEAN = f"{-(2**63)}.000000"


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
            public=True,
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
                pools=pools,
            )
            for unit in inner
        ),
    )
    return len(encode_transaction(posted))
