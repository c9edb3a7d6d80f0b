"""The page of all runs, from which some are chosen and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...reports import Status
from ...reports.blocks import Level, shown
from ...tracking.runs import headline, list_runs, metric_names
from .. import draw
from ..config import UiConfig
from ..page import Page, Visit
from ..sources import tracking_of

if TYPE_CHECKING:
    from ...tracking.store import RunRecord

_LEVELS: dict[str, Level] = {"FINISHED": "good", "RUNNING": "info", "KILLED": "warning", "FAILED": "critical"}
_FEWEST = 2
_PAGE = 20
_NAME = """
<q-td :props="props"><a class="name" :href="props.row.address">{{ props.row.name }}</a></q-td>
"""
_STATUS = """
<q-td :props="props"><span class="blocks"><span :class="'status ' + props.row.level">
<span class="mark" aria-hidden="true">{{ props.row.mark }}</span>{{ props.row.status }}</span></span></q-td>
"""


@dataclass(frozen=True, slots=True)
class Runs:
    """The newest runs of one experiment, or of all."""

    experiments: Sequence[str]
    experiment: str
    runs: Sequence[RunRecord]
    most: int


def load(visit: Visit) -> Runs:
    """Read the runs."""
    tracking, most = tracking_of(visit.config), visit.config.group("ui", UiConfig).runs
    experiment = visit.first("experiment")
    runs = list_runs(tracking, experiment or None, most)
    return Runs(sorted(tracking.experiments()), experiment, runs, most)


def show(visit: Visit, found: Runs) -> None:
    """Show a table in which runs can be chosen."""
    from nicegui import ui

    if not found.runs:
        draw.sections(visit, draw.empty("No runs yet", "data run", "models train"))
        return
    with ui.element("section").classes("panel"):
        with ui.element("div").classes("tools"):
            choices = {"": "all experiments", **{name: name for name in found.experiments}}
            chosen = ui.select(choices, value=found.experiment, label="Experiment")
            chosen.on_value_change(lambda event: _filter(visit, event.value))
            words = ui.input("Filter").props("clearable")
            compare = ui.button("Compare").props("unelevated no-caps")
        table = _table(visit, found)
        table.bind_filter_from(words, "value")
        if len(found.runs) == found.most:
            ui.label(f"The {found.most} newest runs; ui.runs sets how many.").classes("note")

    def chose() -> None:
        number = len(table.selected)
        compare.set_text(f"Compare {number} runs" if number >= _FEWEST else "Choose runs to compare")
        compare.set_enabled(number >= _FEWEST)

    def go() -> None:
        draw.go(visit, "/compare", run=[row["id"] for row in table.selected])

    table.on_select(chose)
    compare.on_click(go)
    chose()


def _filter(visit: Visit, experiment: str) -> None:
    draw.go(visit, "/runs", **({"experiment": experiment} if experiment else {}))


def _table(visit: Visit, found: Runs) -> Any:
    from nicegui import ui

    metrics = metric_names(found.runs) if found.experiment else []
    rows = [_row(visit, run, metrics) for run in found.runs]
    columns = [_column("name", "Run"), _column("experiment", "Experiment"), _column("status", "Status")]
    columns.append(_column("started", "Started (UTC)"))
    if found.experiment:
        columns += [_column(name, name, number=True) for name in metrics]
    else:
        columns += [_column("metric", "Metric"), _column("validation", "Validation", number=True)]
        columns.append(_column("cv", "Cross-validation", number=True))
    table = ui.table(rows=rows, columns=columns, row_key="id", selection="multiple", pagination=_PAGE)
    table.add_slot("body-cell-name", _NAME)
    table.add_slot("body-cell-status", _STATUS)
    return table.props("flat dense").classes("runs")


def _column(name: str, label: str, *, number: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "field": name,
        "sortable": True,
        "align": "right" if number else "left",
        ":format": "value => value === null ? '—' : typeof value === 'number' ? Number(value.toPrecision(4)) : value",
    }


def _row(visit: Visit, run: RunRecord, metrics: Sequence[str]) -> dict[str, Any]:
    status = Status(_LEVELS.get(run.status, "info"), run.status.lower())
    metric, validation = headline(run)
    return {
        "id": run.id,
        "name": run.name,
        "address": visit.address("/compare", run=run.id),
        "experiment": run.experiment,
        "status": status.text,
        "level": status.level,
        "mark": status.mark,
        "started": shown(run.started).removesuffix(" UTC"),
        "metric": metric,
        "validation": validation,
        "cv": run.metrics.get(f"cv_{metric}"),
        **{name: run.metrics.get(name) for name in metrics},
    }


PAGE = Page("/runs", "Runs", load, show, order=20)
