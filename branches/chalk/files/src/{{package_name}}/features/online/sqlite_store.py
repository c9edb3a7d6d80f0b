"""Online features in a file: for one machine, whose processes may all read and write it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from ...sqlite import connect, explained, make_tables
from .protocol import GROWN, Address, Compacted, Expected, Lines, OnlineStoreError, Overtaken, Values

_TABLES = """
CREATE TABLE IF NOT EXISTS parts (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS states (
    part INTEGER NOT NULL,
    key TEXT NOT NULL,
    since INTEGER,
    until INTEGER,
    computed BLOB,
    added INTEGER NOT NULL,
    lines BLOB NOT NULL,
    PRIMARY KEY (part, key)
);
CREATE INDEX IF NOT EXISTS grown ON states (part) WHERE added >= GROWN;
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
""".replace("GROWN", str(GROWN))
_APPEND = """
INSERT INTO states (part, key, added, lines) VALUES (?, ?, ?, ?)
ON CONFLICT (part, key) DO UPDATE SET
    lines = CAST(lines || excluded.lines AS BLOB), added = added + excluded.added,
    since = NULL, until = NULL, computed = NULL
"""
# A number is looked up each time: other processes may drop a part, and make it anew.
_OF_PART = "part = (SELECT id FROM parts WHERE name = ?)"
_VALUES = f"SELECT computed, since, until FROM states WHERE {_OF_PART} AND key = ? AND computed NOT NULL"
_LINES = f"SELECT lines FROM states WHERE {_OF_PART} AND key = ?"
_COMPACT = f"""
UPDATE states SET lines = ?, added = 0, since = ?, until = ?, computed = ? WHERE {_OF_PART} AND key = ? AND lines = ?
"""
_GROWN = f"SELECT key FROM states WHERE {_OF_PART} AND added >= {GROWN} LIMIT ?"
_MARK = "INSERT INTO marks VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_NUMBER = """
INSERT INTO marks VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = CAST(value + ? AS TEXT) RETURNING value
"""
_WHAT = "online features"


class SqliteStore:
    """States and values in a file of SQLite; each thread has a connection of its own.

    Parameters
    ----------
    path
        The file, which is made where it is missing, and its folder.

    Raises
    ------
    OnlineStoreError
        If it can't be used.
    """

    near = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[sqlite3.Connection] = []
        make_tables(path, _TABLES, _WHAT, OnlineStoreError)

    def append(
        self,
        lines: Iterable[Lines],
        marks: Mapping[str, str] | None = None,
        keep: timedelta | None = None,
        expected: Expected | None = None,
    ) -> None:
        """Add lines, and marks, in one transaction; a file keeps all for ever."""
        with self._writing() as connection:
            for name, value in (expected or {}).items():
                found = connection.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
                if (found and found[0]) != value:
                    raise Overtaken(f"{name} is not as it was", hint="read it again")
            parts: dict[str, int] = {}
            rows = []
            for part, key, data, size in lines:
                if part not in parts:
                    parts[part] = _make_part(connection, part)
                rows.append((parts[part], key, size, data))
            connection.executemany(_APPEND, rows)
            connection.executemany(_MARK, (marks or {}).items())

    def values(self, addresses: Sequence[Address]) -> list[Values | None]:
        """Read values, a look-up for each address."""
        found: list[Values | None] = []
        with explained(self._path, _WHAT, OnlineStoreError):
            execute = self._connection().execute
            for address in addresses:
                row = execute(_VALUES, address).fetchone()
                found.append(None if row is None else Values(*row))
        return found

    def states(self, addresses: Sequence[Address]) -> list[bytes | None]:
        """Read lines, a look-up for each address."""
        found: list[bytes | None] = []
        with explained(self._path, _WHAT, OnlineStoreError):
            execute = self._connection().execute
            for address in addresses:
                row = execute(_LINES, address).fetchone()
                found.append(None if row is None else row[0])
        return found

    def compact(self, states: Iterable[Compacted]) -> int:
        """Write what is not changed meanwhile, in one transaction."""
        done = 0
        with self._writing() as connection:
            for part, key, before, after, values in states:
                data, since, until = values or (None, None, None)
                row = (after, since, until, data, part, key, before)
                done += connection.execute(_COMPACT, row).rowcount
        return done

    def grown(self, part: str, most: int = 1000) -> list[str]:
        """Look in an index that has only those that have grown."""
        with explained(self._path, _WHAT, OnlineStoreError):
            return [key for (key,) in self._connection().execute(_GROWN, (part, most))]

    def parts(self) -> list[str]:
        """Read their names."""
        with explained(self._path, _WHAT, OnlineStoreError):
            return [name for (name,) in self._connection().execute("SELECT name FROM parts ORDER BY name")]

    def drop(self, part: str) -> None:
        """Delete it in one transaction."""
        with self._writing() as connection:
            connection.execute(f"DELETE FROM states WHERE {_OF_PART}", (part,))
            connection.execute("DELETE FROM parts WHERE name = ?", (part,))
            connection.execute("DELETE FROM marks WHERE name = ? OR substr(name, 1, ?) = ?", (part, *_below(part)))

    def number(self, name: str, count: int) -> int:
        """Count in a transaction of its own."""
        with self._writing() as connection:
            told: str = connection.execute(_NUMBER, (name, str(count), count)).fetchone()[0]
        return int(told) - count

    def marks(self, prefix: str = "") -> dict[str, str]:
        """Read them."""
        with explained(self._path, _WHAT, OnlineStoreError):
            found = self._connection().execute("SELECT name, value FROM marks ORDER BY name")
            return {name: value for name, value in found if name.startswith(prefix)}

    def check(self) -> None:
        """Read whether there is anything."""
        with explained(self._path, _WHAT, OnlineStoreError):
            self._connection().execute("SELECT 1 FROM parts LIMIT 1").fetchone()

    def close(self) -> None:
        """End the connections of all threads."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = connect(self._path, durable=False, any_thread=True)  # so that `close` may end it
            self._local.connection = found
            with self._lock:
                self._open.append(found)
        return found

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with explained(self._path, _WHAT, OnlineStoreError), self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection


def _make_part(connection: sqlite3.Connection, name: str) -> int:
    connection.execute("INSERT INTO parts (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
    number: int = connection.execute("SELECT id FROM parts WHERE name = ?", (name,)).fetchone()[0]
    return number


def _below(part: str) -> tuple[int, str]:
    prefix = f"{part}/"
    return len(prefix), prefix
