"""Judges of attempts: agents that vote on whether one passes, and weigh what they proved worth where checks know it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..coordination.ballots import ballot_of, straight, vote_of
from ..coordination.consensus import Vote, VotingRules, decide
from ..coordination.judgements import Said
from ..coordination.weighing import Occasion, judge_of, weigh
from ..durability.opening import open_durability
from ..jsonable import as_text
from ..session import Project, Session
from ..tasks import TaskResult, TaskSpec

if TYPE_CHECKING:
    from ..base import Agent
    from .suite import Case, Suite

PASSES, FAILS = "passes", "fails"
_OPTIONS = (PASSES, FAILS)
_RULES = VotingRules(threshold=0.5, quorum=0)

Open = Callable[[TaskSpec], Session]


@dataclass(frozen=True, slots=True)
class Panel:
    """The judges of a suite.

    Attributes
    ----------
    suite
        Its name: the record of judges is kept by it.
    project
        Where the record is.
    """

    suite: str
    judges: tuple[Agent, ...]
    project: Project

    @classmethod
    def of(cls, suite: Suite, made_in: Project, project: Project) -> Panel:
        """Make the judges that a suite names."""
        judges = tuple(straight(one.alone(made_in)) for one in suite.judges)
        return cls(suite.name, judges, project)

    def verdicts(self, case: Case, result: TaskResult, session: Open) -> dict[str, str]:
        """Have an attempt judged by what its case says; gives what is wrong, by that, and nothing where nothing is.

        Its truth is not known: `agents judges open` names the attempt, and a person may tell it.
        """
        found = {}
        for number, that in enumerate(case.judged, start=1):
            named = result.task_id if number == 1 else f"{result.task_id}.{number}"
            votes = self._ask(named, f"Does the answer keep to this: {that}", case, result, session)
            self._keep(named, votes)
            weighed = weigh(self.project, votes, "calibrated", Occasion(self.suite, named, len(_OPTIONS)))
            decision = decide(votes, options=_OPTIONS, voters=weighed.weights, rules=_RULES).told(weighed.reasons)
            found[that] = "" if decision.choice == PASSES else " ".join(decision.transcript)
        return found

    def learn(self, case: Case, result: TaskResult, session: Open, *, passed: bool) -> None:
        """Have an attempt judged of which checks know whether it passed: so it comes out who judges well."""
        if self.judges and not case.judged and result.output is not None:
            votes = self._ask(result.task_id, "Does the answer do what the task asks for?", case, result, session)
            self._keep(result.task_id, votes, truth=PASSES if passed else FAILS)

    def _ask(self, named: str, question: str, case: Case, result: TaskResult, session: Open) -> list[Vote]:
        votes = []
        for judge in self.judges:
            own = session(TaskSpec(goal=ballot_of(question, _OPTIONS), task_id=f"{named}.{judge.name}"))
            inputs = {"task": case.goal, "inputs": case.inputs, "answer": own.enclose(as_text(result.output))}
            own.task = own.task.model_copy(update={"inputs": inputs})
            votes.append(vote_of(judge.name, judge.execute(own.task, session=own), _OPTIONS))
        return votes

    def _keep(self, named: str, votes: Sequence[Vote], truth: str | None = None) -> None:
        open_durability(self.project).judgements.add(
            Said(
                judge=judge_of(self.suite, one.voter),
                model=one.model,
                case=named,
                choice=one.choice,
                options=_OPTIONS,
                confidence=one.confidence,
                truth=truth,
            )
            for one in votes
            if one.choice in _OPTIONS
        )
