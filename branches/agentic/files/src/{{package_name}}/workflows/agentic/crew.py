"""What workflows share: runs of agents that must come to an end, and what their tools gave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import JsonValue

from ...agents.errors import AgentError
from ...agents.tasks import Record, Status, TaskResult, TaskSpec

if TYPE_CHECKING:
    from ...agents.base import Agent
    from ...agents.budget import Meter
    from ...agents.session import Project
    from ...agents.tools.spec import Tool
    from ...config import Config


class Work(Record):
    """What one agent did, for reports.

    Attributes
    ----------
    task_id
        Under which `agents runs show` has all of it.
    tools
        The calls that it made, in order.
    """

    agent: str
    task_id: str
    goal: str
    tools: tuple[str, ...]
    steps: int
    tokens: int
    seconds: float
    cost: float


def new_id(kind: str) -> str:
    """Make the id of a run of a workflow; those of its tasks begin with it."""
    return f"{kind}-{uuid4().hex[:10]}"


def do(agent: Agent, task: TaskSpec, *, may_fail: bool = False) -> TaskResult:
    """Have a task done, within what is left of the workflow's budget.

    Parameters
    ----------
    may_fail
        Whether the workflow goes on where the agent answered and none of its calls worked: `fault_of` says why.

    Raises
    ------
    AgentError
        If it waits for a person, or did not come to an answer. Its run is kept: the workflow with the same id goes on.
    """
    from ...agents.durability.running import execute

    result = execute(agent, task, above=_purse(agent.project, task.task_id))
    if result.status is Status.WAITING:
        hint = "`agents runs approve` decides; then run the same again with its --id"
        raise AgentError(f"{agent.name} waits: {result.reason}", hint=hint)
    if result.status is Status.FAILED and may_fail and any(step.kind == "tool" for step in result.steps):
        return result
    if result.status is not Status.DONE:
        hint = f"`agents runs show {task.task_id}` tells each step"
        raise AgentError(f"{agent.name} ended as {result.status}: {result.reason}", hint=hint)
    return result


def _purse(project: Project, task_id: str) -> Meter:
    """Give what counts for the whole workflow, whose id stands before the last dot of those of its tasks."""
    from ...agents.budget import Meter, limits_of
    from ...agents.durability.opening import open_durability

    workflow, dot, _ = task_id.rpartition(".")
    meter = Meter(limits_of(project.agentic.agents.workflow_budget), whose="of the workflow")
    if dot:
        meter.restore(open_durability(project).store.used(f"{workflow}.", without=task_id))
    return meter


def answer_of(result: TaskResult) -> dict[str, Any]:
    """Give an answer whose schema is an object."""
    return dict(result.output) if isinstance(result.output, dict) else {}


def gave(result: TaskResult, tool: str) -> list[dict[str, Any]]:
    """Give what the calls of a tool gave that did not fail: what an agent says of them may differ."""
    steps = [step for step in result.steps if step.kind == "tool" and step.name == tool and not step.error]
    return [dict(step.output) for step in steps if isinstance(step.output, dict)]


def fault_of(result: TaskResult, tool: str) -> str:
    """Say why the last call of a tool failed; nothing if it did not, or there was none."""
    return next((step.error for step in reversed(result.steps) if step.kind == "tool" and step.name == tool), "")


def work_of(agent: Agent, task: TaskSpec, result: TaskResult) -> Work:
    """Sum up a run."""
    used = result.usage
    return Work(
        agent=agent.name,
        task_id=task.task_id,
        goal=task.goal,
        tools=tuple(step.name for step in result.steps if step.kind == "tool"),
        steps=used.steps,
        tokens=used.tokens,
        seconds=round(used.seconds, 3),
        cost=used.cost,
    )


def work_table(works: Sequence[Work]) -> list[tuple[JsonValue, ...]]:
    """Give rows of agent, run, calls, tokens and seconds."""
    return [(one.agent, one.task_id, ", ".join(one.tools) or "none", one.tokens, one.seconds) for one in works]


WORK_COLUMNS = ("agent", "run", "tools called", "tokens", "seconds")


def config_of(project: Project) -> Config:
    """Give the configuration of a project.

    Raises
    ------
    AgentError
        If there is none: workflows need its datasets and models.
    """
    if project.config is None:
        raise AgentError("a workflow needs a project with a configuration", hint="open one with `find_project`")
    return project.config


def folder_of(project: Project, task_id: str) -> Path:
    """Give the folder of a task's own files."""
    folder = project.root / project.agentic.tools.work_folder / task_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run_tool(tool: Tool, project: Project, task_id: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that only reads from the workflow itself, so that no model stands between the data and the report.

    Raises
    ------
    ToolError
        If it can't do it.
    """
    from ...agents.tools.spec import ToolContext

    context = ToolContext(root=project.root, work=folder_of(project, task_id), task_id=task_id, key=task_id)
    content = tool.run(tool.check(arguments), context).content
    return dict(content) if isinstance(content, dict) else {}
