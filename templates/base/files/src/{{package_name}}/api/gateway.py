"""What every request goes through, in one layer of plain ASGI: each layer more costs time on every request.

id → size of the body → too many at once? → who asks? → how often? → route → headers → numbers → log
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import quote

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from ..logs import get_logger
from .access import AccessLog
from .config import ApiConfig
from .errors import ApiError, respond, unexpected
from .exchange import Exchange
from .identity import Identity, Unverified
from .limits import Limiter, sender
from .metrics import Metrics
from .patience import Patience, Turn, give_turn
from .security import PRINCIPAL, Principal

_log = get_logger(__name__)

_PROBES = frozenset({"/health", "/metrics", "/ready"})
"""Paths that are asked all the time, by machines that must not be refused."""
_MOST_HASHES = 4
_CLIENT_GONE = 499


@dataclass(slots=True)
class Services:
    """What the layer asks. They are opened when the application starts."""

    identity: Identity
    limiter: Limiter
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST_HASHES))
    """Held while a password is checked, for which argon2 takes 64 MiB."""


class Gateway:
    """The layer.

    Parameters
    ----------
    app
        What is behind it.
    owner
        The application, which has its `Services` as `state.services` once it has started.
    """

    def __init__(self, app: ASGIApp, owner: FastAPI, settings: ApiConfig, metrics: Metrics, *, json_logs: bool) -> None:
        self._app = app
        self._owner = owner
        self._settings = settings
        self._metrics = metrics
        self._access = AccessLog(json=json_logs) if settings.access_log else None
        self._patience = Patience(settings.timeout_seconds)
        self._in_hand = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        exchange = Exchange(scope, receive, send, self._settings.body_bytes)
        bind_contextvars(request_id=exchange.request_id)
        self._in_hand += 1
        self._metrics.begin()
        try:
            await self._serve(scope, exchange)
        finally:
            self._in_hand -= 1
            seconds = time.perf_counter() - started
            status = exchange.status or _CLIENT_GONE
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.end(scope["method"], route, status, seconds)
            if self._access and scope["path"] not in _PROBES:
                path = scope.get("raw_path") or quote(scope["path"]).encode()
                self._access.write(
                    scope["method"],
                    path.decode("ascii", "backslashreplace"),
                    status,
                    seconds,
                    who=exchange.who or "-",
                    client=exchange.client,
                    request_id=exchange.request_id,
                )

    async def _serve(self, scope: Scope, exchange: Exchange) -> None:
        exchange.turn = turn = Turn(self._patience)
        give_turn(scope, turn)
        try:
            with turn:
                await self._admit(scope, exchange)
                await self._app(scope, exchange.receive, exchange.send)
        except ApiError as error:
            await self._refuse(scope, exchange, error)
        except Exception as error:
            if isinstance(error, TimeoutError) and turn.expired:
                await self._refuse(scope, exchange, self._too_slow(scope, exchange))
            else:
                _log.exception("request failed", path=scope["path"])
                await self._refuse(scope, exchange, unexpected())

    async def _admit(self, scope: Scope, exchange: Exchange) -> None:
        exchange.check_size()
        if scope["path"] in _PROBES:
            return
        if self._in_hand > self._settings.concurrency:
            detail = f"more than {self._settings.concurrency} requests are in hand; try again"
            raise ApiError(503, "Service unavailable", detail, headers={"Retry-After": "1"})
        services: Services = self._owner.state.services
        found = services.identity.recall(exchange.headers, exchange.client)
        if isinstance(found, Unverified):  # who has guessed too often is not looked up
            await services.limiter.check("requests", sender(exchange.client), count=False)
            found = await services.identity.verify(found)
        scope[PRINCIPAL] = found
        if isinstance(found, Principal):
            exchange.who = f"{found.kind}:{found.name}"
        await services.limiter.check("requests", exchange.who or sender(exchange.client))

    def _too_slow(self, scope: Scope, exchange: Exchange) -> ApiError:
        patience = f"{self._settings.timeout_seconds:g} s"
        if exchange.waits_for_body:
            detail = f"the body did not come within {patience}"
            return ApiError(408, "Request Timeout", detail, headers={"Connection": "close"})
        _log.error("request timed out", path=scope["path"])
        return ApiError(504, "Gateway Timeout", f"there was no answer within {patience}")

    async def _refuse(self, scope: Scope, exchange: Exchange, error: ApiError) -> None:
        if exchange.status:
            return  # the answer has begun; the client sees it end too soon
        await respond(error, scope)(scope, exchange.receive, exchange.send)
