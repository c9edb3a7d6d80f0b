"""A connection to an MCP server that stays open, for callers that know nothing of event loops."""

from __future__ import annotations

import asyncio
import atexit
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import CancelledError, TimeoutError
from contextlib import asynccontextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from ...errors import first_line
from ..errors import AgentError, ToolError
from .config import McpServerConfig

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult
    from mcp.types import Tool as Offered

Result = TypeVar("Result")

_POLL = 0.05
_CONNECTION_CLOSED = -32_000  # of the protocol's errors
_CLOSING = 5.0
_MOST_TOLD = 300


class Connection:
    """A server that is started, or asked, when it is first needed, and again after it broke off.

    A call is sent once: what a connection that broke off has done is not known.
    """

    def __init__(self, name: str, config: McpServerConfig, seconds: float) -> None:
        self._name, self._config, self._seconds = name, config, seconds
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._stop: asyncio.Event | None = None
        self._ended = threading.Event()
        self._said = ""
        atexit.register(self.close)

    def tools(self) -> list[Offered]:
        """List what the server offers, page after page."""
        client = self._open()

        async def ask() -> list[Offered]:
            found: list[Offered] = []
            cursor: str | None = None
            while True:
                page = await client.list_tools(cursor=cursor)
                found += page.tools
                cursor = page.next_cursor
                if not cursor:
                    return found

        return self._wait(ask(), lambda: False)

    def call(self, tool: str, arguments: dict[str, Any], cancelled: Callable[[], bool]) -> CallToolResult:
        """Call a tool. A connection that breaks off, or takes too long, is ended; the next call opens another.

        Raises
        ------
        ToolError
            If the server does not answer, or not in time.
        """
        from mcp import MCPError

        client = self._open()
        try:
            return self._wait(client.call_tool(tool, arguments), cancelled)
        except ToolError as error:
            # An answer of the server, such as that it knows no such tool, leaves the connection as it is.
            broken = not isinstance(error.__cause__, MCPError) or error.__cause__.error.code == _CONNECTION_CLOSED
            if broken:
                self.close()
            raise

    def close(self) -> None:
        """End the connection, and the server if it was started."""
        if self._stop is not None and not self._ended.is_set():
            _loop().call_soon_threadsafe(self._stop.set)
            self._ended.wait(_CLOSING)
        self._client = None

    def _open(self) -> Client:
        with self._lock:
            if self._client is None or self._ended.is_set():
                self._ended = threading.Event()
                ready: asyncio.Future[Client] = _run_soon(_future())
                holding = asyncio.run_coroutine_threadsafe(self._hold(ready, self._ended), _loop())
                self._client = self._wait(_awaited(ready), lambda: False, holding.cancel)
            return self._client

    async def _hold(self, ready: asyncio.Future[Client], ended: threading.Event) -> None:
        """Keep the connection in one task from its beginning to its end, as its library asks for."""
        self._stop = asyncio.Event()
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            try:
                async with self._connected(said) as client:
                    ready.set_result(client)
                    await self._stop.wait()
            except Exception as error:
                said.seek(0)
                self._said = said.read().strip()[-_MOST_TOLD:]
                if not ready.done():
                    ready.set_exception(error)
            finally:
                ended.set()

    @asynccontextmanager
    async def _connected(self, said: TextIO) -> AsyncIterator[Client]:
        import httpx2
        from mcp import Client, StdioServerParameters, stdio_client
        from mcp.client.streamable_http import streamable_http_client

        config = self._config
        if config.command:
            command, *arguments = config.command
            given = {name: value.get_secret_value() for name, value in config.env.items()}
            started = StdioServerParameters(command=command, args=arguments, env=given)
            async with Client(stdio_client(started, errlog=said)) as client:
                yield client
            return
        headers = {name: value.get_secret_value() for name, value in config.headers.items()}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=self._seconds, trust_env=False) as http,
            Client(streamable_http_client(config.url, http_client=http)) as client,
        ):
            yield client

    def _wait(
        self,
        asked: Coroutine[Any, Any, Result],
        cancelled: Callable[[], bool],
        give_up: Callable[[], object] = lambda: None,
    ) -> Result:
        future = asyncio.run_coroutine_threadsafe(asked, _loop())
        until = time.monotonic() + self._seconds
        while True:
            try:
                return future.result(_POLL)
            except TimeoutError as error:
                if future.done() or cancelled() or time.monotonic() > until:
                    future.cancel()
                    give_up()
                    message = f"the MCP server {self._name} did not answer within {self._seconds:g} s"
                    raise ToolError(message, hint="is it at work?") from error
            except (Exception, CancelledError) as error:
                give_up()
                raise ToolError(
                    f"the MCP server {self._name} can't be used: {type(error).__name__}",
                    hint=self._said or first_line(error),
                ) from error


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Start the loop in which all connections live. Its thread ends with the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="mcp", daemon=True).start()
    return loop


def _run_soon(asked: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run_coroutine_threadsafe(asked, _loop()).result()


async def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


async def _awaited(future: asyncio.Future[Result]) -> Result:
    return await future


_OPEN: dict[str, Connection] = {}
_OPENING = threading.Lock()


def connect_to(name: str, config: McpServerConfig, seconds: float) -> Connection:
    """Give the connection to a server; all who ask with one configuration share it.

    Raises
    ------
    AgentError
        If the library for MCP is not installed.
    """
    if find_spec("mcp") is None:
        raise AgentError("servers of MCP need the extra mcp", hint="uv sync --extra mcp")
    secrets = [{n: v.get_secret_value() for n, v in given.items()} for given in (config.env, config.headers)]
    key = repr((name, config.command, config.url, secrets, seconds))
    with _OPENING:
        if key not in _OPEN:
            _OPEN[key] = Connection(name, config, seconds)
        return _OPEN[key]
