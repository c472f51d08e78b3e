"""Measuring in a process of its own."""

from __future__ import annotations

import os
from typing import Any

import pytest

from benchmarks.child import Job, child


def job(argument: Any) -> Job:
    held = bytearray(argument["bytes"])
    held[:: os.sysconf("SC_PAGE_SIZE")] = b"x" * len(held[:: os.sysconf("SC_PAGE_SIZE")])
    calls = []

    def work() -> Any:
        calls.append(len(held))
        return {"calls": len(calls), "cores": len(os.sched_getaffinity(0))}

    return work


def failing(argument: Any) -> Job:
    raise ValueError(argument)


def test_a_child_works_when_it_is_told_to_on_its_cores_and_with_its_own_memory() -> None:
    size = 200_000_000
    with child(job, {"bytes": size}, cores=1) as process, child(job, {"bytes": 1}) as other:
        assert [process.sample().value for _ in range(2)] == [{"calls": i, "cores": 1} for i in (1, 2)]
        assert other.sample().value == {"calls": 1, "cores": len(os.sched_getaffinity(0))}
        assert process.sample().peak_bytes > size > other.sample().peak_bytes


def test_a_child_that_fails_is_no_measurement(capfd: pytest.CaptureFixture[str]) -> None:
    with child(failing, "why") as process, pytest.raises(RuntimeError, match="has ended"):
        process.sample()
    assert "why" in capfd.readouterr().err
