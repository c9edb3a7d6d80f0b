"""Agents vote at once, without arguing first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

from pydantic import JsonValue

from ..tasks import Status
from .ballots import Ballot, hold_vote
from .config import Weighing
from .consensus import VotingRules
from .floor import Ended, Floor
from .group import Group, Setup

if TYPE_CHECKING:
    from ..base import Agent


class Poll(Group):
    """Agents that vote on options. The output is the resolution, with its transcript.

    Parameters
    ----------
    options
        What can be voted for.
    weights
        Of the voters, by name, or `equal` or `calibrated`; the configuration's by default.
    rules
        When the vote decides; the configuration's by default.
    seconds
        Time for all of them together; the configuration's by default.
    setup
        `protocol`, `subscriptions` and `name`, as in `Group`.
    """

    default_name = "poll"

    def __init__(
        self,
        agents: Sequence[Agent],
        *,
        options: Sequence[str],
        weights: Mapping[str, float] | Weighing | None = None,
        rules: VotingRules | None = None,
        seconds: float | None = None,
        **setup: Unpack[Setup],
    ) -> None:
        super().__init__(agents, **setup)
        self.options = tuple(options)
        self.weights = weights
        self.rules = rules
        self.seconds = seconds

    def work(self, floor: Floor) -> JsonValue:
        """Vote."""
        ballot = Ballot(floor.task.goal, self.options, self.weights, self.rules, self.seconds, self.name)
        resolution = hold_vote(floor, self.agents, ballot)
        report = resolution.model_dump(mode="json")
        if not resolution.decided:
            raise Ended(Status.PARTIAL, resolution.transcript[-1], report)
        return report
