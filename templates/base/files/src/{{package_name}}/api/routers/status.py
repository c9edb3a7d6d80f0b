"""Whether the service is alive, whether it can work, and its numbers."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ...serving.answers import Readiness
from ..credentials import CredentialsError
from ..metrics import MEDIA_TYPE
from .direct import DirectRoute

router = APIRouter(tags=["status"], route_class=DirectRoute)

_ALIVE = b'{"status":"alive"}'


@router.get("/health", summary="Is the process alive?")
async def health(request: Request) -> Response:
    """Answer at once: a probe of liveness must not restart a process because its database is away."""
    return Response(_ALIVE, media_type="application/json")


@router.get("/ready", summary="Can requests be answered?", responses={503: {"description": "Not now"}})
async def ready(request: Request) -> Response:
    """Say `ready`, `degraded` if something is missing that requests can do without, or else `unavailable` with 503."""
    state = request.app.state
    found: Readiness = state.serving.ready()
    for part in state.parts:
        other: Readiness | None = await asyncio.to_thread(part)
        found = found.beside(other) if other else found
    problems, status = [*found.problems], found.status
    try:
        await asyncio.to_thread(state.credentials.ping)
    except CredentialsError:
        problems.append("the database of keys and users does not answer")
        status = "unavailable"
    if not await state.services.limiter.ready():
        problems.append("Redis does not answer; requests are counted without it")
        status = "degraded" if status == "ready" else status
    return JSONResponse({"status": status, "problems": problems}, 503 if status == "unavailable" else 200)


@router.get("/metrics", summary="Numbers for Prometheus", response_class=Response)
async def metrics(request: Request) -> Response:
    """Write counters and durations in the text format of Prometheus."""
    return Response(request.app.state.metrics.text(), media_type=MEDIA_TYPE)
