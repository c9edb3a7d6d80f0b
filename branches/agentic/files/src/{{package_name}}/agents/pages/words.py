"""How runs and what happened in them are written on pages. The templates escape every text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from ...reports import Status as Mark
from ...reports.blocks import Level
from ..safety.taint import visible
from ..tasks import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..durability.runs import Approval, Summary
    from ..events import Event
    from ..observability.outline import Node
    from .desk import Desk

LEVELS: dict[Status, Level] = {
    Status.RUNNING: "info",
    Status.WAITING: "warning",
    Status.DONE: "good",
    Status.PARTIAL: "warning",
    Status.REFUSED: "critical",
    Status.FAILED: "critical",
    Status.CANCELLED: "warning",
}
_LONGEST_GOAL = 160
_KINDS = {"approval_asked": "question", "approval_given": "answer"}
_TEXTS = {
    "task_started": (("Goal", "goal"), ("Inputs", "inputs")),
    "model_ended": (("Says", "text"), ("Calls", "calls")),
    "tool_started": (("Arguments", "arguments"),),
    "tool_ended": (("Error", "error"), ("Gave", "output"), ("Files", "files")),
    "plan": (("Steps", "steps"),),
    "message": (("Says", "text"),),
}
_FACTS = {"model": "Model", "tool": "Tool", "effect": "Effect", "to": "To", "topic": "Topic", "by": "By"}


def money(cost: float) -> str:
    """Write US dollars.

    Examples
    --------
    >>> money(0.01234), money(0)
    ('$0.0123', '—')
    """
    return f"${cost:.4f}" if cost else "—"


def took(seconds: float | None) -> str:
    """Write a time that something took.

    Examples
    --------
    >>> took(0.1234), took(75.2), took(None)
    ('0.12 s', '1 min 15 s', '—')
    """
    if seconds is None:
        return "—"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{seconds:.2f} s"


def listed(run: Summary) -> dict[str, Any]:
    """Write a run in a list."""
    goal = " ".join(visible(run.goal).split())
    mark = Mark(LEVELS[run.status], run.status.value)
    return {
        "id": run.task_id,
        "goal": goal if len(goal) <= _LONGEST_GOAL else f"{goal[:_LONGEST_GOAL]}…",
        "user": run.user,
        "origin": run.origin,
        "status": mark.text,
        "level": mark.level,
        "mark": mark.mark,
        "reason": visible(run.reason),
        "begun": f"{run.created:%Y-%m-%d %H:%M}",
        "took": took(run.usage.seconds if run.usage else None),
        "cost": money(run.usage.cost if run.usage else 0),
    }


def head(desk: Desk) -> dict[str, Any]:
    """Write what is known of a run as a whole, at the event at which it is looked at."""
    run, totals = desk.run, desk.outline.totals(desk.at)
    facts = [
        ("Begun", f"{run.created:%Y-%m-%d %H:%M:%S} UTC"),
        ("For", run.user),
        ("Steps", f"{totals.steps:,}"),
        ("Tokens", f"{totals.tokens:,}"),
        ("Cost", money(totals.cost)),
        ("Elapsed", took(totals.seconds)),
        *([("Ended by", run.cancelled)] if run.cancelled else []),
        ("Id", run.task_id),
    ]
    known = listed(run)
    kept = {name: known[name] for name in ("status", "level", "mark", "reason", "origin")}
    return {**kept, "goal": visible(run.goal), "facts": facts}


def rows(desk: Desk) -> list[dict[str, Any]]:
    """Write the rows of a page of the tree."""
    return [_row(node, desk.at, live=desk.run.status is Status.RUNNING) for node in desk.rows()]


def _row(node: Node, at: int, *, live: bool) -> dict[str, Any]:
    over = node.over(at)
    spans = node.kind in {"agent", "model", "tool"}
    open_ends = "under way" if live else "broken off or waiting"
    return {
        "first": node.first,
        "depth": node.depth,
        "kind": _KINDS.get(node.kind, node.kind),
        "title": visible(node.title),
        "what": node.line,
        "outcome": node.outcome if over else open_ends if spans else "",
        "fault": node.fault and (over or not spans),
        "tainted": node.tainted and (over or not spans),
        "seconds": f"{node.seconds:.2f}" if over and node.seconds is not None else "",
        "cost": f"{node.cost:.4f}" if over and node.cost else "",
    }


def detail(node: Node, events: Sequence[Event]) -> dict[str, Any]:
    """Write all that is kept of what is looked at closely."""
    known = {name: value for event in events for name, value in event.data.items()}
    facts = [("Agent", node.agent), ("Begun", f"{node.begun:%H:%M:%S.%f}"[:-3])]
    facts += [(word, visible(str(known[name]))) for name, word in _FACTS.items() if known.get(name)]
    ended = len(events) > 1
    if ended:
        facts.append(("Took", took(node.seconds)))
    if ended and node.kind == "model":
        facts += [("Tokens", f"{node.tokens:,}"), ("Cost", money(node.cost))]
    texts = [text for event in events for text in _texts(event)]
    return {"kind": _KINDS.get(node.kind, node.kind), "title": visible(node.title), "facts": facts, "texts": texts}


def _texts(event: Event) -> list[tuple[str, str, bool]]:
    data = event.data
    if event.kind == "model_started":
        return []
    named = _TEXTS.get(event.kind)
    if event.kind == "task_ended" and isinstance(data["result"], dict):
        data, named = data["result"], (("Reason", "reason"), ("Output", "output"))
    if named is None:
        named = tuple((name.capitalize(), name) for name in data)
    foreign = bool(data.get("tainted"))
    return [(word, pretty(data[name]), foreign) for word, name in named if data.get(name) not in (None, "", [], {})]


def question(approval: Approval) -> dict[str, Any]:
    """Write a question to a person. What a model wrote can hide nothing in it."""
    request = approval.request
    return {
        "request": request.model_copy(update={"agent": visible(request.agent), "tool": visible(request.tool)}),
        "reason": visible(request.reason),
        "arguments": pretty(request.arguments),
        "expires": f"{approval.expires:%Y-%m-%d %H:%M:%S}",
    }


def pretty(value: JsonValue) -> str:
    """Write a value for people: text as it is, anything else as JSON."""
    return visible(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
