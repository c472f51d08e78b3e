"""A provider leaves unproved what holds, and later proves what then cannot be: that is seen, and named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.roles.figures import FigureWorld
from tests.roles.test_two_schemes import period
from zkperf.indicators.published import period_result
from zkperf.ledger.figure_transactions import ClaimsPosted
from zkperf.ledger.signing import signed
from zkperf.ledger.transactions import decode_transaction, encode_transaction
from zkperf.surveys.tables import audit_tables

WIDE, NARROW = 0, 1
SCHEME = """
id = "bands"
[[indicator]]
id = "days"
min = "0"
max = "1000"
better = "lower"
[[claim]]
id = "wide"
kind = "band"
indicator = "days"
low = "100"
high = "300"
[[claim]]
id = "narrow"
kind = "band"
indicator = "days"
low = "150"
high = "250"
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FigureWorld]:
    made = FigureWorld.create(tmp_path)
    made.close()
    period(made, SCHEME, "2030", [{"days": 200}, {"days": 200}, {"days": 200}])
    yield made
    made.world.consortium.close()


def claim(world: FigureWorld, number: int, *without: int) -> None:
    """What the provider claims, but for some of it."""
    provider, state = world.providers[number], world.world.state
    data = provider.claim(state, world.found)
    assert data is not None
    posted = decode_transaction(data)
    assert isinstance(posted, ClaimsPosted)
    fields = {name: getattr(posted, name) for name in ("round", "unit", "report")}
    claims = tuple(item for item in posted.claims if item.claim not in without)
    less = signed(ClaimsPosted, provider.key, state.ledger, claims=claims, **fields)
    world.world.consortium.submit(encode_transaction(less))


def test_who_contradicts_what_it_has_left_unproved_is_named(world: FigureWorld) -> None:
    claim(world, 0)
    # Outside of 100 to 300, and inside of 150 to 250.
    claim(world, 1, WIDE)
    # Inside of 100 to 300 and outside of 150 to 250: that can be, and nobody sees that it is not so.
    claim(world, 2, NARROW)
    assert [world.found.claimed[unit].dropped for unit in (1, 2, 3)] == [0, 1, 0]
    providers = period_result(world.world.state, world.found)["providers"]
    assert [providers[f"P{number}"]["dropped"] for number in range(3)] == [0, 1, 0]
    assert providers["P1"]["claims"] == {"wide": "not proved", "narrow": "proved"}
    found = world.world.audit()
    assert found.ok and found.to_json()["contradicted"] == [{"period": "2030", "provider": "P1"}]
    caption = str(audit_tables(found.to_json())[0].caption)
    assert "Contradicted itself: P1, 2030." in caption and caption.count("Contradicted") == 1
