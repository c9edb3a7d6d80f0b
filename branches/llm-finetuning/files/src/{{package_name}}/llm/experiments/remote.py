"""Variants that another service has, behind an OpenAI-compatible address."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from ...api.errors import ApiError
from ...api.patience import take_time
from ..data.endpoint import KEY
from ..serving.protocol import Options
from .config import VariantConfig

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PREFIX = "/v1"
_SHOWN = 300  # characters of what a service says of an error


class Remote:
    """Asks models of other services, with connections that are kept."""

    def __init__(self, timeout: float) -> None:
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)

    async def ask(self, variant: VariantConfig, asked: Options, request: Request) -> Response:
        """Pass a request on, and its answer back.

        Raises
        ------
        ApiError
            If there is none.
        """
        take_time(request.scope)  # the client has a time limit of its own
        body = {**asked.body(), "model": variant.model}
        path = request.url.path.removeprefix(request.scope.get("root_path", "")).removeprefix(_PREFIX)
        sent = self._client.build_request("POST", variant.url.rstrip("/") + path, json=body, headers=_key(variant))
        try:
            answer = await self._client.send(sent, stream=asked.stream)
            if answer.status_code != HTTPStatus.OK:
                raise await _refused(variant, answer)
        except httpx.HTTPError as error:
            detail = f"the service of {variant.name} can't be asked: {type(error).__name__}"
            raise ApiError(503, "Model unavailable", detail, code="unavailable") from error
        if asked.stream:
            return StreamingResponse(_pieces(answer), media_type="text/event-stream")
        return Response(answer.content, media_type="application/json")

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_bytes():
            yield piece
    except httpx.HTTPError:
        yield b'data: {"error":{"message":"the service of the model has ended","type":"server_error"}}\n\n'
    finally:
        await answer.aclose()


async def _refused(variant: VariantConfig, answer: httpx.Response) -> ApiError:
    said = (await answer.aread()).decode(errors="replace")[:_SHOWN]
    await answer.aclose()
    detail = f"the service of {variant.name} answers {answer.status_code}: {said}"
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        after = {"Retry-After": answer.headers.get("Retry-After", "1")}
        return ApiError(429, "Too many requests", detail, headers=after, code="queue_full")
    if answer.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return ApiError(400, "Unusable prompt", detail, code="invalid_prompt")
    return ApiError(502, "Model unavailable", detail, code="unavailable")


def _key(variant: VariantConfig) -> dict[str, str]:
    """Give the key of the service, unless it would be sent in the open."""
    key, address = os.environ.get(KEY, ""), urlsplit(variant.url)
    safe = address.scheme == "https" or address.hostname in _LOOPBACK
    return {"Authorization": f"Bearer {key}"} if key and safe else {}
