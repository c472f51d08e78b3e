"""Perfect hiding, shown: a report on the ledger can be explained by any other figures.

In the toy group logarithms are known, so a test can take a report and any other figures in their ranges,
solve for the randomness, and see the real prover write the very same bytes. The digest d is taken as given.
"""

from __future__ import annotations

from typing import Any

import pytest

from circuits.rating import Bundle
from circuits.report import Report, build_report, prover
from circuits.report.core import ReportForm
from tests.circuits.claims.world import INDICATORS, PERIOD, indicator, scheme
from tests.circuits.report.world import World
from tests.proofs.test_bits import opening, replay
from tests.toygroup import TOY
from zkperf.commitments import CommitmentKey
from zkperf.proofs import linear
from zkperf.proofs.bits import Bits
from zkperf.proofs.committed import _bind, _range_context, _tag
from zkperf.proofs.digits import decompose, digits
from zkperf.proofs.intervals import IntervalClaim, figure_key

Q, KEY = TOY.order, figure_key(TOY)
SCHEME = scheme(indicators=(INDICATORS[0], indicator("more", max=50)))


def values_of(form: ReportForm, figures: dict[int, int]) -> list[int]:
    return [figures[0], figures[1], form.at_target(0, figures[0])]


def explain(world: World, report: Report, figures: dict[int, int]) -> list[int]:
    """All scalars that the prover draws, in its order, to write ``report`` for ``figures``."""
    form = world.form
    decoded = world.accepted(report)
    values = values_of(form, figures)
    blindings = [opening(KEY, c, [v]) for c, v in zip(decoded.commitments, values, strict=True)]
    draws = []
    for r, row in zip(blindings, decoded.coefficients, strict=True):
        draws.append(r)
        for element in row:
            phi = TOY.random_scalar()
            draws += [phi, opening(KEY, element, [phi])]
    y = decoded.ephemeral.log
    draws.append(y - 1)
    statement = form.state(report.reported, values)
    context = report.bind(world.context)
    bound = _bind(TOY, statement, report.commitments, [decoded.ephemeral], context)
    relation = statement.relation(TOY, decoded.commitments, [decoded.ephemeral])
    assert relation is not None
    at = linear.size(relation)
    _, e, responses = linear._decode(relation, report.proof[:at], _tag(TOY, bound))
    witness = statement.witness(Q, blindings, [y])
    # z = k + e·s
    draws += [(z - e * s) % Q for z, s in zip(responses, witness, strict=True)]
    claim = IntervalClaim(
        _range_context(bound, report.proof[:at]),
        tuple(statement.intervals),
        decoded.commitments,
        report.proof[at:],
    )
    return draws + explain_bits(claim, values, blindings)


def explain_bits(claim: IntervalClaim, values: list[int], blindings: list[int]) -> list[int]:
    e = Bits(TOY).equations(claim)[0].scalars[0]
    size, count = TOY.scalar_size, len(claim.intervals)
    items = [claim.proof[at : at + size] for at in range(0, len(claim.proof), size)]
    u_point, v_point = (TOY.decode(item) for item in items[count : count + 2])
    scalars = [TOY.decode_scalar(item) for item in items[count + 2 :]]
    b = [bit for item in claim.intervals for bit in decompose(item.form.value(values), digits(item.span))]
    f, z, z_u = scalars[: len(b)], scalars[len(b) : -1], scalars[-1]
    a = [(f_i - e * b_i) % Q for f_i, b_i in zip(f, b, strict=True)]
    masks = [
        (z_k - e * item.form.blinding(blindings)) % Q for z_k, item in zip(z, claim.intervals, strict=True)
    ]
    auxiliary = CommitmentKey.derive(TOY, "auxiliary", 2 * len(b))
    u = opening(auxiliary, u_point, [*b, *(a_i * (1 - 2 * b_i) for a_i, b_i in zip(a, b, strict=True))])
    v = opening(auxiliary, v_point, [*a, *(-a_i * a_i for a_i in a)])
    assert (z_u - e * u - v) % Q == 0
    return [*a, *masks, u, v]


@pytest.mark.parametrize("secret", [{0: 200, 1: 7}, {0: 0, 1: 50}])
def test_any_other_figures_explain_it(secret: dict[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also figures on the other side of the target."""
    world = World(TOY, SCHEME, PERIOD)
    report, _, _ = world.report(secret)
    for other in ({0: 189, 1: 0}, {0: 190, 1: 31}, {0: 300, 1: 50}):
        source = replay(explain(world, report, other))

        def given(*arguments: Any) -> tuple[Bundle, bytes]:
            return Bundle(salts=(), sealed=()), report.digest

        with monkeypatch.context() as patch:
            patch.setattr(prover, "seal_shares", given)
            rebuilt, _, _ = build_report(TOY, world.form, world.context, world.trustees, 0, other, source)
        assert rebuilt == report
        with pytest.raises(StopIteration):
            source(1)
