"""Vectors of memories in PostgreSQL with its extension pgvector: an HNSW index finds the nearest of any number.

The index is that of Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical
navigable small world graphs", 2018.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import sqlalchemy as sa
from sqlalchemy.exc import NotSupportedError, ProgrammingError
from sqlalchemy.types import UserDefinedType

from ...database import Database
from ...logs import get_logger
from ..errors import AgentError
from .embedding import Vectors

_log = get_logger(__name__)

_OLDEST = (0, 8)  # the first version whose scans of an index go on until enough rows pass the filters
_WIDEST = 4_000  # places of a vector that an index takes
_MOST = 16_000  # places of a vector that a column takes
_EXACT = 5_000  # memories of a user up to which each is compared
_CANDIDATES = 100
_AROUND = 200  # how far the index looks for them: 200 find 91 % of the ten nearest by words where 100 find 86 %
_SCANNED = 200_000  # most rows that a scan of the index looks at for those of one user
_BATCH = 1_000
_SCAN = {"ef_search": _AROUND, "iterative_scan": "relaxed_order", "max_scan_tuples": _SCANNED}


class HalfVector(UserDefinedType[bytes]):
    """A vector of float16, given as its bytes."""

    cache_ok = True

    def __init__(self, width: int) -> None:
        self.width = width

    def get_col_spec(self, **_: object) -> str:
        """Name the type."""
        return f"halfvec({self.width})"

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[bytes | None], str | None]:
        """Write a vector as pgvector reads it."""
        return lambda value: None if value is None else str(np.frombuffer(value, dtype=np.float16).tolist())


class VectorIndex:
    """Finds the memories whose vectors are nearest to one.

    Attributes
    ----------
    table
        That of the memories, with the column `near` of the vectors of one embedder.
    near
        A column of its own for each embedder, empty where another made the vector.
    """

    def __init__(self, database: Database, entries: sa.Table, embedder: str, width: int) -> None:
        name = f"near_{zlib.crc32(embedder.encode()):08x}_{width}"
        self._database, self._embedder, self._width = database, embedder, width
        self.table = entries.to_metadata(sa.MetaData())
        self.near = sa.Column(name, HalfVector(width))
        self.table.append_column(self.near)
        rest = f"{entries.name}_without_{name}"
        sa.Index(rest, self.table.c.user, self.table.c.created, postgresql_where=self.near.is_(None))
        if width <= _WIDEST:
            using: dict[str, Any] = {"postgresql_using": "hnsw", "postgresql_ops": {name: "halfvec_cosine_ops"}}
            sa.Index(f"{entries.name}_{name}", self.near, **using)

    @classmethod
    def open(cls, database: Database, entries: sa.Table, embedder: str, width: int) -> Self | None:
        """Give the index of an embedder, with what was kept before; none where no pgvector takes its vectors.

        A warning tells why the one that the server has does not.

        Raises
        ------
        AgentError
            If the database can't be used.
        """
        if not database.shared:
            return None
        index = cls(database, entries, embedder, width)
        try:
            if not _has_extension(database):
                return None
            if width > _MOST:
                what = f"it takes vectors of {_MOST:,} places at most, and those of {embedder} have {width:,}"
                hint = "agentic.memory.embedder names another model"
                _log.warning("memories are compared without pgvector: %s", what, hint=hint)
                return None
            index._add_column()
            while index._take_over():
                pass
            database.make(index.table)
        except AgentError as error:
            if not isinstance(error.__cause__, ProgrammingError | NotSupportedError):
                raise
            _log.warning("memories are compared without pgvector: %s", error)
            return None
        return index

    def nearest(self, connection: sa.Connection, query: Vectors, *fitting: sa.ColumnElement[bool]) -> list[str]:
        """Give the ids of the memories whose vectors have the greatest cosines with another, of those that fit.

        Each is compared if few fit, or if the index ends with too few of them. Of many the nearest may be missed now
        and then, as the index is an approximate one.

        Parameters
        ----------
        query : ndarray of shape (width,)
            Of any length but 0.
        """
        given = (query / np.linalg.norm(query)).astype(np.float16).tobytes()
        typed = sa.cast(sa.literal(given, self.near.type), self.near.type)
        distance = self.near.op("<=>", return_type=sa.Float())(typed)
        asked = sa.select(self.table.c.id).where(self.near.is_not(None), *fitting).limit(_CANDIDATES)
        counted = sa.select(self.table.c.id).where(*fitting).limit(_EXACT + 1).subquery()
        if (connection.scalar(sa.select(sa.func.count()).select_from(counted)) or 0) > _EXACT:
            for name, value in _SCAN.items():
                connection.execute(sa.select(sa.func.set_config(f"hnsw.{name}", str(value), True)))
            found = [*connection.scalars(asked.order_by(distance))]
            if len(found) == _CANDIDATES:
                return found
        return [*connection.scalars(asked.order_by(distance + 0))]  # what no index can order

    def _add_column(self) -> None:
        name, column = self._database.name_of(self.table), self.near.name
        here = sa.text("SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attname = :column")
        with self._database.writing() as connection:
            _alone(connection)
            if not connection.scalar(here, {"name": name, "column": column}):  # a change waits for all readers
                connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {column} halfvec({self._width})")

    def _take_over(self) -> int:
        """Copy some of the vectors that were kept without the index into it, and tell how many."""
        table = self.table.c
        theirs = (table.embedder == self._embedder, self.near.is_(None))
        fits = sa.func.octet_length(table.vector) == 2 * self._width
        chosen = sa.select(table.id, table.vector).where(*theirs, fits).limit(_BATCH).with_for_update(skip_locked=True)
        change = sa.update(self.table).where(table.id == sa.bindparam("known"))
        change = change.values({self.near: sa.bindparam("bytes", type_=self.near.type)})
        with self._database.writing() as connection:
            rows = [{"known": row.id, "bytes": row.vector} for row in connection.execute(chosen)]
            if rows:
                connection.execute(change, rows)
        return len(rows)


def _has_extension(database: Database) -> bool:
    """Tell whether the database has a pgvector that serves; one that the server has is added to it."""
    known = "SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'vector'"
    with database.writing() as connection:
        _alone(connection)
        row = connection.exec_driver_sql(known).one_or_none()
        version = row and (row.installed_version or row.default_version)
        if not version or tuple(map(int, version.split(".")[:2])) < _OLDEST:
            return False
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
        return True


def _alone(connection: sa.Connection) -> None:
    """Wait for others that prepare the same database."""
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('agent_memories'))")
