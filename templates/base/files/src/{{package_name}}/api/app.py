"""The application.

request → middleware → routes of this package and of plugins → problem document if one fails
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import copy

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from .. import __version__
from ..config import Config
from ..config.models import LoggingConfig
from ..errors import ProjectError
from ..logs import get_logger
from ..plugins import PACKAGE, Plugin, find_plugins
from ..serving import Serving
from ..ui.mount import mount
from .config import ApiConfig
from .credentials import Credentials
from .docs import add_docs
from .errors import handle_errors
from .gateway import Gateway, Services
from .identity import DEVELOPMENT, LOOPBACK, Identity, signing_secret
from .limits import Limiter
from .metrics import Metrics
from .openapi import Service
from .routers import login, models, predict, status
from .routers.direct import DirectRoute
from .telemetry import fastapi_telemetry, open_traces
from .watch import Watch

_log = get_logger(__name__)


def create_app(config: Config) -> FastAPI:
    """Make the service.

    Parameters
    ----------
    config
        Of the project.

    Raises
    ------
    SecretError
        If this is no development, and the secret that signs tokens is missing or can be guessed.
    """
    settings = config.group("api", ApiConfig)
    traces = open_traces(settings.telemetry)
    secret = signing_secret(settings, config.environment)
    trust_local = config.environment == DEVELOPMENT and settings.host in LOOPBACK
    metrics = Metrics()
    watch = Watch(config, metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        credentials = await asyncio.to_thread(Credentials.open, settings.database, config.root)
        serving = await asyncio.to_thread(Serving.open, config)
        identity = Identity(settings, credentials, secret, trust_local=trust_local)
        app.state.credentials, app.state.serving = credentials, serving
        app.state.services = Services(identity, Limiter(settings.limits))
        try:
            await serving.start()
            following = asyncio.create_task(watch.follow(serving))  # once it is known which models have a champion
            gc.collect()
            gc.freeze()  # models and libraries stay: to go through them again and again costs a sixth of a prediction
            try:
                yield
            finally:
                gc.unfreeze()
                following.cancel()
        finally:
            await serving.close()
            watch.close()
            if traces is not None:
                await asyncio.to_thread(traces.shutdown)
            credentials.close()

    app = Service(
        title=PACKAGE,
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        openapi_url="/openapi.json" if settings.docs else None,
        redoc_url=None,
        telemetry=fastapi_telemetry(traces),
    )
    app.state.metrics = metrics
    app.state.parts = []  # of plugins: functions that tell a `Readiness`, or nothing while the part is not used
    handle_errors(app)
    _put_first(app, [*predict.router.routes, *status.router.routes])
    for router in (models.router, login.router):
        app.include_router(router)
    if settings.docs:
        add_docs(app)
    _add_plugins(app, config)
    json_logs = config.group("logging", LoggingConfig).format == "json"
    app.add_middleware(Gateway, owner=app, settings=settings, metrics=metrics, json_logs=json_logs)
    if settings.cors_origins:
        headers = ["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"]
        app.add_middleware(
            CORSMiddleware, allow_origins=settings.cors_origins, allow_methods=["GET", "POST"], allow_headers=headers
        )
    mount(app, config)
    return app


def _add_plugins(app: FastAPI, config: Config) -> None:
    for plugin in find_plugins("routers").values():
        try:
            router = _router(plugin, config)
            direct = [route for route in router.routes if isinstance(route, DirectRoute)]
            plugin.guard(app.include_router)(_without(router, direct))
            _put_first(app, direct)
        except ProjectError as error:
            _log.error("plugin skipped", plugin=plugin.name, reason=error.message)


def _put_first(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Put what is asked most before all others and in no router of its own, which each request would go through."""
    app.router.routes = [*routes, *app.router.routes]


def _without(router: APIRouter, routes: Sequence[BaseRoute]) -> APIRouter:
    if not routes:
        return router
    rest = copy(router)  # the plugin's own stays as it is
    rest.routes = [route for route in router.routes if route not in routes]
    return rest


def _router(plugin: Plugin, config: Config) -> APIRouter:
    found = plugin.load()
    if callable(found) and not isinstance(found, APIRouter):
        found = plugin.guard(found)(config)
    if not isinstance(found, APIRouter):
        raise plugin.error(f"it is a {type(found).__name__}, not a router or a function that makes one")
    return found
