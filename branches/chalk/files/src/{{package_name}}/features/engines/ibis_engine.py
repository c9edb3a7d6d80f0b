"""Features at points in time through Ibis: by Spark, Snowflake, or what else it speaks to, in plain joins and windows.

No ASOF join and no frame over a range of times is needed: not all of them have those. Times are microseconds since
1970.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import duckdb
import pyarrow as pa

from ..definitions.entities import Kind
from ..definitions.features import Aggregate, Session, Window
from ..definitions.sets import FeatureSet
from ..times import micros
from .connection import connect, explained
from .duckdb_engine import ask
from .duckdb_values import Found, values_sql
from .expressions import quoted, to_ibis, wide_ibis
from .grouping import Group, groups
from .protocol import ARROW_TYPES, UTC_TIME, Reader, check_key, check_spine, columns_of, is_text
from .servers import Server, Tables

_AGGREGATES: dict[Aggregate, Callable[[Any, Any], Any]] = {
    Aggregate.COUNT: lambda column, test: column.count(where=test),
    Aggregate.COUNT_DISTINCT: lambda column, test: column.nunique(where=test),
    Aggregate.SUM: lambda column, test: column.sum(where=test),
    # Of whole numbers, Snowflake keeps six digits behind the point.
    Aggregate.MEAN: lambda column, test: column.cast("float64").mean(where=test),
    Aggregate.MIN: lambda column, test: column.min(where=test),
    Aggregate.MAX: lambda column, test: column.max(where=test),
    Aggregate.STD: lambda column, test: column.cast("float64").std(how="sample", where=test),
}


@dataclass(frozen=True, slots=True)
class IbisEngine:
    """Features at points in time through Ibis: the server joins and aggregates, values are put together here.

    Attributes
    ----------
    server
        What computes, such as `IbisServer(ibis.snowflake.connect(…))`.
    """

    server: Server

    def point_in_time(
        self, spine: pa.Table, sets: Sequence[FeatureSet], read: Reader, *, statuses: bool = False
    ) -> pa.Table:
        """Join features to questions, as `Engine.point_in_time` says."""
        check_spine(spine, sets)
        with (
            closing(connect()) as connection,
            explained("the features could not be computed"),
            self.server.tables() as tables,
        ):
            asked = ask(connection, spine, sets)
            answers = _Answers(tables, connection)
            for group in groups(sets):
                scan = read.scan(group.source, columns_of(group.source, sets))
                rows = tables.find(scan)
                if rows is None:
                    rows = tables.upload(_known(scan.batches().read_all(), group))
                else:
                    check_key(group.entity, rows.schema()["_key"].to_pyarrow(), group.source.name)
                answers.add(asked, rows, group)
            result = connection.sql(values_sql(sets, answers.found, statuses=statuses)).to_arrow_table()
        for name in result.column_names:
            spine = spine.append_column(name, result.column(name))
        return spine


@dataclass(frozen=True, slots=True)
class _Answers:
    """What the server found, as tables of DuckDB."""

    tables: Tables
    connection: duckdb.DuckDBPyConnection
    found: Found = field(default_factory=Found)

    def add(self, asked: pa.Table, known: Any, group: Group) -> None:
        """Ask the server for all that a group's features are made of."""
        named = asked.select(["_row", "_at", f"key_{group.entity.name}"]).rename_columns(["_row", "_at", "_asked"])
        questions = self.tables.upload(_plain(named))
        seen = [questions._asked == known._key, known._time <= questions._at, known._created <= questions._at]
        pairs = questions.join(known, seen)
        if group.latest:
            names = sorted({one.column.name for one in group.latest.values()})
            newest = _first(pairs, newest=True).select("_row", "_time", *names)
            packed = ", ".join(f"{quoted(name)}: {quoted(name)}" for name in ("_time", *names))
            self.found.latest(self._keep(newest, f"_row, {{{packed}}} AS _seen"), group.latest)
        for windows in group.windows:
            self._aggregate(windows, pairs, {name: _in_window(pairs, one) for name, one in windows.items()})
        for sessions in group.sessions:
            first = next(iter(sessions.values()))
            self._aggregate(sessions, _of_session(pairs, first), dict.fromkeys(sessions))

    def _aggregate(self, asked: Mapping[str, Window | Session], rows: Any, tests: Mapping[str, Any]) -> None:
        """Ask for aggregates of the rows that pass the tests: all in one question, but for the first and the last."""
        apart = {name: one for name, one in asked.items() if one.aggregate in {Aggregate.FIRST, Aggregate.LAST}}
        together = {name: one for name, one in asked.items() if name not in apart}
        if together:
            values = {}
            for place, (name, one) in enumerate(together.items()):
                values[f"v{place}"] = _aggregated(rows, one, tests[name])
                values[f"n{place}"] = rows.count(where=tests[name])
            found = rows.group_by("_row").aggregate(**values)
            self.found.aggregates(self._keep(found), together, set(together))
        for name, one in apart.items():
            passed = rows if tests[name] is None else rows.filter(tests[name])
            found = _first(passed, newest=one.aggregate is Aggregate.LAST)
            self.found.aggregates(self._keep(found.select("_row", v0=found[one.column], n0=1)), {name: one}, {name})

    def _keep(self, expression: Any, columns: str = "*") -> str:
        table = f"found{len(self.found.tables)}"
        self.connection.register("_arriving", self.tables.fetch(expression))
        self.connection.execute(f"CREATE TEMP TABLE {table} AS SELECT {columns} FROM _arriving")
        self.connection.unregister("_arriving")
        return table


def _known(rows: pa.Table, group: Group) -> pa.Table:
    check_key(group.entity, rows.schema.field("_key").type, group.source.name)
    kind = ARROW_TYPES[group.entity.kind]  # of keys without any, which have none
    return _plain(rows.set_column(0, "_key", rows.column("_key").cast(kind)))


def _plain(table: pa.Table) -> pa.Table:
    """Write times as microseconds, and texts in one way."""
    return pa.table({name: _plain_column(table.column(name)) for name in table.column_names})


def _plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        return column.cast(UTC_TIME).cast(pa.int64())
    return column.cast(pa.string()) if is_text(column.type) else column


def _in_window(pairs: Any, one: Window) -> Any:
    """Test whether a row is in the window of its question, and counts."""
    test = pairs._time > pairs._at - micros(one.over)
    return test if one.where is None else test & _condition(pairs, one)


def _of_session(pairs: Any, one: Session) -> Any:
    """Keep the rows that go back from their question without a gap that is too long."""
    ibis = import_module("ibis")
    # A condition that is NULL keeps no row, in the filters of SQL.
    rows = pairs.filter(_condition(pairs, one))
    until = rows._time.lag().over(group_by=rows._row, order_by=_order(rows, newest=True))
    broken = ibis.coalesce(until, rows._at) - rows._time > micros(one.gap)
    rows = rows.mutate(_broken=broken.cast("int64"))
    back = ibis.window(group_by=rows._row, order_by=_order(rows, newest=True), preceding=None, following=0)
    rows = rows.mutate(_breaks=rows._broken.sum().over(back))
    return rows.filter(rows._breaks == 0)


def _condition(pairs: Any, one: Window | Session) -> Any:
    if one.where is None:
        return True
    names = {column: pairs[column] for column in one.where.names()}
    wide = wide_ibis(one.where, names, one.source.columns)
    return to_ibis(one.where, wide, pairs._at, {}).cast("boolean")


def _aggregated(rows: Any, one: Window | Session, test: Any) -> Any:
    if one.column is None:
        return rows.count(where=test)
    wide = one.aggregate is Aggregate.SUM and one.kind is Kind.INTEGER
    column = rows[one.column].cast("decimal(38, 0)") if wide else rows[one.column]
    return _AGGREGATES[one.aggregate](column, test)


def _first(rows: Any, *, newest: bool) -> Any:
    number = import_module("ibis").row_number().over(group_by=rows._row, order_by=_order(rows, newest=newest))
    numbered = rows.mutate(_number=number)
    return numbered.filter(numbered._number == 0)


def _order(rows: Any, *, newest: bool) -> list[Any]:
    return [rows[name].desc() if newest else rows[name].asc() for name in ("_time", "_created", "_place")]
