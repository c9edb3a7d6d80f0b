"""What an engine needs of a server: a place for questions and rows, and answers as tables of Arrow."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import pyarrow as pa

from .protocol import Scan


class Tables(Protocol):
    """Tables of a server, for the time of a join."""

    def upload(self, rows: pa.Table) -> Any:
        """Make a table of Ibis of rows that are here."""

    def find(self, scan: Scan) -> Any | None:
        """Give the clean rows of a source as a table of Ibis, where the server can read them itself.

        The columns are those of `Scan`, with times in microseconds since 1970.
        """

    def fetch(self, expression: Any) -> pa.Table:
        """Compute a table of Ibis."""


class Server(Protocol):
    """A server that joins and aggregates."""

    def tables(self) -> AbstractContextManager[Tables]:
        """Make room for tables, which are gone when the `with` block ends."""


@dataclass(frozen=True, slots=True)
class IbisServer:
    """Any server that Ibis speaks to; all rows go through this process.

    Attributes
    ----------
    connection
        Of Ibis, such as `ibis.snowflake.connect(…)`.
    """

    connection: Any

    def tables(self) -> AbstractContextManager[IbisServer]:
        """Give itself: Ibis removes what it uploaded."""
        return nullcontext(self)

    def upload(self, rows: pa.Table) -> Any:
        """Make a table of Ibis of rows that are here."""
        return import_module("ibis").memtable(rows)

    def find(self, scan: Scan) -> None:
        """Find nothing: what the server has is not known here."""

    def fetch(self, expression: Any) -> pa.Table:
        """Compute a table of Ibis."""
        table: pa.Table = self.connection.to_pyarrow(expression)
        return table
