"""The trials in short, without what depends on how fast a machine is."""

from __future__ import annotations

from tests.soak.faults import disk_full, flipped_bytes, kills
from tests.soak.load import memory, slow_heads, under
from tests.soak.world import SHORT, honest, trial


def test_nothing_is_lost_in_kills() -> None:
    assert [figure for figure in kills(SHORT) if not figure.reached] == []


def test_a_full_disk_is_said_and_gone_on_from() -> None:
    figure = disk_full()
    assert figure.reached, figure


def test_flipped_bytes_are_no_faults() -> None:
    assert [figure for figure in flipped_bytes() if not figure.reached] == []


def test_memory_is_flat_and_honest_clients_are_served_beside_many_slow_ones() -> None:
    with trial(SHORT) as tried:
        assert memory(tried, SHORT.bodies).reached
        with honest(tried) as waits:
            under(tried, slow_heads(tried, SHORT), SHORT.seconds)
    assert waits.failed == 0 and waits.served > 0 and tried.stopped
