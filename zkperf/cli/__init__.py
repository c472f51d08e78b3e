"""The command line. `main` is what ``zkperf`` and ``python -m zkperf.cli`` run."""

from zkperf.cli.app import main

__all__ = ["main"]
