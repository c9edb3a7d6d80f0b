"""Who may work together, and under which id each of their turns is kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import AgentError
from ..tasks import BELOW

if TYPE_CHECKING:
    from ..base import Agent
    from ..tasks import TaskSpec

_LONGEST_PATH = 100
_PATH = re.compile(r"[A-Za-z0-9._~-]*")


def check_members(agents: Sequence[Agent]) -> None:
    """Check that agents can work together.

    Raises
    ------
    AgentError
        If there are none, two have one name, or they are more than `agentic.coordination.max_agents`.
    """
    names = [one.name for one in agents]
    if not agents:
        raise AgentError("there are no agents to work together", hint="name at least one")
    if len(set(names)) < len(names):
        raise AgentError(f"two agents of a team have one name: {', '.join(names)}", hint="give one another name")
    most = agents[0].project.agentic.coordination.max_agents
    if len(names) > most:
        raise AgentError(
            f"a team of {len(names)} agents is larger than agentic.coordination.max_agents, which is {most}",
            hint="raise it in conf/agentic/coordination.yaml, or ask fewer",
        )


def turn_id(above: str, agent: str, number: int) -> str:
    """Give the id under which a turn of an agent is kept: the same when the run goes on after a crash.

    Examples
    --------
    >>> turn_id("t1", "critic", 3)
    't1~critic.3'
    """
    run, _, path = f"{above}{BELOW}{agent}.{number}".partition(BELOW)
    if len(path) > _LONGEST_PATH or not _PATH.fullmatch(path):
        path = hashlib.sha256(path.encode()).hexdigest()
    return f"{run}{BELOW}{path}"


def as_turn(task: TaskSpec, above: str, agent: str, number: int) -> TaskSpec:
    """Give a task the id of a turn, which no task that comes from outside can have."""
    return task.model_copy(update={"task_id": turn_id(above, agent, number)})
