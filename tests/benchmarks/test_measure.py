"""How the benchmarks take samples, and what they make of them."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from benchmarks.measure import QUICK, Samples, Target, Work, race, timed


def test_median_and_quartiles() -> None:
    samples = Samples((5.0, 1.0, 2.0, 4.0, 3.0))
    assert samples.median == 3
    assert samples.spread == (2, 4)
    assert Samples((7.0,)).median == 7
    assert Samples((7.0,)).spread == (7, 7)


def test_works_are_timed_in_turn_after_a_warm_up() -> None:
    calls: list[str] = []
    samples = race([Work(lambda: calls.append("a")), Work(lambda: calls.append("b"))], 3, 0)
    assert calls == ["a", "b", *["a", "b"] * 3]
    assert [[len(clock.values) for clock in clocks] for clocks in samples] == [[3, 3], [3, 3]]


def test_garbage_is_collected_again_afterwards_even_if_a_work_fails() -> None:
    seen: list[bool] = []
    race([Work(lambda: seen.append(gc.isenabled()))], 1, 0)
    assert not any(seen) and gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        race([Work(lambda: 1 // 0)], 1, 0)
    assert gc.isenabled()


def test_a_sample_is_long_enough_and_divided_by_all_that_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def work() -> None:
        nonlocal now
        now += 3

    monkeypatch.setattr("benchmarks.measure.perf_counter", lambda: now)
    monkeypatch.setattr("benchmarks.measure.process_time", lambda: 2 * now)
    [(wall, processor)] = race([Work(work, count=6)], 2, sample_seconds=10)
    # 1, 2 and 4 calls to find out that 4 are enough, then 2 samples of 4
    assert now == 3 * (1 + 2 + 4 + 4 + 4)
    assert wall.values == (0.5, 0.5)
    assert processor.values == (1, 1)


def test_a_ratio_is_taken_of_samples_that_were_taken_together() -> None:
    work = Work(lambda: sum(range(20_000)))
    figure = timed("name", "in words", {}, work, replace(QUICK, repeats=4), {"itself": work})
    [ratio] = figure.ratios
    assert figure.processor is not None
    pairs = zip(figure.processor.values, ratio.floor.values, strict=True)
    assert ratio.samples.values == tuple(ours / floor for ours, floor in pairs)
    assert ratio.to == "itself"


@pytest.mark.parametrize(
    ("value", "target", "met"),
    [
        (2, Target(2), True),
        (3, Target(2), False),
        (2, Target(2, least=True), True),
        (1, Target(2, least=True), False),
    ],
)
def test_a_target_is_an_upper_bound_or_a_lower_one(value: float, target: Target, met: bool) -> None:
    assert target.met(value) is met
