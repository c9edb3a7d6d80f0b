"""The page that tells each step of each run: who did what, when, and what it took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...agents.jsonable import as_text
from ...reports import Report, Section, Table, Text

if TYPE_CHECKING:
    from pathlib import Path

    from ...agents.events import Event
    from ...agents.session import Project
    from .crew import Work

_LONGEST = 200


def write_trace(project: Project, works: Sequence[Work], path: Path) -> Path:
    """Write what was kept of runs, one section each.

    Returns
    -------
    Path
        The same path.
    """
    from ...agents.durability.opening import open_durability

    store = open_durability(project).store
    sections = []
    for work in works:
        events = store.events(work.task_id)
        told = [one for one in events if one.kind != "model_started"]
        rows = [(_after(one, events[0]), one.kind.replace("_", " "), _what(one)) for one in told]
        table = Table(("seconds", "event", "what"), rows)
        sections.append(Section(f"{work.agent}: {work.task_id}", [Text(work.goal), table]))
    return Report("What the agents did", f"{len(works)} runs, step by step.", sections).write(path)


def _after(event: Event, first: Event) -> str:
    return f"{(event.time - first.time).total_seconds():.2f}"


def _what(event: Event) -> str:
    data = event.data
    if event.kind == "vote":
        return f"{event.agent} for {data['choice']}: {data['reason']}"
    names = {
        "plan": "steps",
        "model_ended": "text" if data.get("text") else "calls",
        "tool_started": "arguments",
        "tool_ended": "error" if data.get("error") else "output",
        "message": "text",
        "decision": "outcome",
        "task_started": "goal",
    }
    tool = f"{data['tool']}: " if "tool" in data else ""
    said = as_text(data.get(names.get(event.kind, ""), ""))
    return f"{tool}{said if len(said) <= _LONGEST else said[:_LONGEST] + '…'}"
