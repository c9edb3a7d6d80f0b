"""The schema of a dataset: proposed from data, and as pandera sees it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from .card import ColumnType
from .config import ColumnConfig
from .readers import LINE, SOURCE, Table, explained
from .rules import limits
from .values import DTYPES, parse, present

if TYPE_CHECKING:
    import pandera.polars as pa

_SAMPLE = 100_000
_MOST_CATEGORIES = 50
_LEAST_REPEATS = 2


def propose(table: Table, missing: list[str]) -> dict[str, ColumnConfig]:
    """Propose a schema from the first 100,000 rows."""
    with explained(table):
        schema = table.frame.collect_schema()
        names = [name for name in schema if name not in {LINE, SOURCE}]
        head = table.frame.head(_SAMPLE).select(present(pl.col(name), schema[name], missing) for name in names)
        frame = head.collect(engine="streaming")
    return {column.name: _propose(column) for column in frame.get_columns()}


def _propose(column: pl.Series) -> ColumnConfig:
    values = column.drop_nulls()
    nullable = len(values) < len(column)
    kind = _type_of(values)
    return ColumnConfig(type=kind, nullable=nullable)


def _type_of(values: pl.Series) -> ColumnType:
    if values.dtype.is_integer():
        return "integer"
    if values.dtype.is_float() or values.dtype.is_decimal():
        return "float"
    known: dict[type[pl.DataType], ColumnType] = {pl.Boolean: "boolean", pl.Date: "date", pl.Datetime: "datetime"}
    for dtype, kind in known.items():
        if values.dtype == dtype:
            return kind
    return _type_of_text(values.cast(pl.String))


def _type_of_text(values: pl.Series) -> ColumnType:
    if not len(values):
        return "text"
    frame = values.alias("v").to_frame()
    if values.str.to_lowercase().is_in(["true", "false"]).all():
        return "boolean"
    kinds: tuple[ColumnType, ...] = ("integer", "float", "date", "datetime")
    for kind in kinds:
        if frame.select(parse(pl.col("v"), kind).is_not_null().all()).item():
            return kind
    distinct = values.n_unique()
    return "category" if distinct <= _MOST_CATEGORIES and distinct * _LEAST_REPEATS <= len(values) else "text"


def pandera_schema(columns: Mapping[str, ColumnConfig], now: datetime) -> pa.DataFrameSchema:
    """Make the pandera schema that clean rows satisfy.

    Limits are those after cleaning.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import UTC, datetime
    >>> schema = pandera_schema({"age": ColumnConfig(type="integer", range=(0, 120))}, datetime.now(UTC))
    >>> len(schema.validate(pl.DataFrame({"age": [7, 44]})))
    2
    """
    import pandera.polars as pa

    parts = {name: _column(column, now) for name, column in columns.items()}
    return pa.DataFrameSchema(parts, strict=True, ordered=True)


def _column(column: ColumnConfig, now: datetime) -> pa.Column:
    import pandera.polars as pa

    checks: list[pa.Check] = []
    low, high = limits(column, now)
    if low is not None:
        checks.append(pa.Check.ge(low))
    if high is not None:
        checks.append(pa.Check.le(high))
    if column.allowed is not None and column.fill is None:
        checks.append(pa.Check.isin(column.allowed))
    nullable = column.nullable and column.fill is None
    return pa.Column(DTYPES[column.type], checks=checks, nullable=nullable)
