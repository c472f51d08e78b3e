"""What is true of a provider's own figures: what it can prove, and with which outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from circuits.claims.catalogue import KINDS, Asked, claim_at, index_outcome, is_made, needs, state_claim
from circuits.claims.kinds import Grades, Need, Setting
from zkperf.errors import InvalidProof
from zkperf.proofs.committed import DoesNotHold


def figures_of(setting: Setting, number: int, value: Callable[[Need], int | None]) -> list[int] | None:
    """The figures that a claim is about; None if one is not reported, or the claim is not made."""
    claim = claim_at(setting.scheme, number)
    if not is_made(setting, claim):
        return None
    found = [value(need) for need in needs(setting, number)]
    return None if None in found else [figure for figure in found if figure is not None]


def truths(setting: Setting, value: Callable[[Need], int | None]) -> dict[int, int | None]:
    """The claims that hold, by number, with what each would publish: of a grade that is its place.

    ``value`` gives a figure that a claim needs, or None where it is not reported.
    """
    scheme = setting.scheme
    found: dict[int, int | None] = {}
    for number in range(len(scheme.claims) + (scheme.index is not None)):
        figures = figures_of(setting, number, value)
        if figures is not None:
            outcome = _outcome(setting, number, figures)
            if _holds(setting, number, outcome, figures):
                found[number] = outcome
    return found


def _outcome(setting: Setting, number: int, figures: Sequence[int]) -> int | None:
    """What a claim of these figures publishes, if anything: the index, or the total of `parts`."""
    scheme = setting.scheme
    if number == len(scheme.claims):
        return index_outcome(setting, figures)
    claim = scheme.claims[number]
    if not KINDS[claim.kind].publishes(claim):
        return None
    scales = [scheme.named(name).scale for name in claim.indicators]
    total = 0
    for scale, figure in zip(scales, figures, strict=True):
        total += 10 ** (max(scales) - scale) * figure
    return total


def _holds(setting: Setting, number: int, outcome: int | None, figures: Sequence[int]) -> bool:
    index = setting.scheme.index
    graded = number == len(setting.scheme.claims) and index is not None and index.publish == "grade"
    try:
        published = Grades(outcome, outcome) if graded and outcome is not None else outcome
        state_claim(Asked(setting, number, published), figures)
    except (DoesNotHold, InvalidProof):
        # InvalidProof: a total that is to be published is not in the range that the scheme gives it.
        return False
    return True
