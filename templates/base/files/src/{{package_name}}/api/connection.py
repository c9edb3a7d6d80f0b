"""One connection of a client: uvicorn's, which trusts that a request comes to an end.

What stands before a body is bounded in its size and its time here, a client must go on reading what it is sent, and a
request that is under way when the service ends is still answered. All else is the work of the gateway.
"""

from __future__ import annotations

import asyncio
import math
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ..logs import get_logger
from .errors import MEDIA_TYPE, ApiError, document

MOST_HEAD = 65_536
"""Bytes that a request's headers, or its trailers, may have."""
_BETWEEN = len(": \r\n")
_LAST_CALL = 1.0
"""Seconds at a shutdown in which a client may use a connection that it has open."""

_log = get_logger(__name__)


class Connection(HttpToolsProtocol):
    """Reads requests and writes their answers.

    Parameters
    ----------
    patience
        Seconds until which the headers of a request must have come, and something of an answer must have been taken.
    """

    def __init__(self, *given: Any, patience: float, **named: Any) -> None:
        super().__init__(*given, **named)
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._reads_head = self._ends = False
        self._stalled = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(self._patience, self._give_up)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_timer()
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come. The methods that the parser calls say what it was."""
        self._stalled += len(data)
        super().data_received(data)
        if self not in self.connections:  # it is that of a WebSocket now
            self._stop_watching()
            return
        if self._stalled > MOST_HEAD:
            self._refuse_head()
        elif self._timer is None and (self._reads_head or self._is_idle()):
            self._timer = self.loop.call_later(self._patience, self._give_up)

    def on_message_begin(self) -> None:
        """Begin with a request."""
        self._reads_head = True
        self._stalled = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Hand a request on."""
        self._reads_head = False
        self._stalled = 0
        self._stop_timer()
        size = sum(len(name) + len(value) + _BETWEEN for name, value in self.headers)
        if len(self.url) + size > MOST_HEAD:
            self._refuse_head()
            raise ValueError(size)  # the parser stops at any exception
        super().on_headers_complete()
        if self._ends:
            super().shutdown()

    def on_body(self, body: bytes) -> None:
        """Hand a part of a body on."""
        self._stalled = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(400, msg)

    def pause_writing(self) -> None:
        """Wait until the client has read more."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Send more."""
        super().resume_writing()
        self._watch()

    def shutdown(self) -> None:
        """End the connection, but for a request that is under way: uvicorn alone would cut it off unread."""
        self._ends = True
        if self._is_idle():
            self.loop.call_later(_LAST_CALL, super().shutdown)
        else:
            super().shutdown()

    def _is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        return cycle is None or cycle.response_complete

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self) -> None:
        """See in a while whether the client has read more, where nothing else is written in the meantime."""
        self._stop_watching()
        waits = self.flow.write_paused or self.transport.is_closing()
        left = self.transport.get_write_buffer_size() if waits else math.inf
        self._reading = self.loop.call_later(self._patience, self._check_reading, left)

    def _stop_watching(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _check_reading(self, before: float) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._watch()
            return
        _log.warning("connection closed", reason="the client does not read its answer", client=self._client())
        self.transport.abort()

    def _client(self) -> str:
        return self.client[0] if self.client else "-"

    def _give_up(self) -> None:
        if self._reads_head:
            self._refuse(408, f"the headers did not come within {self._patience:g} s")
        else:
            self.transport.close()

    def _refuse_head(self) -> None:
        self._refuse(431, f"there are more than {MOST_HEAD} bytes of headers")

    def _refuse(self, status: int, detail: str) -> None:
        if self.transport.is_closing():
            return
        phrase = HTTPStatus(status).phrase
        _log.warning("connection closed", reason=detail, client=self._client())
        if self._is_idle():  # else the client waits for another answer, which this one would be taken for
            body = orjson.dumps(document(ApiError(status, phrase, detail)))
            head = f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()
