"""A database that several processes, and machines, use at once: SQLite or PostgreSQL, chosen by its address."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

import orjson
import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateSchema, CreateTable

from .errors import ProjectError
from .plugins import PACKAGE
from .sqlite import use_wal


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time must have its zone")
    return value.astimezone(UTC)


class Utc(sa.TypeDecorator[datetime]):
    """A moment; SQLite forgets its zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone."""
        return None if value is None else _in_utc(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the moment its zone."""
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


class Json(sa.TypeDecorator[Any]):
    """A value as text: in a column of JSON, SQLite makes a number of a text that looks like one."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write the value."""
        return None if value is None else write_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read the value."""
        return None if value is None else orjson.loads(value)


def write_json(value: Any) -> str:
    """Write a value as a column of `Json` has it."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


@dataclass(frozen=True, slots=True)
class Database:
    """A database that several processes, and machines, may use at once.

    In PostgreSQL its tables and locks are those of one project: others that use the same database have their own.

    Attributes
    ----------
    address
        Without a password.
    what
        What is in it, such as "the prediction log": errors begin with that.
    kind
        Of its errors.
    schema
        The schema of PostgreSQL that the tables are in; empty in SQLite.
    """

    address: str
    engine: Engine
    what: str
    kind: type[ProjectError]
    schema: str

    @classmethod
    def open(cls, url: str, root: Path, what: str, kind: type[ProjectError], *, durable: bool = False) -> Self:
        """Prepare connections; none is made before it is needed.

        Parameters
        ----------
        url
            As SQLAlchemy has it, such as `sqlite:///predictions.db`.
        root
            The folder that a relative SQLite file is in.
        durable
            Whether SQLite waits for the disk, so that what is committed outlives a power failure.

        Raises
        ------
        ProjectError
            Of the `kind`, if the address is that of no such database.
        """
        try:
            address = make_url(url)
        except ArgumentError as error:
            raise kind(f"{what} has no valid address", hint=_EXAMPLE) from error
        backend = address.get_backend_name()
        if backend not in {"sqlite", "postgresql"}:
            raise kind(f"{what} can't be in {backend}", hint=_EXAMPLE)
        in_file = backend == "sqlite"
        if in_file and address.database not in {None, "", ":memory:"}:
            address = address.set(database=str(root / str(address.database)))
        address = address.update_query_dict(_PATIENCE[backend] | dict(address.query))
        schema = "" if in_file else f"project_{PACKAGE}"[:_LONGEST]
        shown = address.set(query={}).render_as_string(hide_password=True)
        try:
            style: Literal["qmark", "format"] = "qmark" if in_file else "format"  # rows are tuples
            engine = sa.create_engine(
                address, pool_pre_ping=not in_file, paramstyle=style, execution_options=_in(schema)
            )
        except (ImportError, SQLAlchemyError) as error:
            raise kind(f"{what} {shown} can't be used: {error}", hint=_EXAMPLE) from error
        if in_file:
            event.listen(engine, "connect", _prepare_durable if durable else _prepare_sqlite)
        return cls(shown, engine, what, kind, schema)

    @property
    def shared(self) -> bool:
        """Whether other machines reach it."""
        return self.engine.dialect.name == "postgresql"

    def make(self, *tables: sa.Table) -> None:
        """Make tables and their indexes where they are not there, and the schema that they are in.

        Raises
        ------
        ProjectError
            If the database does not let them be made.
        """
        with self._explained("opened"), self.engine.begin() as connection:
            if self.shared:  # two that make one table at once get in each other's way
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:schema))"), {"schema": self.schema})
                self._make_schema(connection)
            for table in tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))

    def insertion(self, table: sa.Table, columns: Sequence[str]) -> str:
        """Write for the driver how rows are inserted; those whose key is there already stay as they are.

        For rows by the thousand, as tuples: SQLAlchemy takes as long for each of them as SQLite itself.
        """
        named: dict[str, Any] = _in(self.schema) | {"render_schema_translate": self.shared}
        return str(self.new_rows(table).compile(self.engine, column_keys=columns, **named))

    def name_of(self, table: sa.Table) -> str:
        """Write the name of a table for statements that are text."""
        return f"{self.schema}.{table.name}" if self.schema else table.name

    def new_rows(self, table: sa.Table) -> sa.Insert:
        """Give the statement that inserts rows; those whose key is there already stay as they are."""
        statement = postgresql.insert(table) if self.shared else sqlite.insert(table)
        return statement.on_conflict_do_nothing()

    def moment(self, value: datetime) -> datetime | str:
        """Write a moment for the driver, as a column of `Utc` has it.

        Raises
        ------
        ValueError
            If it has no zone.
        """
        value = _in_utc(value)
        return value if self.shared else value.replace(tzinfo=None).isoformat(" ", "microseconds")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection.

        Raises
        ------
        ProjectError
            If the database can't be read.
        """
        with self._explained("read"), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Lend a connection; what is done with it is done as a whole, or not at all.

        Raises
        ------
        ProjectError
            If the database can't be written.
        """
        with self._explained("written"), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def lock(self, name: str, file: Path, *, wait: bool) -> Iterator[bool]:
        """Let only one into the `with` block: of all machines with PostgreSQL, and else of this one.

        Parameters
        ----------
        file
            What is locked where the database has no locks.
        wait
            Whether to wait for the other.

        Returns
        -------
        bool
            Whether the lock was got.

        Raises
        ------
        ProjectError
            If the database does not answer.
        """
        if not self.shared:
            try:
                with FileLock(file, timeout=-1 if wait else 0):
                    yield True
            except Timeout:
                yield False
            return
        ask = "SELECT pg_advisory_lock(hashtext(:name))" if wait else "SELECT pg_try_advisory_lock(hashtext(:name))"
        with self._explained("locked"):
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()  # the lock is its own, and ends with it
        with closing(connection):
            with self._explained("locked"):
                got = connection.scalar(sa.text(ask), {"name": f"{self.schema} {name}"})
            yield got is not False

    def close(self) -> None:
        """End the connections."""
        self.engine.dispose()

    def _make_schema(self, connection: Connection) -> None:
        there, may, user = connection.execute(sa.text(_ASK_SCHEMA), {"schema": self.schema}).one()
        if there:  # who may make none may still use it
            return
        if not may:
            message = f"{self.what} {self.address} can't be opened: {user} may not make its schema there"
            hint = f"let an administrator of the database run: CREATE SCHEMA {self.schema} AUTHORIZATION {user}"
            raise self.kind(message, hint=hint)
        connection.execute(CreateSchema(self.schema))

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            reason = (str(cause).strip().splitlines() or [type(error).__name__])[0]
            message = f"{self.what} {self.address} can't be {what}: {reason}"
            hint = "is there room on the disk, is the database running, and may this user write there?"
            raise self.kind(message, hint=hint) from error


# Seconds to wait for others that write, or for a server. What the address itself says comes first.
_PATIENCE = {"sqlite": {"timeout": "5"}, "postgresql": {"connect_timeout": "5"}}
_LONGEST = 63  # letters of a name in PostgreSQL
_ASK_SCHEMA = """
SELECT to_regnamespace(:schema) IS NOT NULL, has_database_privilege(current_database(), 'CREATE'),
quote_ident(current_user)
"""
_EXAMPLE = "for example: sqlite:///predictions.db or postgresql+psycopg://user:password@host/database"


def _in(schema: str) -> dict[str, Any]:
    """Have statements name a schema: behind a pooler of connections a search_path may be lost, or be another's."""
    return {"schema_translate_map": {None: schema}} if schema else {}


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Let readers read while one writes, and don't wait for the disk after each batch."""
    use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL").close()


def _prepare_durable(connection: sqlite3.Connection, _record: object) -> None:
    use_wal(connection)
    connection.execute("PRAGMA synchronous = FULL").close()
