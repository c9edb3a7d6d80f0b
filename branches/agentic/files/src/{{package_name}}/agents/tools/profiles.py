"""What a table holds: for each column its type, gaps, different values, range, quartiles or most frequent values."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from .queries import Connection, identifier
from .sources import Source

_MOST_COLUMNS = 200
_FREQUENT = 5
_NUMBERS = ("int", "float", "double", "decimal", "number", "real")


def profile(connection: Connection, source: Source) -> dict[str, JsonValue]:
    """Describe a table.

    Returns
    -------
    dict
        `rows`, `target` and `task` where they are known, and `columns` by name.
    """
    first = connection.ask("SELECT * FROM data", rows=1)
    described = list(zip(first.columns, first.types, strict=True))[:_MOST_COLUMNS]
    columns = [(name, any(number in kind for number in _NUMBERS)) for name, kind in described]
    wanted = ["count(*)", *(part for name, number in columns for part in _measures(name, number))]
    counted = iter(connection.ask(f"FROM data SELECT {', '.join(wanted)}").rows[0])
    total = next(counted)
    told: dict[str, JsonValue] = {}
    for (name, number), (_, kind) in zip(columns, described, strict=True):
        names = [*_COMMON, *(_NUMERIC if number else ())]
        column = dict(zip(names, [next(counted) for _ in names], strict=True))
        told[name] = {"type": kind, **column, **({} if number else _frequent(connection, name))}
    found: dict[str, JsonValue] = {"dataset": source.name, "rows": total, "columns": told}
    if source.target:
        found |= {"target": source.target, "task": source.task}
    if len(first.columns) > _MOST_COLUMNS:
        found["note"] = f"only the first {_MOST_COLUMNS} of {len(first.columns)} columns are told"
    return found


def shown_values(told: Mapping[str, JsonValue]) -> list[JsonValue]:
    """Give what a profile shows of the data itself; the rest of its texts, such as types of columns, is ours."""
    columns = told.get("columns")
    described = columns.values() if isinstance(columns, dict) else ()
    return [column[name] for column in described if isinstance(column, dict) for name in _OF_DATA if name in column]


_OF_DATA = ("min", "max", "frequent")
_COMMON = ("missing", "distinct", "min", "max")
_NUMERIC = ("mean", "std", "q25", "median", "q75")


def _measures(name: str, number: bool) -> list[str]:
    column = identifier(name)
    common = [f"count(*) - count({column})", f"count(DISTINCT {column})", f"min({column})", f"max({column})"]
    if not number:
        return common
    return [
        *common,
        f"avg({column})",
        f"stddev_samp({column})",
        *(f"quantile_cont({column}, {share})" for share in (0.25, 0.5, 0.75)),
    ]


def _frequent(connection: Connection, name: str) -> dict[str, JsonValue]:
    column = identifier(name)
    counted = f"FROM data SELECT {column}, count(*) WHERE {column} IS NOT NULL GROUP BY 1"
    rows = connection.ask(f"{counted} ORDER BY 2 DESC, 1 LIMIT {_FREQUENT}").rows
    return {"frequent": [[value, count] for value, count in rows]}
