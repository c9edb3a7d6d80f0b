"""What happens during a task, as it happens: for traces, pages, terminals and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
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
