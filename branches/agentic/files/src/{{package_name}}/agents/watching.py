"""Events as lines for a terminal: who does what, below whom, and what came of it."""

from __future__ import annotations

import json
from typing import TextIO

from pydantic import JsonValue

from .events import Event
from .safety.taint import visible

_MOST = 100  # characters of what is shown of one thing


class Watcher:
    """Writes a line for each event that a person would follow."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._depths: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        """Write the line of an event."""
        depth = self._depths.get(event.parent, -1) + 1 if event.parent else self._depths.get(event.span, 0)
        self._depths.setdefault(event.span, depth)
        line = describe(event)
        if line:
            self.stream.write(f"{'  ' * depth}{event.agent}: {line}\n")
            self.stream.flush()


def describe(event: Event) -> str:
    """Tell an event in a line; nothing for those that only machines want.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> told = {"task_id": "t", "sequence": 1, "time": datetime.now(UTC), "agent": "a", "span": "s"}
    >>> describe(Event(**told, kind="warning", data={"text": "no price is known"}))
    'warns: no price is known'
    """
    data = event.data
    if event.kind == "tool_ended":
        outcome = f"failed: {_short(data['error'])}" if data["error"] else f"gave {_short(data['output'])}"
        return f"{data['tool']} {outcome} ({data['seconds']:.2f} s)"
    if event.kind == "task_ended" and isinstance(data["result"], dict):
        return f"{data['result']['status']} {_short(data['result']['reason'])}".strip()
    told = {
        "task_started": ("begins: ", "goal"),
        "tool_started": ("calls ", "tool"),
        "plan": ("plans ", "steps"),
        "model_ended": ("says ", "text"),
        "message": ("tells ", "to"),
        "approval_asked": ("waits for an approval: ", "reason"),
        "approval_given": ("was answered by ", "by"),
        "vote": ("votes for ", "choice"),
        "decision": ("decides: ", "outcome"),
        "warning": ("warns: ", "text"),
    }
    words, key = told.get(event.kind, ("", ""))
    return f"{words}{_short(data[key])}" if key and data.get(key) else ""


def _short(value: JsonValue) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = visible(" ".join(text.split()))
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"
