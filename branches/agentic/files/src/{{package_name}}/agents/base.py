"""What all agents share: a name, a role, a model, tools, and a way to be given a task."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypedDict, Unpack

from .errors import AgentError
from .frameworks.catalogue import check_framework
from .frameworks.config import LANGGRAPH
from .starting import start, stream
from .tasks import Limits, Step, TaskResult, TaskSpec, Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, LanguageModelInput
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable

    from .budget import Meter
    from .coordination.team import Team
    from .events import Event
    from .frameworks.config import FrameworkName
    from .session import Project, Session
    from .tool_calling import Call
    from .tools.spec import Tool

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")

Strategy = Literal["plan_execute", "react", "reflection"]


class Options(TypedDict, total=False):
    """What else an agent may be told.

    Attributes
    ----------
    name
        By which other agents and people know it.
    role
        What it is told about itself.
    instructions
        What it is told beside that.
    limits
        What it may use up in one task, beside what all that share the task may.
    max_iterations
        How often it may ask its model in one task; the configuration's by default.
    critiques
        How often it criticises its answer, by the strategy `reflection`.
    framework
        What leads it from step to step; the configuration's by default, and `langgraph` with a strategy.
    """

    name: str
    role: str
    instructions: str
    limits: Limits
    max_iterations: int
    critiques: int
    framework: FrameworkName


class Helper(Protocol):
    """Another agent that a call of a model reaches as if it were a tool."""

    def schema(self) -> dict[str, Any]:
        """Give what models are shown, in the form of OpenAI's functions."""

    def help(self, session: Session, asker: Agent, call: Call) -> list[Step]:
        """Do what the call asks, within the session of the asker; the last step tells the asker what came of it."""


class Agent:
    """An agent: a language model with tools, within limits.

    Parameters
    ----------
    model_name
        Such as `gpt-4`, `anthropic:claude-sonnet-4-5` or `scripted`; the configuration's by default.
    tools
        Tools, or names of such that are registered.
    strategy
        `plan_execute` plans first and plans again when a step fails; `react` goes from step to step; `reflection`
        criticises its answer and mends it.
    project
        Where it works; the project around the current folder by default.
    options
        What else it is told: `Options`.

    Raises
    ------
    AgentError
        If its name is none, a tool is unknown, there are two of one name, or its framework is not installed.
    """

    default_role = "You are a careful assistant."
    default_strategy: Strategy = "react"

    def __init__(
        self,
        model_name: str | None = None,
        *,
        tools: Sequence[str | Tool] = (),
        strategy: Strategy | None = None,
        project: Project | None = None,
        **options: Unpack[Options],
    ) -> None:
        from .opening import find_project

        self.project = project or find_project()
        self.model = model_name or self._configured_model()
        self.name = _checked_name(options.get("name") or _snake(type(self).__name__))
        self.role = options.get("role") or self.default_role
        self.instructions = options.get("instructions", "")
        self.tools: Mapping[str, Tool] = _by_name(tools, self.project)
        self.helpers: Mapping[str, Helper] = {}
        self.strategy: Strategy = strategy or self.default_strategy
        self.limits = options.get("limits")
        self.max_iterations = options.get("max_iterations") or self.project.agentic.agents.max_iterations
        self.critiques = options.get("critiques", 1)
        configured = self.project.agentic.agents.framework if strategy is None else LANGGRAPH
        self.framework: FrameworkName = options.get("framework") or configured
        check_framework(self.project, self.framework, strategy)
        self._schemas: list[dict[str, Any]] = []
        self._told: tuple[BaseChatModel, Runnable[LanguageModelInput, AIMessage]] | None = None

    def execute(self, task: str | TaskSpec, *, session: Session | None = None) -> TaskResult:
        """Do a task, and give what came of it.

        In a project the run is kept: a task that was begun under its id goes on, and one that has ended gives its
        result again. With a session of its own, the task is kept where that says.

        Raises
        ------
        AgentError
            If the task can't be begun: a schema that is none, a run that can't be kept.
        """
        return start(self, TaskSpec.of(task), session, {})

    def stream(self, task: str | TaskSpec, *, session: Session | None = None) -> Iterator[Event]:
        """Do a task, and give its events as they happen; the last one, `task_ended`, tells the result but its steps.

        Whoever stops listening cancels the task.
        """
        return stream(self, TaskSpec.of(task), session)

    def run_in(self, session: Session) -> TaskResult:
        """Do the task of a session, and give what came of it."""
        from .running import run

        return run(self, session)

    def coordinate_with(self, *others: Agent) -> Team:
        """Lead a team: the others are asked for what they can do, and share this agent's task and limits."""
        from .coordination.team import Team

        return Team(self, others)

    def meter(self, session: Session) -> Meter:
        """Give what this agent's use counts for in a session."""
        from .budget import Meter

        if self.limits is None:
            return session.meter
        if self.name not in session.meters:
            session.meters[self.name] = own = Meter(self.limits, above=session.meter)
            own.restore(session.earlier.get(self.name, Usage()))
        return session.meters[self.name]

    def schemas(self) -> list[dict[str, Any]]:
        """Give the tools and helpers as language models are shown them."""
        if not self._schemas:
            self._schemas = [tool.schema() for tool in self.tools.values()]
            self._schemas += [helper.schema() for helper in self.helpers.values()]
        return self._schemas

    def told(self, model: BaseChatModel) -> Runnable[LanguageModelInput, AIMessage]:
        """Give a model that is told of the tools and helpers; the same one for the same model."""
        if self._told is None or self._told[0] is not model:
            shown = self.schemas()
            self._told = (model, model.bind_tools(shown) if shown else model)
        return self._told[1]

    def with_helpers(self, helpers: Mapping[str, Helper]) -> Self:
        """Give an agent like this one that can ask others too."""
        other = copy.copy(self)
        other.helpers = helpers
        other._schemas, other._told = [], None
        return other

    def with_tools(self, tools: Sequence[Tool]) -> Self:
        """Give an agent like this one that has more tools.

        Raises
        ------
        AgentError
            If there are then two of one name.
        """
        other = copy.copy(self)
        other.tools = _by_name([*self.tools.values(), *tools], self.project)
        other._schemas, other._told = [], None
        return other

    def _configured_model(self) -> str:
        return self.project.agentic.agents.reasoning_model


def _by_name(tools: Sequence[str | Tool], project: Project) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for tool in (opened for one in tools for opened in _opened(one, project)):
        if tool.name in found:
            raise AgentError(f"there are two tools of the name {tool.name}", hint="give one another name")
        found[tool.name] = tool
    return found


def _opened(tool: str | Tool, project: Project) -> list[Tool]:
    if not isinstance(tool, str):
        return [tool]
    if project.config is None:
        raise AgentError(f"the tool {tool} can't be looked up without a configuration", hint="hand in the tool itself")
    from .tools.registry import open_tools

    return open_tools([tool], project.config)


def _checked_name(name: str) -> str:
    """Refuse names that can't be part of a tool's name, by which other agents ask."""
    if not _NAME.fullmatch(name):
        hint = "begin with a-z, and go on with a-z, 0-9 and _, 60 characters at most: data_analyst"
        raise AgentError(f"an agent can't have the name {name[:100]!r}", hint=hint)
    return name


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
