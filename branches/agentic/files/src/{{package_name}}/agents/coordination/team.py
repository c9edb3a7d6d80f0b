"""An agent that leads others: it asks them as it calls tools, and all share one task and its limits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from ..jsonable import as_text
from ..session import ApprovalRequest
from ..tasks import Status, Step, TaskResult, TaskSpec, Usage
from ..tool_calling import ApprovalNeeded, Call
from .channels import Message, open_channel, shown
from .members import as_turn, check_members

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..base import Agent
    from ..events import Event
    from ..session import Session


class Request(BaseModel):
    """What a member of a team is asked."""

    model_config = ConfigDict(extra="forbid")

    task: str = Field(min_length=1, max_length=50_000, description="What it should do, in words")
    inputs: dict[str, JsonValue] = Field(default_factory=dict, description="What that is about, as JSON")


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of a team, as the leader's model sees it."""

    agent: Agent

    def schema(self) -> dict[str, Any]:
        """Give what models are shown."""
        parameters = Request.model_json_schema()
        parameters.pop("title")
        can = ", ".join(sorted(self.agent.tools)) or "no tools"
        told = f"Ask {self.agent.name}, who has {can}. {self.agent.role}"
        return {"type": "function", "function": {"name": self.name, "description": told, "parameters": parameters}}

    @property
    def name(self) -> str:
        """The name of the call that reaches it."""
        return f"ask_{self.agent.name}"

    def help(self, session: Session, asker: Agent, call: Call) -> list[Step]:
        """Let the member do what it is asked, as a run of its own below the asker's.

        Raises
        ------
        ApprovalNeeded
            If a person has to decide about something that it wants to do.
        """
        from ..opening import NoMemory
        from ..running import run

        begun, clock = datetime.now(UTC), time.monotonic()
        steps: list[Step] = []
        output: JsonValue = None
        error, tainted = "", call.tainted
        waiting = (*session.asking, asker.name)
        asked = self._asked(call, waiting)
        if isinstance(asked, str):
            error = asked
        else:
            session.emit("message", asker.name, to=self.agent.name, text=asked.task, tainted=call.tainted)
            heard = self._heard(session)
            own = self._task(session, asked, call, heard)
            tainted = tainted or any(one.tainted for one in heard)
            below = replace(session, task=own, memory=NoMemory(), tainted=tainted, asking=waiting)
            result = run(self.agent, below)
            if result.status is Status.WAITING:
                raise ApprovalNeeded(self._waiting(result))
            steps, output = list(result.steps), self._told(result)
            if result.status not in (Status.DONE, Status.PARTIAL):
                error = f"{self.agent.name} could not do it: {result.reason or result.status}"
            tainted = tainted or any(step.tainted for step in steps)
            session.emit(
                "message",
                self.agent.name,
                to=asker.name,
                text=as_text(result.output),
                status=result.status,
                tainted=tainted,
            )
        message = Step(
            number=call.number,
            agent=asker.name,
            kind="message",
            name=self.agent.name,
            started=begun,
            input=dict(call.arguments),
            output=output,
            error=error,
            tainted=tainted,
            usage=Usage(seconds=time.monotonic() - clock),
        )
        session.said.setdefault(session.task.task_id, []).append(message)
        return [*steps, message]

    def _heard(self, session: Session) -> list[Message]:
        """Give what reaches the member of what was said in the team so far, by the configured protocol."""
        channel = open_channel(session.config.coordination.communication_protocol)
        for step in session.said.get(session.task.task_id, []):
            asked = step.input.get("task") if isinstance(step.input, dict) else None
            for sender, to, content in ((step.agent, step.name, asked), (step.name, step.agent, step.output)):
                number = len(channel.messages) + 1
                channel.post(Message(number=number, sender=sender, to=(to,), content=content, tainted=step.tainted))
        return channel.heard(self.agent.name)

    def _asked(self, call: Call, waiting: tuple[str, ...]) -> Request | str:
        """Give what is asked, or why it can't be: agents that wait for each other would never come to an end."""
        if self.agent.name in waiting:
            return f"{self.agent.name} can't be asked: it waits for an answer itself ({' asks '.join(waiting)})"
        try:
            return Request.model_validate(call.arguments)
        except ValidationError as fault:
            return f"{call.name} can't be called like this: {fault.errors()[0]['msg']}"

    def _task(self, session: Session, asked: Request, call: Call, heard: Sequence[Message]) -> TaskSpec:
        above = session.task
        inputs = {**above.inputs, **asked.inputs}
        if heard:
            inputs["messages"] = [shown(one, session.enclose) for one in heard]
        own = TaskSpec(goal=asked.task, inputs=inputs, grants=above.grants, user=above.user)
        return as_turn(own, above.task_id, self.agent.name, call.number)

    def _waiting(self, result: TaskResult) -> ApprovalRequest:
        return ApprovalRequest(
            key=result.task_id,
            task_id=result.task_id,
            agent=self.agent.name,
            tool="",
            effect="",
            reason=f"{self.agent.name} waits: {result.reason}",
        )

    def _told(self, result: TaskResult) -> JsonValue:
        told: dict[str, JsonValue] = {"status": result.status.value, "answer": result.output}
        if result.reason:
            told["reason"] = result.reason
        results = {step.name: step.output for step in result.steps if step.kind == "tool" and not step.error}
        return {**told, "results": results}


class Team:
    """Agents that work on one task under a leader.

    `agentic.coordination.communication_protocol` says which of them hear what the leader and another have said to each
    other: the input `messages` of what they are asked later.

    Parameters
    ----------
    lead
        Who is given the task.
    members
        Whom it can ask.

    Raises
    ------
    AgentError
        If two have one name, or they are more than `agentic.coordination.max_agents`.
    """

    def __init__(self, lead: Agent, members: Sequence[Agent]) -> None:
        check_members((lead, *members))
        self.members = tuple(members)
        self.lead = lead.with_helpers({one.name: one for one in map(Colleague, members)})

    def execute(self, task: str | TaskSpec, *, session: Session | None = None) -> TaskResult:
        """Do a task together."""
        return self.lead.execute(task, session=session)

    def stream(self, task: str | TaskSpec) -> Iterator[Event]:
        """Do a task together, and give its events as they happen."""
        return self.lead.stream(task)
