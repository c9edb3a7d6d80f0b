"""Events as lines for a terminal: who does what, below whom, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, TextIO

from pydantic import JsonValue

from .events import Event, Listener
from .safety.taint import visible

if TYPE_CHECKING:
    from .tasks import Limits

_MOST = 100  # characters of what is shown of one thing


@contextmanager
def open_watcher(
    stream: TextIO, limits: Limits | None = None
) -> Iterator[tuple[Listener, Callable[[], AbstractContextManager[None]]]]:
    """Give a listener that shows a run, and what leaves the terminal to a question for the time of a ``with`` block.

    In a terminal it is a tree that grows, elsewhere a line for each event.
    """
    from rich.console import Console

    console = Console(file=stream)
    if not console.is_terminal or console.is_dumb_terminal:
        yield Watcher(stream), nullcontext
        return
    from .live_view import LiveView

    with LiveView(console, limits) as view:
        yield view, view.aside


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
        outcome = f"failed: {short(data['error'])}" if data["error"] else f"gave {short(data['output'])}"
        return f"{data['tool']} {outcome} ({data['seconds']:.2f} s)"
    if event.kind == "task_ended" and isinstance(data["result"], dict):
        return f"{data['result']['status']} {short(data['result']['reason'])}".strip()
    if event.kind == "message":
        return f"tells {short(data['to'])}: {short(data['text'])}"
    told = {
        "task_started": ("begins: ", "goal"),
        "tool_started": ("calls ", "tool"),
        "plan": ("plans ", "steps"),
        "model_ended": ("says ", "text"),
        "approval_asked": ("waits for an approval: ", "reason"),
        "approval_given": ("was answered by ", "by"),
        "vote": ("votes for ", "choice"),
        "decision": ("decides: ", "outcome"),
        "warning": ("warns: ", "text"),
    }
    words, key = told.get(event.kind, ("", ""))
    return f"{words}{short(data[key])}" if key and data.get(key) else ""


def short(value: JsonValue) -> str:
    """Write a value in a line that is not too long; nothing for None."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = visible(" ".join(text.split()))
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"
