"""Tasks that come by Agent2Agent, done as runs of the project: kept, within its limits, and under its gate."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from a2a.helpers import new_data_part, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.context import ServerCallContext
from a2a.server.events import EventQueue
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import Artifact, Part, Task, TaskState, TaskStatus
from pydantic import ValidationError

from ...errors import ProjectError
from ..coordination.team import Team
from ..durability.errors import UnknownRunError
from ..durability.opening import open_durability
from ..durability.running import execute, resume
from ..durability.runs import Run
from ..events import Event, Listener
from ..session import Project
from ..starting import Worker
from ..tasks import Status, TaskResult, TaskSpec
from ..watching import describe

_STATES = {
    Status.RUNNING: TaskState.TASK_STATE_WORKING,
    Status.WAITING: TaskState.TASK_STATE_INPUT_REQUIRED,
    Status.DONE: TaskState.TASK_STATE_COMPLETED,
    Status.PARTIAL: TaskState.TASK_STATE_FAILED,
    Status.REFUSED: TaskState.TASK_STATE_REJECTED,
    Status.FAILED: TaskState.TASK_STATE_FAILED,
    Status.CANCELLED: TaskState.TASK_STATE_CANCELED,
}


@dataclass(slots=True)
class _InHand:
    """A run that this process does."""

    stop: threading.Event = field(default_factory=threading.Event)
    given_up: bool = False


class Runs(AgentExecutor):
    """Does tasks in threads, as many at a time as `agentic.jobs.concurrency` says.

    Parameters
    ----------
    make
        Makes who does a task, anew for each.
    """

    def __init__(self, project: Project, make: Callable[[], Worker | Team]) -> None:
        self._project, self._make = project, make
        self._jobs = project.agentic.jobs
        self._threads = ThreadPoolExecutor(self._jobs.concurrency, thread_name_prefix="a2a")
        self._in_hand: dict[str, _InHand] = {}
        self._closing = False

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Do the task of a message; one that waited for a person goes on where it was."""
        updater = TaskUpdater(event_queue, context.task_id or "", context.context_id or "")
        if context.current_task is None and context.message is not None:
            asked = Task(id=updater.task_id, context_id=updater.context_id, history=[context.message])
            asked.status.state = TaskState.TASK_STATE_SUBMITTED
            await event_queue.enqueue_event(asked)
        try:
            task = _task_of(context)
            if len(self._in_hand) >= self._jobs.concurrency + self._jobs.most_waiting:
                raise ProjectError("too many tasks wait", hint="try again later")
        except (ProjectError, ValidationError) as error:
            reason = error.message if isinstance(error, ProjectError) else error.errors()[0]["msg"]
            await updater.reject(updater.new_agent_message([new_text_part(reason)]))
            return
        await updater.start_work()
        run = self._in_hand[task.task_id] = _InHand()
        try:
            result = await self._follow(task, run, updater)
        except ProjectError as error:
            result = TaskResult(task_id=task.task_id, status=Status.FAILED, reason=error.message)
        finally:
            self._in_hand.pop(task.task_id, None)
        if not run.given_up:
            await _tell(updater, result)

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """End a run, wherever it is being done."""
        task_id = context.task_id or ""
        run = self._in_hand.get(task_id)
        if run is not None:
            run.given_up = True
        user = _user(context.call_context)
        try:
            with suppress(UnknownRunError):  # it may be over before it began
                await asyncio.to_thread(open_durability(self._project).store.cancel, task_id, user)
        finally:
            if run is not None:  # no sooner: one that has stopped takes no note of who ended it
                run.stop.set()
        await TaskUpdater(event_queue, task_id, context.context_id or "").cancel()

    def close(self) -> None:
        """Let go of what runs; `agents runs resume` goes on with it."""
        self._closing = True
        for run in list(self._in_hand.values()):
            run.stop.set()
        self._threads.shutdown(cancel_futures=True)

    async def _follow(self, task: TaskSpec, run: _InHand, updater: TaskUpdater) -> TaskResult:
        """Do a run in a thread, and tell its steps as they happen."""
        loop = asyncio.get_running_loop()
        happened: asyncio.Queue[Event | None] = asyncio.Queue()

        def hear(event: Event) -> None:
            loop.call_soon_threadsafe(happened.put_nowait, event)

        doing = loop.run_in_executor(self._threads, self._do, task, run, hear)
        doing.add_done_callback(lambda _: happened.put_nowait(None))
        while (event := await happened.get()) is not None:
            if not run.given_up:
                await _tell_step(updater, event)
        return await doing

    def _do(self, task: TaskSpec, run: _InHand, hear: Listener) -> TaskResult:
        if run.stop.is_set():
            return TaskResult(task_id=task.task_id, status=Status.CANCELLED)
        if open_durability(self._project).store.exists(task.task_id):
            return resume(task.task_id, self._project, holds=self._holds, stop=run.stop, listeners=(hear,))
        return execute(self._make(), task, holds=self._holds, stop=run.stop, listeners=(hear,))

    def _holds(self) -> bool:
        return not self._closing


class KeptTasks(InMemoryTaskStore):
    """Tasks as callers see them. What became of a run elsewhere, or before a restart, the store of runs says."""

    def __init__(self, project: Project) -> None:
        super().__init__()
        self._project = project

    async def get(self, task_id: str, context: ServerCallContext) -> Task | None:
        """Give a task of who asks; None if there is none."""
        task = await super().get(task_id, context)
        if task is not None and task.status.state != TaskState.TASK_STATE_INPUT_REQUIRED:
            return task
        run = await asyncio.to_thread(self._run, task_id, _user(context))
        if run is None or (task is not None and run.status is Status.WAITING):
            return task
        return _as_task(run, task.context_id if task else task_id)

    def _run(self, task_id: str, user: str) -> Run | None:
        try:
            run = open_durability(self._project).store.get(task_id)
        except UnknownRunError:
            return None
        return run if run.user == user and run.task.tainted else None


def _task_of(context: RequestContext) -> TaskSpec:
    parts = context.message.parts if context.message else []
    if any(not part.HasField("text") for part in parts):
        raise ProjectError("only text is understood", hint="send the task as text")
    user = _user(context.call_context)
    return TaskSpec(goal=context.get_user_input(), task_id=context.task_id or "", user=user, tainted=True)


def _user(context: ServerCallContext) -> str:
    return context.user.user_name


def _as_task(run: Run, context_id: str) -> Task:
    task = Task(id=run.task_id, context_id=context_id, status=TaskStatus(state=_STATES[run.status]))
    if run.reason:
        task.status.message.parts.append(new_text_part(run.reason))
    if run.result is not None and run.result.output is not None:
        task.artifacts.append(Artifact(artifact_id="output", parts=[_part(run.result)]))
    return task


async def _tell_step(updater: TaskUpdater, event: Event) -> None:
    line = "" if event.kind == "task_ended" and not event.parent else describe(event)  # how the run ends is no step
    if line:
        said = updater.new_agent_message([new_text_part(f"{event.agent}: {line}")], {"kind": event.kind})
        await updater.update_status(TaskState.TASK_STATE_WORKING, said)


async def _tell(updater: TaskUpdater, result: TaskResult) -> None:
    if result.output is not None:
        await updater.add_artifact([_part(result)], artifact_id="output", name="output", last_chunk=True)
    said = updater.new_agent_message([new_text_part(result.reason)]) if result.reason else None
    await updater.update_status(_STATES[result.status], said)


def _part(result: TaskResult) -> Part:
    return new_text_part(result.output) if isinstance(result.output, str) else new_data_part(result.output)
