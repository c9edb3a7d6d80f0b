"""Memories in Redis, which several machines share. Each memory of a user is compared with a text, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self

import redis

from ...errors import first_line
from ..errors import AgentError
from .embedding import Embedder
from .records import Entry
from .store import MOST_COMPARED, Kept, Wanted, rank, vectors_of

_PREFIX = "agents:memory:{memories}:"  # what is in braces keeps all keys on one node of a cluster
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
        self.forget([one.id for one in entries])
        with _told(), self._redis.pipeline(transaction=True) as changes:
            for one, vector in zip(entries, vectors_of(entries, self._embedder), strict=True):
                fields = {"entry": one.model_dump_json(), "embedder": self._embedder.name, "vector": vector}
                changes.hset(_ENTRY + one.id, mapping=fields)
                for index in (_ALL, _USER + one.user):
                    changes.zadd(index, {one.id: one.created.timestamp()})
            changes.execute()

    def search(self, text: str, wanted: Wanted) -> list[tuple[float, Entry]]:
        """Give the memories that are most like a text, with their similarities, the best first."""
        fitting = [
            one
            for one in self._kept(_USER + wanted.user)
            if one.entry.source != wanted.without and (wanted.tainted or not one.entry.tainted)
        ]
        return rank(text, fitting[:MOST_COMPARED], self._embedder, wanted)

    def entries(self, user: str | None = None) -> Iterator[Entry]:
        """Give memories, the newest first."""
        return (one.entry for one in self._kept(_ALL if user is None else _USER + user))

    def forget(self, ids: Sequence[str] = (), *, user: str | None = None, source: str | None = None) -> int:
        """Delete memories: those of the ids, or all of a user or from a source. Gives how many there were."""
        if not ids and user is None and source is None:
            return 0
        found = [one.entry for one in self._kept(_ALL if user is None else _USER + user, expired=True)]
        chosen = [one for one in found if (not ids or one.id in set(ids)) and source in (None, one.source)]
        return self._delete(chosen)

    def drop_expired(self) -> int:
        """Delete what has expired, and give how many there were."""
        return self._delete([one.entry for one in self._kept(_ALL, expired=True) if not _stands(one.entry)])

    def _kept(self, index: str, *, expired: bool = False) -> list[Kept]:
        """Read the memories of an index, the newest first."""
        with _told(), self._redis.pipeline(transaction=False) as asked:
            asked.zrevrange(index, 0, -1)
            for found in asked.execute()[0]:
                asked.hmget(_ENTRY + found.decode(), ["entry", "embedder", "vector"])
            rows = asked.execute()
        # One that was deleted meanwhile has no fields.
        kept = [Kept(Entry.model_validate_json(row[0]), row[1].decode(), row[2]) for row in rows if row[0] is not None]
        return [one for one in kept if expired or _stands(one.entry)]

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
