"""A plugin of pytest that takes one check out of one module while the module is imported.

    ZKPERF_MUTANT=zkperf/commitments.py:3 python -m pytest -p tests.mutants.apply tests/test_commitments.py

shows what the tests say about mutant number 3 of that file (`python -m tests.mutants --list` has the
numbers). Nothing on disk changes. For mutants of the kernel, see `kernel`. `run` also gives a plan
(``--mutant-plan``): which tests to run in which order, and where to write what happened.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.abc import MetaPathFinder
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.mutants.find import ROOT, mutated

VARIABLE = "ZKPERF_MUTANT"
KERNEL_VARIABLE = "ZKPERF_MUTANT_KERNEL"
"""For mutants of the kernel: the compiled kernel in which every check has a switch."""
KERNEL = "zkperf._native"
PATIENCE = 20
"""A test may take so many times as long as it usually does, and so many seconds more."""
IMPORT_SECONDS = 120


@dataclass(frozen=True)
class Plan:
    """Which tests to run, in this order, with the seconds that each takes when nothing is changed.

    ``report``: the file that gets one line for each test that starts or fails. ``source``: digest of the
    module's source in which the mutant was found.
    """

    tests: dict[str, float]
    report: str
    source: str

    @classmethod
    def read(cls, path: str) -> Plan:
        fields = json.loads(Path(path).read_text())
        return cls(fields["tests"], fields["report"], fields["source"])


class MutantLoader(SourceFileLoader):
    """Loads a module without one of its checks, never from a cache."""

    def __init__(self, fullname: str, path: str, file: str, number: int) -> None:
        super().__init__(fullname, path)
        self.file, self.number = file, number

    def get_code(self, fullname: str) -> CodeType:
        tree = mutated(self.file, self.get_data(self.path), self.number)
        code: CodeType = compile(tree, self.path, "exec", dont_inherit=True)
        return code


class MutantFinder(MetaPathFinder):
    """Finds the one module that is to be changed, before Python's own finder does."""

    def __init__(self, file: str, number: int) -> None:
        self.file, self.number = file, number
        self.module = module_name(file)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        spec = PathFinder.find_spec(fullname, path)
        assert spec is not None and spec.origin is not None
        spec.loader = MutantLoader(fullname, spec.origin, self.file, self.number)
        return spec


class KernelFinder(MetaPathFinder):
    """Finds the kernel whose checks have switches."""

    module = KERNEL

    def __init__(self, path: str) -> None:
        self.path = path

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        loader = ExtensionFileLoader(fullname, self.path)
        return spec_from_file_location(fullname, self.path, loader=loader)


def module_name(file: str) -> str:
    """The dotted name of the module in ``file``, a path relative to the project's root."""
    return ".".join(Path(file).with_suffix("").parts).removesuffix(".__init__")


def install(mutant: str) -> None:
    """Has the module of the mutant ``file:number`` imported changed. It must not be imported yet."""
    file, number = mutant.rsplit(":", 1)
    finder: MutantFinder | KernelFinder
    if file.endswith(".rs"):
        finder = KernelFinder(os.environ[KERNEL_VARIABLE])
    else:
        finder = MutantFinder(file, int(number))
    if finder.module in sys.modules:
        raise RuntimeError(f"{finder.module} is imported already")
    sys.meta_path.insert(0, finder)


class Follower:
    """Runs the tests of a plan in its order, and notes which started and which failed.

    A test that takes far longer than it should ends the process, by the signal SIGALRM.
    """

    def __init__(self, plan: Plan) -> None:
        self.order = {test: place for place, test in enumerate(plan.tests)}
        self.seconds = plan.tests
        self.report = Path(plan.report)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.order), key=lambda item: self.order[item.nodeid]
        )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._note("failed", report.nodeid)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._note("started", nodeid)
        signal.alarm(PATIENCE + round(PATIENCE * self.seconds[nodeid]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._note("failed", report.nodeid)

    def _note(self, event: str, test: str) -> None:
        with self.report.open("a") as file:
            file.write(json.dumps([event, test]) + "\n")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutant-plan", help="a plan of tests.mutants.run")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: Any) -> None:
    # A failure is all that is asked for, not the smallest example of it, and the same one every time.
    quick = settings.get_profile(settings.get_current_profile_name())
    settings.register_profile(
        "mutants", quick, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate]
    )
    settings.load_profile("mutants")
    if path := config.getoption("--mutant-plan"):
        plan = Plan.read(path)
        file = ROOT / os.environ[VARIABLE].rsplit(":", 1)[0]
        if sha256(file.read_bytes()).hexdigest() != plan.source:
            raise pytest.UsageError(f"{file} has changed since its mutants were listed")
        config.pluginmanager.register(Follower(plan))
        signal.alarm(IMPORT_SECONDS)


if VARIABLE in os.environ:
    install(os.environ[VARIABLE])
