"""The page about features at work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ...reports import Block, Facts, Report, Section, Status, Table, Text
from .performance_metrics import Latency
from .watch import FeatureReport


def make_page(reports: Sequence[FeatureReport], now: datetime) -> Report:
    """Write what was found of each set."""
    count = sum(len(one.alarms) for one in reports)
    summary = f"{count} alarms in {len(reports)} sets of features." if count else "All features are as they were."
    return Report("Features at work", summary, [_section(one) for one in reports], created=now)


def _section(report: FeatureReport) -> Section:
    alarms: list[Block] = [Status("warning", one.text) for one in report.alarms]
    facts: dict[str, object] = {"newest table": report.newest, "compared with": report.reference}
    facts |= latency_facts(report.latencies)
    if report.skew is not None:
        facts["values compared between training and serving"] = report.skew[0]
        facts["of them differ"] = report.skew[1]
    blocks: list[Block] = [*(alarms or [Status("good", "no alarm")]), Facts(facts)]
    return Section(report.name, [*blocks, *drift_blocks(report), _quality(report)])


def latency_facts(latencies: Sequence[Latency]) -> dict[str, str]:
    """Say how long runs took, by what they did."""
    found = {}
    for one in latencies:
        found[f"{one.what}, median of {one.runs}"] = f"{one.p50 * 1000:.3g} ms"
        found[f"{one.what}, 99th percentile"] = f"{one.p99 * 1000:.3g} ms"
    return found


def drift_blocks(report: FeatureReport) -> list[Block]:
    """Show how each feature differs from the older table, those that moved most first."""
    if not report.drift:
        return [Text("There is no older table to compare with.")]
    columns = ("feature", "", "PSI", "by chance", "Jensen-Shannon", "KS", "Wasserstein", "chi-square", "p", "note")
    rows = [
        (
            _short(one.feature),
            Status("warning", "moved") if one.drifted else Status("good", "as before") if one.psi is not None else None,
            one.psi,
            one.psi_by_chance,
            one.jensen_shannon,
            one.kolmogorov_smirnov,
            one.wasserstein,
            one.chi_square,
            one.p_value,
            one.verdict.text if one.verdict else one.note,
        )
        for one in sorted(report.drift, key=lambda one: -(one.psi or 0.0))
    ]
    said = "PSI, Jensen-Shannon and chi-square are of all rows; p is corrected for the number of tests."
    return [Table(columns, rows, f"Drift against {report.reference}"), Text(said)]


def _quality(report: FeatureReport) -> Block:
    columns = ("feature", "there", "distinct, about", "least", "mean", "greatest", "deviation")
    rows = [
        (
            _short(one.feature),
            None if one.completeness is None else f"{one.completeness:.1%}",
            one.distinct,
            one.minimum,
            one.mean,
            one.maximum,
            one.std,
        )
        for one in report.quality
    ]
    return Table(columns, rows, "Values of the newest table")


def _short(reference: str) -> str:
    return reference.partition(".")[2]
