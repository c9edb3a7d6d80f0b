"""What an engine is given, and what it gives: tables that are as long as the questions, and in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import duckdb
import pyarrow as pa

from ..definitions.entities import Entity, Kind, Source
from ..definitions.features import used_columns
from ..definitions.sets import FeatureSet
from ..errors import FeatureError

EVENT_TIME = "event_time"
UTC_TIME = pa.timestamp("us", "UTC")

ARROW_TYPES = {
    Kind.BOOLEAN: pa.bool_(),
    Kind.INTEGER: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.STRING: pa.string(),
    Kind.TIMESTAMP: UTC_TIME,
}


class Scan(Protocol):
    """The clean rows of a source, read when they are asked for.

    The columns are `_key`, `_time` and `_created` (timestamps in UTC), `_place` (64 bits: its number in the source),
    and those of the source that were asked for, under their names.
    """

    def create(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make a view, or a table, of the rows in a connection of DuckDB."""

    def batches(self) -> pa.RecordBatchReader:
        """Give the rows piece by piece."""


@runtime_checkable
class FileScan(Scan, Protocol):
    """Rows that may lie in files of Parquet, which a server can read itself."""

    def files(self) -> list[Path]:
        """Name the files, in the order in which rows are numbered; none where the rows are elsewhere."""

    def clean_sql(self, table: str, found: Mapping[str, str]) -> str:
        """Select the clean rows of a table with `_place`, whose columns are of these types, in DuckDB's SQL."""


class Reader(Protocol):
    """What finds the rows of sources."""

    def scan(self, source: Source, columns: Sequence[str]) -> Scan:
        """Prepare to read a source.

        Raises
        ------
        FeatureError
            If it is not there, or is not what its definition says.
        """


class Engine(Protocol):
    """What computes features at points in time, as `..semantics` says."""

    def point_in_time(
        self, spine: pa.Table, sets: Sequence[FeatureSet], read: Reader, *, statuses: bool = False
    ) -> pa.Table:
        """Join features to questions.

        Parameters
        ----------
        spine
            Table of shape (n_questions, …): the key of each set's entity, `event_time` with a zone, what requests give
            to on-demand features, and anything else.
        sets
            What to compute; `FeatureSet.select` leaves out what is not asked for.
        statuses
            Whether a column `customer.spend_30d.status` stands beside `customer.spend_30d`.

        Returns
        -------
        Table
            Of shape (n_questions, …): the spine as it was given, row by row, with a column for each feature.

        Raises
        ------
        FeatureError
            If the spine lacks a column, or has a time without a zone.
        """


def check_spine(spine: pa.Table, sets: Sequence[FeatureSet]) -> None:
    """See that the questions have what the features need.

    Raises
    ------
    FeatureError
        If a column is missing or of another kind, a time has no zone, or a column has the name of a feature.
    """
    if EVENT_TIME not in spine.column_names:
        hint = f"name the column with the time of each question {EVENT_TIME}"
        raise FeatureError(f"the questions have no column {EVENT_TIME}", hint=hint)
    kind = spine.schema.field(EVENT_TIME).type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        hint = "give it a zone, such as UTC: naive times are refused, as nobody can tell which moment they mean"
        raise FeatureError(f"{EVENT_TIME} of the questions is {kind}, not a time with a zone", hint=hint)
    if spine.column(EVENT_TIME).null_count:
        count = spine.column(EVENT_TIME).null_count
        raise FeatureError(f"{count} questions have no {EVENT_TIME}", hint="leave them out, or give them a time")
    for one in sets:
        _check_columns(spine, one)


def _check_columns(spine: pa.Table, one: FeatureSet) -> None:
    inputs = {name for feature in one.in_order() for name in feature.expression.names("request")}
    for name in sorted(inputs | {one.entity.key}):
        if name not in spine.column_names:
            hint = f"add the column {name!r}: {one.name} needs it"
            raise FeatureError(f"the questions have no column {name!r}", hint=hint)
    check_key(one.entity, spine.schema.field(one.entity.key).type, "the questions")
    for feature in one.features:
        if f"{one.name}.{feature.name}" in spine.column_names:
            hint = "rename the column, or leave the feature out"
            raise FeatureError(f"the questions already have a column {one.name}.{feature.name}", hint=hint)


def check_key(entity: Entity, found: pa.DataType, where: str) -> None:
    """See that a column of keys is of the entity's kind.

    Raises
    ------
    FeatureError
        If it is of another.
    """
    fits = pa.types.is_integer(found) if entity.kind is Kind.INTEGER else is_text(found)
    if not fits and not pa.types.is_null(found):
        hint = f"make it {entity.kind} as the key of {entity.name} is, or change the kind of {entity.name}"
        raise FeatureError(f"{entity.key!r} of {where} is {found}", hint=hint)


def is_text(kind: pa.DataType) -> bool:
    """Say whether a column holds texts, in whatever way."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def columns_of(source: Source, sets: Sequence[FeatureSet]) -> list[str]:
    """Name the columns of a source that features are made of, each once."""
    found: set[str] = set()
    for one in sets:
        for feature in one.stored:
            if feature.source.name == source.name:
                found |= used_columns(feature)
    return sorted(found)
