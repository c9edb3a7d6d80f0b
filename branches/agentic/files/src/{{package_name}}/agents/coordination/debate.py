"""Agents argue, hear each other, and vote; where that decides nothing, they argue on about what leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

from pydantic import JsonValue

from ..errors import AgentError
from ..tasks import Status
from .ballots import Ballot, hold_vote
from .config import Weighing
from .consensus import Resolution, VotingRules
from .floor import Ended, Floor, Question, tainted
from .group import Group, Setup

if TYPE_CHECKING:
    from ..base import Agent


class Terms(Setup, total=False):
    """How a debate goes, beside how its group talks.

    Attributes
    ----------
    rounds
        How often they argue and vote at most; 2 by default.
    weights
        Of the voters, by name, or `equal` or `calibrated`; the configuration's by default.
    rules
        When a vote decides; the configuration's by default.
    seconds
        Time for all in each round, and again for its vote; the configuration's by default.
    """

    rounds: int
    weights: Mapping[str, float] | Weighing | None
    rules: VotingRules | None
    seconds: float | None


class Debate(Group):
    """Agents that argue about options and vote on them. The output is the resolution, with its transcript.

    All speak at the same time in a round, and hear in the next one what the others said. Who is late, or fails, says
    nothing in that round, and abstains in its vote.

    Parameters
    ----------
    options
        What can be voted for.
    terms
        How long they argue, and when a vote decides: `Terms`.
    """

    default_name = "debate"

    def __init__(self, agents: Sequence[Agent], *, options: Sequence[str], **terms: Unpack[Terms]) -> None:
        protocol, subscriptions = terms.get("protocol"), terms.get("subscriptions")
        super().__init__(agents, protocol=protocol, subscriptions=subscriptions, name=terms.get("name", ""))
        rounds, seconds = terms.get("rounds", 2), terms.get("seconds")
        self.weights, self.rules = terms.get("weights"), terms.get("rules")
        if rounds < 1:
            raise AgentError(f"a debate of {rounds} rounds decides nothing", hint="let it have at least one")
        self.options = tuple(options)
        self.rounds = rounds
        self.seconds = self.settings.timeout if seconds is None else seconds

    def work(self, floor: Floor) -> JsonValue:
        """Argue and vote, until there is a choice."""
        for number in range(1, self.rounds + 1):
            self._argue(floor, number)
            resolution = self._vote(floor)
            report = resolution.model_dump(mode="json")
            if resolution.decided:
                return report
        raise Ended(Status.PARTIAL, f"after {self.rounds} rounds: {resolution.transcript[-1]}", report)

    def _argue(self, floor: Floor, number: int) -> None:
        goal = (
            f"{floor.task.goal}\n\nArgue for one of these, and answer what the others said: {', '.join(self.options)}"
        )
        asked = [Question(one, goal) for one in self.agents]
        results = floor.ask_all(asked, seconds=self.seconds)
        for agent, result in zip(self.agents, results, strict=True):
            if result.status is not Status.DONE:
                floor.session.emit("warning", agent.name, text=f"says nothing in round {number}: {result.reason}")
                continue
            topic = f"{agent.name} in round {number}"
            floor.say(agent.name, result.output, to=self.others(agent.name), topic=topic, tainted=tainted(result))

    def _vote(self, floor: Floor) -> Resolution:
        ballot = Ballot(floor.task.goal, self.options, self.weights, self.rules, self.seconds, self.name)
        return hold_vote(floor, self.agents, ballot)
