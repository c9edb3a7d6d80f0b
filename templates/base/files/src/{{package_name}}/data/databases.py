"""What a query gives, written to a Parquet file: of SQLite, DuckDB or PostgreSQL, which are opened to read only."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import polars as pl

from ..errors import first_line
from .errors import DataError

_PATIENCE = 10  # seconds until a server must have answered
_READ_ONLY = "-c default_transaction_read_only=on"


def fetch(address: str, query: str, result: Path) -> None:
    """Write what a query gives.

    Raises
    ------
    DataError
        If the database can't be reached, or refuses the query.
    """
    kind, _, place = address.partition("://")
    kind = kind.partition("+")[0]
    if kind in {"postgresql", "postgres"}:
        _run_postgresql(f"postgresql://{place}", query, result)
        return
    runners: dict[str, Callable[[str, str, Path], None]] = {"sqlite": _run_sqlite, "duckdb": _run_duckdb}
    if kind not in runners:
        message = f"{without_user(address)}: databases of the kind {kind!r} are not read here"
        raise DataError(message, hint="use postgresql://, sqlite:// or duckdb://, or a plugin of the group readers")
    database = place.removeprefix("/")
    if database and not Path(database).is_file():
        raise DataError(f"{database}: there is no such database", hint="check the path")
    runners[kind](database, query, result)


def without_user(address: str) -> str:
    """Leave the user, the password and the options out of an address.

    Examples
    --------
    >>> without_user("postgresql://me:secret@example.org/sales?sslmode=require")
    'postgresql://example.org/sales'
    """
    kind, _, place = address.partition("://")
    return f"{kind}://{place.rpartition('@')[2].partition('?')[0]}"


def _run_sqlite(database: str, query: str, result: Path) -> None:
    uri = f"{Path(database).resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            pl.read_database(query, connection, infer_schema_length=None).write_parquet(result)
    except (sqlite3.Error, pl.exceptions.PolarsError) as error:
        raise DataError(f"{database}: the query failed: {error}", hint="check options.query") from error


def _run_duckdb(database: str, query: str, result: Path) -> None:
    import duckdb

    try:
        with closing(duckdb.connect(database or ":memory:", read_only=bool(database))) as connection:
            connection.sql(query).write_parquet(str(result))
    except duckdb.Error as error:
        raise DataError(f"{database or 'duckdb'}: the query failed: {error}", hint="check options.query") from error


def _run_postgresql(address: str, query: str, result: Path) -> None:
    try:
        from adbc_driver_postgresql import dbapi
    except ModuleNotFoundError as error:
        message = f"{without_user(address)} needs {error.name}, which is not installed"
        raise DataError(message, hint="install the extra: uv sync --extra postgresql") from error
    import pyarrow.parquet

    try:
        connection = dbapi.connect(_read_only(address))
    except dbapi.Error as error:
        hint = "is the server running? the source names it"
        raise DataError(f"{without_user(address)} does not answer: {_reason(error)}", hint=hint) from error
    try:
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(query)
            batches = cursor.fetch_record_batch()
            schema = _plain(batches.schema.empty_table()).schema
            with pyarrow.parquet.ParquetWriter(result, schema) as writer:
                for batch in batches:
                    writer.write_table(_plain(pyarrow.Table.from_batches([batch])).cast(schema))
    except dbapi.Error as error:
        message = f"{without_user(address)}: the query failed: {_reason(error)}"
        raise DataError(message, hint="check options.query") from error


def _read_only(address: str) -> str:
    """Ask the server to refuse changes, and give it a time to answer."""
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    options["options"] = f"{options.get('options', '')} {_READ_ONLY}".strip()
    options.setdefault("connect_timeout", str(_PATIENCE))
    return urlunsplit(parts._replace(query=urlencode(options, quote_via=quote)))


def _plain(table: Any) -> Any:
    """Make text of the types that only PostgreSQL has: exact numbers, UUIDs, JSON, lists."""
    import pyarrow as pa

    for place, column in enumerate(table.schema):
        kind = column.type
        if isinstance(kind, pa.BaseExtensionType) or pa.types.is_nested(kind):
            values = table.column(place).to_pylist()
            text = pa.array([None if value is None else str(value) for value in values], pa.string())
            table = table.set_column(place, column.name, text)
    return table.replace_schema_metadata(None)


def _reason(error: Exception) -> str:
    line = first_line(error)
    return line.partition("] ")[2] or line
