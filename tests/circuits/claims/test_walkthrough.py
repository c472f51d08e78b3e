"""The kind of claim that docs/indicators.md walks through works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from circuits.claims import KINDS, check_claims
from tests.circuits.claims.world import FIGURES, World, claim, scheme
from tests.suites import REAL
from zkperf.errors import InputError
from zkperf.groups.base import Group
from zkperf.proofs.committed import DoesNotHold

GUIDE = Path(__file__).parents[3] / "docs/indicators.md"


@pytest.fixture
def close(monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(source.splitlines()) <= 30
    names: dict[str, Any] = {}
    exec(source, names)
    monkeypatch.setitem(KINDS, "close", names["Close"]())


@pytest.mark.usefixtures("close")
@pytest.mark.parametrize("group", REAL)
def test_it_is_proved_where_it_holds(group: Group) -> None:
    made = scheme(claim("close", "quality", "cases", numbers=("20",)))
    check_claims(made)
    world = World(made, group, {**FIGURES, "quality": 200, "cases": 400})
    assert world.verdict(world.prove()) is None
    with pytest.raises(DoesNotHold):
        World(made, group, {**FIGURES, "quality": 199, "cases": 400}).prove()


@pytest.mark.usefixtures("close")
@pytest.mark.parametrize("pair, bound", [(("quality", "cost"), "1"), (("quality", "cases"), "-1")])
def test_it_is_refused_where_it_makes_no_sense(pair: tuple[str, str], bound: str) -> None:
    with pytest.raises(InputError):
        check_claims(scheme(claim("close", *pair, numbers=(bound,))))
