"""Passing a request on to another server, and its answer back, whole or as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx

from ...errors import ProjectError

Lost = Callable[[httpx.HTTPError], ProjectError]
"""Words an error of a connection."""

PATIENCE = httpx.Timeout(None, connect=5)
"""Seconds until a server takes a request: how long an answer may take is for those to say who wait for it."""


@dataclass(frozen=True)
class Reply:
    """What a server answers.

    Attributes
    ----------
    content
        The whole body; none where it is streamed.
    parts
        The parts of a stream, as they come.
    retry_after
        What the server says of when to ask again.
    """

    status: int
    content: bytes
    parts: AsyncIterator[bytes] | None = None
    retry_after: str | None = None


async def relay(
    client: httpx.AsyncClient, request: httpx.Request, held: AsyncExitStack, lost: Lost, *, stream: bool
) -> Reply:
    """Send a request and give what is answered. To be cancelled ends the connection, which a server takes for its end.

    Parameters
    ----------
    held
        Closed when the answer has been sent: it keeps the connection until then.
    lost
        Words the error where the connection fails; parts of a stream raise it too.
    stream
        Whether a good answer is given in parts.

    Raises
    ------
    ProjectError
        That `lost` gives.
    """
    try:
        response = await client.send(request, stream=True)
        held.push_async_callback(response.aclose)
        if not stream or not response.is_success:
            content = await response.aread()
            return Reply(response.status_code, content, retry_after=response.headers.get("Retry-After"))
    except httpx.HTTPError as error:
        raise lost(error) from error
    return Reply(response.status_code, b"", _parts(response, lost))


async def _parts(response: httpx.Response, lost: Lost) -> AsyncIterator[bytes]:
    try:
        async for part in response.aiter_bytes():
            yield part
    except httpx.HTTPError as error:
        raise lost(error) from error
