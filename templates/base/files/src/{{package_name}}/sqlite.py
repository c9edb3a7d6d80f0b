"""SQLite files that threads and processes use at once: how they are opened, and errors that say what to do."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .disk import room_for
from .errors import ProjectError, first_line

_PATIENCE = 30.0  # seconds until others that write must be done
_WAL_SECONDS = 5.0
_PRIMARY = 0xFF  # of SQLite's codes: the rest tells cases of one kind apart
_WRITABLE = "this user must be able to write to it and in its folder: in a container, that takes a volume"
_HINTS = {
    sqlite3.SQLITE_BUSY: "another program writes to it: do it again when that is done",
    sqlite3.SQLITE_LOCKED: "another program writes to it: do it again when that is done",
    sqlite3.SQLITE_NOTADB: "it is no database: move it away, or put it back from a copy",
    sqlite3.SQLITE_CORRUPT: "it is damaged: move it away, or put it back from a copy",
    sqlite3.SQLITE_IOERR: "look whether its disk is full, damaged or away, and do it again then",
    sqlite3.SQLITE_CANTOPEN: _WRITABLE,
    sqlite3.SQLITE_READONLY: _WRITABLE,
    sqlite3.SQLITE_PERM: _WRITABLE,
}
_OTHER_HINT = "look whether another version of this project made it; else move it away"


def use_wal(connection: sqlite3.Connection) -> None:
    """Let others read while one writes; the file stays so.

    Raises
    ------
    sqlite3.Error
        If the file can't be used, or others keep it for seconds.
    """
    until = time.monotonic() + _WAL_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
            return
        except sqlite3.OperationalError as error:  # SQLite does not wait when others change the mode at that moment
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.05)


def connect(
    path: Path, *, patience: float = _PATIENCE, durable: bool = True, any_thread: bool = False
) -> sqlite3.Connection:
    """Open a file, which is made where it is missing.

    Parameters
    ----------
    path : Path
        The file; its folder is there.
    patience : float
        Seconds until others that write must be done.
    durable : bool
        Whether what is committed outlives a power failure. Without, it outlives only a crash of the process, and is
        written several times as fast.
    any_thread : bool
        Whether threads share the connection; then one at a time must use it.

    Raises
    ------
    sqlite3.Error
        If it can't be used.
    """
    connection = sqlite3.connect(path, timeout=patience, check_same_thread=not any_thread)
    try:
        use_wal(connection)
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def explained(path: Path, what: str, kind: type[ProjectError]) -> Iterator[None]:
    """Make an error of a `kind` of what SQLite says in the ``with`` block; broken constraints stay what they are.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What is read or kept, such as "the rating".
    kind : type of ProjectError
        The error.
    """
    try:
        with room_for(what, kind):
            yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        hint = _HINTS.get(_code(error), _OTHER_HINT)
        raise kind(f"{path} can't be used: {first_line(error)}", hint=hint) from error


@contextmanager
def connected(
    path: Path, what: str, kind: type[ProjectError], *, patience: float = _PATIENCE, durable: bool = True
) -> Iterator[sqlite3.Connection]:
    """Lend a connection; what is done with it is kept as a whole, or not at all.

    A block that reads before it writes begins with ``BEGIN IMMEDIATE``, so that nobody writes in between.

    Parameters
    ----------
    path : Path
        The file, which is made where it is missing; its folder is there.
    what : str
        What is read or kept, such as "the rating".
    kind : type of ProjectError
        The error where the file can't be used or the disk is full.
    patience, durable
        As in `connect`.
    """
    with (
        explained(path, what, kind),
        closing(connect(path, patience=patience, durable=durable)) as connection,
        connection,
    ):
        yield connection


def make_tables(path: Path, script: str, what: str, kind: type[ProjectError]) -> None:
    """Make a file and its folder where they are missing, and the tables of a script of ``IF NOT EXISTS``.

    Raises
    ------
    ProjectError
        Of the `kind`, if the file can't be used or its folder can't be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "this user must be able to write there: in a container, that takes a volume"
        raise kind(f"{path.parent} can't be made, for {what}: {first_line(error)}", hint=hint) from error
    with connected(path, what, kind) as connection:
        connection.executescript(script)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY
