"""Expressions in the languages of the engines, with the NULLs of `Expression.evaluate`.

Within DuckDB times are microseconds since 1970 as integers, so that differences of them are integers too.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import polars as pl

from ..definitions.entities import Kind
from ..definitions.expressions import Expression

SQL_TYPES = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.STRING: "VARCHAR",
    Kind.TIMESTAMP: "BIGINT",
}


_GROWING = frozenset({"add", "subtract", "multiply", "absolute"})


def quoted(name: str) -> str:
    """Write a name so that SQL takes it as it is."""
    return '"' + name.replace('"', '""') + '"'


def to_sql(expression: Expression, names: Mapping[str, str], now: str, given: Mapping[str, str] | None = None) -> str:
    """Write an expression in DuckDB's SQL.

    Parameters
    ----------
    names, given
        SQL for each column or feature, and for what requests give; what is not among them is NULL.
    now
        SQL for the time of the question, in microseconds.
    """
    match expression.operation:
        case "literal":
            return literal_sql(expression.operands[0])
        case "ref":
            return names.get(expression.operands[0], "NULL")
        case "request":
            return (given or {}).get(expression.operands[0], "NULL")
        case "now":
            return now
    return _SQL[expression.operation](*(to_sql(one, names, now, given) for one in expression.operands))


def calculates(expression: Expression) -> bool:
    """Say whether numbers that are too large for 64 bits can come up in it."""
    parts = (one for one in expression.operands if isinstance(one, Expression))
    return expression.operation in _GROWING or any(calculates(one) for one in parts)


def wide_sql(expression: Expression, names: Mapping[str, str], kinds: Mapping[str, Kind]) -> dict[str, str]:
    """Give names of `to_sql` so that integers have room for results in between."""
    grows = calculates(expression)
    return {
        name: f"CAST({sql} AS HUGEINT)" if grows and kinds.get(name) is Kind.INTEGER else sql
        for name, sql in names.items()
    }


def held_sql(value: str, kind: Kind) -> str:
    """Write a result as its kind holds it; what is too large is NULL."""
    if kind is Kind.FLOAT:
        value = f"CAST({value} AS DOUBLE)"
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    return f"TRY_CAST({value} AS BIGINT)" if kind is Kind.INTEGER else f"CAST({value} AS {SQL_TYPES[kind]})"


def literal_sql(value: Any) -> str:
    """Write a value; numbers with a point are floats of 64 bits, which DuckDB would make decimals of."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return f"({value})"
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)" if not math.isnan(value) else "NULL"
    return "'" + str(value).replace("'", "''") + "'"


def _floor_sql(operand: str) -> str:
    """Round down; FLOOR makes floats of integers, and the large ones others. What is added has room."""
    return f"CAST(TRY_CAST({operand} - {operand} % 1 - CAST({operand} % 1 < 0 AS INTEGER) AS BIGINT) AS HUGEINT)"


# What has no result, such as the logarithm of 0, is NULL; CASE keeps DuckDB from computing it.
_SQL: dict[str, Callable[..., str]] = {
    "add": lambda left, right: f"({left} + {right})",
    "subtract": lambda left, right: f"({left} - {right})",
    "multiply": lambda left, right: f"({left} * {right})",
    "divide": lambda left, right: f"(CAST({left} AS DOUBLE) / NULLIF(CAST({right} AS DOUBLE), 0))",
    "less": lambda left, right: f"({left} < {right})",
    "less_or_equal": lambda left, right: f"({left} <= {right})",
    "equal": lambda left, right: f"({left} = {right})",
    "not": lambda operand: f"(NOT {operand})",
    "and": lambda left, right: f"({left} AND {right})",
    "or": lambda left, right: f"({left} OR {right})",
    "coalesce": lambda *operands: f"COALESCE({', '.join(operands)})",
    "is_null": lambda operand: f"({operand} IS NULL)",
    "absolute": lambda operand: f"ABS({operand})",
    "floor": _floor_sql,
    "logarithm": lambda operand: f"(CASE WHEN {operand} > 0 THEN LN({operand}) END)",
    "seconds": lambda operand: f"({operand} / 1e6)",
    "when": lambda condition, then, otherwise: f"(CASE WHEN {condition} THEN {then} ELSE {otherwise} END)",
}


def to_polars(
    expression: Expression, names: Mapping[str, pl.Expr], now: pl.Expr, given: Mapping[str, pl.Expr]
) -> pl.Expr:
    """Write an expression for polars; parameters are those of `to_sql`."""
    match expression.operation:
        case "literal":
            return pl.lit(expression.operands[0])
        case "ref":
            return names.get(expression.operands[0], pl.lit(None))
        case "request":
            return given.get(expression.operands[0], pl.lit(None))
        case "now":
            return now
    return _POLARS[expression.operation](*(to_polars(one, names, now, given) for one in expression.operands))


def wide_polars(expression: Expression, names: Mapping[str, pl.Expr], kinds: Mapping[str, Kind]) -> dict[str, pl.Expr]:
    """Give names of `to_polars` so that integers have room for results in between."""
    grows = calculates(expression)
    return {
        name: one.cast(pl.Int128()) if grows and kinds.get(name) is Kind.INTEGER else one for name, one in names.items()
    }


def held_polars(value: pl.Expr, kind: Kind) -> pl.Expr:
    """Write a result as its kind holds it; what is too large is NULL."""
    if kind is Kind.FLOAT:
        value = value.cast(pl.Float64())
        return pl.when(value.is_finite()).then(value)
    return value.cast(pl.Int64(), strict=False) if kind is Kind.INTEGER else value


def _divided(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return pl.when(right != 0).then(left.cast(pl.Float64()) / right)


def _logarithm(operand: pl.Expr) -> pl.Expr:
    return pl.when(operand > 0).then(operand.cast(pl.Float64()).log())


def _rounded_down(operand: pl.Expr) -> pl.Expr:
    return operand.floor().cast(pl.Int64(), strict=False).cast(pl.Int128())


_POLARS: dict[str, Callable[..., pl.Expr]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": _divided,
    "less": operator.lt,
    "less_or_equal": operator.le,
    "equal": operator.eq,
    "not": operator.invert,
    "and": operator.and_,
    "or": operator.or_,
    "coalesce": pl.coalesce,
    "is_null": lambda operand: operand.is_null(),
    "absolute": lambda operand: operand.abs(),
    "floor": _rounded_down,
    "logarithm": _logarithm,
    "seconds": lambda operand: operand.dt.total_microseconds() / 1e6,
    "when": lambda condition, then, otherwise: pl.when(condition).then(then).otherwise(otherwise),
}


def to_ibis(expression: Expression, names: Mapping[str, Any], now: Any, given: Mapping[str, Any]) -> Any:
    """Write an expression for Ibis, with times as microseconds; parameters are those of `to_sql`."""
    if expression.operation == "now":
        return now
    if expression.operation in {"ref", "request"}:
        known = names if expression.operation == "ref" else given
        return known.get(expression.operands[0], import_module("ibis").null())
    if expression.operation == "literal":
        return _literal(expression.operands[0])
    return _IBIS[expression.operation](*(to_ibis(one, names, now, given) for one in expression.operands))


def _literal(value: Any) -> Any:
    """Write a value; Snowflake would make a decimal of a float, and round what it is divided by."""
    literal = import_module("ibis").literal
    return literal(repr(value)).cast("float64") if isinstance(value, float) else literal(value)


def _chosen(condition: Any, then: Any, otherwise: Any) -> Any:
    return import_module("ibis").ifelse(condition.cast("boolean"), then, otherwise)


def _floored(operand: Any) -> Any:
    kind = operand.type()
    if kind.is_integer() or kind.is_null():
        return operand
    least, most = (-(2**63), 2**63 - 1) if kind.is_decimal() else (-(2.0**63), math.nextafter(2.0**63, 0))
    fitting = _chosen(operand.between(least, most), operand, import_module("ibis").null())
    return fitting.floor().cast("int64").cast("decimal(38, 0)")


def _equal(left: Any, right: Any) -> Any:
    """Compare; Ibis makes IS NULL of what is compared with a NULL."""
    unknown = left.type().is_null() or right.type().is_null()
    return import_module("ibis").literal(None, type="boolean") if unknown else left == right


_IBIS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": lambda left, right: left.cast("float64") / right.cast("float64").nullif(0.0),
    "less": operator.lt,
    "less_or_equal": operator.le,
    "equal": _equal,
    "not": operator.invert,
    "and": operator.and_,
    "or": operator.or_,
    "coalesce": lambda *operands: import_module("ibis").coalesce(*operands),
    "is_null": lambda operand: operand.isnull(),
    "absolute": lambda operand: operand.abs(),
    "floor": _floored,
    "logarithm": lambda operand: _chosen(operand > 0, operand.cast("float64"), import_module("ibis").null()).ln(),
    "seconds": lambda operand: operand.cast("float64") / 1e6,
    "when": _chosen,
}


def wide_ibis(expression: Expression, names: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Give names of `to_ibis` so that integers have room for results in between."""
    grows = calculates(expression)
    return {
        name: one.cast("decimal(38, 0)") if grows and kinds.get(name) is Kind.INTEGER else one
        for name, one in names.items()
    }
