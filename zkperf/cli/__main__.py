"""``python -m zkperf.cli``."""

from zkperf.cli.app import main

main()
