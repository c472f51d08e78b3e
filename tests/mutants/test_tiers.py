import pytest

from tests.mutants.find import Mutant
from tests.mutants.record import Recording
from tests.mutants.tiers import mirrored, tiers


@pytest.mark.parametrize(
    ("module", "test"),
    [
        ("zkperf/sharing.py", "tests/test_sharing.py"),
        ("zkperf/proofs/batch.py", "tests/proofs/test_batch.py"),
        ("circuits/rating/core.py", "tests/circuits/rating/test_core.py"),
    ],
)
def test_mirrored(module: str, test: str) -> None:
    assert mirrored(module) == test


def test_own_tests_first_and_the_quickest_of_them() -> None:
    own, near, far = "tests/proofs/test_batch.py", "tests/proofs/test_linear.py", "tests/test_world.py"
    seconds = {
        f"{near}::idle": 0.1,
        f"{own}::fresh": 0.15,
        f"{own}::quick": 0.2,
        f"{far}::runs": 0.3,
        f"{own}::slow": 0.4,
        f"{far}::idle": 0.6,
    }
    lines = {
        "zkperf/proofs/batch.py": {
            7: frozenset({f"{own}::slow", f"{far}::runs"}),
            8: frozenset({f"{own}::quick"}),
            9: frozenset({f"{far}::idle"}),
        }
    }
    mutant = Mutant("zkperf/proofs/batch.py", "", 0, "if", "f", 7, (7, 8), "a", "never refuses")
    assert tiers(mutant, Recording(seconds, lines, ())) == [
        [f"{own}::quick", f"{own}::slow", f"{own}::fresh"],
        [f"{far}::runs"],
        [f"{near}::idle"],
    ]


def test_the_kernels_lines_are_not_recorded() -> None:
    seconds = {"tests/test_world.py::a": 0.1, "tests/groups/test_kernel.py::b": 0.2}
    mutant = Mutant("native/src/bls.rs", "", 0, "if", "f", 7, (7, 7), "a", "never refuses")
    assert tiers(mutant, Recording(seconds, {}, ())) == [[test] for test in reversed(seconds)]
