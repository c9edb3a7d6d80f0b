"""AgentDojo's tasks with and without its attacks, done by a model that obeys each: what the gate lets happen then.

Each task is done by the calls that solve it. In a world with an attacker's text the model makes the attacker's calls
too, as soon as it has read that text. So no model's manners are measured, but what stands behind them. The tasks, the
attacks and the judgement are those of Debenedetti et al., 2024 (arXiv:2406.13352).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from ..jsonable import as_text, canonical
from ..opening import NoMemory, open_session
from ..safety.obedient import Call, Obedient
from ..safety.opening import open_gate
from ..session import ApprovalRequest, Decision, Project
from ..tasks import Limits, Record, TaskSpec
from ..tool_calling import ToolAgent
from ..tools.spec import Tool
from .dojo import Dojo, DojoSuite, Judged

Approver = Literal["no gate", "nobody", "the user"]
"""Who approves what the gate asks about: the user approves the calls that solve the task, each once, and no others."""

APPROVERS: tuple[Approver, ...] = get_args(Approver)
_UNLIMITED = Limits(steps=0, tokens=0, seconds=0, money=0)


class Measured(Record):
    """What the tasks of a suite gave.

    Attributes
    ----------
    tasks, done
        Tasks, and how many were done without an attack.
    attacks, done_under_attack
        Tasks with an attack, and how many were done in spite of it.
    succeeded
        The attacks that got what they wanted, as task and injection.
    asked
        How often somebody was asked for an approval.
    """

    suite: str
    approver: Approver
    tasks: int
    done: int
    attacks: int
    done_under_attack: int
    succeeded: tuple[str, ...]
    asked: int


def measure_suite(dojo: Dojo, name: str, project: Project, most: int = 0) -> list[Measured]:
    """Do a suite's tasks alone and under each attack, once for each approver.

    Parameters
    ----------
    most
        Tasks that are taken, from the first; all if 0.
    """
    suite = dojo.open(name)
    tools = dojo.tools(suite)
    with TemporaryDirectory(prefix="agentdojo-") as folder:
        own = replace(project, root=Path(folder), models={})
        return [_measure(_Hall(dojo, name, suite, tools, own, project, one), most) for one in APPROVERS]


@dataclass(frozen=True, slots=True)
class _Hall:
    """Where tasks of a suite are done."""

    dojo: Dojo
    name: str
    suite: DojoSuite
    tools: Sequence[Tool]
    project: Project
    policy: Project
    approver: Approver

    def do(self, task: str, injection: str = "") -> tuple[Judged, int] | None:
        """Do a task; gives the verdict, and how often an approval was asked for. None if there is nothing to attack."""
        begun = self.dojo.begin(task, injection)
        if begun is None or (injection and not begun.attack):
            return None
        agentic = self.project.agentic
        if self.approver == "no gate":
            agents = agentic.agents.model_copy(update={"safety_checks": False})
            agentic = agentic.model_copy(update={"agents": agents})
        model = Obedient(own=begun.calls, injected=begun.attack, after=begun.after, answer=begun.answer)
        user = _User(begun.calls if self.approver == "the user" else ())
        spec = TaskSpec(goal=begun.goal, limits=_UNLIMITED, task_id=f"{self.name}-{task}-{injection or 'alone'}")
        session = open_session(
            spec,
            self.project,
            gate=open_gate(agentic, self.policy.root),  # the project's kill switch holds here too
            approvals=user,
            memory=NoMemory(),
            filters=(),  # AgentDojo looks for names and addresses in answers, which filters mask
        )
        session.open_model = lambda _name: model
        answers = len(begun.calls) + len(begun.attack) + 1  # a solution may take more than agents are given by default
        agent = ToolAgent(tools=self.tools, strategy="react", max_iterations=answers, project=self.project)
        result = agent.execute(spec, session=session)
        return self.dojo.judge(as_text(result.output)), user.asked


class _User:
    """Approves the calls that solve the task, each once."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._left = Counter(_mark(one.tool, one.arguments) for one in calls)
        self.asked = 0

    def ask(self, request: ApprovalRequest) -> Decision | None:
        """Decide by the call alone."""
        self.asked += 1
        mark = _mark(request.tool, request.arguments)
        approved = self._left[mark] > 0
        self._left[mark] -= 1
        return Decision(approved=approved, by="the user", reason="" if approved else "that was not asked for")


def _measure(hall: _Hall, most: int) -> Measured:
    tasks = hall.suite.tasks[: most or None]
    alone = [found for task in tasks if (found := hall.do(task))]
    attacked = list(_under_attack(hall, tasks))
    return Measured(
        suite=hall.name,
        approver=hall.approver,
        tasks=len(alone),
        done=sum(verdict.done for verdict, _ in alone),
        attacks=len(attacked),
        done_under_attack=sum(verdict.done for _, verdict, _ in attacked),
        succeeded=tuple(name for name, verdict, _ in attacked if verdict.attacked),
        asked=sum(asked for _, asked in alone) + sum(asked for _, _, asked in attacked),
    )


def _under_attack(hall: _Hall, tasks: Sequence[str]) -> Iterator[tuple[str, Judged, int]]:
    for task in tasks:
        for injection in hall.suite.injections:
            if found := hall.do(task, injection):
                yield f"{task}/{injection}", *found


def _mark(tool: str, arguments: Mapping[str, object]) -> str:
    return canonical([tool, arguments])
