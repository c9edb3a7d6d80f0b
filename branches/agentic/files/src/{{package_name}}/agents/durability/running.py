"""Runs that are kept: each step, each effect and each event, so that they go on after a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from ..agent_config import AgentConfig
from ..base import Agent
from ..coordination.team import Team
from ..observability.totals import TotalsCounter
from ..opening import Parts, open_session
from ..tasks import Status, TaskResult, TaskSpec
from .approvals import Present, StoredApprovals
from .errors import DurabilityError
from .opening import open_durability
from .recorder import EventRecorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..session import ApprovalRequest, Decision, Project
    from ..starting import Worker
    from .runs import Run


def execute(
    agent: Worker | Team,
    task: TaskSpec,
    *,
    ask: Callable[[ApprovalRequest], Decision | None] | None = None,
    holds: Callable[[], bool] = lambda: True,
    **parts: Unpack[Parts],
) -> TaskResult:
    """Do a task and keep all of it; a task that was begun goes on, and one that has ended gives its result again.

    Parameters
    ----------
    ask
        Asks a person who is there; the store is asked otherwise, and the run waits.
    holds
        Whether this process is still the one that does the run; if not, how it ended is not written down.
    parts
        Of the session, in place of the configured ones.

    Raises
    ------
    DurabilityError
        If the run can't be kept, or its id is that of another task.
    """
    lead = agent.lead if isinstance(agent, Team) else agent
    project = lead.project
    kept = open_durability(project)
    config = AgentConfig.of(lead) if isinstance(lead, Agent) else None
    run = kept.store.begin(task, None if config is None else config.model_dump(mode="json"))
    if run.status.ended:
        return _ended(run)
    approvals = StoredApprovals(kept.store, project.agentic.safety.approval_seconds, task.task_id)
    recorder, counter = EventRecorder(kept.store), TotalsCounter()
    given: Parts = {
        "journal": kept.journal,
        "approvals": Present(approvals, ask) if ask else approvals,
        "checkpointer": kept.checkpoints,
        **parts,
        "listeners": (recorder, counter, *parts.get("listeners", ())),
    }
    session = open_session(task, project, **given)
    session.feed.count = kept.store.last_event(task.task_id)
    if run.cancelled:  # before it began
        session.cancel()
    try:
        with kept.watch.watching(task.task_id, session.cancel):
            result = lead.execute(task, session=session)
    finally:
        recorder.close()
    if holds():
        kept.store.end(result)
        counter.keep(kept.totals, result.status)
    return result


def resume(
    task_id: str,
    project: Project,
    *,
    holds: Callable[[], bool] = lambda: True,
    **parts: Unpack[Parts],
) -> TaskResult:
    """Go on with a run from its last step, also one that failed; one that has ended otherwise gives its result again.

    Raises
    ------
    UnknownRunError
        If there is no such run.
    DurabilityError
        If only the code that made its agent can make it again.
    """
    store = open_durability(project).store
    run = store.get(task_id)
    if run.status is Status.FAILED:
        store.reopen(task_id)
    return execute(agent_of(run, project), run.task, holds=holds, **parts)


def _ended(run: Run) -> TaskResult:
    told = {"status": run.status, "reason": run.reason}  # a run that waited may have been ended since
    return (run.result or TaskResult(task_id=run.task_id, status=run.status)).model_copy(update=told)


def agent_of(run: Run, project: Project) -> Agent | Team:
    """Make the agent of a run again.

    Raises
    ------
    DurabilityError
        If only the code that made it can.
    """
    if run.agent is None:
        hint = f"call its execute again, with TaskSpec(task_id={run.task_id!r}, …)"
        why = "they have tools of their own, or are a group"
        raise DurabilityError(f"only the code that made the agents of {run.task_id} can do so again: {why}", hint=hint)
    return AgentConfig.model_validate(run.agent).make(project)
