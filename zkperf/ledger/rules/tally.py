"""The tally: the counted set is fixed once, sums are checked, totals open (protocol, sections 7 and 8)."""

from __future__ import annotations

from typing import Any

from zkperf.errors import InvalidOpening, InvalidShare
from zkperf.ledger.disclosure import disclose, totals
from zkperf.ledger.rules.common import find_round, require, require_trustee
from zkperf.ledger.state import Phase, Round, State
from zkperf.ledger.transactions import Checked, SumsPosted
from zkperf.sharing import Share, check_share, interpolate

CHECK = "openings"
COUNTED_SET = "counted set"


def process_checked(state: State, checked: Checked) -> None:
    """A trustee is through with its shares. When all are, the counted set is fixed."""
    require_trustee(state, checked, checked.trustee, COUNTED_SET)
    found = find_round(state, checked.round, COUNTED_SET, Phase.DRAINING, Phase.CHECKING)
    require(checked.trustee not in found.checked, COUNTED_SET, "this member has said so already")
    found.phase = Phase.CHECKING
    found.checked.add(checked.trustee)
    if len(found.checked) == state.members:
        fix_counted_set(found)


def fix_counted_set(found: Round) -> None:
    """The counted set and, from it, what may be published: neither ever changes again."""
    leaf_numbers = {unit: cohort.counted for unit, cohort in found.cohorts.items()}
    found.numbers = totals(found.tree, leaf_numbers)
    found.publication = disclose(found.tree, found.numbers, found.opened.min_cohort)
    found.phase = Phase.SUMMING
    if not found.publication.published:
        found.phase = Phase.OPENED


def expected_sums(found: Round) -> list[tuple[int, int]]:
    """The (commitment, unit) pairs to be opened in the present stage, in order."""
    assert found.publication is not None
    if found.phase is Phase.SUMMING:
        return [(0, unit) for unit in found.publication.published]
    return [(q, unit) for q, publication in sorted(found.totals.items()) for unit in publication.published]


def summed_commitments(found: Round, q: int, unit: int) -> tuple[Any, tuple[Any, ...]]:
    """(ΣC_q, (ΣE_{q,1}, …, ΣE_{q,t-1})) over the counted ratings below ``unit``."""
    first, *others = (found.cohort(leaf).sums for leaf in found.tree.below(unit))
    summed = sum(others, first)
    return summed.commitments[q], summed.coefficients[q]


def process_sums(state: State, posted: SumsPosted) -> None:
    """A trustee's sums, each checked against the commitments. The first t open the totals."""
    require_trustee(state, posted, posted.trustee, CHECK)
    found = find_round(state, posted.round, CHECK, Phase.SUMMING, Phase.TOTALLING)
    stage = 0 if found.phase is Phase.SUMMING else 1
    require(posted.stage == stage, CHECK, f"the round is at stage {stage}, not {posted.stage}")
    require(posted.trustee not in found.sums, CHECK, "this member has posted its sums already")
    places = [(item.commitment, item.unit) for item in posted.sums]
    require(
        places == expected_sums(found),
        "disclosure",
        "sums are posted for what may be published, no more, no less",
    )
    group, sums = state.commitment_group, {}
    for item in posted.sums:
        values = tuple(group.decode_scalar(value) for value in item.values)
        share = Share(values, group.decode_scalar(item.blinding))
        check_sum(state, found, item.commitment, item.unit, posted.trustee, share)
        sums[item.commitment, item.unit] = share
    found.sums[posted.trustee] = sums
    if len(found.sums) == state.rules.threshold:
        open_totals(state, found)


def check_sum(state: State, found: Round, q: int, unit: int, trustee: int, share: Share) -> None:
    """Com_G(Σ F(j); Σ g(j)) = ΣC + Σ_k j^k·ΣE_k, or InvalidOpening."""
    commitment, coefficients = summed_commitments(found, q, unit)
    try:
        check_share(found.scheme.keys[q], commitment, coefficients, trustee, share)
    except InvalidShare as error:
        name = found.opened.units[unit].name
        raise InvalidOpening(f"member {trustee}'s sum for unit {name!r}: {error}") from None


def open_totals(state: State, found: Round) -> None:
    """t valid sums give (Σw, Σr) by interpolation; that opens ΣC, which is checked once more."""
    group = state.commitment_group
    for q, unit in expected_sums(found):
        opening = interpolate(group.order, {j: sums[q, unit] for j, sums in found.sums.items()})
        commitment, _ = summed_commitments(found, q, unit)
        found.scheme.keys[q].verify_opening(commitment, opening.values, opening.blinding)
        found.openings[q, unit] = opening
    found.sums = {}
    if found.phase is Phase.SUMMING:
        settle_optional_totals(found)
    else:
        found.phase = Phase.OPENED


def settle_optional_totals(found: Round) -> None:
    """The rule of section 8 again, for each optional total, on the numbers of those who answered it."""
    layout, publication = found.scheme.layout, found.publication
    assert publication is not None
    for q in range(1, len(layout.commitments)):
        answered = {
            unit: layout.answered(q, found.openings[0, unit].values) for unit in publication.published
        }
        found.totals[q] = disclose(found.tree, answered, found.opened.min_cohort, before=publication)
    pending = any(totals.published for totals in found.totals.values())
    found.phase = Phase.TOTALLING if pending else Phase.OPENED
