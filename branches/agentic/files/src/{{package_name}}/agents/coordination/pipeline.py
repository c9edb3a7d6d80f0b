"""One agent after another: each goes on with what those before it gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

from pydantic import JsonValue

from ..tasks import Status
from .floor import Ended, Floor, Question, tainted
from .group import Group, Setup

if TYPE_CHECKING:
    from ..base import Agent


class Pipeline(Group):
    """Agents that work one after another. A stage's topic is the name of its agent.

    Parameters
    ----------
    parts
        What an agent is asked by its name, where that is not the goal of the whole task.
    setup
        `protocol`, `subscriptions` and `name`, as in `Group`.
    """

    default_name = "pipeline"

    def __init__(
        self, agents: Sequence[Agent], *, parts: Mapping[str, str] | None = None, **setup: Unpack[Setup]
    ) -> None:
        super().__init__(agents, **setup)
        self.parts = parts or {}

    def work(self, floor: Floor) -> JsonValue:
        """Go through the stages; the last one's answer is the output."""
        output: JsonValue = None
        for agent, after in zip(self.agents, [*self.agents[1:], None], strict=True):
            schema = None if after else floor.task.answer_schema
            result = floor.ask(Question(agent, self.parts.get(agent.name, floor.task.goal), schema=schema))
            if result.status is not Status.DONE:
                reason = f"{agent.name} did not get it done: {result.reason}"
                raise Ended(result.status, reason, output if result.output is None else result.output)
            output = result.output
            if after:
                floor.say(agent.name, output, to=(after.name,), topic=agent.name, tainted=tainted(result))
        return output
