"""The page of what monitoring has found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...reports import Link, Section, Status, Table, Text
from .. import draw
from ..page import Page, Visit
from ..sources import history_of

if TYPE_CHECKING:
    from ...monitoring.history import Numbers


def load(visit: Visit) -> list[Section]:
    """Read what was found last of every model, and the latest report and the course of the one that is asked for."""
    from ...monitoring.errors import MonitoringError
    from ...monitoring.page import COURSE, course_of, sections_of, summary

    history, model = history_of(visit.config), visit.first("model")
    names = history.models()
    if not names and not model:
        return draw.empty("No reports yet", "monitor run")
    chosen = model or names[0]
    rows = [_row(visit, last) for name in names for last in history.numbers(name, 1)]
    overview = Table(("model", "status", "alarms", "predictions", "version", "looked at"), rows)
    latest = Section("Latest reports", [overview])
    course = course_of(history.numbers(chosen, COURSE))
    try:
        detail = history.read(chosen)
    except MonitoringError as error:
        return [latest, Section(chosen, [Status("warning", str(error))]), *course]
    head = Section(f"{detail.model}, version {detail.version}", [Text(summary(detail))])
    return [latest, head, *sections_of(detail), *course]


def _row(visit: Visit, last: Numbers) -> tuple[object, ...]:
    from ...monitoring.page import LEVELS

    name = Link(last.model, visit.address("/drift", model=last.model))
    status = Status(LEVELS.get(last.status, "info"), last.status)
    return name, status, sum(last.alarms.values()), last.rows, last.version, last.created


PAGE = Page("/drift", "Drift", load, draw.sections, order=40)
