"""Whether the service is alive, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter, Response

router = APIRouter(tags=["status"])

_ALIVE = b'{"status":"alive"}'


@router.get("/health", summary="Is the process alive?")
async def health() -> Response:
    """Answer at once: a probe of liveness must not restart a process because its database is away."""
    return Response(_ALIVE, media_type="application/json")
