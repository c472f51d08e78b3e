"""Numbers for operators, in Prometheus's format: how the service fares, nothing about anybody.

What is taken in is not counted as it arrives: when a rating came must not show here sooner than on the
log. So ratings are counted as they stand on the log, and successful writes among the answers not at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.snapshot import Snapshot
from service.worker import Worker

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One registry for one app."""

    def __init__(self, worker: Worker) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_LogCollector(worker))
        self._answers = Counter(
            "zkperf_http_answers",
            "Answers, by route (its pattern, without what was asked for) and status. Not: successful writes.",
            ["route", "status"],
            registry=self._registry,
        )

    def answered(self, method: str, route: str, status: int) -> None:
        """Counts an answer."""
        if method == "GET" or status >= 400:
            self._answers.labels(route, str(status)).inc()

    def text(self) -> bytes:
        """Everything, in the text format."""
        return generate_latest(self._registry)


class _LogCollector(Collector):
    """What the log shows, as of the last write."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def collect(self) -> Iterator[Metric]:
        snapshot: Snapshot = self._worker.snapshot
        yield GaugeMetricFamily("zkperf_log_leaves", "Leaves of the log.", snapshot.ledger.size)
        ratings = sum(view.ratings for view in snapshot.rounds.values())
        yield GaugeMetricFamily("zkperf_log_ratings", "Pseudonyms with a rating on the log.", ratings)
        issued = sum(view.issued for view in snapshot.rounds.values())
        yield GaugeMetricFamily("zkperf_log_issuances", "Tokens issued.", issued)
        rounds = GaugeMetricFamily("zkperf_rounds", "Rounds by phase.", labels=["phase"])
        phases = [view.phase for view in snapshot.rounds.values()]
        for phase in sorted(set(phases)):
            rounds.add_metric([phase], phases.count(phase))
        yield rounds
