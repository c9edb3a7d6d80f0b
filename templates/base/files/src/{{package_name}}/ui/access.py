"""Who may see pages: those who may read from the service, with the same keys, users and tokens.

cookie → header of the service → the service finds out who asks → pages for whom it knows, the login page for others
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..api.gateway import Services
from ..api.identity import Identity
from ..api.security import PRINCIPAL, Principal
from ..config import Config

MOUNT = "/ui"
COOKIE = "session"
CONFIG = f"{__name__}.config"
STILL_MAY = f"{__name__}.still_may"
"""Where in a scope it stands how to find out whether a page that is open may stay so."""
SCOPE = "read"

POLICY = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    b" img-src 'self' data:; font-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'self'"
)
"""Nothing comes from elsewhere. NiceGUI starts with a script in the page, and compiles its templates there."""

_ASSETS = ("/_nicegui/", "/favicon.ico")


@dataclass(frozen=True, slots=True)
class Session:
    """Middleware: presents what a browser got when it logged in as if it had sent it itself.

    The cookie holds for pages alone. So no other site can make a browser use the service in its owner's name.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection."""
        if scope["type"] in {"http", "websocket"} and _path(scope).startswith(f"{MOUNT}/"):
            headers = Headers(scope=scope)
            found = credential(headers.get("cookie", ""))
            if found and "authorization" not in headers and "x-api-key" not in headers:
                name, value = found
                scope = {**scope, "headers": [*scope["headers"], (name.encode(), value.encode())]}
        await self.app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Door:
    """Lets those in who may read, and sends others to the login page."""

    app: ASGIApp
    owner: FastAPI
    config: Config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection to a page."""
        path, scope = _path(scope), {**scope, CONFIG: self.config, STILL_MAY: partial(self._still_may, scope)}
        if path.startswith(_ASSETS):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            if may_read(await self._who(scope)) and same_origin(scope):
                await self.app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
        elif may_read(scope.get(PRINCIPAL)):
            await self.app(scope, receive, _protected(send))
        else:
            query = scope["query_string"].decode()
            wanted = quote(f"{path}?{query}" if query else path)
            await RedirectResponse(f"{scope['root_path']}/login?next={wanted}", 303)(scope, receive, send)

    async def _who(self, scope: Scope) -> object:
        """Ask the service about a WebSocket, which does not go through its gateway."""
        client = scope["client"][0] if scope.get("client") else ""
        return await self._identity.find(dict(scope["headers"]), client)

    async def _still_may(self, scope: Scope) -> bool:
        return await self._identity.still_may(scope, SCOPE)

    @property
    def _identity(self) -> Identity:
        services: Services = self.owner.state.services
        return services.identity


def may_read(found: object) -> bool:
    """Whether somebody is known, and may see pages."""
    return isinstance(found, Principal) and found.may(SCOPE)


def visitor(scope: Scope) -> Principal:
    """Give who asks for a page."""
    found = scope[PRINCIPAL]
    if not isinstance(found, Principal):
        raise TypeError(f"the page {scope['path']} was opened to nobody")
    return found


def credential(cookies: str) -> tuple[str, str] | None:
    """Read the header that a cookie stands for.

    Examples
    --------
    >>> credential("session=key.abc; theme=dark")
    ('x-api-key', 'abc')
    >>> credential("session=token.abc")
    ('authorization', 'Bearer abc')
    """
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return None
    kind, _, value = (morsel.value if morsel else "").partition(".")
    if not value.isascii() or not value.isprintable():
        return None
    return {"key": ("x-api-key", value), "token": ("authorization", f"Bearer {value}")}.get(kind) if value else None


def _protected(send: Send) -> Send:
    async def protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"content-security-policy", POLICY)]
        await send(message)

    return protected


def _path(scope: Scope) -> str:
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def same_origin(scope: Scope) -> bool:
    """Whether a connection comes from a page of this service, or from no page at all."""
    headers = HTTPConnection(scope).headers
    return urlsplit(headers.get("origin", "")).netloc in {"", headers.get("host", "")}
