"""The routes of a language model: the part of OpenAI's interface that its clients use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from ..config import Config
from ..llm.config import LLMConfig, ServingConfig
from ..llm.errors import CheckpointError, ModelError
from ..llm.inference.asking import prompt_messages
from ..llm.models.manager import ModelManager
from ..llm.serving.answers import Answers
from ..llm.serving.protocol import ChatRequest, CompletionRequest, GenerateRequest, GenerateResponse, Options
from ..serving.answers import Readiness
from .config import ApiConfig
from .errors import ApiError, document, tell_more
from .llm_embeddings import make_embeddings_router
from .llm_exchange import (
    CLIENT_GONE,
    OpenAIRoute,
    as_openai,
    as_problems,
    event,
    hold_models,
    json_response,
    open_model,
    read_messages,
    unavailable,
    while_connected,
    within,
)
from .llm_experiments import make_experiments_router, routed
from .llm_models import make_router as make_models_router
from .llm_training import make_training_router
from .patience import take_time
from .security import require

if TYPE_CHECKING:
    from ..llm.experiments.traffic import Traffic
    from ..llm.inference.tickets import Delta
    from ..llm.inference.words import Constraint
    from ..llm.serving.embedding import Embeddings
    from ..llm.serving.forms import Form, Json
    from ..llm.serving.models import Served
    from ..llm.serving.relay import Reply
    from ..llm.serving.schemas import Schemas
    from ..llm.vllm.forwarding import Forwarding

_PREFIX = "/v1/"


def make_router(config: Config) -> APIRouter:
    """Make the routes. Models are loaded with the first request, or at the start if `llm.serving.preload` is set."""
    settings = config.group("llm", LLMConfig)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        from ..llm.serving.metrics import EngineMetrics
        from ..llm.serving.schemas import Schemas

        app.state.llm_metrics = metrics = EngineMetrics(app.state.metrics.registry)
        app.state.llm = models = ModelManager(settings, config.root, metrics)
        app.state.llm_schemas = schemas = Schemas()
        tell_more(app, _PREFIX, as_openai)
        app.state.vllm = vllm = await _start_vllm(config, settings)
        if settings.serving.preload and vllm is None:
            await asyncio.to_thread(models.preload)
        app.state.parts.append(partial(_readiness, models, vllm))
        try:
            yield
        finally:
            if vllm is not None:
                await vllm.stop()
            schemas.close()
            await asyncio.to_thread(models.close)

    made = APIRouter(tags=["language model"], lifespan=lifespan, route_class=OpenAIRoute)
    made.include_router(make_models_router(config))
    routes = _Routes(settings.serving)
    add, ask = made.add_api_route, [Depends(require("predict")), Depends(hold_models)]
    add("/v1/models", routes.models, summary="What is served", dependencies=[Depends(require("read"))])
    chat, complete = routed(routes.chat), routed(routes.complete)
    add("/v1/chat/completions", chat, methods=["POST"], summary="Go on with a conversation", dependencies=ask)
    add("/v1/completions", complete, methods=["POST"], summary="Go on with a text", dependencies=ask)
    made.include_router(make_experiments_router(config))
    made.add_api_route(
        "/llm/generate",
        routes.generate,
        methods=["POST"],
        summary="Answer a question",
        responses={200: {"model": GenerateResponse}},
        dependencies=ask,
    )
    made.include_router(make_embeddings_router(settings, config.root))
    made.include_router(make_training_router(config))
    return made


class _Routes:
    """The routes, which share their settings."""

    def __init__(self, settings: ServingConfig) -> None:
        self._settings = settings

    async def models(self, request: Request) -> Response:
        """List the models by their names with a version, then without; experiments; and the embedding model."""
        state = request.app.state
        models: ModelManager = state.llm
        vllm: Forwarding | None = state.vllm
        try:
            names = dict(vllm.names if vllm else await asyncio.to_thread(models.names))
        except CheckpointError:  # nothing is trained yet
            names = {}
        traffic: Traffic = state.experiments
        embeddings: Embeddings = state.llm_embeddings
        for name, experiment in traffic.recorder.routes.items():
            names.setdefault(name, int(experiment.started))
        names.setdefault(embeddings.name, 0)  # nobody knows when it was made
        entry = {"object": "model", "owned_by": "local"}
        return json_response(
            {"object": "list", "data": [{"id": name, "created": made, **entry} for name, made in names.items()]}
        )

    async def chat(self, asked: ChatRequest, request: Request) -> Response:
        """Answer the last message; `stream` sends the answer as it is written."""
        from ..llm.serving.forms import ChatForm

        self._check_count(asked.n)
        most = asked.max_completion_tokens or asked.max_tokens or self._settings.max_tokens
        if request.app.state.vllm and request.app.state.vllm.takes():
            return await self._forward(request, asked, "/chat/completions", {"max_completion_tokens": most})
        served = await open_model(request, asked.model)
        messages = [message.plain() for message in asked.messages]
        sampling = asked.sampling(most, logprobs=asked.top_logprobs if asked.logprobs else None)
        with as_problems():
            prompts = [await read_messages(served, messages)]
            wanted = asked.wanted()
            constraint = await self._constrain(request, served, wanted)
            form = ChatForm(served, logprobs=asked.logprobs)
            answers = Answers(served.engine, prompts, sampling, asked.n, constraint)
        return await self._answer(request, asked, answers, form)

    async def complete(self, asked: CompletionRequest, request: Request) -> Response:
        """Write what follows each prompt."""
        from ..llm.serving.forms import CompletionForm

        given = asked.prompts()
        self._check_count(len(given) * asked.n)
        if request.app.state.vllm and request.app.state.vllm.takes():
            return await self._forward(request, asked, "/completions", {})
        served = await open_model(request, asked.model)
        told = asked.echo and asked.logprobs is not None
        sampling = asked.sampling(asked.max_tokens, logprobs=asked.logprobs, prompt_logprobs=told)
        with as_problems():
            prompts = [await asyncio.to_thread(served.read_text, one) if isinstance(one, str) else one for one in given]
            answers = Answers(served.engine, prompts, sampling, asked.n)
        form = CompletionForm(served, answers.prompts, echo=asked.echo, logprobs=asked.logprobs is not None)
        return await self._answer(request, asked, answers, form)

    async def generate(self, asked: GenerateRequest, request: Request) -> Response:
        """Answer a question, worded as in training; with a schema, as JSON that holds to it."""
        if request.app.state.vllm and request.app.state.vllm.takes():
            return await self._generate_by_vllm(request, asked)
        with as_problems():
            names: ModelManager = request.app.state.llm
            name = asked.model or (await asyncio.to_thread(names.names))[0][0]
        served = await open_model(request, name)
        with as_problems("json_schema"):
            prompt = await read_messages(served, prompt_messages(asked.context, asked.question))
            wanted = asked.json_schema
            constraint = await self._constrain(request, served, wanted)
            sampling = asked.sampling(self._settings.max_tokens)
            answers = Answers(served.engine, [prompt], sampling, 1, constraint)
        found = await self._collect(request, answers)
        if found is None:
            return Response(status_code=CLIENT_GONE)
        text, finish = "".join(delta.text for delta in found[0]), found[0][-1].finish
        with as_problems():
            told = {"model": served.name, "text": text, "parsed": asked.parse(text, finish), "finish_reason": finish}
        return json_response({**told, "usage": answers.usage()})

    async def _constrain(self, request: Request, served: Served, schema: Json | None) -> Constraint | None:
        schemas: Schemas = request.app.state.llm_schemas
        return None if schema is None else await schemas.constrain(served.engine.words, schema)

    def _check_count(self, answers: int) -> None:
        """Refuse what no queue, however empty, would take."""
        most = self._settings.queue
        if not 0 < answers <= most:
            raise ApiError(400, "Unusable prompt", f"a request may ask for 1 to {most} answers", code="invalid_prompt")

    async def _generate_by_vllm(self, request: Request, asked: GenerateRequest) -> Response:
        vllm: Forwarding = request.app.state.vllm
        body = asked.as_chat(vllm.names[0][0], self._settings.max_tokens)
        reply = await self._send(request, "/chat/completions", body)
        if reply is None:
            return Response(status_code=CLIENT_GONE)
        if reply.status != HTTPStatus.OK:
            return Response(reply.content, reply.status, media_type="application/json")
        with as_problems():
            return json_response(asked.response(orjson.loads(reply.content)))

    async def _send(self, request: Request, path: str, body: Json) -> Reply | None:
        """Give what vLLM answers, or nothing if the client goes away before."""
        take_time(request.scope)
        vllm: Forwarding = request.app.state.vllm
        with as_problems():
            try:
                async with asyncio.timeout(self._settings.timeout_seconds):
                    return await while_connected(request, vllm.send(path, body, request.state.held))
            except TimeoutError as error:
                raise self._too_slow() from error

    async def _forward(self, request: Request, asked: Options, path: str, more: Json) -> Response:
        """Have vLLM answer."""
        reply = await self._send(request, path, asked.body() | more)
        if reply is None:
            return Response(status_code=CLIENT_GONE)
        if reply.parts is None:
            return Response(reply.content, reply.status, media_type="application/json")
        return StreamingResponse(self._pass_on(reply.parts), media_type="text/event-stream")

    async def _pass_on(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for part in within(self._settings.timeout_seconds, parts):
                yield part
        except TimeoutError:
            yield event(as_openai(document(self._too_slow())))
        except ModelError as error:
            yield event(as_openai(document(unavailable(error))))

    async def _answer(self, request: Request, asked: Options, answers: Answers, form: Form) -> Response:
        if asked.stream:
            stream = self._stream(answers, form, told=asked.stream_options.include_usage)
            return StreamingResponse(stream, media_type="text/event-stream")
        found = await self._collect(request, answers)
        if found is None:
            return Response(status_code=CLIENT_GONE)
        return json_response(form.whole(found, answers.usage()))

    async def _collect(self, request: Request, answers: Answers) -> list[list[Delta]] | None:
        """Give what is written, or nothing if the client goes away before it is whole."""
        with as_problems():
            try:
                async with asyncio.timeout(self._settings.timeout_seconds):
                    return await while_connected(request, answers.collect())
            except TimeoutError as error:
                raise self._too_slow() from error

    async def _stream(self, answers: Answers, form: Form, *, told: bool) -> AsyncIterator[bytes]:
        """Write events: a chunk for each piece of an answer, what was counted if that was asked for, and the end."""
        begun: set[int] = set()
        try:
            async for number, delta in within(self._settings.timeout_seconds, answers.deltas()):
                yield event(form.chunk([form.part(number, delta, first=number not in begun)], None))
                begun.add(number)
        except TimeoutError:
            yield event(as_openai(document(self._too_slow())))
        except ModelError as error:
            yield event(as_openai(document(unavailable(error))))
        else:
            if told:
                yield event(form.chunk([], answers.usage()))
            yield b"data: [DONE]\n\n"
        finally:
            answers.cancel()

    def _too_slow(self) -> ApiError:
        seconds = f"{self._settings.timeout_seconds:g} s"
        return ApiError(504, "Gateway Timeout", f"the answer was not whole within {seconds}", code="timeout")


def _readiness(models: ModelManager, vllm: Forwarding | None) -> Readiness | None:
    """Say whether language models can answer; nothing as long as none was trained."""
    try:
        models.default()
    except CheckpointError:
        return None
    fault = vllm.fault() if vllm is not None else None
    return Readiness("unavailable", (fault.message,)) if fault else Readiness("ready", ())


async def _start_vllm(config: Config, settings: LLMConfig) -> Forwarding | None:
    if settings.serving.backend != "vllm":
        return None
    if config.group("api", ApiConfig).workers > 1:
        raise ModelError("vLLM is behind one process, or each would start its own", hint="set api.workers=1")
    from ..llm.vllm.forwarding import Forwarding

    vllm = Forwarding(settings, config.root)
    await vllm.start(wait=settings.serving.preload)
    return vllm
