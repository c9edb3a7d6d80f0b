"""The page that tells each step of each run: who did what, when, and what it took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...agents.observability.outline import Outline
from ...reports import Report, Section, Table, Text

if TYPE_CHECKING:
    from pathlib import Path

    from ...agents.events import Event
    from ...agents.observability.outline import Node
    from ...agents.session import Project
    from .crew import Work

_INDENT = "\u2003"  # an em space, which HTML does not fold as it does plain ones


def write_trace(project: Project, works: Sequence[Work], path: Path) -> Path:
    """Write what was kept of runs, one section each.

    Returns
    -------
    Path
        The same path.
    """
    from ...agents.durability.opening import open_durability

    store = open_durability(project).store
    sections = [
        Section(f"{work.agent}: {work.task_id}", [Text(work.goal), _tree(store.events(work.task_id))]) for work in works
    ]
    return Report("What the agents did", f"{len(works)} runs, step by step.", sections).write(path)


def _tree(events: Sequence[Event]) -> Table:
    outline = Outline()
    for event in events:
        outline(event)
    rows = outline.rows(outline.last)
    cells = [(_what(one), _outcome(one), _rounded(_since(rows[0], one)), _rounded(one.seconds)) for one in rows]
    return Table(("what", "outcome", "begins (s)", "takes (s)"), cells)


def _what(node: Node) -> str:
    return f"{_INDENT * node.depth}{node.title} {node.line}".rstrip()


def _outcome(node: Node) -> str:
    marks = [word for word, holds in (("failed", node.fault), ("untrusted", node.tainted)) if holds]
    return f"{node.outcome} ({', '.join(marks)})" if marks else node.outcome


def _since(first: Node, node: Node) -> float:
    return (node.begun - first.begun).total_seconds()


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
