"""The page that sets runs side by side; of a single run it shows everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...reports import Block, Facts, Figure, Section, Status, Table, Text
from ...reports.charts import Bar, bars, intervals
from .. import draw
from ..page import Page, Visit
from ..sources import tracking_of
from .runs import metric_names

if TYPE_CHECKING:
    from ...tracking.store import RunRecord

_MOST = 12


def load(visit: Visit) -> list[Section]:
    """Read the runs that the address names."""
    from ...tracking.runs import find_run

    tracking = tracking_of(visit.config)
    references = list(dict.fromkeys(visit.query.get("run", ())))[:_MOST]
    runs = [find_run(tracking, reference) for reference in references]
    if not runs:
        return [Section("No run is chosen", [Text("Choose some on the page of runs.")])]
    return [_heading(runs), _metrics(runs), _settings(runs)]


def _heading(runs: Sequence[RunRecord]) -> Section:
    if len(runs) == 1:
        run = runs[0]
        facts = {"run": run.id, "experiment": run.experiment, "status": run.status.lower(), "started": run.started}
        return Section(run.name, [Facts(facts)])
    rows = [(_label(run), run.experiment, run.status.lower(), run.started, run.id) for run in runs]
    return Section(f"{len(runs)} runs", [Table(("run", "experiment", "status", "started", "id"), rows)])


def _metrics(runs: Sequence[RunRecord]) -> Section:
    names = metric_names(runs)
    if not names:
        return Section("Metrics", [Text("None of them has recorded a metric.")])
    rows = [(name, *(run.metrics.get(name) for run in runs)) for name in names]
    blocks: list[Block] = [Table(("metric", *map(_label, runs)), rows)]
    if len(runs) > 1:
        blocks += [_chart(name, runs) for name in names]
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


PAGE = Page("/compare", "Comparison of runs", load, draw.sections)
