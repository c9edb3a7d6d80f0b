"""Checkpoints in PostgreSQL, which several machines share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from psycopg import Connection, Cursor
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from ...database import Database
from ...errors import first_line
from .errors import CheckpointError
from .saver import Checkpoints
from .serializer import JsonSerializer

_MOST = 10


class PostgresCheckpoints(Checkpoints, PostgresSaver):
    """Checkpoints in PostgreSQL, in the schema of the project; a connection that broke is made again."""

    pool: ConnectionPool[Connection[DictRow]]

    @classmethod
    def open(cls, database: Database, seconds: float = 10) -> Self:
        """Connect, and make the tables where they are missing.

        Parameters
        ----------
        seconds
            How long to wait for a connection.

        Raises
        ------
        ProjectError
            If the server does not answer, or refuses.
        """
        database.make()
        url = database.engine.url
        # LangGraph's statements name no schema.
        options = " ".join([*url.normalized_query.get("options", ()), f"-csearch_path={database.schema}"])
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(
            address,
            min_size=0,
            max_size=_MOST,
            timeout=seconds,
            reconnect_timeout=seconds,
            open=True,
            check=ConnectionPool.check_connection,
            kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row, "options": options},
        )
        made = cls(pool, serde=JsonSerializer())
        made.pool = pool
        try:
            made._make_tables(database.schema)
        except BaseException:
            pool.close()
            raise
        return made

    def close(self) -> None:
        """End the connections."""
        self.pool.close()

    def below(self, task_id: str) -> Sequence[str]:
        """Give the threads of the tasks that a task has given to others."""
        query = "SELECT DISTINCT thread_id FROM checkpoints WHERE starts_with(thread_id, %s)"
        with self._cursor() as cursor:
            return [row["thread_id"] for row in cursor.execute(query, (f"{task_id}~",))]

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints that some of LangGraph's runs made, and what was written to them."""
        with self._cursor() as cursor, cursor.connection.transaction():
            for statement in _DELETE_RUNS:
                cursor.execute(statement, ([*run_ids],))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy the checkpoints of a thread, as a whole, to another."""
        with self._cursor() as cursor, cursor.connection.transaction():
            for statement in _COPY:
                cursor.execute(statement, (target_thread_id, source_thread_id))

    def _make_tables(self, schema: str) -> None:
        with told(), self.pool.connection() as connection:
            if connection.execute("SELECT current_schema() AS here").fetchone() != {"here": schema}:
                hint = "agentic.durability.database_url must be that of the database itself, not of a pooler before it"
                raise CheckpointError(f"checkpoints can't be kept in the schema {schema}: it was not set", hint=hint)
            # Two that make them at once get in each other's way.
            connection.execute("SELECT pg_advisory_lock(hashtext('agents.checkpoints'))")
            try:
                self.setup()
            finally:
                connection.execute("SELECT pg_advisory_unlock(hashtext('agents.checkpoints'))")

    @contextmanager
    def _cursor(self, *, pipeline: bool = False) -> Iterator[Cursor[DictRow]]:
        with told(), super()._cursor(pipeline=pipeline) as cursor:
            yield cursor


@contextmanager
def told() -> Iterator[None]:
    """Say in words what a server did not do."""
    try:
        yield
    except (psycopg.Error, PoolTimeout) as error:
        hint = "is the server of agentic.durability.database_url running, no pooler before it, and may this user write?"
        raise CheckpointError(f"checkpoints can't be kept in PostgreSQL: {first_line(error)}", hint=hint) from error


_DELETE_RUNS = (
    """
    DELETE FROM checkpoint_writes WHERE (thread_id, checkpoint_ns, checkpoint_id) IN (
        SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints WHERE metadata ->> 'run_id' = ANY(%s)
    )""",
    "DELETE FROM checkpoints WHERE metadata ->> 'run_id' = ANY(%s)",
)
_COPY = (
    """
    INSERT INTO checkpoints
        (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
    SELECT %s, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata
    FROM checkpoints WHERE thread_id = %s ON CONFLICT DO NOTHING""",
    """
    INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
    SELECT %s, checkpoint_ns, channel, version, type, blob
    FROM checkpoint_blobs WHERE thread_id = %s ON CONFLICT DO NOTHING""",
    """
    INSERT INTO checkpoint_writes
        (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob)
    SELECT %s, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob
    FROM checkpoint_writes WHERE thread_id = %s ON CONFLICT DO NOTHING""",
)
