"""The log of requests: one line each, in the form of the other logs.

It is written at every level of the logs, and without their machinery, which would take a tenth of the time of a
prediction; requests that end in one turn of the event loop are written in one go.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import UTC, datetime

import orjson

from ..plugins import PACKAGE

_LOGGER = f"{PACKAGE}.api.access"
_WHOLE = 4096
"""Bytes that a pipe takes in one piece (POSIX's PIPE_BUF), so that lines of several workers do not mix."""


class AccessLog:
    """Writes requests to stderr."""

    def __init__(self, *, json: bool) -> None:
        self._json = json
        self._lines: list[str] = []

    def write(self, method: str, path: str, status: int, seconds: float, **more: str) -> None:
        """Write one request. Its query and its headers are left out, since they may hold secrets.

        Parameters
        ----------
        more
            Who asked, from where, and the request's id.
        """
        milliseconds = round(seconds * 1000, 2)
        now = datetime.now(UTC).isoformat()
        if self._json:
            line = orjson.dumps(
                {
                    "method": method,
                    "path": path,
                    "status": status,
                    "ms": milliseconds,
                    **more,
                    "event": "request",
                    "logger": _LOGGER,
                    "level": "info",
                    "timestamp": now,
                }
            ).decode()
        else:
            shown = " ".join(f"{name}={value}" for name, value in more.items())
            line = f"{now} [info     ] {method} {path} {status} {milliseconds} ms {shown}"
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(f"{line}\n")

    def _flush(self) -> None:
        text = ""
        for line in self._lines:
            if text and len(text) + len(line) > _WHOLE:
                _write(text)
                text = ""
            text += line
        self._lines.clear()
        _write(text)


def _write(text: str) -> None:
    with suppress(OSError):  # a full disk must not cost the client its connection
        sys.stderr.write(text)
