"""The application.

request → middleware → routes of this package and of plugins → problem document if one fails
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from .. import __version__
from ..config import Config
from ..errors import ProjectError
from ..logs import get_logger
from ..plugins import PACKAGE, Plugin, find_plugins
from ..serving import Serving
from .config import ApiConfig
from .errors import handle_errors
from .openapi import Service
from .routers import status
from .telemetry import fastapi_telemetry, open_traces

_log = get_logger(__name__)


def create_app(config: Config) -> FastAPI:
    """Make the service.

    Parameters
    ----------
    config
        Of the project.
    """
    settings = config.group("api", ApiConfig)
    traces = open_traces(settings.telemetry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        serving = await asyncio.to_thread(Serving.open, config)
        app.state.serving = serving
        try:
            await serving.start()
            yield
        finally:
            await serving.close()
            if traces is not None:
                await asyncio.to_thread(traces.shutdown)

    app = Service(
        title=PACKAGE,
        version=__version__,
        lifespan=lifespan,
        docs_url="/docs" if settings.docs else None,
        openapi_url="/openapi.json" if settings.docs else None,
        redoc_url=None,
        telemetry=fastapi_telemetry(traces),
    )
    handle_errors(app)
    app.include_router(status.router)
    _add_plugins(app, config)
    return app


def _add_plugins(app: FastAPI, config: Config) -> None:
    for plugin in find_plugins("routers").values():
        try:
            plugin.guard(app.include_router)(_router(plugin, config))
        except ProjectError as error:
            _log.error("plugin skipped", plugin=plugin.name, reason=error.message)


def _router(plugin: Plugin, config: Config) -> APIRouter:
    found = plugin.load()
    if callable(found) and not isinstance(found, APIRouter):
        found = plugin.guard(found)(config)
    if not isinstance(found, APIRouter):
        raise plugin.error(f"it is a {type(found).__name__}, not a router or a function that makes one")
    return found
