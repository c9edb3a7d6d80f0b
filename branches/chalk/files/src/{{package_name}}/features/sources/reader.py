"""Read the rows of sources, wherever they lie: the clean ones for features, the others with the reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from ...config import Config
from ..config import FeaturesConfig
from ..definitions.entities import Source
from ..engines.connection import connect, explained
from ..engines.expressions import quoted
from ..sources_config import SourcesConfig
from ..store_config import BatchSourceConfig
from .checks import check_columns, clean_sql, fitted, set_aside_sql
from .places import open_place, parquet_files

_SUFFIXES = (".parquet", ".csv", ".csv.gz", "")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Rows of files and servers.

    Attributes
    ----------
    root
        The folder that paths are below.
    batch
        Where sources are that have no place of their own.
    clock
        What tells the present, beyond which rows are not believed.
    """

    root: Path
    config: SourcesConfig = field(default_factory=SourcesConfig)
    batch: BatchSourceConfig = field(default_factory=BatchSourceConfig)
    clock: Callable[[], datetime] = _now

    def scan(self, source: Source, columns: Sequence[str] | None = None) -> SourceScan:
        """Prepare to read a source; all columns of its definition, where none are named."""
        return SourceScan(self, source, tuple(source.columns if columns is None else columns))

    def set_aside(self, source: Source) -> pa.Table:
        """Give the rows that no feature is made of, with all their columns and `_reasons`."""
        scan = self.scan(source)
        with connect() as connection, explained(f"the rows of {source.name} can't be read"):
            table = scan.open(connection)
            return connection.sql(set_aside_sql(source, table, self.until())).to_arrow_table()

    def until(self) -> datetime:
        """Say what the latest time is that is believed."""
        return self.clock() + timedelta(seconds=self.config.clock_skew_seconds)

    def place(self, source: Source) -> str:
        """Find where the rows of a source lie.

        Raises
        ------
        FeatureError
            If the configuration leads to no place.
        """
        location = self.config.locations.get(source.location, source.location)
        if "://" in location or (self.root / location).exists():
            return location
        if location != Path(location).name or not self.batch.connection_string:
            return location
        base = self.batch.connection_string
        if self.batch.type != "parquet":
            return base if "#" in base else f"{base}#{location}"
        below = [f"{base}/{location}{suffix}" for suffix in _SUFFIXES]
        return next((one for one in below if (self.root / one).exists()), below[0])


@dataclass(frozen=True, slots=True)
class SourceScan:
    """The clean rows of a source."""

    reader: SourceReader
    source: Source
    columns: tuple[str, ...]

    def open(self, connection: duckdb.DuckDBPyConnection) -> str:
        """Make the rows known to a connection, as they are, and give the SQL that stands after FROM."""
        with explained(f"the rows of {self.source.name} can't be read"):
            table = open_place(connection, self.reader.place(self.source), self.reader.root, self.source.name)
            return fitted(connection, self.source, table)

    def create(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make a view of the rows in a connection of DuckDB."""
        sql = clean_sql(self.source, self.columns, self.open(connection), self.reader.until())
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {sql}")

    def files(self) -> list[Path]:
        """Name the files of Parquet that the rows are in, in the order in which rows are numbered; none for others."""
        return parquet_files(self.reader.root / self.reader.place(self.source))

    def clean_sql(self, table: str, found: Mapping[str, str]) -> str:
        """Select the clean rows of a table that has been opened elsewhere, in DuckDB's SQL.

        Parameters
        ----------
        table
            What stands after FROM; it has `_place` too.
        found
            DuckDB's type by name of column.

        Raises
        ------
        FeatureError
            If it is not what the definition says.
        """
        check_columns(self.source, found)
        return clean_sql(self.source, self.columns, table, self.reader.until())

    def batches(self) -> pa.RecordBatchReader:
        """Give the rows piece by piece; the connection lives as long as they are read."""
        connection = connect()
        self.create(connection, "rows")
        return connection.sql("SELECT * FROM rows").to_arrow_reader()


def open_reader(config: Config) -> SourceReader:
    """Make the reader that a project's configuration describes."""
    features = config.group("features", FeaturesConfig)
    return SourceReader(config.root, features.sources, features.feature_store.batch_source)
