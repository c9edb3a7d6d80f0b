"""The routes of a language model: the part of OpenAI's interface that its clients use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from ..config import Config
from ..errors import ProjectError
from ..llm.config import LLMConfig, ServingConfig
from ..llm.errors import CheckpointError, ModelError
from ..llm.serving.answers import Answers
from ..llm.serving.models import MessagesError, Models, Served, UnknownModelError
from ..llm.serving.protocol import ChatRequest, CompletionRequest, Options
from .errors import ApiError, document, tell_more
from .patience import take_time
from .security import require

if TYPE_CHECKING:
    from ..llm.serving.forms import Form, Json

Result = TypeVar("Result")

_CLIENT_GONE = 499
_PREFIX = "/v1/"


def make_router(config: Config) -> APIRouter:
    """Make the routes. The model is loaded with the first request, or at the start if `llm.serving.preload` is set."""
    settings = config.group("llm", LLMConfig)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        from ..llm.serving.metrics import EngineMetrics

        models = Models(settings, config.root, EngineMetrics(app.state.metrics.registry))
        app.state.llm = models
        tell_more(app, _PREFIX, _as_openai)
        if settings.serving.preload:
            await asyncio.to_thread(models.get)
        try:
            yield
        finally:
            await asyncio.to_thread(models.close)

    made = APIRouter(tags=["language model"], lifespan=lifespan)
    routes = _Routes(settings.serving)
    add, ask = made.add_api_route, [Depends(require("predict"))]
    add("/v1/models", routes.models, summary="What is served", dependencies=[Depends(require("read"))])
    add("/v1/chat/completions", routes.chat, methods=["POST"], summary="Go on with a conversation", dependencies=ask)
    add("/v1/completions", routes.complete, methods=["POST"], summary="Go on with a text", dependencies=ask)
    return made


class _Routes:
    """The routes, which share their settings."""

    def __init__(self, settings: ServingConfig) -> None:
        self._settings = settings

    async def models(self, request: Request) -> Response:
        """List the model by its two names: with its version, and without."""
        models: Models = request.app.state.llm
        try:
            name, created = await asyncio.to_thread(models.facts)
        except CheckpointError:  # nothing is trained yet
            return _json({"object": "list", "data": []})
        entry = {"object": "model", "created": created, "owned_by": "local"}
        return _json({"object": "list", "data": [{"id": one, **entry} for one in (name, name.partition("@")[0])]})

    async def chat(self, asked: ChatRequest, request: Request) -> Response:
        """Answer the last message; `stream` sends the answer as it is written."""
        from ..llm.serving.forms import ChatForm

        self._check_count(asked.n)
        served = await _open(request, asked)
        messages = [message.plain() for message in asked.messages]
        most = asked.max_completion_tokens or asked.max_tokens or self._settings.max_tokens
        sampling = asked.sampling(most, logprobs=asked.top_logprobs if asked.logprobs else None)
        with _as_problems():
            prompts = [await asyncio.to_thread(served.read_messages, messages)]
            answers = Answers(served.engine, prompts, sampling, asked.n)
        return await self._answer(request, asked, answers, ChatForm(served, logprobs=asked.logprobs))

    async def complete(self, asked: CompletionRequest, request: Request) -> Response:
        """Write what follows each prompt."""
        from ..llm.serving.forms import CompletionForm

        given = asked.prompts()
        self._check_count(len(given) * asked.n)
        served = await _open(request, asked)
        told = asked.echo and asked.logprobs is not None
        sampling = asked.sampling(asked.max_tokens, logprobs=asked.logprobs, prompt_logprobs=told)
        with _as_problems():
            prompts = [await asyncio.to_thread(served.read_text, one) if isinstance(one, str) else one for one in given]
            answers = Answers(served.engine, prompts, sampling, asked.n)
        form = CompletionForm(served, answers.prompts, echo=asked.echo, logprobs=asked.logprobs is not None)
        return await self._answer(request, asked, answers, form)

    def _check_count(self, answers: int) -> None:
        """Refuse what no queue, however empty, would take."""
        most = self._settings.queue
        if not 0 < answers <= most:
            raise ApiError(400, "Unusable prompt", f"a request may ask for 1 to {most} answers", code="invalid_prompt")

    async def _answer(self, request: Request, asked: Options, answers: Answers, form: Form) -> Response:
        if asked.stream:
            stream = self._stream(answers, form, told=asked.stream_options.include_usage)
            return StreamingResponse(stream, media_type="text/event-stream")
        with _as_problems():
            try:
                async with asyncio.timeout(self._settings.timeout_seconds):
                    found = await _while_connected(request, answers.collect())
            except TimeoutError as error:
                raise self._too_slow() from error
        if found is None:
            return Response(status_code=_CLIENT_GONE)
        return _json(form.whole(found, answers.usage()))

    async def _stream(self, answers: Answers, form: Form, *, told: bool) -> AsyncIterator[bytes]:
        """Write events: a chunk for each piece of an answer, what was counted if that was asked for, and the end."""
        begun: set[int] = set()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                async for number, delta in answers.deltas():
                    yield _event(form.chunk([form.part(number, delta, first=number not in begun)], None))
                    begun.add(number)
        except TimeoutError:
            yield _event(_as_openai(document(self._too_slow())))
        except ModelError as error:
            yield _event(_as_openai(document(_unavailable(error))))
        else:
            if told:
                yield _event(form.chunk([], answers.usage()))
            yield b"data: [DONE]\n\n"
        finally:
            answers.cancel()

    def _too_slow(self) -> ApiError:
        seconds = f"{self._settings.timeout_seconds:g} s"
        return ApiError(504, "Gateway Timeout", f"the answer was not whole within {seconds}", code="timeout")


async def _open(request: Request, asked: Options) -> Served:
    take_time(request.scope)  # an answer has a time limit of its own, and the queue is bounded
    models: Models = request.app.state.llm
    with _as_problems():
        return await asyncio.to_thread(models.get, asked.model)


async def _while_connected(request: Request, work: Awaitable[Result]) -> Result | None:
    """Give the result, or nothing if the client goes away before it is there."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    doing, leaving = asyncio.ensure_future(work), asyncio.ensure_future(gone())
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        doing.cancel()
        leaving.cancel()
        await asyncio.gather(doing, leaving, return_exceptions=True)


@contextmanager
def _as_problems() -> Iterator[None]:
    """Make what is refused a response."""
    from ..llm.inference.engine import BusyError, PromptError

    try:
        yield
    except UnknownModelError as error:
        raise ApiError(404, "Unknown model", _words(error), code="model_not_found", param="model") from error
    except PromptError as error:
        raise ApiError(400, "Unusable prompt", _words(error), code="context_length_exceeded") from error
    except MessagesError as error:
        raise ApiError(400, "Unusable prompt", _words(error), code="invalid_messages", param="messages") from error
    except BusyError as error:
        after = {"Retry-After": str(error.seconds)}
        raise ApiError(429, "Too many requests", _words(error), headers=after, code="queue_full") from error
    except (CheckpointError, ModelError) as error:
        raise _unavailable(error) from error


def _unavailable(error: ProjectError) -> ApiError:
    return ApiError(503, "Model unavailable", _words(error), headers={"Retry-After": "5"}, code="unavailable")


def _words(error: ProjectError) -> str:
    return f"{error.message}: {error.hint}" if error.hint else error.message


def _as_openai(problem: Mapping[str, Any]) -> Json:
    """Tell a problem where OpenAI's clients look for it."""
    faults = [f"{one.get('pointer', '').removeprefix('#/')}: {one['detail']}" for one in problem.get("errors", ())]
    message = "; ".join([problem.get("detail", problem["title"]), *faults])
    kind = "invalid_request_error" if problem["status"] < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
    told = {"param": problem.get("param"), "code": problem.get("code")}
    return {"error": {"message": message, "type": kind, **told}}


def _json(body: Json) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


def _event(body: Json) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"
