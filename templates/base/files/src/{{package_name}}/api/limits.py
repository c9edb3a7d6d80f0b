"""How often one client may ask."""

from __future__ import annotations

import math
import time
from typing import Literal

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter

from ..logs import get_logger
from .config import LimitsConfig
from .errors import ApiError

_AWAY = 5.0
"""Seconds until a Redis that failed is asked again."""
_PATIENCE = 0.25
"""Seconds that a request waits for Redis."""

_log = get_logger(__name__)


class Limiter:
    """Counts requests in windows of fixed length: in Redis for all workers, or in the memory of each."""

    def __init__(self, config: LimitsConfig) -> None:
        self._config = config
        self._rates = {
            "requests": parse(config.requests) if config.requests else None,
            "login": parse(config.login) if config.login else None,
        }
        self._memory = FixedWindowRateLimiter(MemoryStorage())
        self._redis_storage = _redis(config)
        self._redis = FixedWindowRateLimiter(self._redis_storage) if self._redis_storage else None
        self._back = 0.0

    async def check(self, kind: Literal["requests", "login"], who: str) -> None:
        """Count one request.

        Raises
        ------
        ApiError
            429 if there were too many.
        """
        rate = self._rates[kind]
        if rate is None:
            return
        if self._redis is None or time.monotonic() < self._back:
            await self._check_memory(rate, kind, who)
            return
        try:
            if await self._redis.hit(rate, kind, who):
                return
            left = (await self._redis.get_window_stats(rate, kind, who)).reset_time - time.time()
        except Exception as error:  # each client library has errors of its own
            self._lose(error)
            await self._check_memory(rate, kind, who)
            return
        raise _refusal(rate, left)

    async def ready(self) -> bool:
        """Whether the Redis that is configured answers; true if there is none."""
        if self._redis_storage is None:
            return True
        try:
            return await self._redis_storage.check()
        except Exception as error:  # as above
            self._lose(error)
            return False

    async def _check_memory(self, rate: RateLimitItem, kind: str, who: str) -> None:
        if self._redis is not None and self._config.without_redis == "allow":
            return
        if not await self._memory.hit(rate, kind, who):
            raise _refusal(rate, (await self._memory.get_window_stats(rate, kind, who)).reset_time - time.time())

    def _lose(self, error: Exception) -> None:
        if time.monotonic() >= self._back:
            _log.error("Redis is away: requests are counted without it", reason=f"{type(error).__name__}: {error}")
        self._back = time.monotonic() + _AWAY


def _redis(config: LimitsConfig) -> Storage | None:
    address = config.redis.get_secret_value()
    if not address:
        return None
    return RedisStorage(
        f"async+{address}",
        implementation="redispy",
        socket_timeout=_PATIENCE,
        socket_connect_timeout=_PATIENCE,
    )


def _refusal(rate: RateLimitItem, seconds: float) -> ApiError:
    wait = max(1, math.ceil(seconds))
    detail = f"more than {rate}; try again in {wait} s"
    return ApiError(429, "Too many requests", detail, headers={"Retry-After": str(wait)})
