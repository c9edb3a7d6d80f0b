"""Drops by itself what the configuration keeps no longer: once a day, whichever process comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ...errors import first_line
from ...logs import get_logger
from ..tasks import Record
from .opening import open_durability
from .tables import UPKEEP

if TYPE_CHECKING:
    from ...database import Database
    from ..session import Project

_NAME = "retention"
_EVERY = timedelta(days=1)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = 10.0  # seconds until the first look, so that what starts is ready first
_LOOK_UP = 600.0  # seconds between two looks at whether it is time
_log = get_logger(__name__)


class Dropped(Record):
    """How much was dropped."""

    runs: int = 0
    memories: int = 0


class Retention:
    """Drops runs that ended long ago, and memories that have expired.

    Processes that share a database agree there on who does it, and when it was done last.

    Parameters
    ----------
    clock
        Gives the time.
    """

    def __init__(self, project: Project, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._project, self._clock = project, clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Look now and then whether it is time, in a thread, until `close` is called."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; what has begun is finished."""
        self._stop.set()
        self._thread.join()

    def drop_if_due(self) -> Dropped | None:
        """Drop what is over; None if that was done within a day, or another process does it.

        Raises
        ------
        ProjectError
            If a database can't be used. What is left is dropped the next time.
        """
        kept, agentic = open_durability(self._project), self._project.agentic
        now, days = self._clock(), agentic.durability.keep_days
        if not _claim(kept.store.database, now):
            return None
        runs = 0 if days is None else kept.drop_old(now - timedelta(days=days))
        dropped = Dropped(runs=runs, memories=self._forget() if agentic.memory.enabled else 0)
        _log.info("what agents keep no longer was dropped", **dropped.model_dump())
        return dropped

    def _forget(self) -> int:
        from ..memory.opening import open_memory

        return open_memory(self._project.agentic, self._project.root).store.drop_expired()

    def _run(self) -> None:
        pause = _FIRST
        while not self._stop.wait(pause):
            pause = _LOOK_UP
            try:
                self.drop_if_due()
            except Exception as error:  # what it serves goes on without it
                _log.error("what agents keep no longer can't be dropped", reason=first_line(error))


def _claim(database: Database, now: datetime) -> bool:
    """Write down that it is done now, unless it was within a day."""
    database.make(UPKEEP)
    this = UPKEEP.c.name == _NAME
    due = sa.or_(UPKEEP.c.begun <= now - _EVERY, UPKEEP.c.begun > now)  # later than now: a clock was set back
    with database.writing() as connection:
        connection.execute(database.new_rows(UPKEEP).values(name=_NAME, begun=_NEVER))
        return connection.execute(sa.update(UPKEEP).where(this, due).values(begun=now)).rowcount == 1
