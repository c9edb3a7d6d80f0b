"""The page `/docs`: the description of the service, to read and to try. Nothing on it comes from elsewhere."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from ..errors import ApiError

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
"""Swagger UI styles single elements, and its pictures are inside its style sheet."""

_HERE, _SWAGGER = files(__name__), files("fastapi_offline") / "static"
_FILES = {
    "favicon.png": _SWAGGER / "favicon.png",
    "start.js": _HERE / "start.js",
    "swagger-ui-bundle.js": _SWAGGER / "swagger-ui-bundle.js",
    "swagger-ui.css": _SWAGGER / "swagger-ui.css",
}


def add_docs(app: FastAPI) -> None:
    """Put the page on an application that serves its description."""
    app.router.routes += [Route("/docs", _page), Route("/docs/{name}", _file)]


async def _page(_request: Request) -> Response:
    page = (_HERE / "page.html").read_text(encoding="utf-8")
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


async def _file(request: Request) -> Response:
    found = _FILES.get(request.path_params["name"])
    if found is None:
        raise ApiError(404, "Not Found", "the page has no such file")
    return FileResponse(str(found), headers={"Cache-Control": "max-age=3600"})
