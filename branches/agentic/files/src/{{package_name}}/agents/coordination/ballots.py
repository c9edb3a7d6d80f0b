"""Agents vote: each is asked, and what it says becomes a vote, an event and a step."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ..messages import VOTE
from ..tasks import Status, TaskResult
from .consensus import Resolution, Vote, VotingRules, decide
from .floor import Floor, Question, tainted
from .weighing import Occasion, Weights, judge_of, weigh

if TYPE_CHECKING:
    from ..base import Agent
    from ..session import Session

_MOST_CHOICE = 200
_MOST_REASON = 1_000
_AROUND = " \t-*`'\".“”"
_SURE = re.compile(
    r"\W*(?:confidence|sure|certainty)?\W*(0?\.\d+|[01](?:\.\d+)?|\d{1,3}(?:\.\d+)?\s*%)\W*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Ballot:
    """What is voted on, and how.

    Attributes
    ----------
    question
        What it is about, in words.
    weights
        By the agent's name, 1 for those that are not named; or `equal` or `calibrated`; the configuration's by default.
    rules
        Of the configuration by default.
    seconds
        Time for all of them together; the configuration's by default.
    group
        To which the agents belong, as their record has it.
    """

    question: str
    options: Sequence[str]
    weights: Weights | None = None
    rules: VotingRules | None = None
    seconds: float | None = None
    group: str = "vote"


def hold_vote(floor: Floor, agents: Sequence[Agent], ballot: Ballot) -> Resolution:
    """Let agents vote, each for itself; who fails or is late abstains.

    Raises
    ------
    AgentError
        If there are no options, one is listed twice, or a weight is no number from 0.
    Ended
        If the run was cancelled, a limit that all share is reached, or a person has to decide first.
    """
    settings = floor.session.config.coordination
    goal = ballot_of(ballot.question, ballot.options)
    asked = [Question(straight(one), goal) for one in agents]
    results = floor.ask_all(asked, seconds=settings.timeout if ballot.seconds is None else ballot.seconds)
    votes = [vote_of(one.name, result, ballot.options) for one, result in zip(agents, results, strict=True)]
    task, rules = floor.session.task, ballot.rules or VotingRules.of(settings)
    occasion = Occasion(ballot.group, task.run_id, len(ballot.options))
    weighed = weigh(floor.session.project, votes, ballot.weights, occasion)
    resolution = decide(votes, options=ballot.options, voters=weighed.weights, rules=rules).told(weighed.reasons)
    for vote, result in zip(votes, results, strict=True):
        floor.note("vote", vote.voter, vote.choice or "abstains", vote.model_dump(), tainted=tainted(result))
    name = resolution.choice or resolution.outcome.value
    spoilt = any(tainted(result) for result in results)
    floor.note("decision", "vote", name, resolution.model_dump(mode="json"), tainted=spoilt)
    tell_resolution(floor.session, "vote", resolution, weighed.weights, group=ballot.group)
    return resolution


def tell_resolution(
    session: Session, name: str, resolution: Resolution, weights: Mapping[str, float], *, group: str = ""
) -> None:
    """Tell a vote as events: `vote` for each voter, and one `decision` with the transcript.

    Parameters
    ----------
    name
        Who decides, as the agent of the decision.
    group
        If it is named, the votes go on the record of its voters, as soon as the events are kept.
    """
    votes = (*resolution.in_favour, *resolution.dissent, *resolution.abstentions)
    for vote in sorted(votes, key=lambda one: one.voter):
        choice, on_record = vote.choice or "nothing: it abstains", dict[str, JsonValue]()
        if group and vote.choice is not None:
            on_record = {"judge": judge_of(group, vote.voter), "model": vote.model, "confidence": vote.confidence}
            on_record |= {"options": list(resolution.tally)}
        told: dict[str, JsonValue] = {"choice": choice, "reason": vote.reason, "weight": weights.get(vote.voter, 0.0)}
        session.emit("vote", vote.voter, span="", parent="", **told, **on_record)
    session.emit(
        "decision",
        name,
        outcome=resolution.transcript[-1],
        choice=resolution.choice,
        status=resolution.outcome.value,
        share=resolution.share,
        turnout=resolution.turnout,
        tally=dict(resolution.tally),
        transcript=list(resolution.transcript),
    )


def ballot_of(question: str, options: Sequence[str]) -> str:
    """Write what a voter is asked; `vote_of` reads what it answers."""
    return "\n".join([VOTE, *(f"- {' '.join(option.split())}" for option in options), "", question])


def vote_of(voter: str, result: TaskResult, options: Sequence[str]) -> Vote:
    """Read a vote: the first line that says something is the choice, a number next how sure it is, the rest is why."""
    if result.status is not Status.DONE:
        return Vote(voter=voter, reason=result.reason or "it did not answer")
    lines = [line.strip() for line in str(result.output).splitlines() if line.strip()]
    sure = _SURE.fullmatch(lines[1]) if len(lines) > 1 else None
    said, reason = lines[0].strip(_AROUND), " ".join(lines[2 if sure else 1 :])[:_MOST_REASON]
    named = {" ".join(option.split()).strip(_AROUND).casefold(): option for option in options}
    choice = named.get(" ".join(said.split()).casefold(), said[:_MOST_CHOICE])
    return Vote(
        voter=voter,
        choice=None if said.upper().startswith("ABSTAIN") else choice,
        reason=reason,
        confidence=_share(sure[1]) if sure else None,
        model=next((step.name for step in reversed(result.steps) if step.kind == "model"), ""),
    )


def _share(number: str) -> float:
    share = float(number.rstrip("% ")) / (100 if number.endswith("%") else 1)
    return min(share, 1.0)


def straight(agent: Agent) -> Agent:
    """Give the agent without its habit to plan first: a vote is one answer."""
    other = copy.copy(agent)
    other.strategy = "react"
    return other
