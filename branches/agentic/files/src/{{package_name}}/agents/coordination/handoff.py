"""One agent at a time has the task, and may hand it over to another who is better placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from ..jsonable import as_text
from ..repetition import circle
from ..tasks import Status, Step, TaskResult
from .floor import Ended, Floor, Question, tainted
from .group import Group, Setup

if TYPE_CHECKING:
    from ..base import Agent
    from ..session import Session
    from ..tool_calling import Call


class Note(BaseModel):
    """What an agent tells the one that it hands a task over to."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=1, description="Why it is handed over, and what is known so far")


@dataclass(frozen=True, slots=True)
class HandOver:
    """A way to hand the task over, as a model sees it."""

    to: Agent

    def schema(self) -> dict[str, Any]:
        """Give what models are shown."""
        parameters = Note.model_json_schema()
        parameters.pop("title")
        can = ", ".join(sorted(self.to.tools)) or "no tools"
        told = f"Hand the task over to {self.to.name}, who has {can}, and end. {self.to.role}"
        name = f"hand_to_{self.to.name}"
        return {"type": "function", "function": {"name": name, "description": told, "parameters": parameters}}

    def help(self, session: Session, asker: Agent, call: Call) -> list[Step]:
        """Note that the task is handed over; the group does it when the turn has ended."""
        output, error = "The task is handed over. End your turn: answer OK.", ""
        try:
            Note.model_validate(call.arguments)
        except ValidationError as fault:
            output, error = "", f"{call.name} can't be called like this: {fault.errors()[0]['msg']}"
        return [
            Step(
                number=call.number,
                agent=asker.name,
                kind="handoff",
                name=self.to.name,
                started=datetime.now(UTC),
                input=dict(call.arguments),
                output=output,
                error=error,
                tainted=call.tainted,
            )
        ]


class HandOff(Group):
    """Agents that hand a task over to each other; the first one has it first, and whoever answers ends it.

    Each can call `hand_to_<agent>` with a note. The same notes in a circle are a livelock, which ends the task.

    Parameters
    ----------
    most
        How often the task may be handed over.
    setup
        `protocol`, `subscriptions` and `name`, as in `Group`.
    """

    default_name = "handoff"

    def __init__(self, agents: Sequence[Agent], *, most: int = 10, **setup: Unpack[Setup]) -> None:
        super().__init__(agents, **setup)
        self.most = most
        self._able = {one.name: self._with_ways(one) for one in self.agents}

    def work(self, floor: Floor) -> JsonValue:
        """Follow the task from hand to hand; the last one's answer is the output."""
        current, trail = self.agents[0].name, list[tuple[str, str, str]]()
        while True:
            result = floor.ask(Question(self._able[current], floor.task.goal, schema=floor.task.answer_schema))
            over = _handed_over(result, current)
            if over is None:
                if result.status is not Status.DONE:
                    raise Ended(result.status, f"{current} did not get it done: {result.reason}", result.output)
                return result.output
            note = over.input["note"] if isinstance(over.input, dict) else None
            floor.say(current, note, to=(over.name,), topic="hand-over", tainted=tainted(result))
            trail.append((current, over.name, as_text(note)))
            _check_trail(trail, floor.session.config.agents.repeated_calls, self.most)
            current = over.name

    def _with_ways(self, agent: Agent) -> Agent:
        ways = {f"hand_to_{one.name}": HandOver(one) for one in self.agents if one is not agent}
        return agent.with_helpers({**agent.helpers, **ways})


def _handed_over(result: TaskResult, agent: str) -> Step | None:
    given = [step for step in result.steps if step.kind == "handoff" and step.agent == agent and not step.error]
    return given[-1] if given else None


def _check_trail(trail: list[tuple[str, str, str]], repeated: int, most: int) -> None:
    same = circle(trail, repeated)
    way = " → ".join([step[0] for step in same or trail[-5:]] + [trail[-1][1]])
    if same:
        raise Ended(Status.PARTIAL, f"livelock: {way} was handed over {repeated} times with the same words")
    if len(trail) >= most:
        raise Ended(Status.PARTIAL, f"it was handed over {most} times without coming to an end, at last {way}")
