"""What a schema asks of each value, as polars expressions: types, rules, and the steps of cleaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from .card import ColumnType
from .config import ColumnConfig

DTYPES: dict[ColumnType, pl.DataType] = {
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "category": pl.String(),
    "text": pl.String(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", "UTC"),
}

_NAIVE = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_BOOLEANS = {"true": True, "t": True, "yes": True, "y": True, "1": True}
_BOOLEANS |= {"false": False, "f": False, "no": False, "n": False, "0": False}
_VALUE = "_value:"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `broken` is true for a row that breaks it, false or null for others."""

    column: str
    name: str
    broken: pl.Expr

    def __str__(self) -> str:
        return f"{self.column}: {self.name}" if self.column else self.name


def value(name: str) -> pl.Expr:
    """Refer to a column after its type was read; the raw one stands beside it."""
    return pl.col(_VALUE + name)


def typed(columns: Mapping[str, ColumnConfig], missing: list[str], raw: pl.Schema) -> list[pl.Expr]:
    """Read every raw column as the type of the schema; what can't be read becomes null."""
    return [
        _cast(present(name, missing, raw[name]), raw[name], column).alias(_VALUE + name)
        for name, column in columns.items()
    ]


def present(name: str, missing: list[str], raw: pl.DataType) -> pl.Expr:
    """Refer to a raw column with the texts that mean nothing, and NaN, as null."""
    column = pl.col(name)
    if raw == pl.String:
        column = column.str.strip_chars()
        return pl.when(~column.is_in(missing)).then(column)
    return column.fill_nan(None) if raw.is_float() else column


def _cast(column: pl.Expr, raw: pl.DataType, wanted: ColumnConfig) -> pl.Expr:
    if raw == pl.String:
        return parse(column, wanted.type)
    if raw.is_float() and wanted.type == "integer":  # a plain cast would cut fractions off
        return pl.when(column == column.round()).then(column.cast(pl.Int64, strict=False))
    if isinstance(raw, pl.Datetime) and wanted.type == "datetime":
        exact = column.dt.cast_time_unit("us")
        return exact.dt.convert_time_zone("UTC") if raw.time_zone else exact.dt.replace_time_zone("UTC")
    return column.cast(DTYPES[wanted.type], strict=False)


def parse(text: pl.Expr, wanted: ColumnType) -> pl.Expr:
    """Read text as a type; what can't be read becomes null. A time without an offset is in UTC."""
    if wanted == "float":
        return text.cast(pl.Float64, strict=False).fill_nan(None)
    if wanted == "integer":
        return text.cast(pl.Int64, strict=False)
    if wanted == "boolean":
        return text.str.to_lowercase().replace_strict(_BOOLEANS, default=None, return_dtype=pl.Boolean)
    if wanted == "date":
        return text.str.to_date("%Y-%m-%d", strict=False)
    if wanted == "datetime":
        aware = text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
        naive = [text.str.to_datetime(form, time_unit="us", strict=False) for form in _NAIVE]
        return pl.coalesce(aware, *(time.dt.replace_time_zone("UTC") for time in naive))
    return text


def rules(columns: Mapping[str, ColumnConfig], missing: list[str], raw: pl.Schema, now: datetime) -> list[Rule]:
    """List the rules of all columns, in the order of the schema. Those about several rows are not among them."""
    found: list[Rule] = []
    for name, column in columns.items():
        there, read = present(name, missing, raw[name]), value(name)
        found.append(Rule(name, "type", there.is_not_null() & read.is_null()))
        if column.type == "float":
            found.append(Rule(name, "finite", read.is_infinite()))
        if not column.nullable and column.fill is None:
            found.append(Rule(name, "missing", there.is_null()))
        found += [Rule(name, "range", broken) for broken in _outside(read, column, now)]
        if column.allowed is not None:
            allowed = pl.Series(column.allowed, strict=False).cast(DTYPES[column.type])
            found.append(Rule(name, "allowed", ~read.is_in(allowed.implode())))
        if column.pattern is not None:
            found.append(Rule(name, "pattern", ~read.str.contains(f"^(?:{column.pattern})$")))
    return found


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
