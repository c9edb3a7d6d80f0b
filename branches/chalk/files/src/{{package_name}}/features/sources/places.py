"""Places where rows lie, as tables of DuckDB with `_place`, the number of a row in its source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb

from ...errors import first_line
from ..engines.expressions import quoted
from ..errors import FeatureError
from .snowflake import connect_snowflake

# Files come in the order of their names; a file has fewer than 2^40 rows.
_PLACE = "(CAST(file_index AS BIGINT) << 40) + file_row_number AS _place"


def open_place(connection: duckdb.DuckDBPyConnection, location: str, root: Path, what: str) -> str:
    """Make a place known to a connection, and give the SQL that stands after FROM.

    Parameters
    ----------
    location
        As `Source.location` has it.
    what
        The source, for errors.

    Raises
    ------
    FeatureError
        If nothing is there, or it can't be read.
    """
    scheme = location.partition("://")[0] if "://" in location else ""
    if scheme:
        if scheme not in _SERVERS:
            known = ", ".join(f"{name}://" for name in _SERVERS)
            raise FeatureError(f"{what} lies at {scheme}://, which is not known", hint=f"use a path, {known}")
        return _SERVERS[scheme](connection, location, root, what)
    path = root / location
    if not path.exists():
        hint = "put the rows there, or give the place in features.sources.locations"
        raise FeatureError(f"{what} has no rows: {location} is not there", hint=hint)
    if (path / "_delta_log").is_dir():
        return _open_delta(connection, path, what)
    return _files(path, what)


def parquet_files(path: Path) -> list[Path]:
    """Name the files of Parquet at a path, in the order in which rows are numbered; none for what else is there."""
    if (path / "_delta_log").is_dir():
        return []
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    return [one for one in files if one.suffix in {".parquet", ".pq"} and one.is_file()]


def _files(path: Path, what: str) -> str:
    files = parquet_files(path)
    if files:
        return f"(SELECT *, {_PLACE} FROM read_parquet([{_listed(files)}], union_by_name = true))"
    files = sorted(path.rglob("*.csv*")) if path.is_dir() else [path]
    if files and ".csv" in files[0].suffixes:
        listed = _listed(files)
        return f"(SELECT *, row_number() OVER () AS _place FROM read_csv([{listed}], union_by_name = true))"
    raise FeatureError(f"{what}: {path.name} holds neither Parquet nor CSV", hint="give .parquet or .csv files")


def _listed(files: list[Path]) -> str:
    return ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)


def _open_delta(connection: duckdb.DuckDBPyConnection, path: Path, what: str) -> str:
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ImportError as error:
        hint = "install the extra: uv sync --extra delta"
        raise FeatureError(f"{what} is a Delta table, which needs deltalake", hint=hint) from error
    try:
        rows = DeltaTable(str(path)).to_pyarrow_table()
    except (DeltaError, OSError) as error:
        hint = "a file of it may be torn or missing: look at its versions, and restore one that is whole"
        raise FeatureError(f"{what} can't be read as a Delta table: {first_line(error)}", hint=hint) from error
    return _keep(connection, rows, what)


def _open_duckdb(connection: duckdb.DuckDBPyConnection, location: str, root: Path, what: str) -> str:
    parts = urlsplit(location)
    path = root / unquote(parts.path).lstrip("/") if not unquote(parts.path).startswith("//") else Path(parts.path[1:])
    if not path.is_file() or not parts.fragment:
        hint = "write it as duckdb:///folder/file.duckdb#table; the path is below the project's folder"
        raise FeatureError(f"{what} has no rows: there is no {path.name} with a table", hint=hint)
    place = str(path).replace("'", "''")
    name = quoted(f"of_{what}")
    connection.execute(f"ATTACH IF NOT EXISTS '{place}' AS {name} (READ_ONLY)")
    table = ".".join(quoted(part) for part in unquote(parts.fragment).split("."))
    return f"(SELECT *, rowid AS _place FROM {name}.{table})"


def _open_postgresql(connection: duckdb.DuckDBPyConnection, location: str, root: Path, what: str) -> str:
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError as error:
        hint = "install what the project names: uv sync"
        raise FeatureError(f"{what} is in PostgreSQL, which needs adbc-driver-postgresql", hint=hint) from error
    address, table = _address_and_table(location, what)
    try:
        with dbapi.connect(address) as server, server.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            return _keep(connection, cursor.fetch_record_batch(), what)
    except dbapi.Error as error:
        reason = str(error).splitlines()[0].replace(address, "the server")
        hint = "check the address, and that the table can be read with these rights"
        raise FeatureError(f"{what}: PostgreSQL did not give {table}: {reason}", hint=hint) from error


def _open_snowflake(connection: duckdb.DuckDBPyConnection, location: str, root: Path, what: str) -> str:
    address, table = _address_and_table(location, what)
    server = connect_snowflake(address, what)
    return _keep(connection, server.sql(f"SELECT * FROM {table}").to_pyarrow_batches(), what)


_SERVERS: dict[str, Callable[[duckdb.DuckDBPyConnection, str, Path, str], str]] = {
    "duckdb": _open_duckdb,
    "postgresql": _open_postgresql,
    "snowflake": _open_snowflake,
}


def _address_and_table(location: str, what: str) -> tuple[str, str]:
    address, _, table = location.partition("#")
    if not table:
        hint = "end the address with # and the table, such as #public.orders"
        raise FeatureError(f"{what} names no table", hint=hint)
    return address, ".".join(quoted(part) for part in unquote(table).split("."))


def _keep(connection: duckdb.DuckDBPyConnection, rows: object, what: str) -> str:
    """Copy rows that can be read only once into the connection, which spills them to disk.

    A server gives them in any order: sorted, rows of the same times have the same order in every run.
    """
    connection.register("_arriving", rows)
    table = quoted(f"rows_of_{what}")
    numbered = "SELECT *, row_number() OVER () AS _place FROM (SELECT * FROM _arriving ORDER BY ALL)"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {numbered}")
    connection.unregister("_arriving")
    return table
