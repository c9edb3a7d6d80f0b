"""The routes of experiments, and what sends the requests to language models through them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field

from ..config import Config
from ..errors import ProjectError, first_line
from ..llm.config import LLMConfig
from ..llm.experiments.analysis import summarise
from ..llm.experiments.config import ExperimentConfig, ExperimentsConfig
from ..llm.experiments.control import promote, reshare, stop
from ..llm.experiments.records import Feedback
from ..llm.experiments.store import ExperimentError, ExperimentStore, UnknownExperimentError
from ..llm.experiments.summary import Summary
from ..logs import get_logger
from .errors import ApiError
from .security import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..llm.experiments.traffic import Handler, Traffic

_log = get_logger(__name__)


class Started(BaseModel):
    """An experiment that is to begin."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    config: ExperimentConfig


class Ended(BaseModel):
    """What an experiment has come to."""

    name: str
    state: str
    winner: str
    message: str


def routed(handler: Handler) -> Callable[..., Any]:
    """Let experiments choose the model of a route, which goes on as it is where none takes its requests."""

    @wraps(handler)
    async def route(asked: Any, request: Request) -> Response:
        traffic: Traffic | None = request.app.state.experiments
        met = traffic.meet(asked, request, handler) if traffic else None
        if traffic is None or met is None:
            return await handler(asked, request)
        return await traffic.answer(met)

    return route


def make_experiments_router(config: Config) -> APIRouter:
    """Make the routes, and open what is kept of experiments when the service begins."""
    settings = config.group("llm", LLMConfig)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        from ..llm.experiments.comparing import Agreement
        from ..llm.experiments.recorder import Recorder
        from ..llm.experiments.traffic import Traffic
        from ..llm.experiments.watch import ExperimentMetrics

        app.state.experiments = None
        metrics = ExperimentMetrics(app.state.metrics.registry)
        try:
            store = await asyncio.to_thread(_open, config.root, settings.experiments)
            compare = Agreement(settings.evaluation.embedding_model)
            recorder = Recorder(store, settings.experiments, compare, metrics)
        except (OSError, ProjectError) as error:  # the file system may be read-only
            _log.warning("there are no experiments", reason=first_line(error))
            yield
            return
        app.state.experiments = traffic = Traffic(recorder, settings.experiments)
        try:
            yield
        finally:
            await traffic.close()

    made = APIRouter(prefix="/llm", tags=["experiments"], lifespan=lifespan)
    add, read, admin = made.add_api_route, [Depends(require("read"))], [Depends(require("admin"))]
    add("/feedback", _feedback, methods=["POST"], status_code=204, dependencies=[Depends(require("predict"))])
    add("/experiments", _list, summary="All experiments", dependencies=read)
    add("/experiments", _start, methods=["POST"], status_code=201, summary="Begin one", dependencies=admin)
    add("/experiments/{name}", _show, summary="What one shows so far", dependencies=read)
    add("/experiments/{name}/shares", _reshare, methods=["PUT"], summary="Change shares", dependencies=admin)
    add("/experiments/{name}/stop", _stop, methods=["POST"], summary="End one", dependencies=admin)
    add("/experiments/{name}/promote", _promote, methods=["POST"], summary="Use the winner", dependencies=admin)
    return made


async def _feedback(given: Feedback, request: Request) -> None:
    """Keep what somebody thinks of an answer, in place of what was said of it before."""
    recorder = _traffic(request).recorder
    with _as_problems():
        known = await asyncio.to_thread(recorder.judge, given)
    if not known:
        detail = "no experiment has a response of this id; feedback takes the `id` of an answer with x-experiment"
        raise ApiError(404, "Unknown response", detail)


async def _list(request: Request) -> list[Ended]:
    recorder = _traffic(request).recorder
    await asyncio.to_thread(recorder.refresh)
    found = await asyncio.to_thread(recorder.store.experiments)
    return [Ended(name=one.name, state=one.state, winner=one.winner, message=one.reason) for one in found]


async def _show(name: str, request: Request) -> Summary:
    recorder = _traffic(request).recorder

    def look() -> Summary:
        recorder.flush()
        return summarise(recorder.store, recorder.store.get(name))

    with _as_problems():
        return await asyncio.to_thread(look)


async def _start(asked: Started, request: Request) -> Ended:
    def start(store: ExperimentStore) -> str:
        store.start(asked.name, asked.config)
        return ""

    return await _change(request, asked.name, start)


async def _reshare(name: str, shares: Annotated[dict[str, float], Body()], request: Request) -> Ended:
    return await _change(request, name, lambda store: reshare(store, name, shares))


async def _stop(name: str, request: Request) -> Ended:
    return await _change(request, name, lambda store: stop(store, name))


async def _promote(name: str, request: Request, variant: str | None = None) -> Ended:
    return await _change(request, name, lambda store: promote(store, name, variant))


async def _change(request: Request, name: str, change: Callable[[ExperimentStore], str]) -> Ended:
    """Change an experiment, and let the next request see it."""
    recorder = _traffic(request).recorder

    def work() -> Ended:
        message = change(recorder.store)
        recorder.refresh()
        found = recorder.store.get(name)
        return Ended(name=name, state=found.state, winner=found.winner, message=message or found.reason)

    with _as_problems():
        return await asyncio.to_thread(work)


def _open(root: Path, settings: ExperimentsConfig) -> ExperimentStore:
    """Open what is kept, and begin what is configured and never was."""
    store = ExperimentStore(root / settings.database)
    known = {one.name for one in store.experiments()}
    for name, one in settings.start.items():
        if name not in known:  # what has ended stays so, whenever the service begins again
            try:
                store.start(name, one)
            except ExperimentError as error:  # another one takes its requests, or another process was quicker
                _log.warning("an experiment does not begin", experiment=name, reason=error.message)
    return store


def _traffic(request: Request) -> Traffic:
    found: Traffic | None = request.app.state.experiments
    if found is None:
        detail = "llm.experiments.database can't be opened: the log says why"
        raise ApiError(503, "No experiments", detail)
    return found


@contextmanager
def _as_problems() -> Iterator[None]:
    try:
        yield
    except ExperimentError as error:
        words = f"{error.message}: {error.hint}" if error.hint else error.message
        if isinstance(error, UnknownExperimentError):
            raise ApiError(404, "Unknown experiment", words) from error
        raise ApiError(409, "Refused", words) from error
