"""What happens during a task, as it happens, and who hears of it: traces, pages, terminals and the audit log."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field, JsonValue

from .tasks import Record

Kind = Literal[
    "task_started",
    "task_ended",
    "plan",
    "model_started",
    "model_token",
    "model_ended",
    "tool_started",
    "tool_ended",
    "approval_asked",
    "approval_given",
    "message",
    "vote",
    "decision",
    "warning",
]


class Event(Record):
    """One thing that happened.

    Attributes
    ----------
    sequence
        Its number within the task, from 1, in the order in which things happened. Of a run that is kept some may be
        missing: tokens are not kept, and what was not written when its process died is lost.
    span, parent
        Ids that make a tree of what happened: a task holds agents' turns, a turn the calls that it made.
    data
        What the kind brings, as JSON: masked, and cut to a bearable length.
    """

    task_id: str
    sequence: int
    time: datetime
    kind: Kind
    agent: str
    span: str
    parent: str = ""
    data: dict[str, JsonValue] = Field(default_factory=dict)


Listener = Callable[[Event], None]


@dataclass(slots=True)
class Feed:
    """The events of one run, numbered, and those who hear them.

    Attributes
    ----------
    count
        How many there were; a run that goes on counts from there.
    attended
        Whether tokens are of use to someone as they come.
    """

    task_id: str
    listeners: tuple[Listener, ...] = ()
    count: int = 0
    attended: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, kind: Kind, agent: str, span: str, parent: str, data: dict[str, JsonValue]) -> None:
        """Give an event its number and tell the listeners, one event at a time."""
        with self._lock:
            self.count += 1
            event = Event.model_construct(  # of data that is JSON by now
                task_id=self.task_id,
                sequence=self.count,
                time=datetime.now(UTC),
                kind=kind,
                agent=agent,
                span=span,
                parent=parent,
                data=data,
            )
            for listener in self.listeners:
                listener(event)
