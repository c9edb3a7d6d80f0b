"""The route that makes texts vectors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from ..llm.config import LLMConfig
from ..llm.serving.embedding import Embeddings, TextError
from ..llm.serving.metrics import EngineMetrics
from ..llm.serving.protocol import EmbeddingRequest
from .errors import ApiError
from .llm_exchange import CLIENT_GONE, OpenAIRoute, as_problems, json_response, while_connected
from .patience import take_time
from .security import require


def make_embeddings_router(settings: LLMConfig, root: Path) -> APIRouter:
    """Make the route. It needs the application's `llm_metrics`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        metrics: EngineMetrics = app.state.llm_metrics
        app.state.llm_embeddings = embeddings = Embeddings(settings, root, metrics.embedded)
        try:
            yield
        finally:
            embeddings.close()

    made = APIRouter(lifespan=lifespan, route_class=OpenAIRoute)
    ask = [Depends(require("predict"))]
    made.add_api_route("/v1/embeddings", _embed, methods=["POST"], summary="Make texts vectors", dependencies=ask)
    return made


async def _embed(asked: EmbeddingRequest, request: Request) -> Response:
    """Give a vector of length 1 for each text."""
    take_time(request.scope)  # the queue is bounded
    embeddings: Embeddings = request.app.state.llm_embeddings
    with as_problems():
        try:
            made = embeddings.embed(asked.model, asked.texts(), asked.dimensions)
            found = await while_connected(request, made)
        except TextError as error:
            words = f"{error.message}: {error.hint}" if error.hint else error.message
            raise ApiError(400, "Unusable text", words, code="invalid_input", param="input") from error
    if found is None:
        return Response(status_code=CLIENT_GONE)
    values = enumerate(found.values(asked.encoding_format))
    data = [{"object": "embedding", "index": number, "embedding": value} for number, value in values]
    usage = {"prompt_tokens": found.tokens, "total_tokens": found.tokens}
    return json_response({"object": "list", "data": data, "model": embeddings.name, "usage": usage})
