"""Pages on the application of the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

from fastapi import FastAPI
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..api.config import ApiConfig
from ..api.errors import ApiError
from ..config import Config
from .access import MOUNT, Door, Session
from .config import UiConfig
from .login import routes


def mount(app: FastAPI, config: Config) -> None:
    """Put the pages under /ui, as the last thing that is done to an application.

    Where they can't be shown, /ui says why: NiceGUI is not installed, or there are several workers, of which only the
    one that has sent a page could answer it.
    """
    settings = config.group("ui", UiConfig)
    if not settings.enabled:
        return
    if find_spec("nicegui") is None:
        detail = "the pages need the extra `ui`: run `uv sync --extra ui`, and start the service again"
        app.mount(MOUNT, _Absent("Pages are not installed", detail))
    elif config.group("api", ApiConfig).workers > 1:
        detail = "pages need a service of their own with one worker: start one with `--set api.workers=1`"
        app.mount(MOUNT, _Absent("Pages need one worker", detail))
    else:
        _mount(app, config, settings)


def _mount(app: FastAPI, config: Config, settings: UiConfig) -> None:
    from .shell import interface

    pages, lifespan = interface(), app.router.lifespan_context

    @asynccontextmanager
    async def both(outer: FastAPI) -> AsyncIterator[Any]:
        async with pages.router.lifespan_context(pages), lifespan(outer) as state:
            yield state

    async def start(_request: object) -> RedirectResponse:
        return RedirectResponse(f"{MOUNT}/models", 303)

    app.router.lifespan_context = both
    app.router.routes += routes(settings)
    app.router.routes += [Route(MOUNT, start), Route(f"{MOUNT}/", start)]
    app.mount(MOUNT, Door(pages, app, config))
    app.add_middleware(Session)


class _Absent:
    """Says why there are no pages."""

    def __init__(self, title: str, detail: str) -> None:
        self._title, self._detail = title, detail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise ApiError(503, self._title, self._detail)
