"""Features at points in time by DuckDB: in one process, on all cores, spilling to disk what memory does not hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..definitions.entities import Kind
from ..definitions.expressions import has_now
from ..definitions.features import Window
from ..definitions.sets import FeatureSet
from .connection import connect, explained
from .duckdb_rows import (
    latest_known_sql,
    latest_sql,
    pairs_sql,
    rows_sql,
    session_pairs_sql,
    sessions_sql,
    windows_sql,
)
from .duckdb_values import Found, values_sql
from .grouping import Group, groups, needs_rows
from .protocol import ARROW_TYPES, EVENT_TIME, UTC_TIME, Reader, check_key, check_spine, columns_of

# With few questions it is cheaper to look at the rows of their keys only.
_FEW = 100_000
# Each frame of windows costs about as much as joining each row and question with this many others.
_PAIRS_FOR_FRAMES = 16


@dataclass(frozen=True, slots=True)
class DuckDBEngine:
    """Features at points in time by DuckDB.

    Attributes
    ----------
    memory_limit
        Such as `4GB`; what is beyond is spilled to disk.
    threads
        All cores if None.
    spill
        The folder to spill to.
    many_frames
        From how many windows of different length on questions are joined with the rows of their key, where those are
        few, rather than looking back over a frame for each length.
    """

    memory_limit: str | None = None
    threads: int | None = None
    spill: Path | None = None
    many_frames: int = 4

    def point_in_time(
        self, spine: pa.Table, sets: Sequence[FeatureSet], read: Reader, *, statuses: bool = False
    ) -> pa.Table:
        """Join features to questions, as `Engine.point_in_time` says."""
        check_spine(spine, sets)
        opened = connect(self.memory_limit, self.threads, self.spill)
        with closing(opened) as connection, explained("the features could not be computed"):
            ask(connection, spine, sets)
            found = Found()
            for group in groups(sets):
                _Join(connection, group, statuses, self.many_frames).run(read, sets, found, spine)
            result = connection.sql(values_sql(sets, found, statuses=statuses)).to_arrow_table()
        for name in result.column_names:
            spine = spine.append_column(name, result.column(name))
        return spine


def ask(connection: duckdb.DuckDBPyConnection, spine: pa.Table, sets: Sequence[FeatureSet]) -> pa.Table:
    """Make the table `asked`: numbers of questions, times, keys (`key_customer`) and inputs (`in_rate`)."""
    columns: dict[str, pa.ChunkedArray | pa.Array] = {"_row": pa.array(np.arange(spine.num_rows))}
    columns["_at"] = pc.cast(spine.column(EVENT_TIME), UTC_TIME, safe=False).cast(pa.int64())
    for one in sets:
        columns[f"key_{one.entity.name}"] = _plain(spine.column(one.entity.key), one.entity.kind)
        for name, kind in one.inputs.items():
            if name in spine.column_names:
                columns[f"in_{name}"] = _plain(spine.column(name), kind)
    table = pa.table(columns)
    connection.register("_asked", table)
    connection.execute("CREATE TEMP TABLE asked AS SELECT * FROM _asked")
    connection.unregister("_asked")
    return table


def _plain(column: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray:
    if kind is Kind.TIMESTAMP:
        return pc.cast(column, UTC_TIME, safe=False).cast(pa.int64())
    return column.cast(ARROW_TYPES[kind])


@dataclass(frozen=True, slots=True)
class _Join:
    """The tables of one group: what its features are made of, for each question."""

    connection: duckdb.DuckDBPyConnection
    group: Group
    statuses: bool
    many_frames: int

    def run(self, read: Reader, sets: Sequence[FeatureSet], found: Found, spine: pa.Table) -> None:
        """Make the tables, and note in `found` where each feature's value is."""
        columns = columns_of(self.group.source, sets)
        self._open(read, columns, spine)
        late = self._any_late()
        counted = {name for name, one in self.group.asked.items() if needs_rows(one, statuses=self.statuses)}
        if self.group.latest:
            names = sorted({one.column.name for one in self.group.latest.values()})
            exact = partial(latest_known_sql, names)
            found.latest(self._table(latest_sql(self.group, names, late=late), exact, late), self.group.latest)
        for windows in self.group.windows:
            quick = windows_sql(self.group, windows, late=late, counted=counted)
            exact = partial(pairs_sql, self.group, windows, counted, late=late)
            join = any(has_now(one.where) for one in windows.values()) or self._better_joined(windows)
            found.aggregates(self._table(quick, exact, late, join=join), windows, counted)
        for sessions in self.group.sessions:
            quick = sessions_sql(self.group, sessions, late=late, counted=counted)
            exact = partial(session_pairs_sql, self.group, sessions, counted)
            join = any(has_now(one.where) for one in sessions.values())
            found.aggregates(self._table(quick, exact, late, join=join), sessions, counted)

    def _open(self, read: Reader, columns: Sequence[str], spine: pa.Table) -> None:
        key = f"key_{self.group.entity.name}"
        asked = f"SELECT _row, _at, {key} AS _key FROM asked WHERE {key} IS NOT NULL"
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW questions AS {asked}")
        read.scan(self.group.source, columns).create(self.connection, "clean")
        found = self.connection.sql("SELECT _key FROM clean LIMIT 0").to_arrow_table().schema.field("_key").type
        check_key(self.group.entity, found, self.group.source.name)
        last = self.connection.sql("SELECT COALESCE(MAX(_at), 0) FROM asked").fetchall()[0][0]
        keys = "questions" if spine.num_rows <= _FEW else None
        sql = rows_sql(self.group, columns, "clean", last, keys)
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW rows AS {sql}")

    def _any_late(self) -> bool:
        if self.group.source.created is None:
            return False
        return bool(self.connection.sql("SELECT BOOL_OR(_created > _at) FROM rows").fetchall()[0][0])

    def _better_joined(self, windows: Mapping[str, Window]) -> bool:
        if len({one.over for one in windows.values()}) < self.many_frames:
            return False
        sql = """
            SELECT COALESCE(SUM(asked * known), 0), COALESCE(SUM(asked + known), 0)
            FROM (SELECT _key, COUNT(*) AS asked FROM questions GROUP BY _key)
            JOIN (SELECT _key, COUNT(*) AS known FROM rows GROUP BY _key) USING (_key)"""
        pairs, moments = self.connection.sql(sql).fetchall()[0]
        return bool(pairs <= _PAIRS_FOR_FRAMES * moments)

    def _table(self, quick: str, exact: Callable[[str], str], late: bool, *, join: bool = False) -> str:
        """Make a table of the quick way, and of the exact way for the questions that need it."""
        count = self.connection.sql("SELECT COUNT(*) FROM duckdb_tables() WHERE temporary").fetchall()[0][0]
        table = f"found{count}"
        make = f"CREATE TEMP TABLE {table} AS"
        if join:
            self.connection.execute(f"{make} {exact('questions')}")
        elif not late:
            self.connection.execute(f"{make} {quick}")
        else:
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE quick AS {quick}")
            ask = "CREATE OR REPLACE TEMP TABLE again AS SELECT * FROM questions WHERE _row IN"
            self.connection.execute(f"{ask} (SELECT _row FROM quick WHERE _late)")
            kept = "SELECT * EXCLUDE (_late) FROM quick WHERE NOT _late"
            self.connection.execute(f"{make} {kept} UNION ALL BY NAME ({exact('again')})")
        return table
