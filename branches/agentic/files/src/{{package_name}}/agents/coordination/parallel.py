"""Many items at once: each is given to one of the agents, and one more may bring the answers together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from pydantic import JsonValue

from ..errors import AgentError
from ..tasks import Status, TaskResult
from .floor import Ended, Floor, Question, tainted
from .group import Group, Setup
from .members import check_members

if TYPE_CHECKING:
    from ..base import Agent


class ParallelMap(Group):
    """Agents that share the items of a task, which are its input `items`.

    A turn is given one: an object as inputs of its own, anything else as its input `item`.

    The output is a list of what came of each, in the order of the items, or what `gather` makes of it. The schema of
    the task's answer is that of `gather`, and without it that of each item.

    Parameters
    ----------
    gather
        Brings the answers together.
    setup
        `protocol`, `subscriptions` and `name`, as in `Group`.
    """

    default_name = "parallel_map"

    def __init__(self, agents: Sequence[Agent], *, gather: Agent | None = None, **setup: Unpack[Setup]) -> None:
        super().__init__(agents, **setup)
        self.gather = gather
        if gather:
            check_members((*agents, gather))

    def work(self, floor: Floor) -> JsonValue:
        """Give out the items, as many at once as there are agents."""
        task = floor.task
        items = task.inputs.get("items")
        if not isinstance(items, list) or not items:
            raise AgentError("there is nothing to share out", hint="give the task an input `items`, a list")
        rest = {name: value for name, value in task.inputs.items() if name != "items"}
        schema = None if self.gather else task.answer_schema
        asked = [
            Question(self.agents[place % len(self.agents)], task.goal, {**rest, **_inputs(item)}, schema)
            for place, item in enumerate(items)
        ]
        results = floor.ask_all(asked, at_once=len(self.agents))
        told = [_told(one.agent, item, result) for one, item, result in zip(asked, items, results, strict=True)]
        gathered = self._gathered(floor, told, results, rest) if self.gather else told
        missing = [item for item, result in zip(items, results, strict=True) if result.status is not Status.DONE]
        if missing:
            status = Status.FAILED if len(missing) == len(items) else Status.PARTIAL
            raise Ended(status, f"{len(missing)} of {len(items)} items are not done: {missing[:5]}", gathered)
        return gathered

    def _gathered(
        self, floor: Floor, told: list[JsonValue], results: list[TaskResult], inputs: dict[str, JsonValue]
    ) -> JsonValue:
        if self.gather is None or all(result.status is not Status.DONE for result in results):
            return told
        for number, (one, result) in enumerate(zip(told, results, strict=True), start=1):
            sender = self.agents[(number - 1) % len(self.agents)].name
            floor.say(sender, one, to=(self.gather.name,), topic=f"item {number}", tainted=tainted(result))
        whole = floor.ask(Question(self.gather, floor.task.goal, inputs, floor.task.answer_schema))
        if whole.status is not Status.DONE:
            raise Ended(Status.PARTIAL, f"{self.gather.name} did not bring it together: {whole.reason}", told)
        return whole.output


def _inputs(item: JsonValue) -> dict[str, JsonValue]:
    return item if isinstance(item, dict) else {"item": item}


def _told(agent: Agent, item: JsonValue, result: TaskResult) -> JsonValue:
    told: dict[str, JsonValue] = {
        "item": item,
        "agent": agent.name,
        "status": result.status.value,
        "answer": result.output,
    }
    return {**told, "reason": result.reason} if result.reason else told
