"""Agents talk freely: each says what it wants to whom it wants, and may wait for others, until the first one answers.

Deadlock, where agents wait for each other and nothing is under way to any of them, and livelock, where the same is said
again and again, end it; both are told with who is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from pydantic import JsonValue

from ..jsonable import canonical
from ..repetition import circle
from ..tasks import Record, Status, TaskResult
from .floor import Ended, Floor, Question, tainted
from .group import Group, Setup

if TYPE_CHECKING:
    from ..base import Agent

ANSWER_NOW = "All have fallen silent. Give your answer now."


class Said(Record):
    """One message of a turn."""

    text: str
    to: tuple[str, ...] = ()
    topic: str = ""


class Turn(Record):
    """What an agent does in a turn: it says something, waits for others, or, if it leads, answers."""

    messages: tuple[Said, ...] = ()
    waits_for: tuple[str, ...] = ()
    answer: JsonValue = None


class Discussion(Group):
    """Agents that talk until the first of them answers the task.

    Parameters
    ----------
    rounds
        How often all who have news may speak at most.
    setup
        `protocol`, `subscriptions` and `name`, as in `Group`.
    """

    default_name = "discussion"

    def __init__(self, agents: Sequence[Agent], *, rounds: int = 10, **setup: Unpack[Setup]) -> None:
        super().__init__(agents, **setup)
        self.rounds = rounds

    def work(self, floor: Floor) -> JsonValue:
        """Let all speak who have something new to go by."""
        lead, waits = self.agents[0], dict[str, tuple[str, ...]]()
        history: list[str] = []
        ready: list[Agent] = list(self.agents)
        for _ in range(self.rounds):
            turns = self._speak(floor, ready)
            if lead.name in turns and turns[lead.name].answer is not None:
                return turns[lead.name].answer
            waits |= {name: turn.waits_for for name, turn in turns.items()}
            history.append(canonical({name: turn.model_dump(mode="json") for name, turn in turns.items()}))
            self._check_livelock(floor, history)
            ready = self._who_has_news(floor, waits)
            self._check_deadlock(floor, waits, ready)
            if not ready:
                return self._last_word(floor, lead)
        raise Ended(Status.PARTIAL, f"{lead.name} had no answer after {self.rounds} rounds", self._heard(floor))

    def _speak(self, floor: Floor, ready: Sequence[Agent]) -> dict[str, Turn]:
        asked = [Question(one, floor.task.goal, schema=self._schema(floor, one)) for one in ready]
        results = floor.ask_all(asked, seconds=self.settings.timeout)
        turns: dict[str, Turn] = {}
        for agent, result in zip(ready, results, strict=True):
            if result.status is not Status.DONE:
                self._excuse(floor, agent, result)
                continue
            turn = turns[agent.name] = Turn.model_validate(result.output)
            for said in turn.messages:
                floor.say(agent.name, said.text, to=said.to, topic=said.topic, tainted=tainted(result))
        return turns

    def _excuse(self, floor: Floor, agent: Agent, result: TaskResult) -> None:
        """Tell the others that an agent says nothing, so that nobody waits for it."""
        if agent is self.agents[0]:
            raise Ended(result.status, f"{agent.name}, who leads, did not go on: {result.reason}", self._heard(floor))
        text = f"{agent.name} says nothing: {result.reason}"
        floor.say(agent.name, text, to=self.others(agent.name), tainted=tainted(result))

    def _who_has_news(self, floor: Floor, waits: dict[str, tuple[str, ...]]) -> list[Agent]:
        """Give those to whom something was said since they spoke; of those who wait, by one that they wait for."""
        ready = []
        for agent in self.agents:
            senders = {one.sender for one in floor.channel.news(agent.name)}
            wanted = waits.get(agent.name, ())
            if senders & set(wanted) if wanted else senders:
                waits.pop(agent.name, None)
                ready.append(agent)
        return ready

    def _check_livelock(self, floor: Floor, history: Sequence[str]) -> None:
        most = floor.session.config.agents.repeated_calls
        if circle(history, most):
            names = ", ".join(one.name for one in self.agents)
            raise Ended(Status.PARTIAL, f"livelock: {names} said the same {most} times in a row", self._heard(floor))

    def _check_deadlock(self, floor: Floor, waits: Mapping[str, tuple[str, ...]], ready: Sequence[Agent]) -> None:
        waiting = {name: others for name, others in waits.items() if others}
        stuck = deadlocked(waiting)
        if not stuck:
            return
        text = "deadlock: " + ", ".join(f"{name} waits for {' or '.join(waiting[name])}" for name in sorted(stuck))
        if self.agents[0].name in stuck or not ready:
            raise Ended(Status.PARTIAL, text, self._heard(floor))
        floor.session.emit("warning", self.name, text=text)

    def _last_word(self, floor: Floor, lead: Agent) -> JsonValue:
        goal = f"{floor.task.goal}\n\n{ANSWER_NOW}"
        result = floor.ask(Question(lead, goal, schema=floor.task.answer_schema))
        if result.status is not Status.DONE:
            raise Ended(result.status, f"{lead.name} gave no answer: {result.reason}", self._heard(floor))
        return result.output

    def _heard(self, floor: Floor) -> JsonValue:
        return [{"from": one.sender, "says": one.content} for one in floor.channel.messages] or None

    def _schema(self, floor: Floor, agent: Agent) -> dict[str, Any]:
        others = {"type": "array", "items": {"enum": list(self.others(agent.name)) or [agent.name]}}
        text = {"type": "string"}
        message = {"text": {**text, "minLength": 1}, "to": others, "topic": text}
        said = {"type": "object", "properties": message, "required": ["text"], "additionalProperties": False}
        properties: dict[str, Any] = {"messages": {"type": "array", "items": said}, "waits_for": others}
        if agent is self.agents[0]:
            properties["answer"] = floor.task.answer_schema or text
        return {"type": "object", "properties": properties, "additionalProperties": False}


def deadlocked(waits: Mapping[str, Sequence[str]]) -> set[str]:
    """Give those who wait for ever: each for one of several, and all of these wait for ever too.

    Parameters
    ----------
    waits
        For whom each of those who wait does; any one of them would do.

    Examples
    --------
    >>> sorted(deadlocked({"ada": ["ben"], "ben": ["ada"], "eve": ["ada", "dan"]}))
    ['ada', 'ben']
    """
    stuck = set(waits)
    while free := {name for name in stuck if not set(waits[name]) <= stuck}:
        stuck -= free
    return stuck
