"""The report as a page."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..reports import Block, Facts, Figure, Report, Section, Status, Table, Text, figure_svg
from ..reports.blocks import Level
from ..reports.course import course
from .drift import ColumnDrift
from .histogram import Histogram
from .history import Numbers
from .report import MonitoringReport, Retraining

LEVELS: dict[str, Level] = {"ok": "good", "alarm": "critical", "too few rows": "info"}
"""How a status is shown; one of another version of this project as `info`."""

COURSE = 200
"""Most runs whose course is drawn."""

_MOST_FIGURES = 12
_MOST_LINES = 5
_MOST_ROWS = 50
_LONGEST_LABEL = 16
_STEEP = 4
_TRAINING, _NOW = "#9db3cb", "#d1662c"
_LEVELS: dict[str, Level] = {"promoted": "good", "refused": "warning", "skipped": "info", "failed": "critical"}

_CHANCE = (
    "A column has drifted if chance hardly explains the difference (p, corrected for the number of tests) and the"
    " difference is great enough to matter. In 95 of 100 samples of this size without drift, the PSI stays below the"
    " PSI by chance."
)


def write_page(report: MonitoringReport, runs: Sequence[Numbers], path: Path) -> Path:
    """Write the page of a report, with the course of the last runs, the newest first.

    Raises
    ------
    ReportError
        If the file can't be written.
    """
    title = f"{report.model}, version {report.version}"
    return Report(title, summary(report), [*sections_of(report), *course_of(runs)], report.created).write(path)


def summary(report: MonitoringReport) -> str:
    """Say in a sentence or two how a model fares."""
    window = f"{report.rows} predictions from {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    others = ", ".join(f"{count} of version {number}" for number, count in report.other_versions.items())
    more = f"; there are also {others}" if others else ""
    if report.status == "too few rows":
        return f"Too few predictions to compare: {window}{more}."
    count = len(report.alarms)
    found = f"{count} alarm{'s' if count > 1 else ''}" if count else "No alarm"
    return f"{found} in {window}{more}."


def told(retraining: Retraining) -> str:
    """Say in a line what became of a retraining."""
    learned = f" (with {retraining.labelled} labelled predictions)" if retraining.labelled else ""
    return f"{retraining.outcome}{learned}: {retraining.reason}"


def sections_of(report: MonitoringReport) -> Iterator[Section]:
    """Give the parts of the page."""
    yield Section("Alarms", list(_alarms(report)))
    if report.drift:
        yield Section("Drift", [Text(_CHANCE), _drift(report), *_figures(report)])
    if report.issues:
        rows = [
            (one.column or "whole rows", one.problem, one.rows, _percent(one.share), one.detail, _mark(bad=one.serious))
            for one in report.issues
        ]
        yield Section("Data quality", [Table(("column", "problem", "rows", "share", "detail", ""), rows)])
    if report.performance:
        yield Section("Performance", list(_performance(report)))


def course_of(runs: Sequence[Numbers]) -> Iterator[Section]:
    """Give what runs found over time, the newest first; one run is no course."""
    if len(runs) <= 1:
        return
    greatest: dict[str, float] = {}
    for run in runs:
        for name, psi in run.psi.items():
            greatest[name] = max(psi, greatest.get(name, 0.0))
    shown = sorted(greatest, key=lambda name: -greatest[name])[:_MOST_LINES]
    series = {name: [(run.created, run.psi[name]) for run in reversed(runs) if name in run.psi] for name in shown}
    blocks: list[Block] = []
    if any(len(points) > 1 for points in series.values()):
        caption = f"PSI of the {len(series)} columns in which it was greatest"
        blocks.append(Figure(course(series), caption, "Population stability index by column over time"))
    rows = [
        (
            run.created,
            run.version,
            Status(LEVELS.get(run.status, "info"), run.status),
            ", ".join(f"{count} {kind}" for kind, count in run.alarms.items()) or None,
            run.rows,
            ", ".join(run.drifted) or None,
            next((f"{name} {value:.4g}" for name, value in run.scores.items()), None),
            run.retraining,
        )
        for run in runs[:_MOST_ROWS]
    ]
    header = ("looked at", "version", "status", "alarms", "predictions", "drifted", "score", "retraining")
    yield Section("Over time", [*blocks, Table(header, rows, "The last runs, the newest first")])


def _alarms(report: MonitoringReport) -> Iterator[Block]:
    if not report.alarms:
        short = report.status == "too few rows"
        yield Status("info", "too few predictions to compare") if short else Status("good", "no alarm")
    for alarm in report.alarms:
        yield Status("critical", f"{alarm.kind}: {alarm.text}")
    if report.retraining:
        done = report.retraining
        outcome = Status(_LEVELS[done.outcome], done.outcome)
        facts = {"because": done.reason, "new version": done.candidate, "labelled predictions": done.labelled or None}
        yield Facts({"retraining": outcome, **facts})
    if report.deliveries:
        rows = [
            (one.channel, Status("critical" if one.outcome == "failed" else "good", one.outcome), one.detail)
            for one in report.deliveries
        ]
        yield Table(("channel", "alert", "detail"), rows)


def _drift(report: MonitoringReport) -> Table:
    rows = []
    for one in sorted(report.drift, key=lambda column: (not column.drifted, -(column.psi or 0))):
        tests = {shift.cause: shift for shift in one.shifts}
        distribution, missing = tests.get("distribution"), tests.get("missing values")
        rows.append(
            (
                one.column,
                one.kind,
                one.rows,
                one.psi,
                one.psi_by_chance,
                f"{distribution.adjusted:.2g}" if distribution else None,
                f"{missing.statistic:+.1%}" if missing else None,
                _mark(bad=one.drifted) if one.shifts else Status("info", one.note),
            )
        )
    columns = ("column", "kind", "values", "PSI", "PSI by chance", "p", "missing", "")
    return Table(columns, rows, f"Compared with {report.reference_rows} rows of training")


def _figures(report: MonitoringReport) -> Iterator[Figure]:
    drifted = [one for one in report.drift if one.drifted and one.histogram]
    for one in drifted[:_MOST_FIGURES]:
        if one.histogram:
            alt = f"Shares of rows by {one.column}, at training and now"
            yield Figure(_draw(one, one.histogram), str(one), alt)


def _draw(column: ColumnDrift, histogram: Histogram) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure as Drawing
    from matplotlib.lines import Line2D

    step = max(1, len(histogram.labels) // 10)
    places = range(len(histogram.labels))
    labels = [label[:_LONGEST_LABEL] for label in histogram.labels[::step]]
    steep = max(map(len, labels), default=0) > _STEEP
    # A dollar sign in a category is one; and text stays text, of which the browser has every sign.
    with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        drawing = Drawing(figsize=(7, 2.8), layout="constrained")
        axes = drawing.add_subplot(ylabel="share of rows", xlabel=column.column)
        axes.bar(places, histogram.reference, width=0.9, color=_TRAINING)
        axes.bar(places, histogram.current, width=0.45, color=_NOW)
        axes.set_xticks(places[::step], labels, rotation=30 if steep else 0, ha="right" if steep else "center")
        lines = [Line2D([], [], color=colour, linewidth=6) for colour in (_TRAINING, _NOW)]
        axes.legend(lines, ["training", "now"], frameon=False)
        return figure_svg(drawing)


def _performance(report: MonitoringReport) -> Iterator[Block]:
    rows = [
        (
            one.version,
            one.rows,
            one.labelled,
            _percent(one.coverage),
            one.unusable,
            one.delay_hours,
            one.oldest_unlabelled_hours,
            one.note,
        )
        for one in report.performance
    ]
    header = ("version", "predictions", "labels", "coverage", "unusable", "hours to a label", "longest wait, hours", "")
    yield Table(header, rows, "Labels that have arrived")
    for one in report.performance:
        if one.scores:
            scores = [
                (s.metric, str(s.current), str(s.training) if s.training else None, _mark(bad=s.worse))
                for s in one.scores
            ]
            yield Table(("metric", "now", "at training", ""), scores, f"Version {one.version}")


def _mark(*, bad: bool) -> Status:
    return Status("critical", "alarm") if bad else Status("good", "fine")


def _percent(share: float) -> str:
    return f"{share:.1%}"
