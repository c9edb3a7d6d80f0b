"""Runs that are kept: each step, each effect and each event, so that they go on after a crash."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Unpack

from ...errors import ProjectError
from ...logs import get_logger
from ..agent_config import AgentConfig
from ..base import Agent
from ..budget import limits_of, reached
from ..coordination.group import Group
from ..coordination.group_config import read_worker
from ..coordination.team import Team
from ..events import Event
from ..observability.totals import TotalsCounter
from ..opening import Parts, open_session
from ..tasks import Status, TaskResult, TaskSpec
from .approvals import Present, StoredApprovals
from .errors import DurabilityError
from .leases import HeldCheckpoints
from .opening import open_durability
from .recorder import EventRecorder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..events import Listener
    from ..session import ApprovalRequest, Decision, Project
    from ..starting import Worker
    from .opening import Durability
    from .runs import Run
    from .store import RunStore


def execute(
    agent: Worker | Team,
    task: TaskSpec,
    *,
    ask: Callable[[ApprovalRequest], Decision | None] | None = None,
    holds: Callable[[], bool] = lambda: True,
    **parts: Unpack[Parts],
) -> TaskResult:
    """Do a task and keep all of it; a task that was begun goes on, and one that has ended gives its result again.

    Where the database goes away, the result has failed, with the steps until then and how to go on.

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
        If the run can't be kept, its id is that of another task, or another process is doing it.
    """
    lead = agent.lead if isinstance(agent, Team) else agent
    kept = open_durability(lead.project)
    config = AgentConfig.of(lead) if isinstance(lead, Agent) else lead.config if isinstance(lead, Group) else None
    run = kept.store.begin(task, None if config is None else config.model_dump(mode="json"))
    if run.status.ended:
        return _told_again(kept.store, run, parts.get("listeners", ()))
    stop = parts.get("stop") or threading.Event()
    if run.cancelled:  # before it began
        stop.set()
    with kept.watch.watching(task.task_id, stop.set) as hold:
        run = kept.store.get(task.task_id)  # who did it until now may have ended it since
        if run.status.ended:
            return _told_again(kept.store, run, parts.get("listeners", ()))
        stored = StoredApprovals(kept.store, lead.project.agentic.safety.approval_seconds, task.task_id)
        approvals = Present(stored, ask) if ask else stored
        given: Parts = {"approvals": approvals, **parts, "stop": stop}
        return _execute(lead, run, kept, lambda: holds() and not hold.lost, given)


def _execute(lead: Worker, run: Run, kept: Durability, holds: Callable[[], bool], parts: Parts) -> TaskResult:
    """Do a run as long as it is held: who has lost it writes neither states nor events nor how it ended."""
    task = run.task
    recorder, counter = EventRecorder(kept.store, holds), TotalsCounter()
    given: Parts = {
        "journal": kept.journal,
        "checkpointer": HeldCheckpoints(kept.checkpoints, holds),
        **parts,
        "listeners": (recorder, counter, *parts.get("listeners", ())),
    }
    try:
        session = open_session(task, lead.project, **given)
        session.reopened = run.result is not None and run.result.status is Status.PARTIAL
        session.feed.count = kept.store.last_event(task.task_id)
        result = lead.execute(task, session=session)
    finally:
        recorder.close()
    if not holds():
        return result
    try:
        kept.store.end(result)
    except ProjectError as error:
        return _not_kept(result, error)
    counter.keep(kept.totals, result.status)
    return result


def _not_kept(result: TaskResult, error: ProjectError) -> TaskResult:
    """Tell what was reached of a run whose end can't be written down: as it is kept, it is still under way."""
    reason = result.reason if result.status is Status.FAILED else str(error)
    again = f"what it had done is kept: `agents runs resume {result.task_id}` goes on when the database is back"
    get_logger(__name__).error("how a task ended can't be kept", task=result.task_id, reason=str(error))
    return result.model_copy(update={"status": Status.FAILED, "reason": f"{reason}\n{again}"})


def resume(
    task_id: str,
    project: Project,
    *,
    holds: Callable[[], bool] = lambda: True,
    **parts: Unpack[Parts],
) -> TaskResult:
    """Go on with a run from its last step, also one that failed, or that a limit ended which is wider by now.

    One that has ended otherwise gives its result again.

    Raises
    ------
    UnknownRunError
        If there is no such run.
    DurabilityError
        If only the code that made its agent can make it again.
    """
    run = open_durability(project).store.get(task_id)
    reopen(run, project)
    return execute(agent_of(run, project), run.task, holds=holds, **parts)


def reopen(run: Run, project: Project) -> None:
    """Let a run go on that failed, or that a limit ended which is wider by now; any other stays as it is."""
    if run.status is Status.FAILED or _has_more(run, project):
        open_durability(project).store.reopen(run.task_id, status=run.status)


def _has_more(run: Run, project: Project) -> bool:
    """Tell whether a run that came to no end is within its limits, as they are now."""
    if run.status is not Status.PARTIAL or run.result is None:
        return False
    return not reached(limits_of(project.agentic.agents.budget, run.task.limits), run.result.usage)


def _told_again(store: RunStore, run: Run, listeners: Sequence[Listener]) -> TaskResult:
    """Give the result of a run that has ended, and its events to those who listen; the last tells how it ended."""
    result, last = _ended(run), None
    while listeners and (events := store.events(run.task_id, last.sequence if last else 0)):
        for event in events:
            last = event
            _tell(listeners, event)
    told = last.data.get("result") if last and last.kind == "task_ended" else None
    if listeners and not (isinstance(told, dict) and told["status"] == result.status):  # ended while it waited
        _tell(listeners, _last_event(run, result, last))
    return result


def _tell(listeners: Sequence[Listener], event: Event) -> None:
    for listener in listeners:
        listener(event)


def _last_event(run: Run, result: TaskResult, last: Event | None) -> Event:
    return Event(
        task_id=run.task_id,
        sequence=last.sequence + 1 if last else 1,
        time=run.updated,
        kind="task_ended",
        agent=last.agent if last else "",
        span=run.task_id,
        data={"result": result.model_dump(mode="json")},
    )


def _ended(run: Run) -> TaskResult:
    told = {"status": run.status, "reason": run.reason}  # a run that waited may have been ended since
    return (run.result or TaskResult(task_id=run.task_id, status=run.status)).model_copy(update=told)


def agent_of(run: Run, project: Project) -> Agent | Team | Group:
    """Make the agent, or the group, of a run again.

    Raises
    ------
    DurabilityError
        If only the code that made it can.
    """
    if run.agent is None:
        hint = f"call its execute again, with TaskSpec(task_id={run.task_id!r}, …)"
        why = "they have tools of their own, or are a group that code has made"
        raise DurabilityError(f"only the code that made the agents of {run.task_id} can do so again: {why}", hint=hint)
    return read_worker(run.agent).make(project)
