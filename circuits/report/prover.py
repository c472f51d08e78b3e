"""Making a report: commit, share, seal, and prove, in this order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from circuits.claims import Opening
from circuits.rating import Bundle, seal_shares
from circuits.report.core import Report, ReportContext, ReportForm
from zkperf.errors import InputError
from zkperf.groups.base import Group
from zkperf.proofs.committed import prove
from zkperf.proofs.intervals import figure_key
from zkperf.randomness import RandomBytes, system
from zkperf.sharing import deal


def build_report(
    group: Group,
    form: ReportForm,
    context: ReportContext,
    trustees: Sequence[Any],
    sequence: int,
    figures: Mapping[int, int],
    source: RandomBytes = system,
) -> tuple[Report, Bundle, dict[int, Opening]]:
    """A report of these ``figures``, by place of the indicator, its bundle of sealed shares, and the
    openings of the figures' commitments, which the provider keeps for claims and auditors.

    Raises InputError, naming the indicator but no value, for one that is out of its range or does not
    exist, and for no figures at all. ValueError if ``trustees`` are not as many as they should be.
    """
    if len(trustees) != context.members:
        raise ValueError(f"expected the keys of {context.members} trustees, got {len(trustees)}")
    check_figures(form, figures)
    reported = tuple(sorted(figures))
    columns = form.columns(reported)
    first = len(form.scheme.indicators)
    values = [figures[k] for k in reported]
    for column in columns[len(reported) :]:
        k = form.bits[column - first]
        values.append(form.at_target(k, figures[k]))
    key = figure_key(group)
    openings, commitments, coefficients, shares = [], [], [], []
    for value in values:
        # V_k = v_k·G + r_k·H
        commitment, r = key.commit_random([value % group.order], source)
        e_q, shares_q = deal(key, [value % group.order], r, context.threshold, context.members, source)
        openings.append(Opening(value, r))
        commitments.append(commitment)
        coefficients.append(tuple(group.encode(element) for element in e_q))
        shares.append(shares_q)
    y = group.random_nonzero_scalar(source)
    ephemeral = y * group.generator
    unsealed = Report(
        round=context.round,
        unit=context.unit,
        sequence=sequence,
        reported=reported,
        ephemeral=group.encode(ephemeral),
        commitments=tuple(group.encode(commitment) for commitment in commitments),
        coefficients=tuple(coefficients),
        digest=bytes(32),
        proof=b"",
    )
    bundle, digest = seal_shares(group, context.ledger, unsealed, trustees, y, shares, source)
    unproved = unsealed.model_copy(update={"digest": digest})
    statement = form.state(reported, values)
    blindings = [opening.blinding for opening in openings]
    bound = unproved.bind(context)
    proof = prove(group, statement, commitments, blindings, bound, [(ephemeral, y)], source)
    kept = dict(zip(reported, openings, strict=False))
    return unproved.model_copy(update={"proof": proof}), bundle, kept


def check_figures(form: ReportForm, figures: Mapping[int, int]) -> None:
    """Raises InputError, naming the indicator but no value, unless these figures can be reported."""
    if not figures:
        raise InputError("there is no figure to report")
    for k, value in figures.items():
        if not 0 <= k < len(form.scheme.indicators):
            raise InputError(f"there is no indicator {k}")
        indicator = form.scheme.indicators[k]
        if not indicator.min <= value <= indicator.max:
            raise InputError(f"indicator {indicator.id!r}: the figure is out of its range")
