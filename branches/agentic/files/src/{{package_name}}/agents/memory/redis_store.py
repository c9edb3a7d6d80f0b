"""Memories in Redis, which several machines share. Each memory of a user is compared with a text, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self

import redis
from redis.client import Pipeline

from ...errors import first_line
from ...plugins import PACKAGE
from ..errors import AgentError
from .embedding import Embedder
from .records import Entry
from .store import MOST_COMPARED, Kept, Wanted, rank, vectors_of

# Of this project alone. What is in braces keeps all keys on one node of a cluster.
_PREFIX = f"{PACKAGE}:agents:memory:{{memories}}:"
_ALL, _USER, _ENTRY = f"{_PREFIX}all", f"{_PREFIX}user:", f"{_PREFIX}entry:"
_SECONDS = 5.0  # until Redis must have answered


class RedisMemories:
    """Memories in Redis: a hash each, and the ids of all, and of each user, sorted by time. It is a `MemoryStore`."""

    def __init__(self, client: redis.Redis, embedder: Embedder) -> None:
        self._redis, self._embedder = client, embedder

    @classmethod
    def open(cls, url: str, embedder: Embedder) -> Self:
        """Prepare connections; none is made before it is needed.

        Raises
        ------
        AgentError
            If the address is that of no Redis.
        """
        try:
            return cls(redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS), embedder)
        except ValueError as error:
            message = f"agentic.memory.database_url is no address of Redis: {first_line(error)}"
            raise AgentError(message, hint="for example redis://host:6379/0") from error

    def add(self, *entries: Entry) -> None:
        """Keep memories; one of an id that is known takes the place of the earlier one."""
        vectors = vectors_of(entries, self._embedder)
        ids = [one.id for one in entries]

        def put(changes: Pipeline) -> None:
            earlier = self._read(ids)
            changes.multi()
            for one in earlier:  # it may be another user's
                changes.zrem(_USER + one.user, one.id)
            for one, vector in zip(entries, vectors, strict=True):
                fields = {"entry": one.model_dump_json(), "embedder": self._embedder.name, "vector": vector}
                changes.hset(_ENTRY + one.id, mapping=fields)
                for index in (_ALL, _USER + one.user):
                    changes.zadd(index, {one.id: one.created.timestamp()})

        with _told():  # all of it anew if one of them is changed meanwhile
            self._redis.transaction(put, *(_ENTRY + one for one in ids))

    def search(self, text: str, wanted: Wanted) -> list[tuple[float, Entry]]:
        """Give the memories that are most like a text, with their similarities, the best first."""
        fitting = [
            one
            for one in self._kept(wanted.user)
            if one.entry.source != wanted.without and (wanted.tainted or not one.entry.tainted)
        ]
        query = self._embedder.embed([text])[0]
        return rank(query, fitting[:MOST_COMPARED], self._embedder, wanted)

    def entries(self, user: str | None = None) -> Iterator[Entry]:
        """Give memories, the newest first."""
        return (one for one in self._read(self._ids(user)) if _stands(one))

    def forget(self, ids: Sequence[str] = (), *, user: str | None = None, source: str | None = None) -> int:
        """Delete memories: those of the ids, or all of a user or from a source. Gives how many there were."""
        if not ids and user is None and source is None:
            return 0
        found = self._read(ids or self._ids(user))
        return self._delete([one for one in found if user in (None, one.user) and source in (None, one.source)])

    def drop_expired(self) -> int:
        """Delete what has expired, and give how many there were."""
        return self._delete([one for one in self._read(self._ids()) if not _stands(one)])

    def _ids(self, user: str | None = None) -> list[str]:
        """Give the ids of all memories, or of a user's, the newest first."""
        with _told(), self._redis.pipeline(transaction=False) as asked:
            asked.zrevrange(_ALL if user is None else _USER + user, 0, -1)
            return [found.decode() for found in asked.execute()[0]]

    def _read(self, ids: Sequence[str]) -> list[Entry]:
        """Read memories, without their vectors."""
        return [Entry.model_validate_json(row[0]) for row in self._fields(ids, "entry")]

    def _kept(self, user: str) -> list[Kept]:
        """Read the memories of a user that have not expired, the newest first."""
        rows = self._fields(self._ids(user), "entry", "embedder", "vector")
        kept = [Kept(Entry.model_validate_json(row[0]), row[1].decode(), row[2]) for row in rows]
        return [one for one in kept if _stands(one.entry)]

    def _fields(self, ids: Sequence[str], *names: str) -> list[list[bytes]]:
        """Read fields of the memories that there are of the ids."""
        with _told(), self._redis.pipeline(transaction=False) as asked:
            for one in ids:
                asked.hmget(_ENTRY + one, list(names))
            return [row for row in asked.execute() if row[0] is not None]

    def _delete(self, entries: Sequence[Entry]) -> int:
        with _told(), self._redis.pipeline(transaction=True) as changes:
            for one in entries:
                changes.delete(_ENTRY + one.id)
                changes.zrem(_ALL, one.id)
                changes.zrem(_USER + one.user, one.id)
            return sum(changes.execute()[::3])


def _stands(entry: Entry) -> bool:
    return entry.expires is None or entry.expires > datetime.now(UTC)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        hint = "is the Redis of agentic.memory.database_url running?"
        raise AgentError(f"the memory of agents does not answer: {first_line(error)}", hint=hint) from error
