"""Runs a suite: each attempt in a folder of its own, without memories, approvals or cached answers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from ..agent_config import AgentConfig
from ..base import Agent
from ..errors import AgentError
from ..jsonable import clip
from ..opening import NobodyThere, NoMemory, open_session
from ..safety.opening import open_gate
from ..session import Project, Session
from ..tasks import TaskResult, TaskSpec
from .checks import Outcome
from .judging import Panel
from .reports import Attempt, Called, CaseReport, Report
from .suite import Case, Suite

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from ..coordination.team import Team

_MOST_KEPT = 4_000  # characters of an output, or of a call's arguments, that a report keeps


def run_suite(
    suite: Suite,
    project: Project,
    *,
    repeats: int = 0,
    only: Sequence[str] = (),
    open_model: Callable[[str], BaseChatModel] | None = None,
) -> Report:
    """Do the cases of a suite, each several times, and check what comes of it.

    Parameters
    ----------
    repeats
        Attempts at each case; as the suite or the configuration says if 0.
    only
        Names of cases; all if empty.
    open_model
        Gives the models, in place of the configured ones.

    Raises
    ------
    AgentError
        If there is no such case, a tool is unknown, or a requirement needs more attempts.
    """
    cases = _chosen(suite, only)
    settings = project.agentic.evaluation
    times = repeats or suite.repeats or settings.repeats
    needed = max((*suite.require.pass_at, *suite.require.pass_all), default=1)
    if needed > times:
        raise AgentError(
            f"{suite.name} requires something of {needed} attempts, and {times} are made",
            hint=f"make {needed} with --repeats, or change what it requires",
        )
    began, apart = datetime.now(UTC), _without_cache(project)
    panel = Panel.of(suite, apart, project)
    workers = [_agent(case, apart) for case in cases]
    jobs = [
        partial(_attempt, case, worker, panel, open_model)
        for case, worker in zip(cases, workers, strict=True)
        for _ in range(times)
    ]
    with ThreadPoolExecutor(settings.at_once, thread_name_prefix="evaluation") as pool:
        done = [future.result() for future in [pool.submit(job) for job in jobs]]
    attempts = [attempt for attempt, _ in done]
    return Report(
        suite=suite.name,
        started=began,
        models=tuple(sorted({name for _, names in done for name in names})),
        confidence=settings.confidence,
        require=suite.require,
        cases=tuple(
            CaseReport(name=case.name, digest=case.digest, attempts=tuple(attempts[i * times : (i + 1) * times]))
            for i, case in enumerate(cases)
        ),
    )


def _chosen(suite: Suite, only: Sequence[str]) -> list[Case]:
    cases = {case.name: case for case in suite.filled()}
    unknown = sorted(set(only) - set(cases))
    if unknown:
        raise AgentError(f"{suite.name} has no case {', '.join(unknown)}", hint=f"it has {', '.join(cases)}")
    return [case for name, case in cases.items() if not only or name in only]


def _without_cache(project: Project) -> Project:
    """Give a project whose models answer anew each time: attempts that copy each other measure nothing."""
    models = project.agentic.models.model_copy(update={"cache": False})
    return replace(project, agentic=project.agentic.model_copy(update={"models": models}), models={})


def _agent(case: Case, project: Project) -> Agent:
    made: Agent | Team = (case.agent or AgentConfig()).make(project)
    lead = made if isinstance(made, Agent) else made.lead
    return lead.with_tools([offer.tool() for offer in case.offers]) if case.offers else lead


def _attempt(
    case: Case, agent: Agent, panel: Panel, open_model: Callable[[str], BaseChatModel] | None
) -> tuple[Attempt, set[str]]:
    """Make one attempt, and give it with the names of the models that answered."""
    project = agent.project
    with tempfile.TemporaryDirectory(prefix="evaluation-") as scratch:
        opened = partial(_session, replace(project, root=Path(scratch)), project, open_model)
        task = case.task(f"{case.name}-{uuid4().hex[:12]}")  # of its own, and so are the idempotency keys of its calls
        session = opened(task)
        for name, text in case.files.items():
            file = session.work_folder() / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        result = agent.execute(task, session=session)
        verdicts = panel.verdicts(case, result, opened)
        outcome = Outcome(result=result, folder=Path(scratch) / project.agentic.tools.work_folder, verdicts=verdicts)
        faults = [found for check in case.checks if (found := check.fault(outcome))]
        panel.learn(case, result, opened, passed=not faults)
    return _record(result, faults), {step.name for step in result.steps if step.kind == "model"}


def _session(
    own: Project, project: Project, open_model: Callable[[str], BaseChatModel] | None, task: TaskSpec
) -> Session:
    return open_session(
        task,
        own,
        open_model=open_model or _opener(project),
        gate=open_gate(project.agentic, project.root),  # the project's kill switch holds here too
        approvals=NobodyThere(),
        memory=NoMemory(),
    )


def _opener(project: Project) -> Callable[[str], BaseChatModel]:
    from ..models.factory import model_opener

    return model_opener(project)


def _record(result: TaskResult, faults: list[str]) -> Attempt:
    return Attempt(
        status=result.status,
        faults=tuple(faults),
        output=clip(result.output, _MOST_KEPT)[0],
        reason=result.reason,
        calls=tuple(
            Called(tool=step.name, arguments=clip(step.input, _MOST_KEPT)[0], failed=bool(step.error))
            for step in result.steps
            if step.kind == "tool"
        ),
        usage=result.usage,
    )
