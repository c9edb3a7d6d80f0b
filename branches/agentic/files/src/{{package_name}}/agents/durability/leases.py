"""Who does a run: one at a time, of all processes and machines. Who has lost it writes nothing more of it."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import psutil
import sqlalchemy as sa
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.base import CheckpointTuple as Kept

from ...database import Database
from .errors import ConflictError
from .tables import LEASES

_HELD: set[str] = set()  # the names under which this process is at runs
_SAME = 1.0  # seconds by which two readings of when a process began may differ


class LostRun(ConflictError):
    """Another process does the run now."""


class Leases:
    """Says who does a run. What a process that is gone held on this machine is free at once, else after a time.

    Parameters
    ----------
    seconds
        After which one that is not renewed is free.
    """

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self.seconds = seconds
        database.make(LEASES)

    def take(self, task_id: str) -> str:
        """Take a run, and give the name under which this process holds it.

        Raises
        ------
        ConflictError
            If another is at it.
        """
        now, mine = datetime.now(UTC), _own_name()
        this = LEASES.c.task_id == task_id
        free = {"task_id": task_id, "holder": "", "until": now}
        with self._database.writing() as connection:
            connection.execute(self._database.new_rows(LEASES).values(**free))
            row = connection.execute(sa.select(LEASES).where(this)).one()
            if row.holder and row.until > now and not _gone(row.holder):
                hint = f"`agents runs watch {task_id}` follows it"
                raise ConflictError(f"the run {task_id} is being done already, by {_shown(row.holder)}", hint=hint)
            until = now + timedelta(seconds=self.seconds)
            taken = sa.update(LEASES).where(this, LEASES.c.holder == row.holder).values(holder=mine, until=until)
            if connection.execute(taken).rowcount != 1:
                raise ConflictError(f"the run {task_id} was just taken by another", hint="follow it there")
        _HELD.add(mine)
        return mine

    def renew(self, task_id: str, holder: str) -> bool:
        """Hold a run longer; False if it is another's."""
        until = datetime.now(UTC) + timedelta(seconds=self.seconds)
        held = sa.update(LEASES).where(LEASES.c.task_id == task_id, LEASES.c.holder == holder)
        with self._database.writing() as connection:
            return connection.execute(held.values(until=until)).rowcount == 1

    def free(self, task_id: str, holder: str) -> None:
        """Let others take a run; this process can, even if the database can't be told."""
        _HELD.discard(holder)
        with self._database.writing() as connection:
            held = (LEASES.c.task_id == task_id, LEASES.c.holder == holder)
            connection.execute(sa.delete(LEASES).where(*held))

    def free_own(self, task_id: str) -> None:
        """Let others take a run that this process holds, which ends before it is done."""
        with self._database.writing() as connection:
            mine = LEASES.c.holder.startswith(_process(), autoescape=True)
            connection.execute(sa.delete(LEASES).where(LEASES.c.task_id == task_id, mine))


def _process() -> str:
    return f"{socket.gethostname()}|{os.getpid()}|{psutil.Process().create_time():.3f}|"


def _own_name() -> str:
    return f"{_process()}{token_hex(8)}"


def _shown(holder: str) -> str:
    host, number, *_ = holder.split("|")
    return f"process {number} on {host}"


def _gone(holder: str) -> bool:
    """Tell whether a process of this machine is no more, its number is another's now, or this one is done with it."""
    host, number, created, _ = holder.split("|")
    if holder.startswith(_process()):
        return holder not in _HELD
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(number))
        return process.status() == psutil.STATUS_ZOMBIE or abs(process.create_time() - float(created)) > _SAME
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


class HeldCheckpoints(BaseCheckpointSaver[Any]):
    """Keeps states as long as a run is held: who has lost it would overwrite those of who does it now.

    Parameters
    ----------
    holds
        Whether it is held.
    """

    def __init__(self, kept: BaseCheckpointSaver[Any], holds: Callable[[], bool]) -> None:
        super().__init__(serde=kept.serde)
        self._kept = kept
        self._holds = holds

    @property
    def config_specs(self) -> list[Any]:
        """What it is configured by."""
        return self._kept.config_specs

    def get_tuple(self, config: RunnableConfig) -> Kept | None:
        """Give a state."""
        return self._kept.get_tuple(config)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[Kept]:
        """Give the states that fit, the last first."""
        return self._kept.list(config, filter=filter, before=before, limit=limit)

    def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[Kept]:
        """Do as `list`."""
        return self._kept.alist(config, filter=filter, before=before, limit=limit)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a state.

        Raises
        ------
        LostRun
            If another does the run now.
        """
        self._check()
        return self._kept.put(config, checkpoint, metadata, new_versions)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a node has given.

        Raises
        ------
        LostRun
            If another does the run now.
        """
        self._check()
        self._kept.put_writes(config, writes, task_id, task_path)

    def get_next_version(self, current: Any, channel: None) -> Any:
        """Give the version that comes after another."""
        return self._kept.get_next_version(current, channel)

    def _check(self) -> None:
        if not self._holds():
            raise LostRun("another process does this run now", hint="`agents runs watch` follows it")
