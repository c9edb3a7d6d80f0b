"""Runs for people to look at: what a page says of them, in a report or in the browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..reports import Block, Facts, Figure, Report, Section, Status, Table, Text
from ..reports.charts import Bar, bars, intervals
from ..reports.course import Point, course
from .responses import Response, read_responses
from .runs import Trend, metric_names
from .store import Curves, RunRecord, Tracking

_MOST_RESPONSES = 100
_VALIDATION = "eval_"  # what a metric of training begins with when it is taken on the validation rows
_FEWEST = 2  # points of a curve
_WIDTH = 460  # of its chart: two stand side by side


def report_of(tracking: Tracking, runs: Sequence[RunRecord]) -> Report:
    """Make a report of one run, or of several side by side."""
    title = runs[0].name if len(runs) == 1 else "Comparison of runs"
    summary = "One run, with all that it has recorded." if len(runs) == 1 else f"{len(runs)} runs side by side."
    return Report(title, summary, sections_of(tracking, runs))


def sections_of(tracking: Tracking, runs: Sequence[RunRecord]) -> list[Section]:
    """Say everything about runs: their metrics, curves, answers and settings."""
    curves = [tracking.curves(run) for run in runs]
    answers = [read_responses(tracking, run) for run in runs]
    sections = [_heading(runs), _metrics(runs, curves)]
    if any(any(len(points) >= _FEWEST for points in some.values()) for some in curves):
        sections.append(Section("Curves", list(_figures(runs, curves))))
    if any(answers):
        sections.append(Section("Responses", list(_responses(runs, answers))))
    return [*sections, _settings(runs)]


def trend_report(found: Trend) -> Report:
    """Make a report of a metric over runs."""
    series: dict[str, list[Point]] = {}
    for run, value in zip(found.runs, found.values, strict=True):
        series.setdefault(f"{run.experiment}, {run.name}", []).append((run.started, value))
    drawn = course(series, from_zero=False)
    alt = f"{found.metric} of {len(found.runs)} runs, from {found.values[0]:.4g} to {found.values[-1]:.4g}"
    rows = [
        (run.started, run.id[:8], run.experiment, run.name, run.status.lower(), value, change)
        for run, value, change in zip(found.runs, found.values, found.changes, strict=True)
    ]
    header = ("started", "run", "experiment", "name", "status", found.metric, "change")
    summary = f"{alt}. The change is that from the run before of the same experiment and name."
    sections = [
        Section("Over time", [Figure(drawn, f"{found.metric} by the time at which a run began", alt)]),
        Section("Runs", [Table(header, rows[::-1])]),
    ]
    return Report(f"Trend of {found.metric}", summary, sections)


def _heading(runs: Sequence[RunRecord]) -> Section:
    if len(runs) == 1:
        run = runs[0]
        facts = {"run": run.id, "experiment": run.experiment, "status": run.status.lower(), "started": run.started}
        return Section(run.name, [Facts(facts)])
    rows = [(_label(run), run.experiment, run.status.lower(), run.started, run.id) for run in runs]
    return Section(f"{len(runs)} runs", [Table(("run", "experiment", "status", "started", "id"), rows)])


def _metrics(runs: Sequence[RunRecord], curves: Sequence[Curves]) -> Section:
    names = metric_names(runs)
    if not names:
        return Section("Metrics", [Text("None of them has recorded a metric.")])
    rows = [(name, *(run.metrics.get(name) for run in runs)) for name in names]
    blocks: list[Block] = [Table(("metric", *map(_label, runs)), rows)]
    if len(runs) > 1:
        drawn = {name for some in curves for name, points in some.items() if len(points) >= _FEWEST}
        several = [name for name in names if sum(name in run.metrics for run in runs) > 1]
        blocks += [_chart(name, runs) for name in several if name not in drawn]
    return Section("Metrics", blocks)


def _chart(name: str, runs: Sequence[RunRecord]) -> Figure:
    rows = [
        Bar(_label(run), run.metrics[name], run.metrics.get(f"{name}_low"), run.metrics.get(f"{name}_high"))
        for run in runs
        if name in run.metrics
    ]
    certain = all(row.low is None for row in rows)
    alt = f"{name}: {', '.join(f'{row.name} {row.value:.4g}' for row in rows)}"
    return Figure(bars(rows) if certain else intervals(rows), name if certain else f"{name}, with its interval", alt)


def _figures(runs: Sequence[RunRecord], curves: Sequence[Curves]) -> Iterator[Figure]:
    """Draw each metric of training together with the same on validation rows; those that have both come first."""
    names = {name for some in curves for name, points in some.items() if len(points) >= _FEWEST}
    ordered = sorted(names, key=lambda name: (_base(name), len(name)))
    groups = [(base, list(some)) for base, some in groupby(ordered, _base)]
    for base, some in sorted(groups, key=lambda group: (len(group[1]) == 1, group[0])):
        series: dict[str, Sequence[Point]] = {
            _line_name(run, name, runs, some): [(float(step), value) for step, value in curve[name]]
            for run, curve in zip(runs, curves, strict=True)
            for name in some
            if name in curve
        }
        ends = ", ".join(f"{name} ends at {points[-1][1]:.4g}" for name, points in series.items())
        drawn = course(series, from_zero=len(some) == 1, width=_WIDTH)
        yield Figure(drawn, f"{base} by step", f"{base} by step: {ends}")


def _base(name: str) -> str:
    return name.removeprefix(_VALIDATION)


def _line_name(run: RunRecord, name: str, runs: Sequence[RunRecord], names: Sequence[str]) -> str:
    """Say what a line is, and nothing that holds for all lines of its chart."""
    if len(runs) == 1:
        return name
    return _label(run) if len(names) == 1 else f"{_label(run)} {name}"


def _responses(runs: Sequence[RunRecord], answers: Sequence[Sequence[Response]]) -> Iterator[Block]:
    """Set the answers to a prompt side by side, those of all variants in all runs."""
    columns: dict[tuple[str, str], dict[str, str]] = {}
    expected: dict[str, str] = {}
    for run, some in zip(runs, answers, strict=True):
        for one in some:
            expected[one.prompt] = expected.get(one.prompt) or one.expected
            scores = "".join(f"\n{name} {score:.3g}" for name, score in one.scores.items())
            columns.setdefault((_label(run), one.variant), {})[one.prompt] = f"{one.response}{scores}"
    several = len(runs) > 1
    header = [" ".join(filter(None, (label if several else "", variant))) or "response" for label, variant in columns]
    rows = [
        (prompt, right or None, *(column.get(prompt) for column in columns.values()))
        for prompt, right in list(expected.items())[:_MOST_RESPONSES]
    ]
    if len(expected) > _MOST_RESPONSES:
        yield Text(f"The first {_MOST_RESPONSES} of {len(expected)} prompts; all are in responses.jsonl of the runs.")
    yield Table(("prompt", "expected", *header), rows)


def _settings(runs: Sequence[RunRecord]) -> Section:
    settings = [{**run.params, **run.tags} for run in runs]
    names = sorted({name for setting in settings for name in setting})
    if len(runs) == 1:
        return Section("Parameters", [Facts({name: settings[0][name] for name in names})])
    rows = [(name, *(setting.get(name) for setting in settings)) for name in names]
    marked = [(*row, Status("warning", "differs") if len(set(row[1:])) > 1 else None) for row in rows]
    first = [row for row in marked if row[-1]]
    header = ("parameter", *map(_label, runs), "")
    count = f"{len(first)} of {len(rows)} differ" if first else "They are the same in all runs."
    return Section("Parameters", [Text(count), Table(header, [*first, *(row for row in marked if not row[-1])])])


def _label(run: RunRecord) -> str:
    return f"{run.name} {run.id[:6]}"
