"""Agents bid for a task, as in the contract net protocol (R. G. Smith, 1980): the best bid gets it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from pydantic import Field, JsonValue, ValidationError

from ..tasks import Record, Status, TaskResult
from ..tools.spec import Effect
from .floor import Ended, Floor, Question, tainted
from .group import Group, Setup

if TYPE_CHECKING:
    from ..base import Agent

BID = "Bid for this task: how sure are you, from 0 to 1, that you get it done, and at what cost in US dollars?"


class Bid(Record):
    """What an agent offers.

    Attributes
    ----------
    confidence
        How sure it is that it gets the task done, from 0 to 1.
    cost
        US dollars that it expects to use.
    """

    confidence: float = Field(ge=0, le=1)
    cost: float = Field(default=0, ge=0, allow_inf_nan=False)
    why: str = ""


class Auction(Group):
    """Agents that bid for a task. The most confident gets it; of equals the cheapest, then the one listed first.

    Bids are sealed. Who is late, fails, or bids in another form, makes no bid. If the winner does not get it done and
    has caused no effect yet, the next best bid gets the task.

    Parameters
    ----------
    reserve
        Least confidence that is a bid.
    setup
        `protocol`, `subscriptions` and `name`, as in `Group`.
    """

    default_name = "auction"

    def __init__(self, agents: Sequence[Agent], *, reserve: float = 0, **setup: Unpack[Setup]) -> None:
        super().__init__(agents, **setup)
        self.reserve = reserve

    def work(self, floor: Floor) -> JsonValue:
        """Take bids, and give the task to the best."""
        ranked = self._bids(floor)
        if not ranked:
            raise Ended(Status.FAILED, f"nobody made a bid of at least {self.reserve:g}")
        for agent, bid in ranked:
            floor.note("award", self.name, agent.name, bid.model_dump())
            floor.say(self.name, f"the task goes to {agent.name}", to=(agent.name,), topic="award")
            result = floor.ask(Question(agent, floor.task.goal, schema=floor.task.answer_schema))
            if result.status is Status.DONE:
                return result.output
            text = f"{agent.name} did not get it done: {result.reason}"
            if _has_effect(result, self.agents):
                raise Ended(result.status, f"{text}; nobody else is asked, or what it did might be done twice")
            floor.session.emit("warning", self.name, text=text)
        raise Ended(result.status, f"nobody got it done, at last {text}", result.output)

    def _bids(self, floor: Floor) -> list[tuple[Agent, Bid]]:
        schema = _schema()
        goal = f"{BID}\n\n{floor.task.goal}"
        asked = [Question(_alone(one), goal, schema=schema) for one in self.agents]
        results = floor.ask_all(asked, seconds=self.settings.timeout)
        bids: list[tuple[Agent, Bid]] = []
        for agent, result in zip(self.agents, results, strict=True):
            bid = _read(result)
            if bid is None or bid.confidence < self.reserve:
                why = result.reason or "it is below the reserve"
                floor.session.emit("warning", agent.name, text=f"makes no bid: {why}")
                continue
            floor.note("bid", agent.name, self.name, bid.model_dump(), tainted=tainted(result))
            floor.session.emit("message", agent.name, to=self.name, text=f"bids {bid.confidence:g} at {bid.cost:g}")
            bids.append((agent, bid))
        return sorted(bids, key=lambda one: (-one[1].confidence, one[1].cost))


def _schema() -> dict[str, Any]:
    return {**Bid.model_json_schema(), "title": "Bid"}


def _alone(agent: Agent) -> Agent:
    """Give the agent without its habit to plan, and without tools: a bid does nothing."""
    other = copy.copy(agent.with_helpers({}))
    other.strategy, other.tools = "react", {}
    return other


def _read(result: TaskResult) -> Bid | None:
    if result.status is not Status.DONE:
        return None
    try:
        return Bid.model_validate(result.output)
    except ValidationError:
        return None


def _has_effect(result: TaskResult, agents: Sequence[Agent]) -> bool:
    tools = {name: tool for one in agents for name, tool in one.tools.items()}
    called = [tools[step.name] for step in result.steps if step.kind == "tool" and step.name in tools]
    return any(tool.effect is not Effect.READ for tool in called)
