"""Votes on what agents have made: each votes by what it holds to matter, and hears the others before a second round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ...agents.coordination.ballots import tell_resolution
from ...agents.coordination.consensus import Resolution, Vote, VotingRules, decide
from ...agents.coordination.weighing import Occasion, weigh
from ...agents.tasks import Record, Status, TaskResult, TaskSpec
from .crew import Work, answer_of, do, stop_if_spent, work_of

if TYPE_CHECKING:
    from ...agents.session import Project, Session

VOTER = "You vote for one of several models, by what you hold to matter. Give way to others where it does not."
CRITIC = "critic"
ABSTAIN = "abstain"
JUDGES = "training"
"""To which voters belong, as their record has it."""

_MOST_ROUNDS = 2


class Voter(Record):
    """Who votes, and by what.

    Attributes
    ----------
    sign
        1 if more of the metric is better, -1 if less is.
    """

    name: str
    metric: str
    sign: int


def elect(
    project: Project, task_id: str, voters: Sequence[Voter], options: Sequence[str], found: Mapping[str, JsonValue]
) -> tuple[list[Resolution], list[Work]]:
    """Vote, and once more over the options that got votes if nothing was decided.

    Parameters
    ----------
    task_id
        What the ids of the votes begin with.
    found
        What is known of the options.

    Returns
    -------
    rounds, work
        The last round decided, or nothing did.
    """
    from ...agents.coordination.voting import gather_votes

    config = project.agentic.coordination
    rounds: list[Resolution] = []
    work: list[Work] = []
    left, heard = list(options), ""
    for number in range(1, _MOST_ROUNDS + 1):
        told: dict[str, JsonValue] = {**found, "options": [*left], "heard": heard, "round": number}
        askers = {one.name: _asker(project, f"{task_id}.vote-{number}", one, told, work) for one in voters}
        votes = gather_votes(askers, seconds=config.timeout)
        if any(one.choice is None for one in votes):  # for want of money, or of an opinion
            stop_if_spent(project, f"{task_id}.vote-{number}", work)
        count = case_of(task_id, number)
        weighed = weigh(project, votes, None, Occasion(JUDGES, count, len(left)))
        resolution = decide(votes, options=left, voters=weighed.weights, rules=VotingRules.of(config))
        rounds.append(resolution.told(weighed.reasons))
        work.append(_tell(_Count(project, rounds[-1], weighed.weights), count))
        if rounds[-1].decided:
            break
        left = [option for option in left if rounds[-1].tally[option]] or left
        heard = " ".join(rounds[-1].transcript)
    return rounds, sorted(work, key=lambda one: one.task_id)


def case_of(task_id: str, number: int = 1) -> str:
    """Name the run of a round, under which its votes are on record."""
    return f"{task_id}.vote-{number}"


@dataclass(slots=True)
class _Count:
    """The counting of a vote, as a run of its own that is kept with its events."""

    project: Project
    resolution: Resolution
    weights: Mapping[str, float]
    name: str = "vote"

    def execute(self, task: str | TaskSpec, *, session: Session | None = None) -> TaskResult:
        """Tell the votes and what they decided."""
        from ...agents.opening import open_session

        return self.run_in(session or open_session(TaskSpec.of(task), self.project))

    def run_in(self, session: Session) -> TaskResult:
        """Tell them to those who listen to a session."""
        from ...agents.running import enclosed

        def count() -> TaskResult:
            tell_resolution(session, self.name, self.resolution, self.weights, group=JUDGES)
            output = self.resolution.model_dump(mode="json")
            return TaskResult(task_id=session.task.task_id, status=Status.DONE, output=output)

        return enclosed(session, self.name, count)


def _tell(count: _Count, task_id: str) -> Work:
    from ...agents.durability.running import execute
    from ...agents.opening import NoMemory

    task = TaskSpec(goal="Count the votes", task_id=task_id)
    execute(count, task, memory=NoMemory())
    return Work(agent=count.name, task_id=task_id, goal=task.goal, tools=(), steps=0, tokens=0, seconds=0, cost=0)


def _asker(
    project: Project, task_id: str, voter: Voter, told: dict[str, JsonValue], work: list[Work]
) -> Callable[[], Vote]:
    from ...agents.reasoning import ReasoningAgent

    options = told["options"]
    choices = [*options, ABSTAIN] if isinstance(options, list) else [ABSTAIN]
    properties = {
        "choice": {"enum": choices},
        "reason": {"type": "string"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    }
    agent = ReasoningAgent(name=f"voter_{voter.name}", role=VOTER, strategy="react", project=project)
    task = TaskSpec(
        goal=f"Vote for one of the options by {voter.metric}",
        inputs={**told, "metric": voter.metric, "sign": voter.sign, "critical": voter.name == CRITIC},
        answer_schema={"type": "object", "properties": properties, "required": ["choice", "reason"]},
        task_id=f"{task_id}-{voter.name}",
    )

    def ask() -> Vote:
        result = do(agent, task)
        work.append(work_of(agent, task, result))
        said = answer_of(result)
        choice = None if said["choice"] == ABSTAIN else said["choice"]
        return Vote(
            voter=voter.name,
            choice=choice,
            reason=said["reason"].rstrip("."),
            confidence=said.get("confidence"),
            model=next((step.name for step in reversed(result.steps) if step.kind == "model"), ""),
        )

    return ask
