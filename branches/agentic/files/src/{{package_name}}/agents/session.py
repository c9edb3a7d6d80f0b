"""What one run is given: its configuration, model, limits, gate, journal, memory, and ears.

Agents know these parts by their protocols alone, so that a test or a project can hand in its own.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import uuid4

from pydantic import Field, JsonValue

from .events import Feed, Kind
from .jsonable import clip, whole_characters
from .tasks import Record, Step, TaskResult, TaskSpec, Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from ..config import Config
    from .budget import Meter
    from .config import AgenticConfig
    from .tools.spec import Tool, ToolOutput

_SPAN: ContextVar[str] = ContextVar("span", default="")
_MOST_EVENT_TEXT = 4_000
_LOOK_UP = 0.25  # seconds between two looks at whether agents may work, while something is waited for
# What we count ourselves: no text of anybody to clean.
_OURS = frozenset({"arguments_sha256", "effect", "messages", "seconds", "tainted", "usage"})
# Names of tools, agents and fields come again and again: what became of so many short texts is remembered.
_SHORT, _MOST_KNOWN = 40, 500


class Verdict(Record):
    """What a gate says to a call.

    Attributes
    ----------
    reason
        Why, for the person who is asked and for the model that is refused.
    """

    answer: Literal["allow", "ask", "deny"]
    reason: str = ""


class ApprovalRequest(Record):
    """A call that waits for a person.

    Attributes
    ----------
    key
        Idempotency key of the call: asking again for it after a crash is the same question.
    """

    key: str
    task_id: str
    agent: str
    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    effect: str
    reason: str
    tainted: bool = False


class Decision(Record):
    """What a person answered to an approval."""

    approved: bool
    by: str
    reason: str = ""
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Begun:
    """The journal wrote down that a call begins: make it now."""


@dataclass(frozen=True, slots=True)
class Known:
    """The call was made before, and gave this."""

    output: ToolOutput


@dataclass(frozen=True, slots=True)
class Unknown:
    """The call was begun before and nobody knows how it ended; its receiver would do it twice."""

    since: datetime


class Remembered(Record):
    """One memory that fits a task."""

    text: str
    source: str = ""
    tainted: bool = False
    score: float = 0


class Gate(Protocol):
    """Decides whether a call may be made."""

    def decide(self, tool: Tool, arguments: Mapping[str, Any], *, tainted: bool, task: TaskSpec) -> Verdict:
        """Judge a call whose arguments were checked; `tainted` if untrusted content was read before it."""

    def refusal(self, task: TaskSpec) -> str:
        """Say why agents may not work on a task, or no longer; nothing if they may."""


class Journal(Protocol):
    """Remembers effects, so that a run that goes on after a crash does not repeat them."""

    def begin(self, key: str, tool: Tool, arguments: Mapping[str, Any]) -> Begun | Known | Unknown:
        """Write down that a call begins, or tell what is known of it."""

    def end(self, key: str, output: ToolOutput) -> None:
        """Write down what a call gave."""


class Approvals(Protocol):
    """Asks people."""

    def ask(self, request: ApprovalRequest) -> Decision | None:
        """Ask for a decision; None if there is none yet, and the run has to wait."""


class Filter(Protocol):
    """Takes out of a text what must not go on, such as a key."""

    def clean(self, text: str) -> str:
        """Give the text without it."""


class Memory(Protocol):
    """What agents remember between tasks."""

    def recall(self, task: TaskSpec) -> Sequence[Remembered]:
        """Give what fits a task, the best first."""

    def learn(self, task: TaskSpec, result: TaskResult) -> None:
        """Keep what a task taught."""


@dataclass(frozen=True, slots=True)
class Project:
    """Where agents work.

    Attributes
    ----------
    config
        The whole configuration, for tools that need other groups; None outside of a project's folder.
    models
        Those that are open, by name: all runs share their connections and rates.
    """

    root: Path
    environment: str
    agentic: AgenticConfig
    config: Config | None = None
    models: dict[str, BaseChatModel] = field(default_factory=dict, repr=False, compare=False)


@dataclass(slots=True)
class Session:
    """What one run is given.

    Attributes
    ----------
    open_model
        Gives the chat model of a name; of an empty name the configured one.
    filters
        Clean what tools give, what models say, and events.
    enclose
        Marks text that nobody vouches for, before a model is shown it.
    checkpointer
        Where the run is kept after each step; nothing is kept without one.
    stop
        Set when a person ends the run.
    meters
        Those of agents with limits of their own, by name.
    unpriced
        Models whose price nobody wrote down, and that people were told of.
    earlier
        What agents used before the run was broken off, by name.
    said
        What leaders of teams and their members said to each other, by the id of the leader's task.
    tainted
        Whether the task itself comes from an agent that has read text that nobody vouches for.
    asking
        Agents that wait for what this run gives, from the first to the last.
    reopened
        Whether it goes on after a limit had ended it: one that is wider now lets it.
    """

    task: TaskSpec
    project: Project
    open_model: Callable[[str], BaseChatModel]
    meter: Meter
    gate: Gate
    journal: Journal
    approvals: Approvals
    memory: Memory
    feed: Feed
    filters: tuple[Filter, ...] = ()
    enclose: Callable[[str], str] = field(default=lambda text: f"<untrusted>\n{text}\n</untrusted>")
    checkpointer: BaseCheckpointSaver[Any] | None = None
    meters: dict[str, Meter] = field(default_factory=dict)
    tainted: bool = False
    asking: tuple[str, ...] = ()
    reopened: bool = False
    unpriced: set[str] = field(default_factory=set)
    earlier: dict[str, Usage] = field(default_factory=dict)
    said: dict[str, list[Step]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    _cleaned: dict[str, str] = field(default_factory=dict, init=False)
    _refusal: str = field(default="", init=False)
    _looked: float = field(default=-math.inf, init=False)

    @property
    def config(self) -> AgenticConfig:
        """The configuration group `agentic`."""
        return self.project.agentic

    def cancel(self) -> None:
        """End the run: what runs is told, nothing new begins, and the result is `cancelled`."""
        self.stop.set()

    def cancelled(self) -> bool:
        """Tell whether the run is to end at once: a person has ended it, or stopped all agents.

        It may be asked as often as one likes: the gate is not, each time.
        """
        if self.stop.is_set() or self._refusal:
            return True
        if time.monotonic() - self._looked < _LOOK_UP:
            return False
        return bool(self.refusal())

    def refusal(self) -> str:
        """Ask the gate why agents may not work on the task; nothing if they may. A refusal holds for the whole run."""
        self._looked = time.monotonic()
        self._refusal = self._refusal or self.gate.refusal(self.task)
        return self._refusal

    def work_folder(self) -> Path:
        """Give the folder of the task's own files, made if it is missing. All who work on a task share it."""
        folder = self.project.root / self.config.tools.work_folder / self.task.run_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def clean(self, text: str) -> str:
        """Send a text through all filters."""
        known = self._cleaned.get(text)
        if known is not None:
            return known
        cleaned = whole_characters(text)
        for one in self.filters:
            cleaned = one.clean(cleaned)
        if len(text) <= _SHORT and len(self._cleaned) < _MOST_KNOWN:
            self._cleaned[text] = cleaned
        return cleaned

    def emit(self, kind: Kind, agent: str, *, span: str = "", parent: str = "", **data: JsonValue) -> None:
        """Tell the listeners what happened, with its data cleaned and shortened.

        They are called in the thread in which it happens, one event at a time and in order.
        """
        if self.feed.listeners:
            shown = {
                name: value if name in _OURS else clip(value, _MOST_EVENT_TEXT, self.clean)[0]
                for name, value in data.items()
            }
            self.feed.tell(kind, agent, span or _SPAN.get() or self.task.task_id, parent, shown)

    @contextmanager
    def span(self) -> Iterator[tuple[str, str]]:
        """Open a branch of the tree of events: gives its id and that of the one around it."""
        name, around = uuid4().hex[:16], _SPAN.get()
        token = _SPAN.set(name)
        try:
            yield name, around
        finally:
            _SPAN.reset(token)
