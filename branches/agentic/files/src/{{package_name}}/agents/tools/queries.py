"""Asking data by SQL that a language model wrote: one SELECT, over one source, with no way to files or the network."""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from ...errors import first_line
from ..errors import ToolError
from .sources import Source

if TYPE_CHECKING:
    import duckdb
    import pyarrow

_POLL = 0.05
_QUOTED = re.compile(r"'[^']*'?|\"[^\"]*\"?")
_MOST_TEXT = 2_000
# Functions that make one value of any size, which DuckDB neither counts as memory nor ends when it is interrupted.
_OF_ANY_SIZE = {"array_resize", "bitstring", "format", "generate_series", "list_resize", "lpad", "printf", "range"}
_OF_ANY_SIZE |= {"repeat", "rpad"}
_BEFORE_DATA = ("BinderException", "CatalogException", "ParserException", "SyntaxException", "PermissionException")


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gave.

    Attributes
    ----------
    rows
        As JSON: dates are ISO 8601, what is no number is null.
    cut
        Whether there were more rows than were taken.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[list[JsonValue]]
    cut: bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a query may take: rows that are given, megabytes, seconds, and who may end it earlier."""

    rows: int = 200
    memory_mb: int = 512
    seconds: float = 60
    cancelled: Callable[[], bool] = lambda: False


class Connection:
    """A database in memory that holds one source as the view `data`, and nothing else that it could reach."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, bounds: Bounds) -> None:
        self._connection = connection
        self._bounds = bounds

    def ask(self, sql: str, rows: int | None = None) -> Rows:
        """Run a query.

        Parameters
        ----------
        rows
            Most of them; those of the bounds if None.

        Raises
        ------
        ToolError
            If it is not one SELECT, is wrong, makes values of a size of its own, or takes too much memory or time.
        """
        most = self._bounds.rows if rows is None else rows
        with self._watched(sql):
            cursor = self._connection.execute(sql)
            described = cursor.description or []
            found = cursor.fetchmany(most + 1)
        return Rows(
            columns=tuple(str(one[0]) for one in described),
            types=tuple(str(one[1]).lower() for one in described),
            rows=[[plain(value) for value in row] for row in found[:most]],
            cut=len(found) > most,
        )

    def table(self, sql: str) -> pyarrow.Table:
        """Run a query for all its rows, as a table of Arrow: for programs, not for models to read."""
        with self._watched(sql):
            return self._connection.sql(sql).to_arrow_table()

    def reads(self, sql: str) -> set[str]:
        """Name the tables that a query reads, as it writes them."""
        with self._watched(sql):
            return set(_tables(self._parsed(sql)))

    def _parsed(self, sql: str) -> Any:
        """Give the tree of a query as DuckDB has read it."""
        [(told,)] = self._connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
        return json.loads(told)

    @contextmanager
    def _watched(self, sql: str) -> Iterator[None]:
        """Refuse what is no SELECT, end it when its time is over, and tell errors in words."""
        import duckdb

        ended, late = threading.Event(), threading.Event()

        def watch() -> None:
            waited = 0.0
            while not ended.wait(_POLL):
                waited += _POLL
                if waited > self._bounds.seconds or self._bounds.cancelled():
                    late.set()
                    self._connection.interrupt()

        watcher = threading.Thread(target=watch, daemon=True, name="query-watch")
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise ToolError("a query is one SELECT, and nothing else", hint="the table is called data")
            if found := next(_of_any_size(self._parsed(sql)), ""):
                hint = "FROM range(…) gives rows, and what the data holds needs no padding"
                raise ToolError(f"a query can't use {found}, whose values have any size", hint=hint)
            watcher.start()
            yield
        except duckdb.Error as error:
            if late.is_set():
                raise ToolError(
                    f"the query was ended after {self._bounds.seconds:g} s", hint="ask for less, or aggregate"
                ) from error
            raise ToolError(f"the query failed: {_reason(error, sql)}", hint=_hint(error)) from error
        finally:
            ended.set()
            if watcher.is_alive():
                watcher.join()


@contextmanager
def connect(source: Source, bounds: Bounds) -> Iterator[Connection]:
    """Open a source for queries. It is the table `data`, and has its own name too.

    Nothing else can be read: DuckDB may open the source's own files only, loads no extension, sees no variable of
    Python, and its settings are locked. So a query that tries is refused by the engine, not by a look at its text.
    """
    import duckdb

    settings: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
        "memory_limit": f"{bounds.memory_mb}MB",
        "temp_directory": "",
        "threads": 2,
    }
    connection = duckdb.connect(":memory:", config=settings)
    try:
        connection.execute(f"CREATE VIEW data AS {source.select()}")
        if source.name != "data":
            connection.execute(f"CREATE VIEW {identifier(source.name)} AS FROM data")
        connection.execute(f"SET allowed_paths = [{', '.join(literal(str(path)) for path in source.paths)}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield Connection(connection, bounds)
    except duckdb.Error as error:
        reason = _reason(error)
        raise ToolError(f"{source.name} can't be read: {reason}", hint="is it what its name says?") from error
    finally:
        connection.close()


def identifier(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def plain(value: Any) -> JsonValue:
    """Make JSON of a value of DuckDB."""
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float | Decimal):
        number = float(value)
        return number if math.isfinite(number) else None
    if value is None or isinstance(value, bool | int):
        return value
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = value.isoformat() if isinstance(value, datetime | date | time) else str(value)
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


def _tables(node: Any) -> Iterator[str]:
    """Find the tables in a query that DuckDB has parsed."""
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            yield str(node["table_name"])
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from _tables(inner)


def _of_any_size(node: Any) -> Iterator[str]:
    """Find functions that make a value of any size; as tables they give rows, of which there may be many."""
    if isinstance(node, dict):
        name = str(node.get("function_name", "")).lower()
        if name in _OF_ANY_SIZE:
            yield name
        table = node["function"] if node.get("type") == "TABLE_FUNCTION" else None
        node = [inner for inner in node.values() if inner is not table]
        if isinstance(table, dict):
            node += [inner for name, inner in table.items() if name != "function_name"]
    if isinstance(node, list):
        for inner in node:
            yield from _of_any_size(inner)


def _reason(error: Exception, sql: str = "") -> str:
    """Give the first line of an error without what it quotes from the data, which nobody vouches for.

    What stands in the data may hold quotes itself: an error that came while it was read is cut before the first.
    """
    if type(error).__name__ not in _BEFORE_DATA:
        told, quote, _ = first_line(error).replace('"', "'").partition("'")
        return f"{told}'…'" if quote else told
    return _QUOTED.sub(lambda found: found.group() if found.group()[1:-1] in sql else "'…'", first_line(error))


def _hint(error: Exception) -> str:
    text = str(error)
    if "Permission" in text:
        return "a query reads the table data, and no file"
    if "Out of Memory" in text:
        return "aggregate, or ask for fewer columns"
    return "the table is called data; ask for a profile to see its columns"
