"""What Prometheus reads: requests by route and status, their duration, how many are in hand, and predictions kept."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from ..serving.writer import Counts

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable that names the folder through which several workers add up their numbers."""

MEDIA_TYPE = CONTENT_TYPE_LATEST

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class Metrics:
    """The numbers of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests", "Requests that were answered", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Seconds from the first byte of a request to the last of its answer",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._now = Gauge(
            "http_requests_in_progress", "Requests in hand", multiprocess_mode="livesum", registry=self.registry
        )
        self._kept = Counter(
            "predictions_logged",
            "Predictions for the prediction log, and what became of them",
            ("outcome",),
            registry=self.registry,
        )
        self._counted = Counts()
        self._added: list[Collector] = []
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def begin(self) -> None:
        """Count a request that has come."""
        self._now.inc()

    def end(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered.

        Parameters
        ----------
        route
            As it is declared, such as `/models/{model}`: paths as they were asked for are without number.
        """
        self._now.dec()
        key = (method if method in _METHODS else "other", route, status)
        found = self._children.get(key)
        if found is None:
            found = (self._requests.labels(*key), self._seconds.labels(*key[:2]))
            self._children[key] = found
        found[0].inc()
        found[1].observe(seconds)

    def count_log(self, now: Counts) -> None:
        """Count what became of predictions since the last time."""
        before, self._counted = self._counted, now
        self._kept.labels("written").inc(max(0, now.written - before.written))
        self._kept.labels("dropped").inc(max(0, now.dropped - before.dropped))

    def add(self, collector: Collector) -> None:
        """Add numbers that are the same in each worker."""
        self.registry.register(collector)
        self._added.append(collector)

    def text(self) -> bytes:
        """Write all numbers, those of other workers included."""
        if FOLDER not in os.environ:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        for collector in self._added:
            registry.register(collector)
        return generate_latest(registry)
