"""Our agents as a service of Agent2Agent, behind the keys, limits and logs of the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from a2a.server.routes import create_agent_card_routes
from a2a.server.routes.jsonrpc_dispatcher import JsonRpcDispatcher
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    APIKeySecurityScheme,
    SecurityRequirement,
    SecurityScheme,
    StringList,
)
from fastapi import FastAPI, Request, Response

from ... import __version__
from ...api.config import ApiConfig
from ...api.credentials import Credentials
from ...api.errors import handle_errors
from ...api.gateway import Gateway, Services
from ...api.identity import DEVELOPMENT, LOOPBACK, Identity, signing_secret
from ...api.limits import Limiter
from ...api.metrics import Metrics
from ...api.patience import take_time
from ...api.security import require
from ...api.server import uvicorn_options
from ...config import Config
from ...config.models import LoggingConfig
from ...plugins import PACKAGE
from ..coordination.team import Team
from ..errors import AgentError
from ..opening import project_of
from ..starting import Worker
from .handler import SCOPE, Callers, Calls
from .runs import KeptTasks, Runs

_MAY = require(SCOPE)


def make_app(config: Config, make: Callable[[], Worker | Team], settings: ApiConfig, url: str) -> FastAPI:
    """Make the application: its card is for everybody, all else for who has a key with the scope `predict`.

    Parameters
    ----------
    make
        Makes who does a task, anew for each.
    url
        Where others reach it.

    Raises
    ------
    AgentError
        If who does tasks can't be made.
    SecretError
        If this is no development, and the secret that signs tokens is missing or can be guessed.
    """
    project = project_of(config)
    secret = signing_secret(settings, config.environment)
    trust_local = config.environment == DEVELOPMENT and settings.host in LOOPBACK
    worker = make()
    card = make_card((worker.lead if isinstance(worker, Team) else worker).name, url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        credentials = await asyncio.to_thread(Credentials.open, settings.database, config.root)
        identity = Identity(settings, credentials, secret, trust_local=trust_local)
        app.state.services = Services(identity, Limiter(settings.limits))
        runs = Runs(project, make)
        handler = Calls(runs, KeptTasks(project), card)
        app.state.calls = JsonRpcDispatcher(handler, context_builder=Callers(identity), enable_v0_3_compat=True)
        try:
            yield
        finally:
            await asyncio.to_thread(runs.close)
            await handler.aclose()
            credentials.close()

    async def call(request: Request) -> Response:
        await _MAY(request)
        await request.body()
        take_time(request.scope)  # from here on the limits of the run hold
        answer: Response = await app.state.calls.handle_requests(request)
        return answer

    app = FastAPI(title=PACKAGE, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.extend(create_agent_card_routes(card))
    app.add_route("/", call, methods=["POST"])
    handle_errors(app)
    json_logs = config.group("logging", LoggingConfig).format == "json"
    app.add_middleware(Gateway, owner=app, settings=settings, metrics=Metrics(), json_logs=json_logs)
    return app


def make_card(name: str, url: str) -> AgentCard:
    """Say who does tasks, where, and what a caller needs."""
    skill = AgentSkill(
        id="task", name="Do a task", description="Analyses data, and trains and judges models of it.", tags=["data"]
    )
    versions = ("1.0", "0.3")
    key = APIKeySecurityScheme(location="header", name="X-API-Key")
    return AgentCard(
        name=f"{PACKAGE} {name}",
        description=f"Agents of {PACKAGE}, which work with its data and models.",
        version=__version__,
        supported_interfaces=[
            AgentInterface(url=url, protocol_binding="JSONRPC", protocol_version=version) for version in versions
        ],
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain", "application/json"],
        skills=[skill],
        security_schemes={"key": SecurityScheme(api_key_security_scheme=key)},
        security_requirements=[SecurityRequirement(schemes={"key": StringList()})],
    )


def serve(config: Config, make: Callable[[], Worker | Team], host: str, port: int, url: str = "") -> None:
    """Serve until a signal comes.

    Raises
    ------
    AgentError
        If who does tasks can't be made, or nobody can say where others reach it.
    """
    if not url and host not in LOOPBACK:
        raise AgentError(f"nobody knows where others reach {host}", hint="say it with --url https://…")
    settings = config.group("api", ApiConfig).model_copy(update={"host": host, "port": port})
    shown = f"[{host}]" if ":" in host else host
    app = make_app(config, make, settings, url or f"http://{shown}:{port}/")
    uvicorn.run(app, **uvicorn_options(settings))
