"""What all tests share: the folder of published vectors, and what a skip means."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

SHARED = Path(__file__).parents[1] / "../shared"
REQUIRE_ALL = os.environ.get("ZKPERF_REQUIRE_ALL") == "1"

# Tests assert no times, hypothesis neither.
settings.register_profile("zkperf", deadline=None)
settings.load_profile("zkperf")

# What is kept outside of ledgers' folders goes with the tests, also in processes that they start.
_STATE = tempfile.TemporaryDirectory(prefix="zkperf-state-")
os.environ["XDG_STATE_HOME"] = _STATE.name


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """``shared("vectors/x.json")`` is that file beside the project; where it is missing, the test skips."""

    def find(path: str) -> Path:
        if not (SHARED / path).exists():
            pytest.skip(f"there is no ../shared/{path}")
        return SHARED / path

    return find


def _refuse_skip(report: Any) -> Any:
    """With ZKPERF_REQUIRE_ALL=1 what a test needs has to be there: a skip is a failure."""
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped although ZKPERF_REQUIRE_ALL=1: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return _refuse_skip((yield))
