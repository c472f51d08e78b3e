"""Measuring in a process of its own: on as many cores as it should have, and with memory of its own.

The process makes itself ready, then does its work once for each line that it is sent, and answers each
with a line of JSON. So the works of two processes can be timed in turn.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import perf_counter, process_time
from typing import Any, NamedTuple

from zkperf.cli.collector import seldom_collecting

Job = Callable[[], object]
"""What a child does each time; a number that it returns is passed on."""


class Sample(NamedTuple):
    """What one time took, and the most memory that the process has had so far."""

    wall: float
    processor: float
    peak_bytes: int
    value: Any


class Child:
    """The other end of a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def sample(self) -> Sample:
        """Has the work done once."""
        self.start()
        return self.finish()

    def start(self) -> None:
        """Has the work begun."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def finish(self) -> Sample:
        """Waits until it is done."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process that measures has ended")
        return Sample(*json.loads(line))


@contextmanager
def child(make: Callable[[Any], Job], argument: Any, cores: int | None = None) -> Iterator[Child]:
    """A process that does ``make(argument)()``, on so many cores (all, if none is given).

    ``make`` is a module's function, and ``argument`` can be pickled.
    """
    with NamedTemporaryFile(prefix="zkperf-benchmark-") as file:
        pickle.dump(argument, file)
        file.flush()
        number = cores or len(os.sched_getaffinity(0))
        command = [sys.executable, "-m", __name__, make.__module__, make.__name__, file.name, str(number)]
        environment = {**os.environ, "RAYON_NUM_THREADS": str(number)}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            try:
                yield Child(process)
            finally:
                assert process.stdin is not None
                process.stdin.close()


def peak_bytes() -> int:
    """The most memory that this process has had at once (VmHWM: unlike rusage, not its parent's)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmHWM in /proc/self/status")


def main() -> None:
    _, module, name, path, cores = sys.argv
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    with open(path, "rb") as file:
        argument = pickle.load(file)
    work: Job = getattr(import_module(module), name)(argument)
    with seldom_collecting():
        _serve(work)


def _serve(work: Job) -> None:
    for _ in sys.stdin:
        wall, processor = perf_counter(), process_time()
        value = work()
        sample = Sample(perf_counter() - wall, process_time() - processor, peak_bytes(), value)
        print(json.dumps(sample), flush=True)


if __name__ == "__main__":
    main()
