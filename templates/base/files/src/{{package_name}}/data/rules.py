"""What a schema asks of each value, and how it is cleaned, as polars expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import polars as pl

from ..errors import first_line
from .card import ColumnType
from .config import ColumnConfig
from .errors import DataError
from .values import DTYPES, unreadable, value

_EXAMPLE = "write it as in SQL, for example: start <= end"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `broken` is true for a row that breaks it, false or null for others."""

    column: str
    name: str
    broken: pl.Expr

    def __str__(self) -> str:
        return f"{self.column}: {self.name}" if self.column else self.name


def rules(columns: Mapping[str, ColumnConfig], now: datetime) -> list[Rule]:
    """List the rules of all columns, in the order of the schema. Those about several rows are not among them."""
    found: list[Rule] = []
    for name, column in columns.items():
        read, wrong = value(name), unreadable(name)
        found.append(Rule(name, "type", wrong))
        if column.type == "float":
            found.append(Rule(name, "finite", read.is_infinite()))
        if not column.nullable and column.fill is None:
            found.append(Rule(name, "missing", read.is_null() & ~wrong))
        if column.not_future:
            found.append(Rule(name, "not_future", read > bound("now", column.type, now)))
        found += [Rule(name, "range", broken) for broken in _outside(read, column, now)]
        if column.allowed is not None:
            allowed = pl.Series(column.allowed, strict=False).cast(DTYPES[column.type])
            found.append(Rule(name, "allowed", ~read.is_in(allowed.implode())))
        if column.pattern is not None:
            found.append(Rule(name, "pattern", ~read.str.contains(f"^(?:{column.pattern})$")))
    return found


def rules_between(conditions: Mapping[str, str], columns: Mapping[str, ColumnConfig]) -> list[Rule]:
    """List the rules between columns. One that a missing value leaves open is not broken.

    Raises
    ------
    DataError
        If a condition is no SQL, names a column that is not there, or looks at other rows.
    """
    empty = pl.DataFrame(schema={name: DTYPES[column.type] for name, column in columns.items()})
    found = []
    for name, condition in conditions.items():
        try:
            holds = pl.sql_expr(condition)
            kind = empty.select(holds).dtypes[0]
        except pl.exceptions.PolarsError as error:
            reason = first_line(error)
            raise DataError(f"the rule {name}: {condition!r} can't be used: {reason}", hint=_EXAMPLE) from error
        named = list(dict.fromkeys(holds.meta.root_names()))
        if kind != pl.Boolean or not named or not _stays_in_its_row(holds):
            message = f"the rule {name}: {condition!r} is no condition on the columns of one row"
            raise DataError(message, hint=_EXAMPLE)
        values = pl.struct(value(column).alias(column) for column in named)
        broken = values.map_batches(partial(_broken, holds=holds), return_dtype=pl.Boolean, is_elementwise=True)
        found.append(Rule(", ".join(named), name, broken))
    return found


def _stays_in_its_row(part: pl.Expr) -> bool:
    below = part.meta.pop()
    if not below:
        return part.meta.is_literal() or part.meta.is_column()
    try:
        alone = part.meta.is_row_separable()
    except pl.exceptions.ColumnNotFoundError:  # IN (…) is resolved with a schema only
        alone = True
    return alone and all(map(_stays_in_its_row, below))


def _broken(values: pl.Series, holds: pl.Expr) -> pl.Series:
    return values.struct.unnest().select(~holds).to_series()


def _outside(read: pl.Expr, column: ColumnConfig, now: datetime) -> list[pl.Expr]:
    low, high = column.range or (None, None)
    broken = [
        read < bound(low, column.type, now) if low is not None else None,
        read > bound(high, column.type, now) if high is not None else None,
    ]
    parts = [part for part in broken if part is not None]
    return [pl.any_horizontal(parts)] if parts else []


def bound(limit: float | str, kind: ColumnType, now: datetime) -> Any:
    """Make a value of the column's type of a limit in the configuration."""
    if not isinstance(limit, str):
        return limit
    if limit == "now":
        return now if kind == "datetime" else now.date()
    if kind == "date":
        return date.fromisoformat(limit)
    moment = datetime.fromisoformat(limit)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def limits(column: ColumnConfig, now: datetime) -> tuple[Any, Any]:
    """Find the least and the greatest value that a column may have after cleaning, None where there is no limit.

    A column whose unit is changed is held to its `clip` and not to its `range`.
    """
    same_unit = column.factor == 1 and not column.offset
    low, high = column.clip or (column.range if same_unit else None) or (None, None)
    if column.not_future and high is None:
        high = "now"
    return (
        None if low is None else bound(low, column.type, now),
        None if high is None else bound(high, column.type, now),
    )


def cleaned(name: str, column: ColumnConfig) -> tuple[pl.Expr, dict[str, pl.Expr]]:
    """Clean one column: its unit, its limits, what fills its gaps.

    Returns
    -------
    result : Expr
        The clean column.
    changed : dict of str to Expr
        For each step that may change a value, which rows it changes.
    """
    result, changed = value(name), {}
    if column.factor != 1 or column.offset:
        changed["units"] = result.is_not_null()
        result = result * column.factor + column.offset
    if column.clip is not None:
        low, high = column.clip
        limited = result.clip(low, high)
        changed["outliers"] = limited != result
        result = limited
    if column.fill is not None:
        changed["missing values"] = result.is_null()
        result = result.fill_null(pl.lit(column.fill).cast(DTYPES[column.type]))
    return result.alias(name), changed
