"""What happened in a run as a tree that grows with each event, as it stood at any of them: for pages and terminals."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..events import Event
from ..tasks import Status
from ..watching import describe, short

_BEGINS = {"task_started": "agent", "model_started": "model", "tool_started": "tool"}
_ENDS = {"task_ended", "model_ended", "tool_ended"}
_FINE = {Status.DONE.value, Status.WAITING.value, Status.PARTIAL.value}


@dataclass(slots=True)
class Node:
    """Something that began, or that was told in between.

    Attributes
    ----------
    first, last
        Numbers of the events with which it began and ended; 0 if it has not ended.
    kind
        `agent`, `model`, `tool`, or the kind of the one event that it is.
    line
        What it is about, and once it has ended what it gave, shortened.
    fault
        Whether it went wrong.
    tokens, cost
        What a model used, in tokens and US dollars; of agents, 0.
    """

    first: int
    kind: str
    agent: str
    title: str
    depth: int
    begun: datetime
    line: str = ""
    last: int = 0
    ended: datetime | None = None
    outcome: str = ""
    fault: bool = False
    tainted: bool = False
    tokens: int = 0
    cost: float = 0
    below: list[Node] = field(default_factory=list, repr=False)

    def over(self, at: int) -> bool:
        """Tell whether it had ended by an event."""
        return 0 < self.last <= at

    @property
    def seconds(self) -> float | None:
        """How long it took; None as long as it has not ended."""
        return None if self.ended is None else (self.ended - self.begun).total_seconds()


@dataclass(frozen=True, slots=True)
class Totals:
    """What was used up by an event."""

    steps: int = 0
    tokens: int = 0
    cost: float = 0
    seconds: float = 0


class Outline:
    """The tree of a run. It is a listener, and takes events in their order."""

    def __init__(self) -> None:
        self.roots: list[Node] = []
        self.last = 0
        self._spans: dict[str, Node] = {}
        self._of: dict[int, Node] = {}
        self._totals: list[Totals] = [Totals()]
        self._numbers: list[int] = [0]
        self._begun: datetime | None = None

    def __call__(self, event: Event) -> None:
        """Take an event; one that is known, and tokens, change nothing."""
        if event.sequence <= self.last:
            return
        self.last = event.sequence
        if event.kind == "model_token":
            return
        self._begun = self._begun or event.time
        node = self._spans.get(event.span)
        if event.kind in _BEGINS:
            node = self._spans[event.span] = self._add(event, _BEGINS[event.kind], self._spans.get(event.parent))
        elif event.kind in _ENDS and node:
            _end(node, event)
        else:
            node = self._add(event, event.kind, node)
        self._of[event.sequence] = node
        self._count(event)

    def node(self, at: int) -> Node | None:
        """Give what an event, or the last one before it, was about."""
        index = bisect_right(self._numbers, at) - 1
        return self._of.get(self._numbers[index])

    def totals(self, at: int) -> Totals:
        """Give what was used up by an event."""
        return self._totals[bisect_right(self._numbers, at) - 1]

    def rows(self, at: int) -> list[Node]:
        """Give what there was by an event, each thing before those below it."""
        return [node for root in self.roots for node in _walk(root, at)]

    def under_way(self, at: int) -> list[Node]:
        """Give what had begun and not ended by an event, the outermost first."""
        return [one for one in self.rows(at) if one.kind in _BEGINS.values() and not one.over(at)]

    def _add(self, event: Event, kind: str, above: Node | None) -> Node:
        data = event.data
        title = str(data.get({"model": "model", "tool": "tool"}.get(kind, ""), "")) or event.agent
        line = {"agent": "goal", "tool": "arguments"}.get(kind)
        node = Node(
            first=event.sequence,
            kind=kind,
            agent=event.agent,
            title=title,
            depth=above.depth + 1 if above else 0,
            begun=event.time,
            line=short(data.get(line)) if line else describe(event),
            tainted=bool(data.get("tainted")),
            fault=kind == "warning",
        )
        (above.below if above else self.roots).append(node)
        return node

    def _count(self, event: Event) -> None:
        before = self._totals[-1]
        used: dict[str, Any] = {}
        usage = event.data.get("usage")
        if event.kind == "model_ended" and isinstance(usage, dict):
            used = usage
        began = self._begun or event.time
        self._numbers.append(event.sequence)
        self._totals.append(
            Totals(
                before.steps + (event.kind in {"model_ended", "tool_ended"}),
                before.tokens + used.get("input_tokens", 0) + used.get("output_tokens", 0),
                before.cost + used.get("cost", 0),
                (event.time - began).total_seconds(),
            )
        )


def _walk(root: Node, at: int) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.first <= at:
            yield node
            waiting += reversed(node.below)


def _end(node: Node, event: Event) -> None:
    data: dict[str, Any] = dict(event.data)
    node.last, node.ended = event.sequence, event.time
    if node.kind == "tool":
        node.fault, node.tainted = bool(data["error"]), bool(data["tainted"])
        node.outcome = short(data["error"] or data["output"])
    elif node.kind == "model":
        usage = data["usage"]
        node.title, node.cost = str(data["model"]), usage["cost"]
        node.tokens = usage["input_tokens"] + usage["output_tokens"]
        names = ", ".join(str(call.get("name", "")) for call in data["calls"])
        node.outcome = short(data["text"]) or (f"asks for {names}" if names else "")
    elif isinstance(data["result"], dict):
        node.outcome = str(data["result"]["status"])
        node.fault = node.outcome not in _FINE
