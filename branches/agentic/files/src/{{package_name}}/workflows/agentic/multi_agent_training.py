"""Several agents train a model: proposers → trainer → critic → vote → promotion gate → champion.

Agents propose, judge and vote. What they may do is decided here: each is given a grant for the one call that it needs,
the vote is counted by `decide`, and only the promotion gate makes a champion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from ...agents.coordination.consensus import Resolution
from ...agents.errors import AgentError
from ...agents.tasks import Grant, TaskSpec
from .crew import Ending, Halted, Work, answer_of, config_of, do, fault_of, gave, new_id, work_of
from .election import CRITIC, Voter, elect
from .hindsight import settle
from .training_records import PROPOSERS, Fault, Proposal, Proposer, Trained, Training

if TYPE_CHECKING:
    from ...agents.session import Project
    from ...models.workspace import Workspace

PROPOSER = "You propose one model to train. You look at the data first, and say why your model fits them."
CRITIC_ROLE = "You look for what is wrong with models that others have trained: overfitting, noise, needless weight."

_BASELINE = "baseline"


def train_together(
    project: Project, dataset: str, *, proposers: Sequence[Proposer] = PROPOSERS, task_id: str = ""
) -> Training:
    """Train models of a dataset, choose one by vote, and put it before the promotion gate.

    Parameters
    ----------
    task_id
        Of an earlier training, to go on with it: what was trained is not trained again.

    Raises
    ------
    AgentError
        If nothing could be trained.
    """
    from ...models.workspace import Workspace

    crew = _Crew(project, Workspace.open(config_of(project)), dataset, task_id or new_id("training"))
    ending = Ending()
    try:
        crew.go(proposers)
    except Halted as halted:
        ending = halted.ending
        crew.work += halted.work
    return Training(
        task_id=crew.task_id,
        dataset=dataset,
        metric=crew.metric,
        proposals=tuple(crew.proposals),
        trained=tuple(crew.trained),
        failed=crew.failed,
        faults=tuple(crew.faults),
        rounds=tuple(crew.rounds),
        chosen=crew.chosen,
        agreed=crew.agreed,
        decision=crew.decision,
        work=tuple(crew.work),
        ending=ending,
    )


class _Crew:
    """The agents of one training, and what they did so far."""

    def __init__(self, project: Project, workspace: Workspace, dataset: str, task_id: str) -> None:
        self.project, self.workspace, self.dataset, self.task_id = project, workspace, dataset, task_id
        self.task = workspace.splits(dataset).card.task
        self.metrics = workspace.metrics(self.task)
        self.metric, first = next(iter(self.metrics.items()))
        self.sign = first.sign
        self.proposals: list[Proposal] = []
        self.trained: list[Trained] = []
        self.failed: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.rounds: list[Resolution] = []
        self.chosen: int | None = None
        self.agreed = False
        self.decision: dict[str, JsonValue] | None = None
        self.work: list[Work] = []

    def go(self, proposers: Sequence[Proposer]) -> None:
        """Go the whole way.

        Raises
        ------
        Halted
            If an agent comes to no answer.
        AgentError
            If nothing could be trained.
        """
        for one in proposers:
            self.proposals.append(self.propose(one))
        self.train()
        if not self.trained:
            reasons = "; ".join(f"{name}: {why}" for name, why in self.failed.items())
            message = f"no model of {self.dataset} could be trained: {reasons}"
            raise AgentError(message, hint="`models train` tells more")
        self.faults = self.criticise(self.trained)
        chosen = self.elect(proposers)
        self.decision = self.deploy(chosen)
        self.chosen = chosen
        versions = {one.option: one.version for one in self.trained}
        settle(self.project, self.workspace, self.dataset, self.task_id, versions)

    def elect(self, proposers: Sequence[Proposer]) -> int:
        """Have them vote, and give the version that goes before the gate."""
        results = [one.model_dump(mode="json", exclude={"proposers"}) | {"option": one.option} for one in self.trained]
        faults: list[JsonValue] = [one.model_dump(mode="json") for one in self.faults]
        voters = [self.voter(one.name, one.judges_by) for one in proposers]
        voters.append(self.voter(CRITIC, ""))
        options = [one.option for one in self.trained]
        found: dict[str, JsonValue] = {"results": list(results), "faults": faults}
        self.rounds, work = elect(self.project, self.task_id, voters, options, found)
        self.work += work
        choice = self.rounds[-1].choice
        self.agreed = choice is not None
        best = max(self.trained, key=lambda one: self.sign * one.cross_validation[self.metric])
        return next((one for one in self.trained if one.option == choice), best).version

    def propose(self, proposer: Proposer) -> Proposal:
        """Ask one proposer."""
        from ...agents.reasoning import ReasoningAgent

        known = [name for name in self.workspace.task(self.task).algorithms if name != _BASELINE]
        properties = {"algorithm": {"enum": known}, "parameters": {"type": "object"}, "reason": {"type": "string"}}
        schema = {"type": "object", "properties": properties, "required": ["algorithm", "reason"]}
        name, tools = f"proposer_{proposer.name}", ["data_analyzer"]
        agent = ReasoningAgent(name=name, role=PROPOSER, tools=tools, strategy="react", project=self.project)
        task = TaskSpec(
            goal=f"Propose a model of {self.dataset} for {self.task}",
            inputs={"dataset": self.dataset, "prefers": list(proposer.prefers)},
            answer_schema=schema,
            task_id=f"{self.task_id}.propose-{proposer.name}",
        )
        result = do(agent, task)
        self.work.append(work_of(agent, task, result))
        said = answer_of(result)
        return Proposal(
            proposer=proposer.name,
            algorithm=said["algorithm"],
            parameters=said.get("parameters") or {},
            reason=said["reason"],
        )

    def train(self) -> None:
        """Have each different proposal trained, one after the other: a machine is quickest with one at a time."""
        wanted: dict[str, list[Proposal]] = {}
        for one in self.proposals:
            wanted.setdefault(f"{one.algorithm} {sorted(one.parameters.items())}", []).append(one)
        for same in wanted.values():
            told, fault = self._train_one(same[0])
            if told is None:
                self.failed |= {one.proposer: fault for one in same}
                continue
            names = ("version", "algorithm", "cross_validation", "validation")
            kept = {name: told[name] for name in names}
            self.trained.append(Trained(proposers=tuple(one.proposer for one in same), **kept))

    def _train_one(self, proposal: Proposal) -> tuple[dict[str, Any] | None, str]:
        from ...agents.tool_calling import ToolAgent

        arguments: dict[str, JsonValue] = {"dataset": self.dataset, "algorithm": proposal.algorithm}
        if proposal.parameters:
            arguments["parameters"] = proposal.parameters
        agent = ToolAgent(name="trainer", tools=["model_trainer"], project=self.project)
        task = TaskSpec(
            goal=f"Train one model of the dataset {self.dataset} with the algorithm {proposal.algorithm}",
            inputs=arguments,
            grants=(Grant(tool="model_trainer", arguments=arguments),),
            task_id=f"{self.task_id}.train-{proposal.proposer}",
        )
        result = do(agent, task, may_fail=True)
        self.work.append(work_of(agent, task, result))
        versions = [one for told in gave(result, "model_trainer") for one in told["versions"]]
        fitting = [one for one in versions if one["algorithm"] == proposal.algorithm]
        fault = fault_of(result, "model_trainer") or "the trainer trained nothing of the kind"
        return (fitting[0], "") if fitting else (None, fault)

    def criticise(self, trained: Sequence[Trained]) -> list[Fault]:
        """Have somebody who proposed nothing look for what is wrong with the versions."""
        from ...agents.reasoning import ReasoningAgent

        versions = [one.version for one in trained]
        fault = {
            "type": "object",
            "properties": {"version": {"enum": versions}, "fault": {"type": "string"}},
            "required": ["version", "fault"],
            "additionalProperties": False,
        }
        properties = {"faults": {"type": "array", "items": fault}}
        results: list[JsonValue] = [one.model_dump(mode="json") for one in trained]
        agent = ReasoningAgent(name=CRITIC, role=CRITIC_ROLE, strategy="react", project=self.project)
        task = TaskSpec(
            goal=f"Say what is wrong with these models of {self.dataset}",
            inputs={"results": results, "metric": self.metric, "sign": self.sign},
            answer_schema={"type": "object", "properties": properties, "required": ["faults"]},
            task_id=f"{self.task_id}.critic",
        )
        result = do(agent, task)
        self.work.append(work_of(agent, task, result))
        return [Fault.model_validate(one) for one in answer_of(result)["faults"]]

    def voter(self, name: str, metric: str) -> Voter:
        """Say by what one votes."""
        chosen = metric if metric in self.metrics else self.metric
        return Voter(name=name, metric=chosen, sign=self.metrics[chosen].sign)

    def deploy(self, version: int) -> dict[str, JsonValue] | None:
        """Put a version before the promotion gate."""
        from ...agents.tool_calling import ToolAgent
        from ...models.registry import CHAMPION, find_version

        candidate = find_version(self.workspace.tracking, self.dataset, str(version))
        if CHAMPION in candidate.aliases and not self._deployed():
            return None
        arguments: dict[str, JsonValue] = {"model": self.dataset, "version": str(version)}
        agent = ToolAgent(name="deployer", tools=["model_deployer"], project=self.project)
        task = TaskSpec(
            goal=f"Deploy version {version} of the model {self.dataset}",
            inputs=arguments,
            grants=(Grant(tool="model_deployer", arguments=arguments),),
            task_id=f"{self.task_id}.deploy",
        )
        result = do(agent, task, may_fail=True)
        self.work.append(work_of(agent, task, result))
        decisions = gave(result, "model_deployer")
        if not decisions:
            fault = fault_of(result, "model_deployer") or "the deployer did not ask the gate"
            raise AgentError(f"version {version} was not put before the gate: {fault}", hint="`models promote` does it")
        return decisions[-1]

    def _deployed(self) -> bool:
        from ...agents.durability.opening import open_durability

        return open_durability(self.project).store.exists(f"{self.task_id}.deploy")
