"""What all patterns share: agents who work on one task, within its limits, and over one channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from pydantic import JsonValue

from ..running import enclosed
from ..starting import start, stream
from ..tasks import Status, TaskResult, TaskSpec, Usage
from .channels import Protocol, open_channel
from .floor import Ended, Floor
from .members import check_members

if TYPE_CHECKING:
    from ..base import Agent
    from ..events import Event
    from ..session import Session
    from .group_config import GroupConfig


class Setup(TypedDict, total=False):
    """How a group talks, and by which name people know it: see `Group`."""

    protocol: Protocol | None
    subscriptions: Mapping[str, Collection[str]] | None
    name: str


class Group(ABC):
    """Agents that work on one task by a pattern. They share its limits and its approvals.

    Parameters
    ----------
    agents
        Who works together.
    protocol
        Who hears what an agent says: `broadcast`, `direct`, `blackboard` or `pubsub`; the configuration's by default.
    subscriptions
        By `pubsub`, the topics that each agent hears beside what is meant for it.
    name
        By which people know the group.

    Raises
    ------
    AgentError
        If there are no agents, two have one name, or they are more than `agentic.coordination.max_agents`.

    Attributes
    ----------
    config
        What it was made of, if that is data: a run of it can be gone on with by others then.
    """

    default_name = "group"

    def __init__(
        self,
        agents: Sequence[Agent],
        *,
        protocol: Protocol | None = None,
        subscriptions: Mapping[str, Collection[str]] | None = None,
        name: str = "",
    ) -> None:
        check_members(agents)
        self.agents = tuple(agents)
        self.project = agents[0].project
        self.settings = self.project.agentic.coordination
        self.protocol = protocol or self.settings.communication_protocol
        self.subscriptions = subscriptions or {}
        self.name = name or self.default_name
        self.config: GroupConfig | None = None

    @abstractmethod
    def work(self, floor: Floor) -> JsonValue:
        """Do the task of a floor, and give its output.

        Raises
        ------
        Ended
            If it ends otherwise than done.
        """

    def execute(self, task: str | TaskSpec, *, session: Session | None = None) -> TaskResult:
        """Do a task together. In a project it is kept: asked again under its id, it goes on where it was."""
        return start(self, TaskSpec.of(task), session, {})

    def stream(self, task: str | TaskSpec, *, session: Session | None = None) -> Iterator[Event]:
        """Do a task together, and give its events as they happen; whoever stops listening cancels it."""
        return stream(self, TaskSpec.of(task), session)

    def run_in(self, session: Session) -> TaskResult:
        """Do the task of a session."""
        return enclosed(session, self.name, lambda: self._work(session))

    def others(self, agent: str) -> tuple[str, ...]:
        """Give the names of all but one."""
        return tuple(one.name for one in self.agents if one.name != agent)

    def _work(self, session: Session) -> TaskResult:
        floor = Floor(session, open_channel(self.protocol, self.subscriptions))
        status, reason, output = Status.DONE, "", None
        try:
            output = self.work(floor)
        except Ended as ended:
            status, reason, output = ended.status, ended.reason, ended.output
        used = sum((step.usage for step in floor.steps), start=Usage())
        return TaskResult(
            task_id=session.task.task_id,
            status=status,
            output=output,
            reason=reason,
            steps=tuple(step.model_copy(update={"number": n}) for n, step in enumerate(floor.steps, start=1)),
            usage=used.model_copy(update={"seconds": session.meter.used.seconds}),
        )
