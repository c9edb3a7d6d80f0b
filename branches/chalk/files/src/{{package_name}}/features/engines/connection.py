"""Connections of DuckDB as features need them: in UTC, within a limit of memory, with a place to spill to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ...disk import is_full
from ...errors import first_line
from ..errors import FeatureError


def connect(
    memory_limit: str | None = None, threads: int | None = None, spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a database in memory.

    Parameters
    ----------
    memory_limit
        Such as `4GB`; beyond it rows are spilled to disk. DuckDB's own limit, 80 % of the memory, if None.
    threads
        All cores if None.
    spill
        The folder to spill to; it is made when it is needed.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    if memory_limit is not None:
        connection.execute("SET memory_limit = ?", [memory_limit])
    if threads is not None:
        connection.execute("SET threads = ?", [threads])
    if spill is not None:
        connection.execute("SET temp_directory = ?", [str(spill)])
    return connection


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Make an error for a person of what DuckDB says, itself or through the rows that it hands on.

    Raises
    ------
    FeatureError
        If DuckDB fails in the `with` block.
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        if isinstance(error, duckdb.OutOfMemoryException) or is_full(error):
            hint = "free some space, or raise features.engine.memory_limit"
            raise FeatureError(f"{what}: there is no room: {first_line(error)}", hint=hint) from error
        raise FeatureError(f"{what}: {first_line(error)}", hint="look at the rows and at the definition") from error
