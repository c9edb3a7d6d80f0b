"""Logging in and out. The page is plain HTML, and says what the service says of a credential that it refuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ..api.errors import ApiError
from ..api.security import PRINCIPAL, Principal
from .access import COOKIE, MOUNT, POLICY, SCOPE, may_read, same_origin
from .config import UiConfig
from .html import render

_HOUR = 3600


def routes(settings: UiConfig) -> list[Route]:
    """Make the routes of logging in and out."""

    async def show(request: Request) -> Response:
        found = request.scope.get(PRINCIPAL)
        if may_read(found):
            return RedirectResponse(_wanted(request), 303)
        fault = ""
        if isinstance(found, Principal):
            fault = f"{found.name} lacks the scope {SCOPE!r}, which pages need"
        elif isinstance(found, str) and COOKIE in request.cookies:
            fault = found
        return _refused(request, fault, 200)

    async def log_in(request: Request) -> Response:
        if not same_origin(request.scope):
            raise ApiError(403, "Foreign form", "log in on the page of this service")
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
        seconds = round(settings.session_hours * _HOUR)
        if "key" in form:
            value = f"key.{form['key'].strip()}"
        else:
            status, answer = await _ask_for_token(request, form.get("username", ""), form.get("password", ""))
            if status != HTTPStatus.OK:
                return _refused(request, str(answer.get("detail", answer["title"])), status)
            value = f"token.{answer['access_token']}"
            seconds = min(seconds, round(answer.get("expires_in", seconds)))
        response = RedirectResponse(_wanted(request), 303)
        secure = request.url.scheme == "https"
        path = _root(request)
        response.set_cookie(COOKIE, value, seconds, path=path, secure=secure, httponly=True, samesite="lax")
        return response

    async def log_out(request: Request) -> Response:
        response = RedirectResponse(f"{_root(request)}/login", 303)
        response.delete_cookie(COOKIE, path=_root(request))
        return response

    return [
        Route(f"{MOUNT}/login", show, methods=["GET"]),
        Route(f"{MOUNT}/login", log_in, methods=["POST"]),
        Route(f"{MOUNT}/logout", log_out, methods=["POST"]),
    ]


async def _ask_for_token(request: Request, username: str, password: str) -> tuple[int, dict[str, Any]]:
    """Ask the service as any client does: its limits and its log hold for pages too."""
    from httpx import ASGITransport, AsyncClient

    place = (request.client.host, request.client.port) if request.client else ("127.0.0.1", 0)
    transport = ASGITransport(app=request.app, client=place, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=str(request.base_url)) as client:
        answer = await client.post("/token", data={"username": username, "password": password})
    return answer.status_code, answer.json()


def _refused(request: Request, fault: str, status: int) -> Response:
    response = HTMLResponse(render("login.html", fault=fault), status, {"Content-Security-Policy": POLICY.decode()})
    if COOKIE in request.cookies:
        response.delete_cookie(COOKIE, path=_root(request))
    return response


def _root(request: Request) -> str:
    return f"{request.scope.get('root_path', '')}{MOUNT}"


def _wanted(request: Request) -> str:
    """Give the page that somebody wanted to see; never one of another site."""
    path = request.query_params.get("next", "")
    return f"{_root(request)}/{path.lstrip('/')}"
