"""The queue of tasks: who works on one holds a lease, and must renew it; when it runs out, the task is another's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa

from ...database import Database
from ..durability.opening import open_durability
from ..durability.tables import JOBS
from ..errors import AgentError

if TYPE_CHECKING:
    from ..session import Project

_JOB = JOBS.c
_SHORT = 60.0  # seconds: workers that hold tasks for less must not take those of others that hold them for longer


class QueueFullError(AgentError):
    """More tasks wait than may."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that a worker holds.

    Attributes
    ----------
    attempt
        How often it was taken, from 1.
    """

    task_id: str
    attempt: int


class Queue(Protocol):
    """Tasks that wait, of which each is held by one worker at a time."""

    def add(self, task_id: str, most: int) -> None:
        """Let a task wait for a worker; one that waits already stays where it is.

        Raises
        ------
        QueueFullError
            If `most` wait already.
        """

    def claim(self, worker: str, seconds: float) -> Claim | None:
        """Take the task that has waited longest, for that time; None if none waits."""

    def renew(self, task_id: str, worker: str, seconds: float) -> bool:
        """Hold a task longer; False if it is another's."""

    def park(self, task_id: str, worker: str) -> None:
        """Give a task back until it is woken."""

    def wake(self, task_id: str) -> bool:
        """Let a parked task wait for a worker again, and tell whether it was parked."""

    def release(self, task_id: str, worker: str, seconds: float = 0.0) -> None:
        """Give a task back, for another worker to take after that time; that it was taken does not count."""

    def done(self, task_id: str, worker: str) -> None:
        """Take a task out that is over."""

    def waiting(self) -> int:
        """Count the tasks that nobody works on and that are not parked."""


def open_queue(project: Project) -> Queue:
    """Open the queue that `agentic.jobs` names.

    Raises
    ------
    AgentError
        If it can't be used.
    """
    url = project.agentic.jobs.queue_url.get_secret_value()
    if url:
        try:
            from .redis_queue import RedisQueue
        except ImportError as error:
            raise AgentError("a queue in Redis needs its client", hint="install it: uv sync --extra redis") from error

        return RedisQueue.open(url)
    return DatabaseQueue(open_durability(project).store.database)


class DatabaseQueue:
    """The queue in the database of runs: SQLite for one machine, PostgreSQL for several."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, task_id: str, most: int) -> None:
        """Let a task wait for a worker."""
        now = datetime.now(UTC)
        values = {"task_id": task_id, "queued": now, "ready": True, "attempts": 0, "worker": "", "lease": None}
        with self._database.reading() as connection:
            known = connection.scalar(sa.select(_JOB.task_id).where(_JOB.task_id == task_id)) is not None
        if not known and self.waiting() >= most:
            raise QueueFullError(f"{most} tasks wait already", hint="ask again later, or start more workers")
        with self._database.writing() as connection:
            connection.execute(self._database.new_rows(JOBS).values(**values))

    def claim(self, worker: str, seconds: float) -> Claim | None:
        """Take the task that has waited longest."""
        now = datetime.now(UTC)
        # A lease that ends later than any would is from before the clock was set back: its worker may be dead.
        late = now + 2 * timedelta(seconds=max(seconds, _SHORT))
        over = sa.or_(_JOB.lease.is_(None), _JOB.lease < now, _JOB.lease > late)
        free = sa.select(_JOB.task_id).where(_JOB.ready, over)
        first = free.order_by(_JOB.queued).limit(1)
        if self._database.shared:
            first = first.with_for_update(skip_locked=True)
        taken = sa.update(JOBS).where(_JOB.task_id == first.scalar_subquery())
        values = {"worker": worker, "lease": now + timedelta(seconds=seconds), "attempts": _JOB.attempts + 1}
        with self._database.writing() as connection:  # one statement: two that ask at once get two tasks
            row = connection.execute(taken.values(**values).returning(_JOB.task_id, _JOB.attempts)).one_or_none()
        return None if row is None else Claim(row.task_id, row.attempts)

    def renew(self, task_id: str, worker: str, seconds: float) -> bool:
        """Hold a task longer."""
        return self._change(task_id, worker, lease=datetime.now(UTC) + timedelta(seconds=seconds))

    def park(self, task_id: str, worker: str) -> None:
        """Give a task back until it is woken."""
        self._change(task_id, worker, ready=False, lease=None, worker="", attempts=0)

    def wake(self, task_id: str) -> bool:
        """Let a parked task wait for a worker again."""
        parked = sa.update(JOBS).where(_JOB.task_id == task_id, sa.not_(_JOB.ready))
        with self._database.writing() as connection:
            return connection.execute(parked.values(ready=True, queued=datetime.now(UTC))).rowcount == 1

    def release(self, task_id: str, worker: str, seconds: float = 0.0) -> None:
        """Give a task back."""
        lease = datetime.now(UTC) + timedelta(seconds=seconds) if seconds else None
        self._change(task_id, worker, lease=lease, worker="", attempts=_JOB.attempts - 1)

    def done(self, task_id: str, worker: str) -> None:
        """Take a task out."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(JOBS).where(_JOB.task_id == task_id, _JOB.worker == worker))

    def waiting(self) -> int:
        """Count the tasks that wait."""
        free = sa.or_(_JOB.lease.is_(None), _JOB.lease < datetime.now(UTC))
        query = sa.select(sa.func.count()).select_from(JOBS).where(_JOB.ready, free)
        with self._database.reading() as connection:
            return connection.scalar(query) or 0

    def _change(self, task_id: str, holder: str, /, **values: object) -> bool:
        held = sa.update(JOBS).where(_JOB.task_id == task_id, _JOB.worker == holder)
        with self._database.writing() as connection:
            return connection.execute(held.values(**values)).rowcount == 1
