"""What is measured is what a ledger would take: rounds, ratings and blocks made for the benchmarks."""

from __future__ import annotations

import pickle

import pytest

from benchmarks.cohort import FIVE, LONG, Form
from benchmarks.known import KnownRound, Made
from circuits.rating import Bundle, check_bundle
from zkperf._native import RatingLeaf
from zkperf.errors import InvalidToken
from zkperf.ledger.rules.verification import verify_ratings
from zkperf.ledger.state import Committed


@pytest.mark.parametrize("form", [FIVE, LONG], ids=lambda form: form.name)
@pytest.mark.parametrize("suite", ["ristretto255", "P-256"])
def test_ratings_of_a_known_round_are_valid(form: Form, suite: str) -> None:
    known = KnownRound.create(form, suite=suite, services=2)
    made = list(known.ratings(3))
    assert [item.core.unit for item in made] == [1, 2, 1]
    assert all(isinstance(verdict, Committed) for verdict in verdicts(known, made))
    layout, group = known.found.scheme.layout, known.state.commitment_group
    for item in made:
        check_bundle(group, layout, item.core, Bundle.decode(item.bundle), known.state.members)
        assert suite != "ristretto255" or len(item.leaf) <= form.core_bytes


def test_a_known_round_is_the_same_in_another_process() -> None:
    known = KnownRound.create(FIVE, members=4, threshold=2)
    made = list(known.ratings(1))
    there: KnownRound = pickle.loads(pickle.dumps(known.sent()))
    assert (there.parameters, there.found.digest) == (known.parameters, known.found.digest)
    assert all(isinstance(verdict, Committed) for verdict in verdicts(there, made))
    other = KnownRound.create(FIVE, members=4, threshold=2)
    [verdict] = verdicts(KnownRound(FIVE, known.leaves, other.secrets, known.sealing), made)
    assert isinstance(verdict, InvalidToken)


def test_secrets_of_a_known_round_are_not_shown() -> None:
    known = KnownRound.create(FIVE)
    assert str(known.secrets[1]) not in repr(known) and str(known.sealing[0]) not in repr(known)


def verdicts(known: KnownRound, made: list[Made]) -> list[object]:
    return list(verify_ratings(known.state, [RatingLeaf(item.leaf) for item in made]))
