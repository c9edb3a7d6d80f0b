"""What monitoring found last of each model, for Prometheus, and what became of the predictions that were to be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, get_args

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..errors import ProjectError
from ..logs import get_logger
from ..monitoring.access import keeps_predictions, open_history
from ..monitoring.history import History, Numbers
from ..monitoring.report import Kind
from .metrics import Metrics

if TYPE_CHECKING:
    from ..config import Config
    from ..serving import Serving

_log = get_logger(__name__)

_EVERY = 15.0  # seconds


class Watch(Collector):
    """Follows the reports in the database, so that a scrape waits for nothing."""

    def __init__(self, config: Config, metrics: Metrics) -> None:
        self._config, self._metrics = config, metrics
        self._history: History | None = None
        self._latest: list[Numbers] = []
        self._said = ""
        metrics.add(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the numbers that were read last."""
        return families(self._latest)

    async def follow(self, serving: Serving) -> None:
        """Read again and again, until it is cancelled."""
        while True:
            try:
                self._metrics.count_log(serving.log_counts())
                found = await asyncio.to_thread(self._read)
                self._latest = [one for one in found if not serving.gone(one.model)]  # else its alerts would never end
                self._said = ""
            except ProjectError as error:
                self._say(error.message)
            except Exception as error:  # what follows must not end, whatever a database holds
                self._say(f"{type(error).__name__}: {error}")
            await asyncio.sleep(_EVERY)

    def close(self) -> None:
        """End the connection."""
        if self._history:
            self._history.database.close()

    def _say(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            _log.error("the reports of monitoring can't be read", reason=reason)

    def _read(self) -> list[Numbers]:
        if not keeps_predictions(self._config):
            return []
        self._history = history = self._history or open_history(self._config)
        return [last for model in history.models() for last in history.numbers(model, 1)]


def families(latest: Iterable[Numbers]) -> Iterator[GaugeMetricFamily]:
    """Write the latest numbers of each model as gauges."""
    found = list(latest)
    run = _family("last_run_timestamp_seconds", "When monitoring last looked at a model", "model")
    rows = _family("predictions", "Predictions in the window that monitoring looked at", "model", "version")
    alarms = _family("alarms", "Alarms of the last run", "model", "kind")
    psi = _family("psi", "Population stability index against the training data", "model", "column")
    drifted = _family(
        "drifted", "1 if a column has drifted beyond chance, and so far that it matters", "model", "column"
    )
    faulty = _family("faulty_share", "Greatest share of faulty values", "model", "column")
    score = _family("score", "Metric of the champion on labels that have arrived", "model", "version", "metric")
    for one in found:
        version = str(one.version)
        run.add_metric([one.model], one.created.timestamp())
        rows.add_metric([one.model, version], one.rows)
        for kind in get_args(Kind):
            alarms.add_metric([one.model, kind], one.alarms.get(kind, 0))
        for column, value in one.psi.items():
            psi.add_metric([one.model, column], value)
        for column in {*one.psi, *one.drifted}:
            drifted.add_metric([one.model, column], float(column in one.drifted))
        for column, value in one.faulty.items():
            faulty.add_metric([one.model, column], value)
        for metric, value in one.scores.items():
            score.add_metric([one.model, version, metric], value)
    yield from (run, rows, alarms, psi, drifted, faulty, score)


def _family(name: str, documentation: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"monitoring_{name}", documentation, labels=labels)
