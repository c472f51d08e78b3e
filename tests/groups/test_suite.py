"""The choice of a commitment group by its name on the wire."""

from __future__ import annotations

import subprocess
import sys

import pytest

from zkperf.errors import InputError
from zkperf.groups import SUITES, suite
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.ristretto255 import RISTRETTO255


def test_every_suite_is_the_group_of_that_name() -> None:
    for name in SUITES:
        assert suite(name).name == name
        assert suite(name) is suite(name)
    assert suite("ristretto255") is RISTRETTO255


@pytest.mark.parametrize("name", ["", "P256", "Ristretto255", "BLS12-381"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"ristretto255, P-256, got"):
        suite(name)


def test_the_default_suite_does_not_load_openssl_through_petlib() -> None:
    script = "import sys, zkperf.groups as g; g.suite('ristretto255'); sys.exit('petlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_groups_and_pairings_say_their_names() -> None:
    assert repr(RISTRETTO255) == "<group ristretto255>"
    assert repr(BLS12381) == "<pairing BLS12-381>"
