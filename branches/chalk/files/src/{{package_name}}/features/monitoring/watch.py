"""One look at a set of features: its newest table beside an older one, its freshness, its latency, and what is wrong.

newest table, older table → drift, quality, freshness, latency, skew → alarms
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from ..definitions.sets import FeatureSet
from ..errors import FeatureError
from ..monitoring_config import FeatureMonitoringConfig
from ..pipelines.feature_store import FeatureTables
from ..validation_rules import Rule
from .alerting import FeatureAlarm
from .drift_detection import FeatureDrift, measure_drift
from .performance_metrics import Latency
from .quality_metrics import FeatureQuality, measure_quality


@dataclass(slots=True)
class FeatureReport:
    """What one look found of a set.

    Attributes
    ----------
    newest, reference
        The time of the newest table, and what it was compared with; None if there is nothing to compare with.
    latencies
        Of computation and serving, where they were measured.
    skew
        Values compared between training and serving, and how many differ; None if it was not asked for.
    """

    name: str
    newest: datetime
    reference: str | None
    drift: list[FeatureDrift]
    quality: list[FeatureQuality]
    alarms: list[FeatureAlarm] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)
    skew: tuple[int, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON has it."""
        return {
            "set": self.name,
            "newest": self.newest.isoformat(),
            "reference": self.reference,
            "alarms": [{"kind": one.kind, "subject": one.subject, "text": one.text} for one in self.alarms],
            "drift": [one.to_json() for one in self.drift],
            "quality": [one.to_json() for one in self.quality],
            "latency": [one.to_json() for one in self.latencies],
            "skew": None if self.skew is None else {"compared": self.skew[0], "mismatched": self.skew[1]},
        }


def compare_tables(
    one: FeatureSet, tables: FeatureTables, rules: FeatureMonitoringConfig, reference: pl.DataFrame | None = None
) -> FeatureReport:
    """Compare the newest table of a set with an older one, or another table.

    Parameters
    ----------
    reference
        Such as a training set; the table that is `rules.days` older if None, or the oldest that is there.

    Raises
    ------
    FeatureError
        If the set has no table of its definitions as they are.
    """
    times = [at for at in tables.times(one.name) if not tables.outdated(one, at)]
    if not times:
        hint = f"compute one: features backfill {one.name}"
        raise FeatureError(f"{one.name} has no table of its definitions as they are", hint=hint)
    newest, kinds = times[-1], {f"{one.name}.{feature.name}": feature.kind for feature in one.stored}
    current = pl.DataFrame(tables.read(one, newest))
    named: str | None = "the given table"
    if reference is None:
        older = [at for at in times if at <= newest - timedelta(days=rules.days)]
        then = older[-1] if older else times[0]
        named = None if then == newest else then.isoformat()
        reference = None if then == newest else pl.DataFrame(tables.read(one, then))
    drift = [] if reference is None else measure_drift(reference, current, kinds, rules)
    return FeatureReport(one.name, newest, named, drift, measure_quality(current, kinds))


def find_alarms(
    report: FeatureReport,
    rules: FeatureMonitoringConfig,
    limits: Mapping[str, Rule],
    now: datetime,
) -> list[FeatureAlarm]:
    """Say what of a report a person should know.

    Parameters
    ----------
    limits
        What contracts and `features.validation` ask for, by reference.
    """
    return [
        *_of_drift(report, rules),
        *_of_quality(report, limits),
        *_of_time(report, rules, now),
    ]


def _of_drift(report: FeatureReport, rules: FeatureMonitoringConfig) -> Iterator[FeatureAlarm]:
    for one in report.drift:
        if one.verdict is not None and one.verdict.drifted:
            text = f"{one.feature}: {one.verdict.text}, against {report.reference}"
            yield FeatureAlarm("drift", one.feature, text)
        elif "distribution" in one.drifted:
            effect = getattr(one, rules.method)
            name = rules.method if effect is not None else "jensen_shannon"
            size = one.jensen_shannon if effect is None else effect
            text = f"{one.feature}: {name} {size:.3g} against {report.reference}, p = {one.p_value:.2g}"
            yield FeatureAlarm("drift", one.feature, text)
        if "missing values" in one.drifted:
            text = f"{one.feature}: {one.missing:+.1%} of values are missing against {report.reference}"
            yield FeatureAlarm("missing values", one.feature, text)


def _of_quality(report: FeatureReport, limits: Mapping[str, Rule]) -> Iterator[FeatureAlarm]:
    for one in report.quality:
        least = limits[one.feature].completeness
        if one.completeness is None:
            yield FeatureAlarm("quality", one.feature, f"{one.feature}: the newest table has no rows")
        elif one.completeness < least:
            text = f"{one.feature}: {one.completeness:.1%} of values are there, and {least:.1%} must be"
            yield FeatureAlarm("quality", one.feature, text)
        if one.infinite:
            yield FeatureAlarm("infinite values", one.feature, f"{one.feature}: {one.infinite} values are not finite")


def _of_time(report: FeatureReport, rules: FeatureMonitoringConfig, now: datetime) -> Iterator[FeatureAlarm]:
    if now - report.newest > timedelta(hours=rules.fresh_hours):
        hours = (now - report.newest).total_seconds() / 3600
        text = f"{report.name}: the newest table is {hours:.0f} hours old, and {rules.fresh_hours:g} are allowed"
        yield FeatureAlarm("freshness", report.name, text)
    limits = {"serving": rules.serving_p99_ms / 1000, "computation": rules.computation_seconds}
    for one in report.latencies:
        if one.p99 > limits[one.what]:
            text = f"{report.name}: {one.what} takes {one.p99:.3g} s, and {limits[one.what]:g} s are allowed"
            yield FeatureAlarm(f"{one.what} latency", report.name, text)
    if report.skew is not None and report.skew[1]:
        compared, differ = report.skew
        text = f"{report.name}: {differ} of {compared} values differ between training and serving: features parity"
        yield FeatureAlarm("skew", report.name, text)
