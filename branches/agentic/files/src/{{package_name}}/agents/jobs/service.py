"""What the routes of agents do: keep agents, give them tasks through the queue, and tell how those stand."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..agent_config import AgentConfig
from ..coordination.group_config import GroupConfig
from ..durability.agents import AgentStore, KeptAgent
from ..durability.opening import open_durability
from ..durability.running import agent_of, reopen
from ..durability.runs import Approval, Run
from ..session import Decision
from ..structured import check_schema
from ..tasks import Status, TaskSpec
from .pool import WorkerPool
from .queue import QueueFullError, open_queue

if TYPE_CHECKING:
    from ..session import Project


_SERVICES: dict[Path, AgentService] = {}
_LOCK = threading.Lock()


def open_service(project: Project) -> AgentService:
    """Give the service of a project: there is one in a process, which routes and pages share, until it is closed."""
    with _LOCK:
        if project.root not in _SERVICES:
            _SERVICES[project.root] = AgentService(project)
        return _SERVICES[project.root]


def close_service(root: Path) -> None:
    """Close the service of the project in a folder, if it is open."""
    with _LOCK:
        service = _SERVICES.pop(root, None)
    if service is not None:
        service.close()


class AgentService:
    """Agents, their tasks, and the processes that do them, which begin with the first task."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._jobs = project.agentic.jobs
        self.store = open_durability(project).store
        self.agents = AgentStore(self.store.database)
        self._queue = open_queue(project)
        self._pool: WorkerPool | None = None
        self._lock = threading.Lock()

    def create(self, config: AgentConfig | GroupConfig, user: str) -> KeptAgent:
        """Keep an agent or a group, if it can be made.

        Raises
        ------
        AgentError
            If a tool is unknown or switched off.
        """
        config.make(self._project)
        return self.agents.add(config, user)

    def give(self, agent: KeptAgent, task: TaskSpec) -> Run:
        """Let a task wait for a worker; one that is known stays as it is.

        Raises
        ------
        QueueFullError
            If too many wait.
        AgentError
            If its schema is none.
        DurabilityError
            If its id is that of another task.
        """
        if task.answer_schema is not None:
            check_schema(task.answer_schema)
        known = self.store.exists(task.task_id)
        config = agent.config.model_dump(mode="json")
        run = self.store.begin(task, config, agent_id=agent.agent_id, go_on=False)
        if run.status is Status.RUNNING:
            try:
                self._queue.add(task.task_id, self._jobs.most_waiting)
            except QueueFullError:
                if not known:
                    self.store.drop([task.task_id])
                raise
        self.start()
        return run

    def cancel(self, task_id: str, by: str) -> Run:
        """End a run."""
        ended = self.store.cancel(task_id, by)
        self._queue.wake(task_id)  # a worker finds that it is over, and takes it out
        return ended

    def decide(self, approval: Approval, decision: Decision) -> Approval:
        """Answer a question, and let the run go on.

        Raises
        ------
        DurabilityError
            If it was answered, or its time is over.
        """
        decided = self.store.decide(approval.request.key, decision)
        self._queue.wake(approval.run_id)
        self.start()
        return decided

    def start(self) -> None:
        """Start the processes that do tasks, if the configuration has any and they are not there."""
        with self._lock:
            if self._pool is None and self._jobs.workers:
                overrides = self._project.config.overrides if self._project.config else ()
                self._pool = WorkerPool(
                    self._project.root, self._jobs.workers, env=self._project.environment, overrides=overrides
                )
                self._pool.start()

    def go_on(self, task_id: str) -> None:
        """Let a worker go on with a run that failed, was broken off, waited, or was made of another.

        Raises
        ------
        DurabilityError
            If only the code that made its agents can make them again.
        QueueFullError
            If too many wait.
        """
        run = self.store.get(task_id)
        agent_of(run, self._project)
        reopen(run, self._project)
        if not self._queue.wake(task_id):
            self._queue.add(task_id, self._jobs.most_waiting)
        self.start()

    @property
    def workers(self) -> list[int]:
        """Numbers of the processes that this service has started."""
        return [] if self._pool is None else self._pool.pids

    def close(self) -> None:
        """End the processes; what they were doing goes on when there are others."""
        if self._pool is not None:
            self._pool.close()
