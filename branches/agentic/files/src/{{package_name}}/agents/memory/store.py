"""Where memories are kept, and found again: SQLite, or PostgreSQL that several machines share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import sqlalchemy as sa

from ...database import Database, Utc
from .embedding import Embedder, Vectors, similarities, weights_of
from .records import Entry
from .vector_index import VectorIndex

MOST_COMPARED = 5_000
"""Memories of a user that are compared with a text, without an index: the newest."""

_WEIGHED = 1_000  # memories of a user that tell how rare words are, where not all are compared

_TABLES = sa.MetaData()
_ENTRIES = sa.Table(
    "agent_memories",
    _TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("tainted", sa.Boolean, nullable=False),
    sa.Column("created", Utc, nullable=False),
    sa.Column("expires", Utc),
    sa.Column("embedder", sa.Text, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False),  # float16
)
sa.Index("agent_memories_user", _ENTRIES.c.user, _ENTRIES.c.created)
_FIELDS = [_ENTRIES.c[name] for name in Entry.model_fields]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which memories are wanted.

    Attributes
    ----------
    most
        How many.
    least
        Similarity, from 0 to 1, below which none is.
    tainted
        Whether those from untrusted text are, too.
    without
        A source that is left out.
    """

    user: str
    most: int = 5
    least: float = 0.0
    tainted: bool = True
    without: str = ""


class MemoryStore(Protocol):
    """Keeps memories, and finds those that are about the same as a text.

    Every method raises an `AgentError` if the database can't be used.
    """

    def add(self, *entries: Entry) -> None:
        """Keep memories; one of an id that is known takes the place of the earlier one."""

    def search(self, text: str, wanted: Wanted) -> list[tuple[float, Entry]]:
        """Give the memories that are most like a text, with their similarities, the best first."""

    def entries(self, user: str | None = None) -> Iterator[Entry]:
        """Give memories, the newest first."""

    def forget(self, ids: Sequence[str] = (), *, user: str | None = None, source: str | None = None) -> int:
        """Delete memories: those of the ids, or all of a user or from a source. Gives how many there were."""

    def drop_expired(self) -> int:
        """Delete what has expired, and give how many there were."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A memory as it is kept: with its vector, in float16, and by what that was made."""

    entry: Entry
    embedder: str
    vector: bytes


def vectors_of(entries: Sequence[Entry], embedder: Embedder) -> list[bytes]:
    """Make the vectors that are kept with memories."""
    return [vector.astype(np.float16).tobytes() for vector in embedder.embed([one.text for one in entries])]


def rank(
    query: Vectors, kept: Sequence[Kept], embedder: Embedder, wanted: Wanted, weights: Vectors | None = None
) -> list[tuple[float, Entry]]:
    """Give the memories that are most like a text, of those that are wanted, each of which is compared.

    Vectors of another embedder are made anew, as none can be compared with this one's.

    Parameters
    ----------
    query : ndarray of shape (width,)
        The vector of the text.
    weights : ndarray of shape (width,), optional
        Those of the places of vectors; by default as these memories have them.
    """
    if not kept:
        return []
    other = [one.entry.text for one in kept if one.embedder != embedder.name]
    made = iter(embedder.embed(other) if other else ())
    vectors = np.stack([_read(one.vector) if one.embedder == embedder.name else next(made) for one in kept])
    if weights is None and embedder.counts:
        weights = weights_of(vectors)
    scores = similarities(query, vectors, weights)
    best = np.argsort(-scores, kind="stable")[: wanted.most]
    return [(float(scores[place]), kept[place].entry) for place in best if scores[place] >= wanted.least]


class DatabaseMemories:
    """Memories in a database. It is a `MemoryStore`.

    PostgreSQL with pgvector searches all memories of a user, other databases the newest.
    """

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database, self._embedder = database, embedder
        self._index: VectorIndex | None = None
        self._looked = False
        database.make(_ENTRIES)

    def add(self, *entries: Entry) -> None:
        """Keep memories; one of an id that is known takes the place of the earlier one."""
        if not entries:
            return
        vectors = vectors_of(entries, self._embedder)
        rows = [
            one.model_dump() | {"embedder": self._embedder.name, "vector": vector}
            for one, vector in zip(entries, vectors, strict=True)
        ]
        index = self._opened(len(_read(vectors[0])))
        if index is not None:
            rows = [row | {index.near.name: row["vector"]} for row in rows]
        with self._database.writing() as connection:
            connection.execute(sa.delete(_ENTRIES).where(_ENTRIES.c.id.in_([one.id for one in entries])))
            connection.execute(sa.insert(_ENTRIES if index is None else index.table), rows)

    def search(self, text: str, wanted: Wanted) -> list[tuple[float, Entry]]:
        """Give the memories that are most like a text, with their similarities, the best first."""
        query = self._embedder.embed([text])[0]
        index = self._opened(len(query))
        with self._database.reading() as connection:
            if index is None:
                kept, weights = _newest(connection, _ENTRIES, *_fitting(_ENTRIES, wanted)), None
            else:
                weights = self._weights(connection, wanted) if self._embedder.counts else None
                kept = _near(connection, index, query if weights is None else query * weights**2, wanted)
        return rank(query, kept, self._embedder, wanted, weights)

    def entries(self, user: str | None = None) -> Iterator[Entry]:
        """Give memories, the newest first."""
        query = sa.select(*_FIELDS).where(_standing()).order_by(_ENTRIES.c.created.desc())
        if user is not None:
            query = query.where(_ENTRIES.c.user == user)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                yield _entry(row)

    def forget(self, ids: Sequence[str] = (), *, user: str | None = None, source: str | None = None) -> int:
        """Delete memories: those of the ids, or all of a user or from a source. Gives how many there were."""
        chosen: list[sa.ColumnElement[bool]] = [_ENTRIES.c.id.in_(ids)] if ids else []
        chosen += [_ENTRIES.c.user == user] if user is not None else []
        chosen += [_ENTRIES.c.source == source] if source is not None else []
        if not chosen:
            return 0
        with self._database.writing() as connection:
            return connection.execute(sa.delete(_ENTRIES).where(*chosen)).rowcount

    def drop_expired(self) -> int:
        """Delete what has expired, and give how many there were."""
        with self._database.writing() as connection:
            return connection.execute(sa.delete(_ENTRIES).where(sa.not_(_standing()))).rowcount

    def _opened(self, width: int) -> VectorIndex | None:
        """Give the index of pgvector, if the server has it."""
        if not self._looked:
            self._index = VectorIndex.open(self._database, _ENTRIES, self._embedder.name, width)
            self._looked = True
        return self._index

    def _weights(self, connection: sa.Connection, wanted: Wanted) -> Vectors | None:
        """Weigh the places of vectors by the newest memories of a user; none without such vectors."""
        entries = _ENTRIES.c
        query = sa.select(entries.vector).where(entries.user == wanted.user, entries.embedder == self._embedder.name)
        rows = [*connection.scalars(query.order_by(entries.created.desc()).limit(_WEIGHED))]
        return weights_of(np.stack([_read(row) for row in rows])) if rows else None


def _near(connection: sa.Connection, index: VectorIndex, query: Vectors, wanted: Wanted) -> list[Kept]:
    """Read the memories whose vectors are nearest, and those that the index does not have."""
    table, fitting = index.table, _fitting(index.table, wanted)
    found = index.nearest(connection, query, *fitting) if query.any() else []
    kept = _newest(connection, table, table.c.id.in_(found)) if found else []
    return kept + _newest(connection, table, index.near.is_(None), *fitting)


def _newest(connection: sa.Connection, table: sa.Table, *chosen: sa.ColumnElement[bool]) -> list[Kept]:
    fields = [table.c[name] for name in Entry.model_fields]
    query = sa.select(*fields, table.c.embedder, table.c.vector).where(*chosen)
    rows = connection.execute(query.order_by(table.c.created.desc()).limit(MOST_COMPARED))
    return [Kept(_entry(row), row.embedder, row.vector) for row in rows]


def _fitting(table: sa.Table, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    fitting = [table.c.user == wanted.user, table.c.source != wanted.without, _standing(table)]
    return fitting if wanted.tainted else [*fitting, table.c.tainted.is_(False)]


def _standing(table: sa.Table = _ENTRIES) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.expires.is_(None), table.c.expires > datetime.now(UTC))


def _read(vector: bytes) -> Vectors:
    return np.frombuffer(vector, dtype=np.float16).astype(np.float32)


def _entry(row: sa.Row[*tuple[Any, ...]]) -> Entry:
    return Entry.model_validate({name: row._mapping[name] for name in Entry.model_fields})
