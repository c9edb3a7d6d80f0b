"""What the rows of a source must be like, in SQL: those that are not are set aside, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..definitions.entities import Kind, Source
from ..engines.expressions import quoted
from ..errors import FeatureError

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_FITTING = {
    Kind.BOOLEAN: {"BOOLEAN"},
    Kind.INTEGER: _INTEGERS,
    Kind.FLOAT: {"FLOAT", "DOUBLE"} | _INTEGERS,
    Kind.STRING: {"VARCHAR", "UUID"},
    Kind.TIMESTAMP: {"TIMESTAMP WITH TIME ZONE"},
}
_TYPES = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.STRING: "VARCHAR",
    Kind.TIMESTAMP: "TIMESTAMPTZ",
}
_NAIVE = {"TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "DATE"}


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
    needed = {source.time: Kind.TIMESTAMP, **source.columns}
    if source.created is not None:
        needed[source.created] = Kind.TIMESTAMP
    faults = [] if source.key in found else [f"{source.key} is not there"]
    for name, kind in needed.items():
        if name not in found:
            faults.append(f"{name} is not there")
        elif kind is Kind.TIMESTAMP and found[name] in _NAIVE:
            faults.append(f"{name} has times without a zone")
        elif found[name] not in _FITTING[kind] and not (kind is Kind.FLOAT and found[name].startswith("DECIMAL")):
            faults.append(f"{name} is {found[name]}, not {kind}")
    if faults:
        hint = f"change the table, or the definition of {source.name}; the table has {', '.join(found)}"
        raise FeatureError(f"{source.name} is not what its definition says: {'; '.join(faults)}", hint=hint)


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
    }
    if source.created is not None:
        found[f"no {source.created}"] = f"{quoted(source.created)} IS NULL"
        found[f"{source.created} in the future"] = f"{quoted(source.created)} > {limit}"
    for name, kind in source.columns.items():
        if kind is Kind.FLOAT:
            found[f"{name} is infinite"] = f"isinf(CAST({quoted(name)} AS DOUBLE))"
    return found


def clean_sql(source: Source, columns: Sequence[str], table: str, until: datetime) -> str:
    """Select what features are made of. Not-a-number is no value: NULL."""
    created = quoted(source.created or source.time)
    wrong = " OR ".join(f"COALESCE({one}, FALSE)" for one in faults_sql(source, until).values())
    key = quoted(source.key)
    parts = [
        f"{key} AS _key, {quoted(source.time)} AS _time, {created} AS _created, _place",
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
