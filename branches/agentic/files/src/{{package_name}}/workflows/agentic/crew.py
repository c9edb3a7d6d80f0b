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


class Ending(Record):
    """How a workflow stands.

    Attributes
    ----------
    status
        `done`, or that of the agent's run which ended it: `partial` where a limit did.
    reason
        Why it is not done.
    hint
        How to go on.
    """

    status: Status = Status.DONE
    reason: str = ""
    hint: str = ""

    def __bool__(self) -> bool:
        """Tell whether it is done."""
        return self.status is Status.DONE

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}\nhint: {self.hint}" if self.reason else str(self.status)

    def check(self) -> None:
        """Refuse to go on with what is not done.

        Raises
        ------
        AgentError
            If it is not.
        """
        if not self:
            raise AgentError(self.reason, hint=self.hint)


class Halted(AgentError):
    """An agent that did not come to an answer, with what it had done by then."""

    def __init__(self, status: Status, message: str, *, hint: str, result: TaskResult, work: Sequence[Work]) -> None:
        super().__init__(message, hint=hint)
        self.ending = Ending(status=status, reason=message, hint=hint)
        self.result = result
        self.work = tuple(work)


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
    Halted
        If it waits for a person, or did not come to an answer. Its run is kept: the workflow with the same id goes on.
    """
    from ...agents.durability.opening import open_durability
    from ...agents.durability.running import execute

    store = open_durability(agent.project).store
    for status in (Status.FAILED, Status.PARTIAL):
        store.reopen(task.task_id, status=status)
    result = execute(agent, task, above=_purse(agent.project, task.task_id))
    if result.status is Status.FAILED and may_fail and any(step.kind == "tool" for step in result.steps):
        return result
    if result.status is not Status.DONE:
        work, again = work_of(agent, task, result), f"the same with --id {_workflow(task.task_id)} goes on"
        message = f"{agent.name} ended as {result.status}: {result.reason}"
        hint = f"`agents runs show {task.task_id}` tells each step; {again}"
        if result.status is Status.WAITING:
            message, hint = f"{agent.name} waits: {result.reason}", f"`agents runs approve` decides; then {again}"
        raise Halted(result.status, message, hint=hint, result=result, work=[work])
    return result


def stop_if_spent(project: Project, task_id: str, work: Sequence[Work]) -> None:
    """End a workflow whose budget is used up.

    Parameters
    ----------
    work
        What was done that nobody else tells of.

    Raises
    ------
    Halted
        If it is.
    """
    spent = _purse(project, task_id).spent()
    if spent:
        nothing = TaskResult(task_id=task_id, status=Status.PARTIAL)
        hint = f"widen agentic.agents.workflow_budget; the same with --id {_workflow(task_id)} goes on"
        raise Halted(Status.PARTIAL, spent, hint=hint, result=nothing, work=work)


def _workflow(task_id: str) -> str:
    """Give the id of the workflow, which stands before the last dot of those of its tasks."""
    return task_id.rpartition(".")[0] or task_id


def _purse(project: Project, task_id: str) -> Meter:
    """Give what counts for the whole workflow."""
    from ...agents.budget import Meter, limits_of
    from ...agents.durability.opening import open_durability

    meter = Meter(limits_of(project.agentic.agents.workflow_budget), whose="of the workflow")
    if "." in task_id:
        meter.restore(open_durability(project).store.used(f"{_workflow(task_id)}.", without=task_id))
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
