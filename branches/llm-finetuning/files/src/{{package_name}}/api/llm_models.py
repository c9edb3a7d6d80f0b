"""The routes of the models that are served: what is loaded and why, and loading, replacing and unloading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ..config import Config
from ..errors import ProjectError
from ..llm.errors import CheckpointError
from ..llm.models.manager import ModelManager
from ..llm.models.names import UnknownModelError
from .config import ApiConfig
from .errors import ApiError
from .patience import take_time
from .security import require


class LoadRequest(BaseModel):
    """A checkpoint that is to be served."""

    model_config = ConfigDict(extra="forbid")

    checkpoint: str = Field(min_length=1, max_length=1000, description="Such as name@v1.1.0, or its folder")
    replaces: str | None = Field(
        default=None, max_length=500, description="The name that it is to answer to in another's place"
    )


def make_router(config: Config) -> APIRouter:
    """Make the routes."""
    routes = _Routes(config.group("api", ApiConfig).workers)
    made = APIRouter(prefix="/llm/models")
    add, change = made.add_api_route, [Depends(require("admin"))]
    add("", routes.show, summary="State and memory of models", dependencies=[Depends(require("read"))])
    add("", routes.load, methods=["POST"], summary="Load a model, or replace one", dependencies=change)
    add("/{name}", routes.unload, methods=["DELETE"], summary="Unload a model", dependencies=change)
    return made


class _Routes:
    def __init__(self, workers: int) -> None:
        self._workers = workers

    async def show(self, request: Request) -> Response:
        """Tell the state of each model, what memory there is, and the last decisions with their reasons."""
        models: ModelManager = request.app.state.llm
        return _json(await asyncio.to_thread(models.describe))

    async def load(self, asked: LoadRequest, request: Request) -> Response:
        """Load a checkpoint beside the others, or in the place of one: that one ends what it has begun."""
        models: ModelManager = request.app.state.llm
        work = partial(models.load, asked.checkpoint)
        if asked.replaces is not None:
            work = partial(models.swap, asked.replaces, asked.checkpoint)
        return await self._change(request, work)

    async def unload(self, name: str, request: Request) -> Response:
        """Unload a model once its requests have ended; it is loaded again when it is asked for."""
        models: ModelManager = request.app.state.llm
        return await self._change(request, partial(models.unload, name))

    async def _change(self, request: Request, work: Callable[[], dict[str, Any]]) -> Response:
        if self._workers > 1:
            detail = f"each of {self._workers} processes has models of its own: serve with `llm serve`, or one worker"
            raise ApiError(409, "Several processes", detail)
        take_time(request.scope)  # the time to load and to drain has limits of its own
        try:
            return _json(await asyncio.to_thread(work))
        except ProjectError as error:
            raise _problem(error) from error


def _problem(error: ProjectError) -> ApiError:
    from ..llm.inference.tickets import BusyError

    detail = f"{error.message}: {error.hint}" if error.hint else error.message
    if isinstance(error, UnknownModelError):
        return ApiError(404, "Unknown model", detail)
    if isinstance(error, CheckpointError):
        return ApiError(422, "Unusable checkpoint", detail)
    if isinstance(error, BusyError):
        return ApiError(429, "Too many requests", detail, headers={"Retry-After": str(error.seconds)})
    return ApiError(503, "Model unavailable", detail, headers={"Retry-After": "5"})


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
