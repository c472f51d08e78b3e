"""The whole way, on a check of the project that has a test of its own."""

from __future__ import annotations

import sys

import pytest

from tests.mutants.apply import install, module_name
from tests.mutants.find import Mutant, all_mutants
from tests.mutants.record import Recording
from tests.mutants.trial import TrialError, Verdict, trial

FILE = "zkperf/sealing.py"
TELLS = "tests/test_sealing.py::test_a_salt_has_64_bytes[63]"
PASSES = "tests/test_sealing.py::test_shares_round_trip"


def the_check_of_salts() -> Mutant:
    [mutant] = [m for m in all_mutants([FILE]) if m.check == "len(salt) != SALT_SIZE"]
    return mutant


def recording(mutant: Mutant, *tests: str) -> Recording:
    return Recording(dict.fromkeys(tests, 0.1), {FILE: {mutant.line: frozenset(tests)}}, ())


def test_a_test_tells() -> None:
    mutant = the_check_of_salts()
    assert trial(mutant, recording(mutant, PASSES, TELLS)) == Verdict(mutant, TELLS)


def test_no_test_tells() -> None:
    mutant = the_check_of_salts()
    assert trial(mutant, recording(mutant, PASSES)) == Verdict(mutant, None)


def test_a_module_that_has_changed_since_is_not_tried() -> None:
    mutant = the_check_of_salts()
    other = Mutant(**{**vars(mutant), "source": "0" * 64})
    with pytest.raises(TrialError, match="has changed since"):
        trial(other, recording(mutant, TELLS))


def test_modules_by_file() -> None:
    assert module_name("zkperf/ledger/rules/__init__.py") == "zkperf.ledger.rules"
    assert module_name(FILE) == "zkperf.sealing"


def test_a_module_that_is_imported_is_not_changed() -> None:
    import zkperf.sealing

    before = list(sys.meta_path)
    with pytest.raises(RuntimeError, match=f"{zkperf.sealing.__name__} is imported already"):
        install(f"{FILE}:0")
    assert sys.meta_path == before
