"""The demonstration: agents look at real data, answer, train, vote, put their choice to work, and keep it good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...agents.opening import project_of
from ...demo.journey import Journey
from ...demo.modelling import clean, measure, validate
from ...models.workspace import Workspace
from ...plugins import find_plugins
from ...reports import Facts, Link, Status, Table
from .analysis_page import answer_blocks, how_blocks, query_blocks
from .autonomous_analysis import analyse
from .crew import WORK_COLUMNS, work_table
from .multi_agent_training import train_together
from .trace_page import write_trace
from .training_page import gate_blocks, proposal_blocks, verdict, vote_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ...agents.session import Project
    from ...config import Config
    from .crew import Work

DATASET = "breast-cancer"
QUESTION = "What tells malignant tumours from benign ones?"


def show(config: Config) -> Path:
    """Go the whole way, and write `reports/demo-agentic`.

    Returns
    -------
    Path
        Of the page.
    """
    project = project_of(config)
    journey = Journey(config, Workspace.open(config), config.root / "reports" / "demo-agentic")
    validate(journey, [DATASET])
    clean(journey, [DATASET])
    work = [*_ask(journey, project), *_train(journey, project)]
    measure(journey, [DATASET])
    for step in _more_steps():
        work += step(journey, project, DATASET)
    _tell(journey, project, work)
    summary = (
        "Answers, measures and decisions were computed by this program, from the data. "
        "What agents propose, find fault with and vote for stands as they said it."
    )
    return journey.write("What agents found out, and what they made of it", summary)


def _more_steps() -> Iterator[Callable[[Journey, Project, str], Sequence[Work]]]:
    """Find what else there is to show, by plugins: where the project has no service, nothing is served."""
    for plugin in find_plugins("demonstrations").values():
        step = plugin.load()
        if not callable(step):
            raise plugin.error("it is no function of the journey, the project and the dataset")
        yield plugin.guard(step)


def _ask(journey: Journey, project: Project) -> tuple[Work, ...]:
    """Have a question answered."""
    with journey.step("Ask a question") as step:
        found = analyse(project, QUESTION, DATASET)
        found.ending.check()
        holds = sum(one.state == "holds" for one in found.numbers)
        step.say(QUESTION)
        step.say(found.text)
        step.say(f"{holds} of {len(found.numbers)} numbers hold when they are computed again")
        step.show(*answer_blocks(found), *query_blocks(found), *how_blocks(found))
        step.facts |= {"valid": found.valid, "text": found.text, "plan": found.plan}
        step.facts["numbers"] = [one.model_dump(mode="json") for one in found.numbers]
        step.facts["queries"] = {one.name: one.sql for one in found.queries}
    return found.work


def _train(journey: Journey, project: Project) -> tuple[Work, ...]:
    """Have models proposed, trained, criticised, voted for, and one of them deployed."""
    with journey.step("Train together") as step:
        found = train_together(project, DATASET)
        found.ending.check()
        for one in found.proposals:
            step.say(f"{one.proposer} proposes {one.algorithm}")
        for fault in found.faults:
            step.say(f"the critic: version {fault.version} {fault.fault}")
        for number, vote in enumerate(found.rounds, start=1):
            others = ", ".join(f"{one.voter} for {one.choice}" for one in vote.dissent)
            said = f"decided for {vote.choice}" if vote.decided else "nothing decided"
            step.say(f"vote {number}: {said}{f'; of another opinion: {others}' if others else ''}")
        step.say(verdict(found))
        step.show(Status("good" if found.agreed else "warning", verdict(found)))
        step.show(*proposal_blocks(found), *vote_blocks(found.rounds), *gate_blocks(found))
        step.facts |= found.model_dump(mode="json", exclude={"work"})
    return found.work


def _tell(journey: Journey, project: Project, work: list[Work]) -> None:
    """Show what the agents used up, and link to each of their steps."""
    with journey.step("What the agents did") as step:
        trace = write_trace(project, work, journey.folder / "trace.html")
        tokens, cost = sum(one.tokens for one in work), sum(one.cost for one in work)
        step.say(f"{len(work)} runs of agents, {sum(len(one.tools) for one in work)} calls of tools, {tokens} tokens")
        link = Link("each step of each run", f"./{trace.name}")
        step.show(Facts({"trace": link, "tokens": tokens, "US dollars": cost}))
        step.show(Table(WORK_COLUMNS, work_table(work)))
        step.facts |= {"runs": [one.model_dump(mode="json") for one in work], "tokens": tokens, "cost": cost}
