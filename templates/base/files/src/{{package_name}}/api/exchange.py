"""One request and its answer, as the gateway sees them pass."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from os import urandom

from starlette.types import Message, Receive, Scope, Send

from .errors import ApiError
from .patience import Turn

Header = tuple[bytes, bytes]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_PAGES = "/ui"
"""Where pages are, which bring their own rules for scripts and styles."""

_HEADERS: list[Header] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
_STRICT: list[Header] = [*_HEADERS, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")]
_NAMES = frozenset(name for name, _ in _STRICT)
_ENCRYPTED: Header = (b"strict-transport-security", b"max-age=31536000")
_CLOSE: Header = (b"connection", b"close")

_SMALL = 65_536
"""A body that was not read is thrown away by the server if it is no larger; else the connection is closed."""
_LINGER = 1.0
"""Seconds that a client may go on to send before its connection is closed, so that it gets to read the answer."""
_MOST_LINGER = 4_000_000


class Exchange:
    """One request and its answer: its body is counted, its answer gets headers."""

    __slots__ = (
        "_closes",
        "_ended",
        "_left",
        "_limit",
        "_receive",
        "_scope",
        "_send",
        "_size",
        "client",
        "headers",
        "request_id",
        "status",
        "turn",
        "who",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        given = self.headers.get(b"x-request-id", b"")
        self.request_id = given.decode() if given and _REQUEST_ID.fullmatch(given) else urandom(16).hex()
        scope.setdefault("state", {})["request_id"] = self.request_id
        client = scope.get("client")
        self.client: str = client[0] if client else ""
        self.who = ""
        self.status = 0
        self.turn: Turn | None = None
        self._scope, self._receive, self._send = scope, receive, send
        self._size = _size(self.headers)
        self._limit = self._left = limit
        self._ended = self._closes = False

    @property
    def waits_for_body(self) -> bool:
        """Whether the client has more to send."""
        return not self._ended and self._size != 0

    def check_size(self) -> None:
        """Refuse a body that is announced to be too large.

        Raises
        ------
        ApiError
            413.
        """
        if (self._size or 0) > self._limit:
            raise self._too_large()

    async def receive(self) -> Message:
        """Get the next part of the body.

        Raises
        ------
        ApiError
            413 once more has come than is allowed.
        """
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise self._too_large()
            self._ended = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send the next part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._complete(message["headers"])
            if self.turn:
                self.turn.stop()
        elif self._closes and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drain()
            message = {"type": "http.response.body"}
        await self._send(message)

    def _complete(self, headers: list[Header]) -> list[Header]:
        own = dict(headers)
        fixed = _HEADERS if self._scope["path"].startswith(_PAGES) else _STRICT
        if not own.keys().isdisjoint(_NAMES):
            fixed = [pair for pair in fixed if pair[0] not in own]
        complete = [*headers, (b"x-request-id", self.request_id.encode()), *fixed]
        if self._scope["scheme"] == "https":
            complete.append(_ENCRYPTED)
        if not self._ended and (self._size is None or self._size > _SMALL):
            self._closes = True
            if b"connection" not in own:
                complete.append(_CLOSE)
        return complete

    async def _drain(self) -> None:
        """Take what is under way and throw it away. A client that waits to be told to send has nothing under way."""
        if b"expect" in self.headers:
            return
        left = _MOST_LINGER
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                while left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return

    def _too_large(self) -> ApiError:
        return ApiError(413, "Content Too Large", f"the body has more than {self._limit} bytes")


def _size(headers: dict[bytes, bytes]) -> int | None:
    """Say how large a body will be; None if it is sent in chunks."""
    if b"transfer-encoding" in headers:
        return None
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0
