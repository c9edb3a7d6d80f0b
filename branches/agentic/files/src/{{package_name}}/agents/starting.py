"""Beginning a task: in a session that is handed in, or kept where the project says; and hearing its events."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from .structured import check_schema
from .tasks import TaskResult, TaskSpec

if TYPE_CHECKING:
    from .events import Event
    from .opening import Parts
    from .session import Project, Session


class Worker(Protocol):
    """Who can be given a task: an agent, or a group of them."""

    name: str
    project: Project

    def execute(self, task: str | TaskSpec, *, session: Session | None = None) -> TaskResult:
        """Do a task, kept where the project says, or in a session."""

    def run_in(self, session: Session) -> TaskResult:
        """Do the task of a session."""


def start(worker: Worker, task: TaskSpec, session: Session | None, parts: Parts) -> TaskResult:
    """Do a task: in its session if there is one, else kept in the project's store, or nowhere outside of a project.

    Raises
    ------
    AgentError
        If the task can't be begun.
    """
    from .opening import open_session

    if task.answer_schema is not None:
        check_schema(task.answer_schema)
    if session is not None:
        session.feed.listeners += parts.get("listeners", ())
        session.feed.attended |= parts.get("attended", False)
        return worker.run_in(session)
    if worker.project.config is None:
        return worker.run_in(open_session(task, worker.project, **parts))
    from .durability.running import execute

    return execute(worker, task, **parts)


def stream(worker: Worker, task: TaskSpec, session: Session | None) -> Iterator[Event]:
    """Do a task in a thread, and give its events as they happen; who stops listening cancels it."""
    stop = session.stop if session else threading.Event()
    events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            start(worker, task, session, {"listeners": (events.put,), "attended": True, "stop": stop})
        except BaseException as error:  # raised again where the events are read
            events.put(error)
        events.put(None)

    thread = threading.Thread(target=work, name=f"agent {worker.name}", daemon=True)
    thread.start()
    try:
        while (event := events.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        stop.set()
        thread.join()
