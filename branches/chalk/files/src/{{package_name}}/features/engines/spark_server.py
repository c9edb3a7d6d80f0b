"""Spark as a server: it reads files of Parquet itself, on all its workers; other rows go through this process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...errors import first_line
from ...logs import get_logger
from ..errors import FeatureError
from .protocol import FileScan, Scan

_log = get_logger(__name__)

# DuckDB's names, in which definitions are checked, of Spark's types.
_TYPES = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
    "date": "DATE",
}
# The path of a row's file as this process knows it; Spark writes it as an address.
_PATH = "regexp_replace(url_decode(replace(_metadata.file_path, '+', '%2B')), '^file:/+', '/')"


def spark_errors() -> tuple[type[Exception], ...]:
    """Name what Spark raises: errors that it has a class for, and others of Java."""
    return import_module("pyspark.errors").PySparkException, import_module("py4j.protocol").Py4JError


@dataclass(frozen=True, slots=True)
class SparkServer:
    """A session of Spark, from version 4.0 on.

    Attributes
    ----------
    session
        Its workers must see the project's files under the same paths.
    """

    session: Any

    @contextmanager
    def tables(self) -> Iterator[SparkTables]:
        """Make room for tables.

        Raises
        ------
        FeatureError
            If Spark fails in the `with` block.
        """
        tables = SparkTables(self.session, import_module("ibis").pyspark.connect(self.session))
        try:
            yield tables
        except spark_errors() as error:
            hint = "look at the log of Spark; features.engine.spark holds its settings"
            raise FeatureError(f"Spark could not compute the features: {first_line(error)}", hint=hint) from error
        finally:
            for name in tables.names:
                self.session.catalog.dropTempView(name)


@dataclass(frozen=True, slots=True)
class SparkTables:
    """Views of a session."""

    session: Any
    connection: Any
    names: list[str] = field(default_factory=list)

    def upload(self, rows: pa.Table) -> Any:
        """Make a view of rows that are here; Ibis would do so by pandas, which makes not-a-number of NULL."""
        return self._view(self.session.createDataFrame(rows))

    def find(self, scan: Scan) -> Any | None:
        """Let Spark read the rows of a source that is Parquet."""
        files = scan.files() if isinstance(scan, FileScan) else []
        if not files or not isinstance(scan, FileScan):
            return None
        try:
            raw = self._read(files)
        except spark_errors() as error:  # such as times in nanoseconds
            _log.warning("Spark can't read a source, which is read here", file=files[0].name, reason=first_line(error))
            return None
        types = {name: _TYPES.get(kind, kind.upper()) for name, kind in raw.dtypes}
        view = self._name(raw)
        try:
            clean = scan.clean_sql(view, types)
        except FeatureError:  # read here, it is seen which columns have no value at all, and the error names all others
            return None
        own = import_module("sqlglot").transpile(clean, read="duckdb", write="spark")[0]
        return self._view(_in_microseconds(self.session.sql(own)))

    def fetch(self, expression: Any) -> pa.Table:
        """Compute a table of Ibis; by way of pandas, as Ibis does it, large whole numbers would be rounded."""
        return self.session.sql(self.connection.compile(expression)).toArrow()

    def _read(self, files: list[Path]) -> Any:
        """Read files with `_place`, a row's number: files have fewer than 2^40 rows, and come in their order."""
        raw = self.session.read.option("mergeSchema", "true").parquet(*map(str, files))
        if len(files) == 1:
            return raw.selectExpr("*", "_metadata.row_index AS _place")
        numbers = self.session.createDataFrame(list(enumerate(map(str, files))), "_number BIGINT, _file STRING")
        functions = import_module("pyspark.sql.functions")
        placed = raw.selectExpr("*", f"{_PATH} AS _file", "_metadata.row_index AS _index")
        joined = placed.join(functions.broadcast(numbers), "_file", "left")
        return joined.selectExpr("*", "shiftleft(_number, 40) + _index AS _place").drop("_file", "_number", "_index")

    def _view(self, rows: Any) -> Any:
        return self.connection.table(self._name(rows))

    def _name(self, rows: Any) -> str:
        name = f"features_{uuid.uuid4().hex}"
        rows.createOrReplaceTempView(name)
        self.names.append(name)
        return name


def _in_microseconds(rows: Any) -> Any:
    columns = [
        f"unix_micros(`{name}`) AS `{name}`" if kind == "timestamp" else f"`{name}`" for name, kind in rows.dtypes
    ]
    return rows.selectExpr(*columns)
