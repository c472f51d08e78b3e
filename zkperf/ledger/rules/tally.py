"""The tally: the counted set is fixed once, sums are checked, totals open (protocol, sections 7 and 8)."""

from __future__ import annotations

from zkperf.errors import InvalidOpening, InvalidShare
from zkperf.ledger.disclosure import disclose, totals
from zkperf.ledger.rules.common import find_either, require, require_trustee
from zkperf.ledger.rules.draining import CHECK as COUNTED_SET
from zkperf.ledger.rules.draining import require_this_log
from zkperf.ledger.rules.figures.pools import expected_columns, fix_reports, settle_bits
from zkperf.ledger.state import FigureRound, Phase, Round, State, Tallied
from zkperf.ledger.transactions import Checked, SumsPosted, set_digest
from zkperf.sharing import Share, check_share, interpolate

CHECK = "openings"


def process_checked(state: State, checked: Checked) -> None:
    """A trustee is through with its shares. When all are, the counted set is fixed."""
    require_trustee(state, checked, checked.trustee, COUNTED_SET)
    found = find_either(state, checked.round, COUNTED_SET, Phase.CHECKING)
    require(checked.trustee not in found.checked, COUNTED_SET, "this member has said so already")
    require_this_log(state, found, checked)
    found.checked.add(checked.trustee)
    if len(found.checked) == state.members:
        fix_counted_set(found)


def fix_counted_set(found: Round | FigureRound) -> None:
    """The counted set and, from it, what may be published: neither ever changes again."""
    found.counted_digest = set_digest(entry.digest for entry in found.counted_below(0))
    if isinstance(found, FigureRound):
        fix_reports(found)
        return
    leaf_numbers = {unit: cohort.counted for unit, cohort in found.cohorts.items()}
    found.numbers = totals(found.tree, leaf_numbers)
    found.publication = disclose(found.tree, found.numbers, found.opened.min_cohort)
    found.phase = Phase.SUMMING
    if not found.publication.published:
        found.phase = Phase.OPENED


def expected_sums(found: Round | FigureRound) -> list[tuple[int, int]]:
    """The (commitment, unit) pairs to be opened in the present stage, in order."""
    if isinstance(found, FigureRound):
        return expected_columns(found)
    assert found.publication is not None
    if found.phase is Phase.SUMMING:
        return [(0, unit) for unit in found.publication.published]
    return [(q, unit) for q, publication in sorted(found.optional.items()) for unit in publication.published]


def process_sums(state: State, posted: SumsPosted) -> None:
    """A trustee's sums, each checked against the commitments. The first t open the totals."""
    require_trustee(state, posted, posted.trustee, CHECK)
    found = find_either(state, posted.round, CHECK, Phase.SUMMING, Phase.TOTALLING)
    stage = 0 if found.phase is Phase.SUMMING else 1
    require(posted.stage == stage, CHECK, f"the round is at stage {stage}, not {posted.stage}")
    require(posted.trustee not in found.sums, CHECK, "this member has posted its sums already")
    require(
        posted.counted == found.counted_digest,
        COUNTED_SET,
        "these are the sums of another counted set",
    )
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


def check_sum(state: State, found: Tallied, q: int, unit: int, trustee: int, share: Share) -> None:
    """Com_G(Σ F(j); Σ g(j)) = ΣC + Σ_k j^k·ΣE_k, or InvalidOpening."""
    commitment, coefficients = found.summed(q, unit)
    try:
        check_share(found.key(q), commitment, coefficients, trustee, share)
    except InvalidShare as error:
        name = found.opened.units[unit].name
        raise InvalidOpening(f"member {trustee}'s sum for unit {name!r}: {error}") from None


def open_totals(state: State, found: Round | FigureRound) -> None:
    """t valid sums give (Σw, Σr) by interpolation; that opens ΣC, which is checked once more."""
    group = state.commitment_group
    for q, unit in expected_sums(found):
        opening = interpolate(group.order, {j: sums[q, unit] for j, sums in found.sums.items()})
        commitment, _ = found.summed(q, unit)
        found.key(q).verify_opening(commitment, opening.values, opening.blinding)
        found.openings[q, unit] = opening
    found.sums = {}
    if isinstance(found, FigureRound):
        settle_bits(found)
    elif found.phase is Phase.SUMMING:
        settle_optional_questions(found)
    else:
        found.phase = Phase.OPENED


def settle_optional_questions(found: Round) -> None:
    """The rule of section 8 again, for each optional question, on the numbers of those who answered it."""
    layout, publication = found.scheme.layout, found.publication
    assert publication is not None
    for q in range(1, len(layout.commitments)):
        answered = {
            unit: layout.answered(q, found.openings[0, unit].values) for unit in publication.published
        }
        found.optional[q] = disclose(found.tree, answered, found.opened.min_cohort, before=publication)
    pending = any(allowed.published for allowed in found.optional.values())
    found.phase = Phase.TOTALLING if pending else Phase.OPENED
