"""Variants that another service has, behind an OpenAI-compatible address."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from ...api.errors import ApiError
from ...api.llm_exchange import CLIENT_GONE, as_problems, event, while_connected, within
from ...api.patience import take_time
from ..data.endpoint import KEY
from ..errors import ModelError
from ..serving.protocol import Options
from ..serving.relay import PATIENCE, Reply, relay
from .config import VariantConfig

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PREFIX = "/v1"
_SHOWN = 300  # characters of what a service says of an error


class Remote:
    """Asks models of other services, with connections that are kept.

    Parameters
    ----------
    seconds
        Until when an answer must be whole, streams too.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._client = httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False, trust_env=False)

    async def ask(self, variant: VariantConfig, asked: Options, request: Request) -> Response:
        """Pass a request on, and its answer back. Where the client goes away, the connection to the service ends.

        Raises
        ------
        ApiError
            If there is no answer.
        """
        take_time(request.scope)  # an answer has a time limit of its own
        body = {**asked.body(), "model": variant.model}
        path = request.url.path.removeprefix(request.scope.get("root_path", "")).removeprefix(_PREFIX)
        sent = self._client.build_request("POST", variant.url.rstrip("/") + path, json=body, headers=_key(variant))
        work = relay(self._client, sent, request.state.held, partial(_lost, variant), stream=asked.stream)
        with as_problems():
            try:
                async with asyncio.timeout(self._seconds):
                    reply = await while_connected(request, work)
            except TimeoutError as error:
                raise ApiError(504, "Gateway Timeout", self._too_slow(variant), code="timeout") from error
        if reply is None:
            return Response(status_code=CLIENT_GONE)
        if reply.status != HTTPStatus.OK:
            raise _refused(variant, reply)
        if reply.parts is None:
            return Response(reply.content, media_type="application/json")
        return StreamingResponse(self._pieces(variant, reply.parts), media_type="text/event-stream")

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()

    async def _pieces(self, variant: VariantConfig, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for part in within(self._seconds, parts):
                yield part
        except TimeoutError:
            yield event({"error": {"message": self._too_slow(variant), "type": "server_error", "code": "timeout"}})
        except ModelError as error:
            yield event({"error": {"message": error.message, "type": "server_error", "code": "unavailable"}})

    def _too_slow(self, variant: VariantConfig) -> str:
        return f"the answer of {variant.name} was not whole within {self._seconds:g} s"


def _lost(variant: VariantConfig, error: httpx.HTTPError) -> ModelError:
    return ModelError(f"the service of {variant.name} did not answer to the end: {type(error).__name__}")


def _refused(variant: VariantConfig, reply: Reply) -> ApiError:
    said = reply.content.decode(errors="replace")[:_SHOWN]
    detail = f"the service of {variant.name} answers {reply.status}: {said}"
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        after = {"Retry-After": reply.retry_after or "1"}
        return ApiError(429, "Too many requests", detail, headers=after, code="queue_full")
    if reply.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return ApiError(400, "Unusable prompt", detail, code="invalid_prompt")
    return ApiError(502, "Model unavailable", detail, code="unavailable")


def _key(variant: VariantConfig) -> dict[str, str]:
    """Give the key of the service, unless it would be sent in the open."""
    key, address = os.environ.get(KEY, ""), urlsplit(variant.url)
    safe = address.scheme == "https" or address.hostname in _LOOPBACK
    return {"Authorization": f"Bearer {key}"} if key and safe else {}
