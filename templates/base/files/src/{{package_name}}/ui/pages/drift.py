"""The page of what monitoring has found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...reports import Link, Section, Status, Table, Text
from ...reports.blocks import Level
from .. import draw
from ..page import Page, Visit

if TYPE_CHECKING:
    from ...monitoring.report import MonitoringReport

_LEVELS: dict[str, Level] = {"ok": "good", "alarm": "critical", "too few rows": "info"}


def load(visit: Visit) -> list[Section]:
    """Read the latest report of every model, and all of the one that is asked for."""
    from ...monitoring.page import sections_of, summary
    from ...monitoring.report import list_reports, read_report

    root, model = visit.config.root, visit.first("model")
    names = list_reports(root)
    if not names and not model:
        return draw.empty("No reports yet", "monitor run")
    chosen = model or names[0]
    detail = read_report(root, chosen)
    rows = [_row(visit, read_report(root, name)) for name in names]
    overview = Table(("model", "status", "alarms", "predictions", "version", "looked at"), rows)
    head = Section(f"{detail.model}, version {detail.version}", [Text(summary(detail))])
    return [Section("Latest reports", [overview]), head, *sections_of(detail)]


def _row(visit: Visit, report: MonitoringReport) -> tuple[object, ...]:
    name = Link(report.model, visit.address("/drift", model=report.model))
    status = Status(_LEVELS[report.status], report.status)
    return name, status, len(report.alarms), report.rows, report.version, report.created


PAGE = Page("/drift", "Drift", load, draw.sections, order=40)
