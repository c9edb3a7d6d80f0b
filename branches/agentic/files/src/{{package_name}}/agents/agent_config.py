"""What an agent is made of, as data: so that a service, a worker or a resumed run can make it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from .errors import AgentError
from .frameworks.config import LANGGRAPH, FrameworkName
from .tasks import Limits, Record

if TYPE_CHECKING:
    from .base import Agent, Options
    from .coordination.team import Team
    from .session import Project

Kind = Literal["reasoning", "tool"]


class AgentConfig(Record):
    """An agent, as data.

    Parameters
    ----------
    kind
        `reasoning` plans and decides, `tool` calls tools.
    model
        The name of its model; the configured one if empty.
    tools
        Names of registered tools.
    strategy
        `plan_execute`, `react` or `reflection`; that of its kind if None.
    framework
        What leads it from step to step; the configured one if None.
    members
        Agents that it leads.

    Examples
    --------
    >>> AgentConfig(kind="tool", name="analyst", tools=("data_analyzer",)).strategy is None
    True
    """

    kind: Kind = "reasoning"
    name: str = Field(default="", max_length=60, pattern=r"^([a-z][a-z0-9_]*)?$")
    model: str = Field(default="", max_length=200)
    role: str = Field(default="", max_length=10_000)
    instructions: str = Field(default="", max_length=50_000)
    tools: tuple[str, ...] = Field(default=(), max_length=100)
    strategy: Literal["plan_execute", "react", "reflection"] | None = None
    limits: Limits | None = None
    max_iterations: int | None = Field(default=None, ge=1, le=1_000)
    critiques: int = Field(default=1, ge=0, le=10)
    framework: FrameworkName | None = None
    members: tuple[AgentConfig, ...] = Field(default=(), max_length=20)

    @classmethod
    def of(cls, agent: Agent) -> Self | None:
        """Describe an agent; None if it has tools or colleagues that only the code which made it knows."""
        from .coordination.team import Colleague
        from .reasoning import ReasoningAgent
        from .tool_calling import ToolAgent
        from .tools.registry import find_tools

        kinds: dict[type[Agent], Kind] = {ReasoningAgent: "reasoning", ToolAgent: "tool"}
        sources = find_tools()
        known = all(any(name == one or name.startswith(f"{one}_") for one in sources) for name in agent.tools)
        helpers = [one for one in agent.helpers.values() if isinstance(one, Colleague)]
        members = [AgentConfig.of(one.agent) for one in helpers]
        if type(agent) not in kinds or not known or len(helpers) < len(agent.helpers) or None in members:
            return None
        return cls(
            kind=kinds[type(agent)],
            name=agent.name,
            model=agent.model,
            role=agent.role,
            instructions=agent.instructions,
            tools=tuple(agent.tools),
            strategy=agent.strategy if agent.framework == LANGGRAPH else None,
            limits=agent.limits,
            max_iterations=agent.max_iterations,
            critiques=agent.critiques,
            framework=agent.framework,
            members=tuple(one for one in members if one is not None),
        )

    def make(self, project: Project) -> Agent | Team:
        """Make the agent, with those that it leads.

        Raises
        ------
        AgentError
            If a tool is unknown or switched off, or two agents have one name.
        """
        from .base import Agent

        alone = self.alone(project)
        if not self.members:
            return alone
        members = [one.make(project) for one in self.members]
        agents = [one for one in members if isinstance(one, Agent)]
        if len(agents) < len(members):
            raise AgentError("a member of a team can't lead a team of its own", hint="make one team of them all")
        return alone.coordinate_with(*agents)

    def alone(self, project: Project) -> Agent:
        """Make the agent without those that it leads.

        Raises
        ------
        AgentError
            If a tool is unknown or switched off.
        """
        from .reasoning import ReasoningAgent
        from .tool_calling import ToolAgent

        kind: type[Agent] = ToolAgent if self.kind == "tool" else ReasoningAgent
        options: Options = {
            "name": self.name,
            "role": self.role,
            "instructions": self.instructions,
            "critiques": self.critiques,
        }
        if self.framework is not None:
            options["framework"] = self.framework
        if self.limits is not None:
            options["limits"] = self.limits
        if self.max_iterations:
            options["max_iterations"] = self.max_iterations
        return kind(self.model or None, tools=self.tools, strategy=self.strategy, project=project, **options)
