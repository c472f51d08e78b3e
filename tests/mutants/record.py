"""A plugin of pytest that writes down which test runs which lines of the verifiers, and how long it takes.

    python -m pytest -p tests.mutants.record --record FILE

Only tests that pass are in the file. What is run at import is nobody's, and what is cached in the process
is only the first test's: whoever uses the file has to reckon with that.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage
import pytest

from tests.mutants.find import ROOT, verifiers


@dataclass(frozen=True)
class Recording:
    """What the tests did."""

    seconds: dict[str, float]
    """By test, quickest first."""
    lines: dict[str, dict[int, frozenset[str]]]
    """By file and line: the tests that run it."""
    failed: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Recording:
        fields = json.loads(path.read_text())
        tests = list(fields["seconds"])
        lines = {
            file: {int(line): frozenset(tests[n] for n in numbers) for line, numbers in rows.items()}
            for file, rows in fields["lines"].items()
        }
        seconds = dict(sorted(fields["seconds"].items(), key=lambda item: item[1]))
        return cls(seconds, lines, tuple(fields["failed"]))


class Recorder:
    """Traces the verifiers, test by test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.coverage = coverage.Coverage(
            data_file=None, config_file=False, include=[str(file) for file in verifiers()]
        )
        self.seconds: dict[str, float] = {}
        self.bad: set[str] = set()
        self.failed: list[str] = []
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.coverage.switch_context(item.nodeid)
        started = time.perf_counter()
        outcome = yield
        self.seconds[item.nodeid] = time.perf_counter() - started
        self.coverage.switch_context("")
        return outcome

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.bad.add(report.nodeid)
            if report.failed:
                self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        seconds = {test: taken for test, taken in self.seconds.items() if test not in self.bad}
        numbers = {test: number for number, test in enumerate(seconds)}
        lines = {
            str(Path(file).relative_to(ROOT)): {
                line: sorted(numbers[test] for test in contexts if test in numbers)
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in sorted(data.measured_files())
        }
        fields = {"seconds": seconds, "lines": lines, "failed": self.failed}
        self.path.write_text(json.dumps(fields))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", type=Path, required=True, help="the file to write")


def pytest_configure(config: Any) -> None:
    config.pluginmanager.register(Recorder(config.getoption("--record")))
