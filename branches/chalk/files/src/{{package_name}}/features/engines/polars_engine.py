"""Features at points in time by polars: each question with the rows that it may see, a slice of questions at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ..definitions.entities import Kind
from ..definitions.features import COUNTS, Aggregate, Latest, Session, Stored, Window
from ..definitions.sets import FeatureSet
from ..semantics import Status
from .connection import explained
from .expressions import held_polars, to_polars, wide_polars
from .grouping import Group, groups
from .protocol import ARROW_TYPES, EVENT_TIME, UTC_TIME, Reader, check_key, check_spine, columns_of

TYPES = {
    Kind.BOOLEAN: pl.Boolean(),
    Kind.INTEGER: pl.Int64(),
    Kind.FLOAT: pl.Float64(),
    Kind.STRING: pl.String(),
    Kind.TIMESTAMP: pl.Datetime("us", "UTC"),
}
_ORDER = ["_time", "_created", "_place"]
_AGGREGATES: dict[Aggregate, Callable[[pl.Expr], pl.Expr]] = {
    Aggregate.ROWS: lambda column: column.len(),
    Aggregate.COUNT: lambda column: column.count(),
    Aggregate.COUNT_DISTINCT: lambda column: column.drop_nulls().n_unique(),
    # The sum of nothing is nothing, not 0.
    Aggregate.SUM: lambda column: pl.when(column.count() > 0).then(column.sum()),
    Aggregate.MEAN: lambda column: column.mean(),
    Aggregate.MIN: lambda column: column.min(),
    Aggregate.MAX: lambda column: column.max(),
    Aggregate.STD: lambda column: column.std(ddof=1),
    Aggregate.FIRST: lambda column: column.first(),
    Aggregate.LAST: lambda column: column.last(),
}


@dataclass(frozen=True, slots=True)
class PolarsEngine:
    """Features at points in time by polars.

    Attributes
    ----------
    pairs
        About how many pairs of a question and a row are in memory at once.
    """

    pairs: int = 20_000_000

    def point_in_time(
        self, spine: pa.Table, sets: Sequence[FeatureSet], read: Reader, *, statuses: bool = False
    ) -> pa.Table:
        """Join features to questions, as `Engine.point_in_time` says."""
        check_spine(spine, sets)
        asked = _asked(spine, sets)
        for group in groups(sets):
            asked = self._join(asked, group, columns_of(group.source, sets), read)
        for one in sets:
            asked = _on_demand(asked, one)
        asked = asked.sort("_row")
        for one in sets:
            for feature in one.features:
                name = f"{one.name}.{feature.name}"
                spine = spine.append_column(name, asked[name].to_arrow().cast(ARROW_TYPES[one.kinds[feature.name]]))
                if statuses:
                    spine = spine.append_column(f"{name}.status", asked[f"{name}.status"].to_arrow().cast(pa.string()))
        return spine

    def _join(self, asked: pl.DataFrame, group: Group, columns: Sequence[str], read: Reader) -> pl.DataFrame:
        with explained(f"the rows of {group.source.name} can't be read"):
            known = read.scan(group.source, columns).batches().read_all()
        check_key(group.entity, known.schema.field("_key").type, group.source.name)
        rows = pl.DataFrame(known)
        rows = rows.with_columns(pl.col("_time", "_created").cast(TYPES[Kind.TIMESTAMP]))
        rows = rows.with_columns(pl.col("_key").cast(TYPES[group.entity.kind]))  # without any it has no kind
        questions = asked.select("_row", "_at", _key=f"key_{group.entity.name}").drop_nulls("_key")
        many = rows.group_by("_key").len()
        counted = questions.join(many, on="_key", how="left").sort("_row")["len"].fill_null(0).cum_sum()
        questions = questions.sort("_row").with_columns(_slice=counted // self.pairs)
        parts = [
            _values(part.drop("_slice"), rows, group) for part in questions.partition_by("_slice", maintain_order=True)
        ]
        found = pl.concat(parts) if parts else _values(questions.drop("_slice"), rows, group)
        asked = asked.join(found, on="_row", how="left")
        nothing = [_if_absent(name, one) for name, one in group.asked.items()]
        return asked.with_columns([expression for pair in nothing for expression in pair])


def _asked(spine: pa.Table, sets: Sequence[FeatureSet]) -> pl.DataFrame:
    columns = {"_row": pl.Series(range(spine.num_rows), dtype=pl.Int64())}
    columns["_at"] = pl.Series(pl.from_arrow(pc.cast(spine.column(EVENT_TIME), UTC_TIME, safe=False)))
    for one in sets:
        key = spine.column(one.entity.key).cast(ARROW_TYPES[one.entity.kind])
        columns[f"key_{one.entity.name}"] = pl.Series(pl.from_arrow(key))
        for name, kind in one.inputs.items():
            if name in spine.column_names:
                columns[f"in_{name}"] = pl.Series(pl.from_arrow(spine.column(name).cast(ARROW_TYPES[kind])))
    return pl.DataFrame(columns)


def _values(questions: pl.DataFrame, rows: pl.DataFrame, group: Group) -> pl.DataFrame:
    """Compute a group's features of some questions."""
    pairs = questions.join(rows, on="_key", how="inner").filter(
        (pl.col("_time") <= pl.col("_at")) & (pl.col("_created") <= pl.col("_at"))
    )
    pairs = pairs.sort("_row", *_ORDER)
    found = questions.select("_row")
    for name, one in group.asked.items():
        part = _latest(pairs, name, one) if isinstance(one, Latest) else _aggregated(pairs, name, one)
        found = found.join(part, on="_row", how="left")
    return found


def _latest(pairs: pl.DataFrame, name: str, one: Latest) -> pl.DataFrame:
    last = pairs.group_by("_row", maintain_order=True).last()
    old = pl.lit(value=False) if one.ttl is None else pl.col("_at") - pl.col("_time") > one.ttl
    value = pl.col(one.column.name)
    status = pl.when(old).then(pl.lit(str(Status.EXPIRED))).otherwise(_present(value))
    default = pl.lit(one.default, dtype=TYPES[one.kind])
    return last.select("_row", pl.when(old).then(default).otherwise(value).alias(name), status.alias(f"{name}.status"))


def _aggregated(pairs: pl.DataFrame, name: str, one: Window | Session) -> pl.DataFrame:
    if one.where is not None:
        kinds = one.source.columns
        names = wide_polars(one.where, {column: pl.col(column) for column in one.where.names()}, kinds)
        pairs = pairs.filter(to_polars(one.where, names, pl.col("_at"), {}).fill_null(value=False))
    if isinstance(one, Window):
        pairs = pairs.filter(pl.col("_time") > pl.col("_at") - one.over)
    else:
        until = pl.col("_time").shift(-1).over("_row").fill_null(pl.col("_at"))
        broken = (until - pl.col("_time") > one.gap).cast(pl.Int64())
        pairs = pairs.filter(broken.cum_sum(reverse=True).over("_row") == 0)
    column = pl.col(one.column or "_time")
    if one.aggregate is Aggregate.SUM and one.kind is Kind.INTEGER:
        column = column.cast(pl.Int128())
    value = held_polars(_AGGREGATES[one.aggregate](column), one.kind)
    found = pairs.group_by("_row", maintain_order=True).agg(value.alias(name))
    return found.with_columns(_present(pl.col(name)).alias(f"{name}.status"))


def _present(value: pl.Expr) -> pl.Expr:
    return pl.when(value.is_null()).then(pl.lit(str(Status.NULL))).otherwise(pl.lit(str(Status.PRESENT)))


def _if_absent(name: str, one: Stored) -> tuple[pl.Expr, pl.Expr]:
    """Fill in what stands for a feature where there are no rows."""
    default = one.default
    if default is None and not isinstance(one, Latest) and one.aggregate in COUNTS:
        default = 0
    status = pl.col(f"{name}.status")
    value = pl.when(status.is_null()).then(pl.lit(default, dtype=TYPES[one.kind])).otherwise(pl.col(name))
    return value.alias(name), status.fill_null(str(Status.MISSING))


def _on_demand(asked: pl.DataFrame, one: FeatureSet) -> pl.DataFrame:
    names = {feature.name: pl.col(f"{one.name}.{feature.name}") for feature in one.features}
    given = {name: pl.col(f"in_{name}") for name in one.inputs if f"in_{name}" in asked.columns}
    for feature in one.in_order():
        kind = one.kinds[feature.name]
        known = wide_polars(feature.expression, names, one.kinds)
        asked_for = wide_polars(feature.expression, given, one.inputs)
        value = held_polars(to_polars(feature.expression, known, pl.col("_at"), asked_for), kind).cast(TYPES[kind])
        column = f"{one.name}.{feature.name}"
        asked = asked.with_columns(value.alias(column)).with_columns(_present(pl.col(column)).alias(f"{column}.status"))
    return asked
