"""What every request goes through, in one layer of plain ASGI: each layer more costs time on every request.

id → too many at once? → who asks? → how often? → size and time of the body → route → headers → numbers → log
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..logs import get_logger
from .access import AccessLog
from .config import ApiConfig
from .errors import ApiError, respond, unexpected
from .identity import Identity
from .limits import Limiter
from .metrics import Metrics
from .security import PRINCIPAL, Principal

_log = get_logger(__name__)

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_PROBES = frozenset({"/health", "/metrics", "/ready"})
"""Paths that are asked all the time, by machines that must not be refused."""
_PAGES = ("/docs", "/ui")
"""Paths that show pages, which bring their own rules for scripts and styles."""
_CLIENT_GONE = 499

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
_STRICT = [(b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")]


@dataclass(slots=True)
class Services:
    """What the layer asks. They are opened when the application starts."""

    identity: Identity
    limiter: Limiter


class _TooLargeError(Exception):
    """A body that goes on after its limit."""


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
        self._in_hand = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        exchange = _Exchange(scope, receive, send, self._settings.body_bytes)
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
                self._access.write(
                    scope["method"],
                    scope["path"],
                    status,
                    seconds,
                    who=exchange.who,
                    client=exchange.client,
                    request_id=exchange.request_id,
                )

    async def _serve(self, scope: Scope, exchange: _Exchange) -> None:
        try:
            async with asyncio.timeout(self._settings.timeout_seconds) as deadline:
                exchange.deadline = deadline
                await self._admit(scope, exchange)
                await self._app(scope, exchange.receive, exchange.send)
        except ApiError as error:
            await self._refuse(scope, exchange, error)
        except _TooLargeError:
            limit = self._settings.body_bytes
            await self._refuse(scope, exchange, _too_large(limit))
        except TimeoutError:
            detail = f"there was no answer within {self._settings.timeout_seconds:g} s"
            _log.error("request timed out", path=scope["path"], request_id=exchange.request_id)
            await self._refuse(scope, exchange, ApiError(504, "Gateway Timeout", detail))
        except Exception:
            _log.exception("request failed", path=scope["path"], request_id=exchange.request_id)
            await self._refuse(scope, exchange, unexpected())

    async def _admit(self, scope: Scope, exchange: _Exchange) -> None:
        path = scope["path"]
        if path in _PROBES:
            return
        if self._in_hand > self._settings.concurrency:
            detail = f"more than {self._settings.concurrency} requests are in hand; try again"
            raise ApiError(503, "Service unavailable", detail, headers={"Retry-After": "1"})
        length = exchange.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._settings.body_bytes:
            raise _too_large(self._settings.body_bytes)
        services: Services = self._owner.state.services
        found = await services.identity.find(exchange.headers, exchange.client)
        scope[PRINCIPAL] = found
        if isinstance(found, Principal):
            exchange.who = f"{found.kind}:{found.name}"
        await services.limiter.check("requests", exchange.who if exchange.who != "-" else exchange.client)

    async def _refuse(self, scope: Scope, exchange: _Exchange, error: ApiError) -> None:
        if exchange.status:
            return  # the answer has begun; the client sees it end too soon
        exchange.deadline = None
        await respond(error, scope)(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, body_bytes: int) -> None:
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        given = self.headers.get(b"x-request-id", b"")
        self.request_id = given.decode() if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        scope.setdefault("state", {})["request_id"] = self.request_id
        self.client = scope["client"][0] if scope.get("client") else ""
        self.who = "-"
        self.status = 0
        self.deadline: asyncio.Timeout | None = None
        self._receive, self._send = receive, send
        self._left = body_bytes
        strict = [] if scope["path"].startswith(_PAGES) else _STRICT
        self._more = [(b"x-request-id", self.request_id.encode()), *_HEADERS, *strict]

    async def receive(self) -> Message:
        """Get the next part of the body."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise _TooLargeError
        return message

    async def send(self, message: Message) -> None:
        """Send the next part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in self._more if pair[0] not in own)]
            if self.deadline:
                self.deadline.reschedule(None)
        await self._send(message)


def _too_large(limit: int) -> ApiError:
    return ApiError(413, "Content Too Large", f"the body has more than {limit} bytes", headers={"Connection": "close"})
