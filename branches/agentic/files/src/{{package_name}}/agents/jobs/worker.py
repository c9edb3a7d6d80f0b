"""A worker: takes tasks from the queue and does them, several at a time, until it is told to stop."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from secrets import token_hex
from typing import TYPE_CHECKING

from ...errors import ProjectError, first_line
from ...logs import get_logger
from ..durability.errors import ConflictError, UnknownRunError
from ..durability.opening import open_durability
from ..durability.retention import Retention
from ..durability.running import agent_of, execute
from ..errors import AgentError
from ..tasks import Status, TaskResult
from .queue import Claim, Queue, open_queue

if TYPE_CHECKING:
    from ..durability.runs import Run
    from ..session import Project

_IDLE = 0.25  # seconds between two looks into an empty queue
_OVERDUE = 5.0  # seconds between two looks for approvals that nobody gave
_ELSEWHERE = 5.0  # seconds between two looks at a run that a process does which is no worker
_log = get_logger(__name__)


class Worker:
    """Does tasks of the queue, each in a thread.

    Parameters
    ----------
    name
        By which the queue knows it; made of machine and process by default.
    """

    def __init__(self, project: Project, queue: Queue | None = None, *, name: str = "") -> None:
        self.project = project
        self.name = name or f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self._queue = queue or open_queue(project)
        self._jobs = project.agentic.jobs
        self._kept = open_durability(project)
        self._held: dict[str, bool] = {}  # by id, whether the lease is still ours
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def run(self) -> None:
        """Work until `stop` is called; tasks that are being done then are finished."""
        names = [f"worker {number}" for number in range(self._jobs.concurrency)]
        threads = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]
        keeper = threading.Thread(target=self._keep, name="leases", daemon=True)
        retention = Retention(self.project)
        retention.start()
        for thread in (keeper, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        keeper.join()
        retention.close()

    def stop(self) -> None:
        """Take no more tasks."""
        self._stop.set()

    def give_back(self) -> None:
        """Let other workers take what is being done here; this process must end then."""
        for task_id in [*self._held]:
            self._held[task_id] = False
            self._kept.watch.lose(task_id)
            self._kept.leases.free_own(task_id)
            self._queue.release(task_id, self.name)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                claim = self._queue.claim(self.name, self._jobs.lease_seconds)
                if claim is None:
                    self._stop.wait(_IDLE)
                elif self._begin(claim.task_id):
                    self._do(claim)
            except ProjectError as error:
                _log.error("the queue of tasks can't be used", reason=first_line(error))
                self._stop.wait(_OVERDUE)

    def _begin(self, task_id: str) -> bool:
        """Hold a task; False if a thread here is still at it: its lease ran out, and is renewed by this claim."""
        with self._lock:
            if task_id in self._held:
                return False
            self._held[task_id] = True
            return True

    def _do(self, claim: Claim) -> None:
        task_id = claim.task_id
        try:
            # The thread that had it until now may have parked it, or taken it out, after it was claimed again.
            if not self._queue.renew(task_id, self.name, self._jobs.lease_seconds):
                return
            run = self._kept.store.get(task_id)
            if not run.status.ended:  # else who did it could not take it out: what failed is not tried again unasked
                self._carry_out(claim, run)
            if self._held[task_id]:
                self._settle(task_id)
        except UnknownRunError:  # it was dropped
            self._queue.done(task_id, self.name)
        except ConflictError as error:  # such as by `agents run`; if that one dies, the task is ours again
            _log.info("a task is done elsewhere", task=task_id, reason=str(error))
            self._queue.release(task_id, self.name, _ELSEWHERE)
        except ProjectError as error:  # it is tried again when its lease is over
            _log.error("a task can't be done now", task=task_id, reason=str(error))
        except Exception as error:
            _log.error("a task can't be done now", task=task_id, reason=first_line(error), exc_info=error)
        finally:
            self._held.pop(task_id, None)

    def _carry_out(self, claim: Claim, run: Run) -> None:
        hopeless = self._hopeless(claim, run)
        if hopeless:
            self._give_up(run.task_id, hopeless)
            return
        execute(agent_of(run, self.project), run.task, holds=lambda: self._held.get(run.task_id, False))

    def _settle(self, task_id: str) -> None:
        """Take a task out whose end is kept, and park one that waits; any other is tried again when its lease is over.

        What is kept counts, not what the run told: who has lost a run for a moment tells an end that nobody wrote down.
        """
        status = self._kept.store.summary(task_id).status
        if status.ended:
            self._queue.done(task_id, self.name)
            if not self._kept.store.summary(task_id).status.ended:  # a person has let it go on meanwhile
                self._queue.add(task_id, sys.maxsize)
        elif status is Status.WAITING:
            self._queue.park(task_id, self.name)
            self._wake_answered(task_id)

    def _hopeless(self, claim: Claim, run: Run) -> str:
        """Say why a task can't be done, however often it is tried; nothing if it can."""
        if claim.attempt > self._jobs.attempts:
            return f"{self._jobs.attempts} workers have ended while they did it"
        try:
            agent_of(run, self.project)
        except AgentError as error:
            return f"its agents can't be made: {error}"
        return ""

    def _give_up(self, task_id: str, reason: str) -> None:
        """Write down that a run has failed, unless somebody does it or has ended it.

        Raises
        ------
        ConflictError
            If another process does it.
        """
        with self._kept.watch.watching(task_id, lambda: None):
            if not self._kept.store.summary(task_id).status.ended:
                self._kept.store.end(TaskResult(task_id=task_id, status=Status.FAILED, reason=reason))

    def _wake_answered(self, task_id: str) -> None:
        """Wake a task that was answered between its question and its parking."""
        if not self._kept.store.approvals(task_id):
            self._queue.wake(task_id)

    def _keep(self) -> None:
        """Renew leases, and wake runs that nobody answered, as long as there is work."""
        looked = 0.0
        while not self._stop.is_set() or self._held:
            try:
                for task_id in [task_id for task_id, ours in [*self._held.items()] if ours]:
                    if not self._queue.renew(task_id, self.name, self._jobs.lease_seconds) and task_id in self._held:
                        self._lose(task_id)
                if time.monotonic() - looked > _OVERDUE:
                    looked = time.monotonic()
                    for task_id in self._kept.store.overdue():
                        self._queue.wake(task_id)
            except ProjectError as error:
                _log.error("leases of tasks can't be renewed", reason=first_line(error))
            time.sleep(min(self._jobs.lease_seconds / 5, 1.0))

    def _lose(self, task_id: str) -> None:
        """Stop a task that another worker has taken, because this machine was asleep for longer than its lease."""
        self._held[task_id] = False
        self._kept.watch.lose(task_id)
        _log.warning("a task was taken by another worker", task=task_id)
