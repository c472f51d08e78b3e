"""The groups that tests run with: the toy group always, the real ones where their libraries are installed."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from tests.toygroup import TOY


def _suite(module: str, name: str) -> Any:
    try:
        return pytest.param(getattr(importlib.import_module(module), name), id=name)
    except ImportError as error:
        return pytest.param(None, id=name, marks=pytest.mark.skip(reason=f"{name}: {error}"))


RISTRETTO255 = _suite("zkperf.groups.ristretto255", "RISTRETTO255")
NIST_P256 = _suite("zkperf.groups.p256", "NIST_P256")

REAL = [RISTRETTO255, NIST_P256]
EVERY = [pytest.param(TOY, id="TOY"), *REAL]
