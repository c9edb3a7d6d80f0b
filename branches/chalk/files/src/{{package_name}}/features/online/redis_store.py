"""Online features in Redis, for many machines: a hash for each entity, with its states of all sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from ...errors import first_line
from .protocol import GROWN, Address, Compacted, Expected, Lines, OnlineStoreError, Overtaken, Values

if TYPE_CHECKING:
    from redis import Redis
    from redis.client import Pipeline

Item = TypeVar("Item")

_PATIENCE = 2.0  # seconds
_CHUNK = 500  # entities that one script or pipeline takes care of: others get their turn in between
# Each script of a transaction sees the same marks: if one of them does nothing, none does.
_EXPECTED = """
for name, value in pairs(cjson.decode(ARGV[1])) do
  local found = redis.call('HGET', KEYS[1], name)
  if found ~= value and (found or value ~= cjson.null) then return 0 end
end
"""
_APPEND = f"""{_EXPECTED}
for i = 3, #KEYS do
  local at = 3 + (i - 3) * 4
  local field, data, count, key = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local old = redis.call('HGET', KEYS[i], field .. ':lines') or ''
  redis.call('HSET', KEYS[i], field .. ':lines', old .. data)
  redis.call('HDEL', KEYS[i], field .. ':values')
  if redis.call('HINCRBY', KEYS[i], field .. ':added', count) >= {GROWN} then
    redis.call('SADD', KEYS[2] .. field, key)
  end
  if ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
end
return 1
"""
_MARK = f"""{_EXPECTED}
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
"""
_COMPACT = """
if redis.call('HGET', KEYS[1], ARGV[1] .. ':lines') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1] .. ':lines', ARGV[3], ARGV[1] .. ':added', 0)
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], ARGV[1] .. ':values', ARGV[4]) end
redis.call('SREM', KEYS[2], ARGV[5])
return 1
"""


class RedisStore:
    """States and values in Redis. What belongs together is sent as one transaction; reads are sent as one pipeline.

    Parameters
    ----------
    url
        Such as `redis://:password@host:6379/0`; `rediss://` for TLS.
    prefix
        What the names of all its keys begin with; letters.

    Raises
    ------
    OnlineStoreError
        If the package `redis` is missing, or the address is none. The server is asked with the first use.
    """

    near = False

    def __init__(self, url: str, prefix: str = "features") -> None:
        self._client = _client(url)
        self._prefix = prefix
        self._marks = f"{prefix}:marks"
        self._append = self._client.register_script(_APPEND)
        self._mark = self._client.register_script(_MARK)
        self._compact = self._client.register_script(_COMPACT)

    def append(
        self,
        lines: Iterable[Lines],
        marks: Mapping[str, str] | None = None,
        keep: timedelta | None = None,
        expected: Expected | None = None,
    ) -> None:
        """Add lines and marks in one transaction; an entity to which nothing is added for `keep` is forgotten."""
        kept = 0 if keep is None else keep // timedelta(milliseconds=1)
        wanted = orjson.dumps(expected or {})
        with self._explained(), self._client.pipeline(transaction=True) as pipe:
            for many in _chunks(list(lines)):
                self._send(pipe, many, wanted, kept)
            self._mark([self._marks], [wanted, *chain.from_iterable((marks or {}).items())], client=pipe)
            done = pipe.execute()
        if not done[-1]:
            raise Overtaken("a mark is not as it was", hint="read it again")

    def values(self, addresses: Sequence[Address]) -> list[Values | None]:
        """Read values, many entities in one pipeline."""
        return [_unpack(data) for data in self._fields(addresses, "values")]

    def states(self, addresses: Sequence[Address]) -> list[bytes | None]:
        """Read lines, many entities in one pipeline."""
        return self._fields(addresses, "lines")

    def compact(self, states: Iterable[Compacted]) -> int:
        """Write what is not changed meanwhile, one by one."""
        done = 0
        with self._explained():
            for many in _chunks(list(states)):
                with self._client.pipeline(transaction=False) as pipe:
                    for one in many:
                        entity, field = self._place(one.part)
                        names = [f"{entity}{one.key}", self._grown(one.part)]
                        packed = b"" if one.values is None else _pack(one.values)
                        self._compact(names, [field, one.before, one.after, packed, one.key], client=pipe)
                    done += sum(pipe.execute())
        return done

    def grown(self, part: str, most: int = 1000) -> list[str]:
        """Take some of a set, and leave out those that have ended meanwhile."""
        entity, field = self._place(part)
        with self._explained():
            while isinstance(found := self._client.srandmember(self._grown(part), most), list) and found:
                keys = [_text(key) for key in found]
                with self._client.pipeline(transaction=False) as pipe:
                    for key in keys:
                        pipe.hexists(f"{entity}{key}", f"{field}:lines")
                    alive = pipe.execute()
                gone = [key for key, there in zip(keys, alive, strict=True) if not there]
                if gone:
                    self._client.srem(self._grown(part), *gone)
                if len(gone) < len(keys):
                    return [key for key, there in zip(keys, alive, strict=True) if there]
        return []

    def parts(self) -> list[str]:
        """Read their names."""
        with self._explained():
            found: Any = self._client.smembers(f"{self._prefix}:parts")
        return sorted(map(_text, found))

    def drop(self, part: str) -> None:
        """Delete it from the hash of each entity."""
        entity, field = self._place(part)
        names = [f"{field}:{what}" for what in ("lines", "values", "added")]
        with self._explained():
            for many in _chunks(list(self._client.scan_iter(match=f"{entity}*", count=1000))):
                with self._client.pipeline(transaction=False) as pipe:
                    for key in many:
                        pipe.hdel(key, *names)
                    pipe.execute()
            with self._client.pipeline(transaction=True) as pipe:
                pipe.delete(self._grown(part))
                pipe.srem(f"{self._prefix}:parts", part)
                pipe.hdel(self._marks, part, *self.marks(f"{part}/"))
                pipe.execute()

    def number(self, name: str, count: int) -> int:
        """Let the server count."""
        with self._explained():
            told: Any = self._client.hincrby(self._marks, name, count)
        return int(told) - count

    def marks(self, prefix: str = "") -> dict[str, str]:
        """Read them."""
        with self._explained():
            found: Any = self._client.hgetall(self._marks)
        told = {_text(name): _text(value) for name, value in found.items()}
        return {name: told[name] for name in sorted(told) if name.startswith(prefix)}

    def check(self) -> None:
        """Ping it."""
        with self._explained():
            self._client.ping()

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def _send(self, pipe: Pipeline, many: Sequence[Lines], wanted: bytes, kept: int) -> None:
        keys = [self._marks, f"{self._prefix}:grown:"]
        arguments: list[Any] = [wanted, kept]
        for one in many:
            entity, field = self._place(one.part)
            keys.append(f"{entity}{one.key}")
            arguments += [field, one.data, one.size, one.key]
        self._append(keys, arguments, client=pipe)
        pipe.sadd(f"{self._prefix}:parts", *{one.part for one in many})

    def _fields(self, addresses: Sequence[Address], what: str) -> list[bytes | None]:
        found: list[bytes | None] = []
        with self._explained():
            for many in _chunks(addresses):
                with self._client.pipeline(transaction=False) as pipe:
                    for part, key in many:
                        entity, field = self._place(part)
                        pipe.hget(f"{entity}{key}", f"{field}:{what}")
                    found += pipe.execute()
        return found

    def _place(self, part: str) -> tuple[str, str]:
        """Say what the names of its hashes begin with, and what those of its fields do."""
        entity, _, field = part.partition("/")
        return f"{self._prefix}:of:{entity}:", field

    def _grown(self, part: str) -> str:
        return f"{self._prefix}:grown:{self._place(part)[1]}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from redis import RedisError

        try:
            yield
        except (RedisError, OSError) as error:
            message = f"Redis has no answer about online features: {first_line(error)}"
            hint = "is it running, and is FEATURES_REDIS_URL its address? Once it is back, ask again"
            raise OnlineStoreError(message, hint=hint) from error


def _client(url: str) -> Redis:
    try:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        hint = "install the extra that brings it: `uv sync --extra redis`"
        raise OnlineStoreError("online features are to be in Redis, and its package is missing", hint=hint) from error
    once = Retry(NoBackoff(), 1)  # for connections that the server has closed: who asks has no time for more
    try:
        return Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE, protocol=2, retry=once)
    except ValueError as error:
        hint = "set FEATURES_REDIS_URL, such as redis://:password@host:6379/0"
        raise OnlineStoreError(f"the address of Redis can't be used: {first_line(error)}", hint=hint) from error


def _chunks(many: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(many), _CHUNK):
        yield many[start : start + _CHUNK]


def _pack(values: Values) -> bytes:
    return b"%d %d %b" % (values.since, values.until, values.data)


def _unpack(data: bytes | None) -> Values | None:
    if data is None:
        return None
    since, until, rest = data.split(b" ", 2)
    return Values(rest, int(since), int(until))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
