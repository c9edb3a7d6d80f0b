"""What Agent2Agent 1.0 says over JSON-RPC, as far as a client needs it (https://a2a-protocol.org/latest/specification).

What it does not know is left out, and what is not as it should be is refused.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

CARD_PATH = "/.well-known/agent-card.json"
VERSION = "1.0"
VERSION_HEADER = "A2A-Version"

State = Literal[
    "TASK_STATE_UNSPECIFIED",
    "TASK_STATE_SUBMITTED",
    "TASK_STATE_WORKING",
    "TASK_STATE_COMPLETED",
    "TASK_STATE_FAILED",
    "TASK_STATE_CANCELED",
    "TASK_STATE_INPUT_REQUIRED",
    "TASK_STATE_REJECTED",
    "TASK_STATE_AUTH_REQUIRED",
]
AT_WORK: frozenset[State] = frozenset({"TASK_STATE_UNSPECIFIED", "TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"})


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Interface(_Told):
    """Where an agent is asked, and how."""

    url: str
    protocol_binding: str
    protocol_version: str


class Card(_Told):
    """What an agent says of itself."""

    supported_interfaces: list[Interface]


class Part(_Told):
    """A piece of a message: text, JSON, or something else that is left out."""

    text: str | None = None
    data: JsonValue = None


class Message(_Told):
    """What an agent says."""

    parts: list[Part] = []


class Artifact(_Told):
    """What an agent made."""

    parts: list[Part] = []


class TaskStatus(_Told):
    """How a task stands."""

    state: State
    message: Message = Message()


class Task(_Told):
    """A task that an agent works on."""

    id: str = Field(min_length=1, max_length=1_000)
    status: TaskStatus
    artifacts: list[Artifact] = []


class Fault(_Told):
    """Why a call was refused."""

    message: str = ""


class Sent(_Told):
    """What a message led to: an answer at once, or a task."""

    task: Task | None = None
    message: Message | None = None
