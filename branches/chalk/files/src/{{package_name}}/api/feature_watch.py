"""How fresh features are, and what monitoring and parity found last, for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..features.monitoring.figures import kept_parity, kept_reports
from ..features.online.features import OnlineFeatures
from ..features.online.streams import known_until
from ..logs import get_logger
from .feature_answers import FeatureAnswers

_EVERY = 15.0  # seconds
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a store tells.

    Attributes
    ----------
    until
        Seconds since 1970 until when rows are in the store, by set and source.
    reports, parity
        What was found last, by set.
    """

    until: dict[tuple[str, str], float] = field(default_factory=dict)
    reports: dict[str, Any] = field(default_factory=dict)
    parity: dict[str, Any] = field(default_factory=dict)


class FeatureWatch(Collector):
    """Reads the store now and then, so that a scrape waits for nothing."""

    def __init__(self) -> None:
        self._latest = Figures()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give what was read last."""
        return families(self._latest)

    async def follow(self, answers: FeatureAnswers) -> None:
        """Read again and again, until it is cancelled; nothing while features are not used."""
        said = ""
        while True:
            try:
                if answers.opened is not None:
                    self._latest = await asyncio.to_thread(read_figures, answers.opened)
                said = ""
            except Exception as error:  # what follows must not end, whatever a store holds
                if said != (said := str(error)):
                    _log.error("the figures of features can't be read", reason=said)
            await asyncio.sleep(_EVERY)


def read_figures(online: OnlineFeatures) -> Figures:
    """Read what the store tells of all sets."""
    marks = online.store.marks()
    until: dict[tuple[str, str], float] = {}
    for plan in online.plans:
        told = known_until(marks, plan)
        if told is not None:
            until |= {(name.partition(".")[0], plan.source.name): told / 1e6 for name in plan.features}
    return Figures(until, kept_reports(marks), kept_parity(marks))


def families(latest: Figures) -> Iterator[GaugeMetricFamily]:
    """Write figures as gauges."""
    until = _family("online_until_timestamp_seconds", "Until when rows are in the online store", "source")
    for (name, source), moment in latest.until.items():
        until.add_metric([name, source], moment)
    yield until
    yield from _of_reports(latest.reports)
    yield from _of_parity(latest.parity)


def _of_reports(reports: dict[str, Any]) -> Iterator[GaugeMetricFamily]:
    run = _family("monitoring_last_run_timestamp_seconds", "When monitoring last looked at a set")
    table = _family("table_timestamp_seconds", "The time of the newest table")
    alarms = _family("alarms", "Alarms of the last look", "kind")
    psi = _family("psi", "Population stability index of the newest table against an older one", "feature")
    drifted = _family("drifted", "1 if a feature has moved beyond chance, and so far that it matters", "feature")
    missing = _family("missing_share", "Share of values of the newest table that are missing", "feature")
    slow = _family("measured_p99_seconds", "99th percentile that monitoring measured", "what")
    for name, told in reports.items():
        run.add_metric([name], told["time"])
        table.add_metric([name], told["newest"])
        for family, key in ((alarms, "alarms"), (psi, "psi"), (missing, "missing"), (slow, "p99")):
            for label, value in told[key].items():
                family.add_metric([name, label], value)
        for feature in told["psi"]:
            drifted.add_metric([name, feature], float(feature in told["drifted"]))
    yield from (run, table, alarms, psi, drifted, missing, slow)


def _of_parity(checks: dict[str, Any]) -> Iterator[GaugeMetricFamily]:
    run = _family("parity_last_run_timestamp_seconds", "When values online and offline were last compared")
    compared = _family("parity_compared", "Values that were compared")
    mismatched = _family("parity_mismatched", "Values that are not the same online and offline")
    for name, told in checks.items():
        for family, key in ((run, "time"), (compared, "compared"), (mismatched, "mismatched")):
            family.add_metric([name], told[key])
    yield from (run, compared, mismatched)


def _family(name: str, documentation: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"feature_{name}", documentation, labels=("feature_set", *labels))
