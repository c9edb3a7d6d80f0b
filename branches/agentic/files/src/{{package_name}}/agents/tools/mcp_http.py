"""Our tools over HTTP, in the form that MCP calls streamable: nothing is told to who has not got the key."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import AgentError
from ..session import Project
from .mcp_server import make_server

_SHORTEST_KEY = 16


class Locked:
    """An application behind a key, which is asked for as RFC 6750 says: `Authorization: Bearer KEY`."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request with the key through."""
        if scope["type"] == "http":
            given = Headers(scope=scope).get("authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                refused = PlainTextResponse("a key is needed", 401, {"WWW-Authenticate": "Bearer"})
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)


def make_app(project: Project, names: Sequence[str] = ()) -> Starlette:
    """Make the application, which answers at `/mcp`.

    Raises
    ------
    AgentError
        If there is no key, or a tool can't be offered.
    """
    key = project.agentic.tools.mcp_key.get_secret_value()
    if len(key) < _SHORTEST_KEY:
        fault = "is too short" if key else "is not set"
        hint = f"give it {_SHORTEST_KEY} characters or more, such as `openssl rand -hex 16` prints"
        raise AgentError(f"agentic.tools.mcp_key {fault}, and tools are not offered to everybody", hint=hint)
    app = make_server(project, names).streamable_http_app()
    app.add_middleware(Locked, key=key)
    return app
