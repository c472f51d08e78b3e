"""Numbers for operators, in Prometheus's format: how the service fares, nothing about anybody.

What devices do is not counted as they do it: when somebody drew a token, rated, or rated again must not show
here sooner than on the log, and not at all if the log does not show it. So ratings are counted as they stand
on the log, and answers only on routes that no citizen's device uses.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.worker import Worker

COUNTED = ("/v1/export", "/v1/figures", "/v1/results", "/healthz", "/metrics")
"""What the routes begin with whose answers are counted."""

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics(Collector):
    """The numbers of one app, in a registry of its own."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._answers: dict[tuple[str, str], int] = {}
        self._faults = 0
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def answered(self, route: str, status: int) -> None:
        """Counts an answer. ``route`` is a pattern, without what was asked for."""
        self._faults += status == 500
        if route.startswith(COUNTED):
            key = (route, str(status))
            self._answers[key] = self._answers.get(key, 0) + 1

    def text(self) -> bytes:
        """Everything, in the text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The log as of the last write, and the answers so far."""
        snapshot = self._worker.snapshot
        rounds = snapshot.rounds.values()
        ratings, issued = sum(view.ratings for view in rounds), sum(view.issued for view in rounds)
        yield GaugeMetricFamily("zkperf_log_leaves", "Leaves of the log.", snapshot.ledger.size)
        yield GaugeMetricFamily("zkperf_log_ratings", "Pseudonyms with a rating on the log.", ratings)
        yield GaugeMetricFamily("zkperf_log_issuances", "Tokens issued.", issued)
        figures = snapshot.figures.rounds.values()
        reports = sum(view.reports for view in figures)
        yield GaugeMetricFamily("zkperf_log_reports", "Providers with a report on the log.", reports)
        all_phases = [view.phase for view in rounds] + [view.phase for view in figures]
        phases = GaugeMetricFamily("zkperf_rounds", "Rounds by phase.", labels=["phase"])
        for phase in sorted(set(all_phases)):
            phases.add_metric([phase], all_phases.count(phase))
        yield phases
        answers = CounterMetricFamily(
            "zkperf_http_answers",
            "Answers on routes that no citizen's device uses.",
            labels=["route", "status"],
        )
        for (route, status), count in sorted(self._answers.items()):
            answers.add_metric([route, status], count)
        yield answers
        yield CounterMetricFamily(
            "zkperf_faults", "Requests that failed by a fault of the service.", self._faults
        )
