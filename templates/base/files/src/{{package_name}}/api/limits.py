"""How often one client may ask."""

from __future__ import annotations

import math
import time
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Literal

from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter

from ..logs import get_logger
from .config import LimitsConfig
from .errors import ApiError

_AWAY = 5.0
"""Seconds until a Redis that failed is asked again."""
_PATIENCE = 0.25
"""Seconds that a request waits for Redis."""
_MOST_WINDOWS = 100_000

_log = get_logger(__name__)


@lru_cache(maxsize=10_000)
def sender(client: str) -> str:
    """Give the address that requests are counted under: of IPv6 the first 64 bits, all of which one customer has."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if not isinstance(address, IPv6Address):
        return client
    return str(address.ipv4_mapped or ip_network((int(address) >> 64 << 64, 64)))


class Windows:
    """Counts in the memory of this process.

    The storage that `limits` has for that starts a task on each request, which goes through all clients.
    """

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def hit(self, rate: RateLimitItem, kind: str, who: str, cost: int) -> float | None:
        """Count a request in the window of a client, which begins with its first one.

        Parameters
        ----------
        cost
            1; or 0 to see whether there may be one more.

        Returns
        -------
        float or None
            Seconds until the window ends if there were too many requests.
        """
        now = time.monotonic()
        end, count = self._windows.get((kind, who), (0.0, 0))
        if end <= now:
            if len(self._windows) >= _MOST_WINDOWS:
                self._forget(now)
            end, count = now + rate.get_expiry(), 0
        if count >= rate.amount:
            return end - now
        self._windows[kind, who] = (end, count + cost)
        return None

    def _forget(self, now: float) -> None:
        """Drop what has ended; of what has not, the half that would end first."""
        going = sorted((item for item in self._windows.items() if item[1][0] > now), key=lambda item: item[1][0])
        self._windows = dict(going[-_MOST_WINDOWS // 2 :])


class Limiter:
    """Counts requests in windows of fixed length: in Redis for all workers, or in the memory of each."""

    def __init__(self, config: LimitsConfig) -> None:
        self._rates = {
            "requests": parse(config.requests) if config.requests else None,
            "login": parse(config.login) if config.login else None,
        }
        self._windows = Windows()
        self._storage = _redis(config)
        self._redis = FixedWindowRateLimiter(self._storage) if self._storage else None
        self._lenient = self._redis is not None and config.without_redis == "allow"
        self._back = 0.0

    async def check(self, kind: Literal["requests", "login"], who: str, *, count: bool = True) -> None:
        """Count one request.

        Parameters
        ----------
        count
            False to see whether there may be one more, without counting it.

        Raises
        ------
        ApiError
            429 if there were too many.
        """
        rate = self._rates[kind]
        if rate is None:
            return
        if self._redis is not None and time.monotonic() >= self._back:
            try:
                wait = await self._ask(self._redis, rate, kind, who, count=count)
            except Exception as error:  # each client library has errors of its own
                self._lose(error)
                wait = self._without_redis(rate, kind, who, count=count)
        else:
            wait = self._without_redis(rate, kind, who, count=count)
        if wait is not None:
            seconds = max(1, math.ceil(wait))
            detail = f"more than {rate}; try again in {seconds} s"
            raise ApiError(429, "Too many requests", detail, headers={"Retry-After": str(seconds)})

    async def ready(self) -> bool:
        """Whether the Redis that is configured answers; true if there is none."""
        if self._storage is None:
            return True
        try:
            return await self._storage.check()
        except Exception as error:  # as above
            self._lose(error)
            return False

    def _without_redis(self, rate: RateLimitItem, kind: str, who: str, *, count: bool) -> float | None:
        return None if self._lenient else self._windows.hit(rate, kind, who, int(count))

    async def _ask(
        self, redis: FixedWindowRateLimiter, rate: RateLimitItem, kind: str, who: str, *, count: bool
    ) -> float | None:
        if await (redis.hit(rate, kind, who) if count else redis.test(rate, kind, who)):
            return None
        return (await redis.get_window_stats(rate, kind, who)).reset_time - time.time()

    def _lose(self, error: Exception) -> None:
        if time.monotonic() >= self._back:
            _log.error("Redis is away: requests are counted without it", reason=f"{type(error).__name__}: {error}")
        self._back = time.monotonic() + _AWAY


def _redis(config: LimitsConfig) -> RedisStorage | None:
    address = config.redis.get_secret_value()
    if not address:
        return None
    return RedisStorage(
        f"async+{address}",
        implementation="redispy",
        socket_timeout=_PATIENCE,
        socket_connect_timeout=_PATIENCE,
    )
