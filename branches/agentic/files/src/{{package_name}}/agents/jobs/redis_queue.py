"""The queue in Redis, for many workers on several machines. Each change is one script, which Redis runs as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import redis

from ...errors import first_line
from ...plugins import PACKAGE
from ..errors import AgentError
from .queue import Claim, QueueFullError

_KEY = "{owner}:agents:jobs:{{queue}}:{name}"  # what is in braces keeps all keys on one node of a cluster
_SECONDS = 5.0  # until Redis must have answered

# Times are those of Redis, so clocks of workers need not agree. waiting and leases are sorted by time; what is in
# neither, and has a holder, is parked.
_NOW = """
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local waiting, leases, holders, attempts = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
"""
_ADD = f"""{_NOW}
local id, most = ARGV[1], tonumber(ARGV[2])
if redis.call('HEXISTS', holders, id) == 1 then return 1 end
if redis.call('ZCARD', waiting) >= most then return 0 end
redis.call('HSET', holders, id, '')
redis.call('ZADD', waiting, now, id)
return 1
"""
_CLAIM = f"""{_NOW}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do
    redis.call('ZREM', leases, id)
    redis.call('ZADD', waiting, 0, id)
end
local first = redis.call('ZPOPMIN', waiting)
if not first[1] then return false end
redis.call('ZADD', leases, now + tonumber(ARGV[2]), first[1])
redis.call('HSET', holders, first[1], ARGV[1])
return {{first[1], redis.call('HINCRBY', attempts, first[1], 1)}}
"""
_CHANGE = f"""{_NOW}
local id, worker, what = ARGV[1], ARGV[2], ARGV[3]
if redis.call('HGET', holders, id) ~= worker then return 0 end
if what == 'renew' then
    if redis.call('ZSCORE', leases, id) == false then return 0 end
    redis.call('ZADD', leases, now + tonumber(ARGV[4]), id)
    return 1
end
redis.call('ZREM', leases, id)
if what == 'release' then
    redis.call('HSET', holders, id, '')
    redis.call('HINCRBY', attempts, id, -1)
    if tonumber(ARGV[4]) > 0 then
        redis.call('ZADD', leases, now + tonumber(ARGV[4]), id)
    else
        redis.call('ZADD', waiting, now, id)
    end
elseif what == 'park' then
    redis.call('HSET', holders, id, 'parked')
    redis.call('HDEL', attempts, id)
else
    redis.call('HDEL', holders, id)
    redis.call('HDEL', attempts, id)
end
return 1
"""
_COUNT = "return redis.call('ZCARD', KEYS[1])"
_WAKE = f"""{_NOW}
if redis.call('HGET', holders, ARGV[1]) ~= 'parked' then return 0 end
redis.call('HSET', holders, ARGV[1], '')
redis.call('ZADD', waiting, now, ARGV[1])
return 1
"""


class RedisQueue:
    """The queue in Redis. It is a `Queue`.

    Parameters
    ----------
    owner
        Whose tasks they are: other projects may use the same Redis.
    """

    def __init__(self, client: redis.Redis, owner: str = PACKAGE) -> None:
        self._keys = [_KEY.format(owner=owner, name=name) for name in ("waiting", "leases", "holders", "attempts")]
        scripts = {"add": _ADD, "claim": _CLAIM, "change": _CHANGE, "wake": _WAKE, "count": _COUNT}
        self._scripts = {name: client.register_script(script) for name, script in scripts.items()}

    @classmethod
    def open(cls, url: str, owner: str = PACKAGE) -> Self:
        """Prepare connections; none is made before it is needed.

        Raises
        ------
        AgentError
            If the address is that of no Redis.
        """
        try:
            client = redis.Redis.from_url(
                url, decode_responses=True, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS
            )
        except ValueError as error:
            hint = "for example redis://host:6379/0"
            raise AgentError(
                f"agentic.jobs.queue_url is no address of Redis: {first_line(error)}", hint=hint
            ) from error
        return cls(client, owner)

    def add(self, task_id: str, most: int) -> None:
        """Let a task wait for a worker."""
        if not self._run("add", task_id, most):
            raise QueueFullError(f"{most} tasks wait already", hint="ask again later, or start more workers")

    def claim(self, worker: str, seconds: float) -> Claim | None:
        """Take the task that has waited longest."""
        found = self._run("claim", worker, seconds)
        return Claim(found[0], int(found[1])) if found else None

    def renew(self, task_id: str, worker: str, seconds: float) -> bool:
        """Hold a task longer."""
        return bool(self._run("change", task_id, worker, "renew", seconds))

    def park(self, task_id: str, worker: str) -> None:
        """Give a task back until it is woken."""
        self._run("change", task_id, worker, "park")

    def wake(self, task_id: str) -> bool:
        """Let a parked task wait for a worker again."""
        return bool(self._run("wake", task_id))

    def release(self, task_id: str, worker: str, seconds: float = 0.0) -> None:
        """Give a task back."""
        self._run("change", task_id, worker, "release", seconds)

    def done(self, task_id: str, worker: str) -> None:
        """Take a task out."""
        self._run("change", task_id, worker, "done")

    def waiting(self) -> int:
        """Count the tasks that wait."""
        return int(self._run("count"))

    def _run(self, script: str, *arguments: str | float) -> Any:
        with _told():
            return self._scripts[script](keys=self._keys, args=arguments)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        hint = "is the Redis of agentic.jobs.queue_url running?"
        raise AgentError(f"the queue of tasks does not answer: {first_line(error)}", hint=hint) from error
