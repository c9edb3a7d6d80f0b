"""Rows that are in memory already: of a stream, of a request, or of a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from ..definitions.entities import Source
from ..engines.connection import connect
from ..engines.expressions import quoted
from ..errors import FeatureError
from .checks import clean_sql, fitted

_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MemoryReader:
    """Rows by the name of their source.

    Attributes
    ----------
    tables
        Each with the columns that the source's definition names; the order of rows is their place.
    until
        The latest time that is believed.
    """

    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    until: datetime = _FOR_EVER

    def scan(self, source: Source, columns: Sequence[str] | None = None) -> MemoryScan:
        """Prepare to read a source.

        Raises
        ------
        FeatureError
            If there is no table for it.
        """
        if source.name not in self.tables:
            raise FeatureError(f"there are no rows of {source.name}", hint=f"there are {', '.join(self.tables)}")
        return MemoryScan(self, source, tuple(source.columns if columns is None else columns))


@dataclass(frozen=True, slots=True)
class MemoryScan:
    """The clean rows of a table."""

    reader: MemoryReader
    source: Source
    columns: tuple[str, ...]

    def create(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make a view of the rows in a connection of DuckDB."""
        table = self.reader.tables[self.source.name]
        place = pa.array(range(table.num_rows), pa.int64())
        raw = f"_in_memory_{self.source.name}"
        connection.register(raw, table.append_column("_place", place))
        rows = fitted(connection, self.source, quoted(raw))
        sql = clean_sql(self.source, self.columns, rows, self.reader.until)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {sql}")

    def batches(self) -> pa.RecordBatchReader:
        """Give the rows piece by piece."""
        connection = connect()
        self.create(connection, "rows")
        return connection.sql("SELECT * FROM rows").to_arrow_reader()
