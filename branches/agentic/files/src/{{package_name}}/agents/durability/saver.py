"""Where checkpoints are kept: LangGraph's savers of SQLite and PostgreSQL, as JSON, with told errors."""

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.sqlite import SqliteSaver

from ...sqlite import connect, explained, make_tables
from .errors import CheckpointError
from .serializer import JsonSerializer


class Checkpoints(BaseCheckpointSaver[str], ABC):
    """A saver whose asynchronous methods wait for the others in a thread."""

    @abstractmethod
    def below(self, task_id: str) -> Sequence[str]:
        """Give the threads of the tasks that a task has given to others."""

    @abstractmethod
    def close(self) -> None:
        """Close it."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Do as `get_tuple`."""
        return await asyncio.to_thread(self.get_tuple, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Do as `list`."""
        for found in await asyncio.to_thread(lambda: [*self.list(config, filter=filter, before=before, limit=limit)]):
            yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Do as `put`."""
        return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Do as `put_writes`."""
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """Do as `delete_thread`."""
        await asyncio.to_thread(self.delete_thread, thread_id)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Do as `delete_for_runs`."""
        await asyncio.to_thread(self.delete_for_runs, run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Do as `copy_thread`."""
        await asyncio.to_thread(self.copy_thread, source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Do as `prune`."""
        await asyncio.to_thread(lambda: self.prune(thread_ids, strategy=strategy))


class SqliteCheckpoints(Checkpoints, SqliteSaver):
    """Checkpoints in a file that the threads of this process, and other processes, use at once."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        super().__init__(connection, serde=JsonSerializer())
        self.path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file, which is made where it is missing.

        Raises
        ------
        CheckpointError
            If it can't be used.
        """
        make_tables(path, "", "checkpoints", CheckpointError)
        with explained(path, "checkpoints", CheckpointError):
            # A power failure may take the last steps with it: they are made again, and the journal knows their effects.
            return cls(path, connect(path, durable=False, any_thread=True))

    def close(self) -> None:
        """Close the file."""
        self.conn.close()

    @contextmanager
    def cursor(self, transaction: bool = True) -> Iterator[sqlite3.Cursor]:
        """Lend a cursor; what fails is undone, and told in words."""
        with explained(self.path, "a checkpoint", CheckpointError), self.lock:
            self.setup()
            cursor = self.conn.cursor()
            try:
                yield cursor
                if transaction:
                    self.conn.commit()
            except BaseException:
                self.conn.rollback()
                raise
            finally:
                cursor.close()

    def below(self, task_id: str) -> Sequence[str]:
        """Give the threads of the tasks that a task has given to others."""
        query = "SELECT DISTINCT thread_id FROM checkpoints WHERE thread_id > ? AND thread_id < ?"
        with self.cursor(transaction=False) as cursor:  # DEL follows "~"
            return [name for (name,) in cursor.execute(query, (f"{task_id}~", f"{task_id}\x7f"))]

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Give the checkpoints that fit, the last first. All are read at once: others need not wait for the reader."""
        return iter([*super().list(config, filter=filter, before=before, limit=limit)])

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints that some of LangGraph's runs made, and what was written to them."""
        with self.cursor() as cursor:
            for run in run_ids:
                for table in ("writes", "checkpoints"):  # the first asks the second
                    cursor.execute(_DELETE_RUN[table], (run,))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy the checkpoints of a thread, as a whole, to another."""
        with self.cursor() as cursor:
            for statement in _COPY:
                cursor.execute(statement, (target_thread_id, source_thread_id))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Drop checkpoints: all but the last of each namespace, or, with `delete`, all."""
        if strategy == "delete":
            for thread in thread_ids:
                self.delete_thread(thread)
            return
        with self.cursor() as cursor:
            for thread in thread_ids:
                for statement in _KEEP_LATEST:
                    cursor.execute(statement, {"thread": thread})


_DELETE_RUN = {
    "writes": """
        DELETE FROM writes WHERE (thread_id, checkpoint_ns, checkpoint_id) IN (
            SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints
            WHERE json_extract(CAST(metadata AS TEXT), '$.run_id') = ?
        )""",
    "checkpoints": "DELETE FROM checkpoints WHERE json_extract(CAST(metadata AS TEXT), '$.run_id') = ?",
}
_COPY = (
    """
    INSERT OR REPLACE INTO checkpoints
        (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
    SELECT ?, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata
    FROM checkpoints WHERE thread_id = ?""",
    """
    INSERT OR REPLACE INTO writes
        (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value)
    SELECT ?, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value
    FROM writes WHERE thread_id = ?""",
)
_KEEP_LATEST = (
    """
    DELETE FROM writes WHERE thread_id = :thread AND (checkpoint_ns, checkpoint_id) NOT IN (
        SELECT checkpoint_ns, max(checkpoint_id) FROM checkpoints WHERE thread_id = :thread GROUP BY checkpoint_ns
    )""",
    """
    DELETE FROM checkpoints WHERE thread_id = :thread AND (checkpoint_ns, checkpoint_id) NOT IN (
        SELECT checkpoint_ns, max(checkpoint_id) FROM checkpoints WHERE thread_id = :thread GROUP BY checkpoint_ns
    )""",
    "UPDATE checkpoints SET parent_checkpoint_id = NULL WHERE thread_id = :thread",
)
