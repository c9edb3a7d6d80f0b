"""Finding the project, and putting together what a run is given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from .budget import Meter, limits_of
from .config import AgenticConfig
from .events import Feed
from .safety.taint import fence
from .session import (
    ApprovalRequest,
    Approvals,
    Begun,
    Decision,
    Filter,
    Gate,
    Journal,
    Known,
    Memory,
    Project,
    Remembered,
    Session,
    Unknown,
)
from .tasks import TaskResult, TaskSpec
from .tools.spec import Tool, ToolOutput

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from ..config import Config
    from .events import Listener


def find_project(environment: str | None = None, overrides: Sequence[str] = (), root: Path | None = None) -> Project:
    """Find the project around the current folder, with its configuration; keys in its `.env` become variables.

    Raises
    ------
    ConfigError
        If there is none, or its configuration is not valid.
    """
    from ..config import load_config
    from ..runtime import give_variables

    config = load_config(environment, overrides, root)
    give_variables(config.root)
    return project_of(config)


def project_of(config: Config) -> Project:
    """Give the project of a configuration."""
    return Project(config.root, config.environment, config.group("agentic", AgenticConfig), config)


class Parts(TypedDict, total=False):
    """Parts of a session that someone hands in, in place of the configured ones."""

    open_model: Callable[[str], BaseChatModel]
    gate: Gate
    journal: Journal
    approvals: Approvals
    memory: Memory
    filters: tuple[Filter, ...]
    enclose: Callable[[str], str]
    checkpointer: BaseCheckpointSaver[Any] | None
    listeners: tuple[Listener, ...]
    attended: bool
    stop: threading.Event
    above: Meter


def open_session(task: TaskSpec, project: Project, **parts: Unpack[Parts]) -> Session:
    """Put together what a run is given: parts that are handed in, and for the others those of the configuration."""
    from .models.factory import model_opener
    from .observability.opening import listen_for_traces
    from .safety.egress import turn_telemetry_off
    from .safety.opening import listen_for_audit, open_filters, open_gate

    turn_telemetry_off()
    root, agentic = project.root, project.agentic
    filters = open_filters(agentic)
    listeners = (*listen_for_audit(agentic, root), *listen_for_traces(project), *parts.get("listeners", ()))
    return Session(
        task=task,
        project=project,
        open_model=parts.get("open_model") or model_opener(project),
        meter=Meter(limits_of(agentic.agents.budget, task.limits), parts.get("above")),
        gate=parts.get("gate") or open_gate(agentic, root),
        journal=parts.get("journal") or MemoryJournal(),
        approvals=parts.get("approvals") or NobodyThere(),
        memory=parts.get("memory") or _configured_memory(agentic, root, filters),
        feed=Feed(task.task_id, listeners, attended=parts.get("attended", False)),
        filters=parts.get("filters", filters),
        checkpointer=parts.get("checkpointer"),
        enclose=parts.get("enclose", fence),
        tainted=task.tainted,
        stop=parts.get("stop") or threading.Event(),
    )


def _configured_memory(config: AgenticConfig, root: Path, filters: tuple[Filter, ...]) -> Memory:
    if not config.memory.enabled:
        return NoMemory()
    from .memory.opening import open_memory

    return open_memory(config, root, filters)


@dataclass(slots=True)
class MemoryJournal:
    """Remembers effects as long as the process lives."""

    _begun: dict[str, datetime] = field(default_factory=dict)
    _ended: dict[str, ToolOutput] = field(default_factory=dict)

    def begin(self, key: str, tool: Tool, arguments: Mapping[str, Any]) -> Begun | Known | Unknown:
        """Write down that a call begins, or tell what is known of it."""
        if key in self._ended:
            return Known(self._ended[key])
        if key in self._begun and not tool.honours_key:
            return Unknown(self._begun[key])
        self._begun[key] = datetime.now(UTC)
        return Begun()

    def end(self, key: str, output: ToolOutput) -> None:
        """Write down what a call gave."""
        self._ended[key] = output


@dataclass(frozen=True, slots=True)
class NobodyThere:
    """Approvals where no person can be asked: what needs one is not done."""

    def ask(self, request: ApprovalRequest) -> Decision | None:
        """Refuse."""
        return Decision(approved=False, by="nobody", reason="no person is there to approve it")


@dataclass(frozen=True, slots=True)
class Asked:
    """Approvals that a function decides, such as a question in a terminal."""

    decide: Callable[[ApprovalRequest], Decision | None]

    def ask(self, request: ApprovalRequest) -> Decision | None:
        """Ask the function."""
        return self.decide(request)


@dataclass(frozen=True, slots=True)
class NoMemory:
    """A memory that holds nothing."""

    def recall(self, task: TaskSpec) -> Sequence[Remembered]:
        """Recall nothing."""
        return ()

    def learn(self, task: TaskSpec, result: TaskResult) -> None:
        """Learn nothing."""
