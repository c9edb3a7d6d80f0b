"""What is kept of a run, and of an approval that it waits for."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from ..session import ApprovalRequest, Decision
from ..tasks import Record, Status, TaskResult, TaskSpec, Usage


class Run(Record):
    """A task that was given to an agent, and how it stands.

    Attributes
    ----------
    agent_id
        Of an agent that a service keeps.
    agent
        How to make the agent again, as `AgentConfig`; None if only the code that made it can.
    origin
        The run that it was forked from.
    cancelled
        Who ended it.
    """

    task_id: str
    user: str
    status: Status
    reason: str = ""
    agent_id: str = ""
    agent: dict[str, JsonValue] | None = None
    task: TaskSpec
    result: TaskResult | None = None
    origin: str = ""
    cancelled: str = ""
    created: datetime
    updated: datetime


class Summary(Record):
    """A run in short: what a list shows, without the steps of its result.

    Attributes
    ----------
    usage
        What it took; None as long as it is at work.
    resumable
        Whether its agents can be made again from what is kept.
    """

    task_id: str
    user: str
    status: Status
    reason: str = ""
    goal: str
    usage: Usage | None = None
    resumable: bool = False
    agent_id: str = ""
    origin: str = ""
    cancelled: str = ""
    created: datetime
    updated: datetime


class Approval(Record):
    """A question to a person.

    Attributes
    ----------
    run_id
        The run that waits. The call may be that of a colleague, whose task has an id of its own.
    expires
        When it counts as refused.
    """

    run_id: str
    request: ApprovalRequest
    asked: datetime
    expires: datetime
    decision: Decision | None = None
