"""Where memories are kept: SQLite, or PostgreSQL that several machines share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from ...database import Database, Utc
from .embedding import Embedder, Vectors, similarities
from .records import Entry

_MOST_COMPARED = 5_000  # memories of a user, the newest
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


class MemoryStore:
    """Keeps memories, and finds those that are about the same as a text.

    Every method raises an `AgentError` if the database can't be used.
    """

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database, self._embedder = database, embedder
        database.make(_ENTRIES)

    def add(self, *entries: Entry) -> None:
        """Keep memories; one of an id that is known takes the place of the earlier one."""
        vectors = self._embedder.embed([one.text for one in entries])
        rows = [
            one.model_dump() | {"embedder": self._embedder.name, "vector": vector.astype(np.float16).tobytes()}
            for one, vector in zip(entries, vectors, strict=True)
        ]
        with self._database.writing() as connection:
            connection.execute(sa.delete(_ENTRIES).where(_ENTRIES.c.id.in_([one.id for one in entries])))
            connection.execute(sa.insert(_ENTRIES), rows)

    def search(self, text: str, wanted: Wanted) -> list[tuple[float, Entry]]:
        """Give the memories that are most like a text, with their similarities, the best first."""
        query = (
            sa.select(*_FIELDS, _ENTRIES.c.embedder, _ENTRIES.c.vector)
            .where(_ENTRIES.c.user == wanted.user, _ENTRIES.c.source != wanted.without, _standing())
            .order_by(_ENTRIES.c.created.desc())
            .limit(_MOST_COMPARED)
        )
        if not wanted.tainted:
            query = query.where(_ENTRIES.c.tainted.is_(False))
        with self._database.reading() as connection:
            rows = list(connection.execute(query))
        if not rows:
            return []
        vectors = np.stack(self._vectors(rows))
        scores = similarities(self._embedder.embed([text])[0], vectors, counts=self._embedder.counts)
        best = np.argsort(-scores, kind="stable")[: wanted.most]
        return [(float(scores[place]), _entry(rows[place])) for place in best if scores[place] >= wanted.least]

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

    def _vectors(self, rows: Sequence[sa.Row[*tuple[Any, ...]]]) -> list[Vectors]:
        """Read vectors; those of another embedder are made anew, as none can be compared with this one's."""
        other = [row.text for row in rows if row.embedder != self._embedder.name]
        made = iter(self._embedder.embed(other) if other else ())
        return [
            np.frombuffer(row.vector, dtype=np.float16).astype(np.float32)
            if row.embedder == self._embedder.name
            else next(made)
            for row in rows
        ]


def _standing() -> sa.ColumnElement[bool]:
    return sa.or_(_ENTRIES.c.expires.is_(None), _ENTRIES.c.expires > datetime.now(UTC))


def _entry(row: sa.Row[*tuple[Any, ...]]) -> Entry:
    return Entry.model_validate({name: row._mapping[name] for name in Entry.model_fields})
