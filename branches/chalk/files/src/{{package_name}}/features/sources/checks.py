"""What the rows of a source must be like, in SQL: those that are not are set aside, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb

from ..definitions.entities import Kind, Source
from ..engines.expressions import quoted
from ..errors import FeatureError

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_NANOSECONDS = "TIMESTAMPTZ_NS"
_FITTING = {
    Kind.BOOLEAN: {"BOOLEAN"},
    Kind.INTEGER: _INTEGERS,
    Kind.FLOAT: {"FLOAT", "DOUBLE"} | _INTEGERS,
    Kind.STRING: {"VARCHAR", "UUID"},
    Kind.TIMESTAMP: {"TIMESTAMP WITH TIME ZONE", _NANOSECONDS},
}
_TYPES = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.STRING: "VARCHAR",
    Kind.TIMESTAMP: "TIMESTAMPTZ",
}
_NAIVE = {"TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "DATE"}
_NOTHING = '"NULL"'  # DuckDB's type of what never has a value
_EARLIEST, _LATEST = (f"TIMESTAMPTZ '{time}+00:00'" for time in ("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"))


def fitted(connection: duckdb.DuckDBPyConnection, source: Source, table: str) -> str:
    """Hold a table against a definition, and give it with types that fit.

    Files and frames do not know of which kind a column is that has no value at all: it fits each. Nanoseconds, which
    pandas writes, become microseconds.

    Parameters
    ----------
    table
        The SQL that stands after FROM.

    Raises
    ------
    FeatureError
        As `check_columns` does.
    """
    found = {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()}
    changed = {}
    doubted = [name for name in _misfits(source, found) if name in found]
    if doubted:
        names = [name for name in (source.key, *doubted) if name in found]
        counts = ", ".join(f"COUNT({quoted(name)})" for name in names)
        (counted,) = connection.execute(f"SELECT {counts} FROM {table}").fetchall()
        changed = {name: "NULL" for name, count in zip(names, counted, strict=True) if not count}
        found |= dict.fromkeys(changed, _NOTHING)
    check_columns(source, found)
    changed |= {name: f"CAST({quoted(name)} AS TIMESTAMPTZ)" for name in found if found[name] == _NANOSECONDS}
    replaced = ", ".join(f"{value} AS {quoted(name)}" for name, value in changed.items())
    return f"(SELECT * REPLACE ({replaced}) FROM {table})" if replaced else table


def check_columns(source: Source, found: Mapping[str, str]) -> None:
    """Hold the columns of a table against a definition: all, so that it does not matter which are asked for.

    Parameters
    ----------
    found
        DuckDB's type by name of column.

    Raises
    ------
    FeatureError
        If one is missing, is of another kind, or holds times without a zone; it names all of them.
    """
    faults = [] if source.key in found else [f"{source.key} is not there"]
    faults += _misfits(source, found).values()
    if faults:
        hint = f"change the table, or the definition of {source.name}; the table has {', '.join(found)}"
        raise FeatureError(f"{source.name} is not what its definition says: {'; '.join(faults)}", hint=hint)


def _misfits(source: Source, found: Mapping[str, str]) -> dict[str, str]:
    """Say what is wrong with columns, by their names."""
    needed = {source.time: Kind.TIMESTAMP, **source.columns}
    if source.created is not None:
        needed[source.created] = Kind.TIMESTAMP
    faults = {}
    for name, kind in needed.items():
        if name not in found:
            faults[name] = f"{name} is not there"
        elif kind is Kind.TIMESTAMP and found[name] in _NAIVE:
            faults[name] = f"{name} has times without a zone"
        elif not (found[name] in _FITTING[kind] or found[name] == _NOTHING or _is_decimal(kind, found[name])):
            faults[name] = f"{name} is {found[name]}, not {kind}"
    return faults


def _is_decimal(kind: Kind, found: str) -> bool:
    return kind is Kind.FLOAT and found.startswith("DECIMAL")


def faults_sql(source: Source, until: datetime) -> dict[str, str]:
    """Give the reasons for which a row is set aside, each with the SQL that tells it.

    They are of all columns of the source: a feature's value must not depend on which others are asked for with it.

    Parameters
    ----------
    until
        The present, and how far clocks may be apart: what happens after it is not believed.
    """
    limit = f"TIMESTAMPTZ '{until.isoformat()}'"
    found = {
        "no key": f"{quoted(source.key)} IS NULL",
        "no time": f"{quoted(source.time)} IS NULL",
        "time in the future": f"{quoted(source.time)} > {limit}",
        "time before the year 1": f"{quoted(source.time)} < {_EARLIEST}",
    }
    if source.created is not None:
        found[f"no {source.created}"] = f"{quoted(source.created)} IS NULL"
        found[f"{source.created} in the future"] = f"{quoted(source.created)} > {limit}"
        found[f"{source.created} before the year 1"] = f"{quoted(source.created)} < {_EARLIEST}"
    for name, kind in source.columns.items():
        if kind is Kind.FLOAT:
            found[f"{name} is infinite"] = f"ABS(CAST({quoted(name)} AS DOUBLE)) = CAST('inf' AS DOUBLE)"
        elif kind is Kind.TIMESTAMP:
            found[f"{name} is not of the years 1 to 9999"] = f"{quoted(name)} NOT BETWEEN {_EARLIEST} AND {_LATEST}"
    return found


def clean_sql(source: Source, columns: Sequence[str], table: str, until: datetime) -> str:
    """Select what features are made of. Not-a-number is no value: NULL."""
    time, created = (f"CAST({quoted(name)} AS TIMESTAMPTZ)" for name in (source.time, source.created or source.time))
    wrong = " OR ".join(f"COALESCE({one}, FALSE)" for one in faults_sql(source, until).values())
    key = quoted(source.key)
    parts = [
        f"{key} AS _key, {time} AS _time, {created} AS _created, _place",
        *(f"{_typed(source.columns[name], quoted(name))} AS {quoted(name)}" for name in columns),
    ]
    return f"SELECT {', '.join(parts)} FROM {table} WHERE NOT ({wrong})"


def set_aside_sql(source: Source, table: str, until: datetime) -> str:
    """Select the rows that no feature is made of, with all their columns and `_reasons`."""
    faults = faults_sql(source, until)
    reasons = ", ".join(f"CASE WHEN {test} THEN '{reason}' END" for reason, test in faults.items())
    return f"SELECT * FROM (SELECT *, concat_ws('; ', {reasons}) AS _reasons FROM {table}) WHERE _reasons <> ''"


def _typed(kind: Kind, column: str) -> str:
    if kind is not Kind.FLOAT:
        return f"CAST({column} AS {_TYPES[kind]})"
    value = f"CAST({column} AS DOUBLE)"
    return f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"
