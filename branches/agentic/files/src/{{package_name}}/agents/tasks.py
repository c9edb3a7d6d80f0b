"""What agents are asked, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from .jsonable import to_json

BELOW = "~"
"""Stands in the id of a turn behind that of its run: an id that a task is given can't hold it."""


class Status(StrEnum):
    """How a task stands.

    Attributes
    ----------
    RUNNING
        Agents are at work.
    WAITING
        A person is asked for an approval.
    DONE
        The task is done.
    PARTIAL
        A limit ended it; the output is what there was by then.
    REFUSED
        The task, or all that it would have needed, is not allowed.
    FAILED
        It could not be done: no model answered, or no call of a tool worked.
    CANCELLED
        A person ended it.
    """

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    PARTIAL = "partial"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self not in (Status.RUNNING, Status.WAITING)


class Record(BaseModel):
    """Data that is written as JSON: immutable, and closed to keys that it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Usage(Record):
    """What was used up.

    Attributes
    ----------
    steps
        Calls of models and tools.
    seconds
        Time on the clock, without waiting for people.
    cost
        US dollars.
    """

    steps: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0
    cost: float = 0

    @property
    def tokens(self) -> int:
        """Tokens that models read and wrote."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            steps=self.steps + other.steps,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            seconds=self.seconds + other.seconds,
            cost=self.cost + other.cost,
        )


class Limits(Record):
    """What a task may use up. 0 is no limit, None what the configuration says."""

    steps: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, ge=0)
    money: float | None = Field(default=None, ge=0)


class Grant(Record):
    """An approval that a person gives beforehand: a tool may be called with these values of these arguments.

    Attributes
    ----------
    arguments
        Values that must be as they stand here; arguments that are not named are free.

    Examples
    --------
    >>> Grant(tool="write_file", arguments={"path": "summary.md"}).tool
    'write_file'
    """

    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)

    @field_validator("arguments", mode="before")
    @classmethod
    def _as_kept(cls, arguments: Any) -> Any:
        return to_json(arguments) if isinstance(arguments, Mapping) else arguments


class TaskSpec(Record):
    """A task.

    Parameters
    ----------
    goal
        What is wanted, in words; 100,000 characters at most. What is longer belongs into a file or a dataset.
    inputs
        What it is about, such as the name of a dataset, as JSON.
    answer_schema
        JSON Schema that the output must keep to; text if there is none.
    limits
        Where they differ from the configuration's.
    grants
        Calls that agents need not ask for. They come from who gives the task, never from a model.
    user
        Whose memories agents may read and add to.
    tainted
        Whether nobody here vouches for its words: agents are then held to what they may do after they have read such.
    task_id
        Under which it is kept; asking twice for one id gives the same run.

    Examples
    --------
    >>> TaskSpec.of("What drives churn?").goal
    'What drives churn?'
    """

    goal: str = Field(max_length=100_000)
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    answer_schema: dict[str, Any] | None = None
    limits: Limits = Limits()
    grants: tuple[Grant, ...] = ()
    user: str = "local"
    tainted: bool = False
    task_id: str = Field(default_factory=lambda: uuid4().hex, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")

    @field_validator("goal")
    @classmethod
    def _says_something(cls, goal: str) -> str:
        if not goal.strip():
            raise ValueError("it is empty: say what is wanted")
        return goal

    @field_validator("inputs", mode="before")
    @classmethod
    def _as_kept(cls, inputs: Any) -> Any:
        """Make them what they will be once they were kept: NaN is null in JSON, and a tuple a list."""
        return to_json(inputs) if isinstance(inputs, Mapping) else inputs

    @property
    def run_id(self) -> str:
        """The id of the run that this task is, or is a turn of."""
        return self.task_id.partition(BELOW)[0]

    @classmethod
    def of(cls, task: str | TaskSpec | Self) -> TaskSpec:
        """Take a task as it is, or words as the goal of one."""
        return task if isinstance(task, TaskSpec) else cls(goal=task)


class Step(Record):
    """One thing that an agent did.

    Attributes
    ----------
    kind
        `model`, `tool`, `message`, `vote`, or what a workflow names.
    name
        The model, the tool, or to whom a message went.
    tainted
        Whether it holds, or was caused by, content that nobody vouches for.
    """

    number: int
    agent: str
    kind: str
    name: str
    started: datetime
    input: JsonValue = None
    output: JsonValue = None
    error: str = ""
    tainted: bool = False
    usage: Usage = Usage()


class TaskResult(Record):
    """What came of a task.

    Attributes
    ----------
    output
        The answer: text, or JSON that keeps to the task's schema. What there was by then, where a limit ended it.
    reason
        Why the status is not `done`, for people.
    """

    task_id: str
    status: Status
    output: JsonValue = None
    reason: str = ""
    steps: tuple[Step, ...] = ()
    usage: Usage = Usage()

    @property
    def cost(self) -> float:
        """US dollars that models took."""
        return self.usage.cost
