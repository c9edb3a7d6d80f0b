"""Values and statuses of features, in DuckDB, from the tables of what they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..definitions.entities import Kind
from ..definitions.features import COUNTS, MADE, Latest, Session, Stored, Window
from ..definitions.sets import FeatureSet
from ..semantics import Status
from ..times import micros
from .expressions import SQL_TYPES, held_sql, literal_sql, quoted, to_sql, wide_sql


@dataclass(slots=True)
class Found:
    """Where values are.

    Attributes
    ----------
    tables
        Each with `_row`, the number of the question.
    values, statuses
        SQL by column of a feature.
    """

    tables: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)

    def latest(self, table: str, asked: Mapping[str, Latest]) -> None:
        """Note a table with the newest row of each question."""
        self.tables.append(table)
        time = f"{table}._seen._time"
        for column, one in asked.items():
            value = f"{table}._seen.{quoted(one.column.name)}"
            old = f"_at - {time} > {micros(one.ttl)}" if one.ttl is not None else "FALSE"
            known = f"{time} IS NOT NULL AND NOT ({old})"
            self.values[column] = f"CASE WHEN {known} THEN {value} ELSE {_default(one)} END"
            expired = f"WHEN {old} THEN '{Status.EXPIRED}'" if one.ttl is not None else ""
            self.statuses[column] = (
                f"CASE WHEN {time} IS NULL THEN '{Status.MISSING}' {expired} {_null(value)} ELSE '{Status.PRESENT}' END"
            )

    def aggregates(self, table: str, asked: Mapping[str, Window | Session], counted: set[str]) -> None:
        """Note a table with `v0, v1, …`, and `n0, n1, …` for those whose rows are counted."""
        self.tables.append(table)
        for place, (column, one) in enumerate(asked.items()):
            value, rows = f"{table}.v{place}", f"COALESCE({table}.n{place}, 0)"
            if one.aggregate in COUNTS:
                value = f"COALESCE({value}, 0)"
            elif one.aggregate in MADE:
                value = held_sql(value, one.kind)
            self.values[column] = value
            if column in counted:
                if one.default is not None:
                    self.values[column] = f"CASE WHEN {rows} = 0 THEN {_default(one)} ELSE {value} END"
                missing = f"WHEN {rows} = 0 THEN '{Status.MISSING}'"
                self.statuses[column] = f"CASE {missing} {_null(value)} ELSE '{Status.PRESENT}' END"


def values_sql(sets: Sequence[FeatureSet], found: Found, *, statuses: bool) -> str:
    """Select all features of the questions, in their order."""
    joins = "".join(f" LEFT JOIN {table} USING (_row)" for table in found.tables)
    stored = "".join(f", {sql} AS {quoted(column)}" for column, sql in found.values.items())
    if statuses:
        stored += "".join(f", {sql} AS {quoted(f'{column}.status')}" for column, sql in found.statuses.items())
    sql = f"SELECT asked.*{stored} FROM asked{joins}"
    for one in sets:
        sql = _on_demand(one, sql)
    columns = [part for one in sets for part in _columns(one, statuses=statuses)]
    return f"SELECT {', '.join(columns) or '_row'} FROM ({sql}) ORDER BY _row"


def _on_demand(one: FeatureSet, sql: str) -> str:
    names = {feature.name: quoted(f"{one.name}.{feature.name}") for feature in one.features}
    given = {name: quoted(f"in_{name}") for name in one.inputs}
    for feature in one.in_order():
        known = wide_sql(feature.expression, names, one.kinds)
        asked = wide_sql(feature.expression, given, one.inputs)
        value = held_sql(f"TRY({to_sql(feature.expression, known, '_at', asked)})", one.kinds[feature.name])
        sql = f"SELECT *, {value} AS {names[feature.name]} FROM ({sql})"
    return sql


def _columns(one: FeatureSet, *, statuses: bool) -> list[str]:
    found = []
    on_demand = {feature.name for feature in one.in_order()}
    for feature in one.features:
        column = quoted(f"{one.name}.{feature.name}")
        kind = one.kinds[feature.name]
        typed = f"CAST({column} AS {SQL_TYPES[kind]})"
        found.append(f"{f'make_timestamptz({column})' if kind is Kind.TIMESTAMP else typed} AS {column}")
        if statuses:
            status = quoted(f"{one.name}.{feature.name}.status")
            null = f"CASE {_null(column)} ELSE '{Status.PRESENT}' END"
            found.append(f"{null if feature.name in on_demand else status} AS {status}")
    return found


def _null(value: str) -> str:
    return f"WHEN {value} IS NULL THEN '{Status.NULL}'"


def _default(one: Stored) -> str:
    return f"CAST({literal_sql(one.default)} AS {SQL_TYPES[one.kind]})"
