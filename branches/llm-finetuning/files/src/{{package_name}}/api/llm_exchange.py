"""What the routes of language models share: a model for a request, its refusals, and how answers are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from ..errors import ProjectError
from ..llm.errors import CheckpointError, ModelError
from ..llm.models.manager import ModelManager
from ..llm.models.names import UnknownModelError
from ..llm.serving.models import MessagesError, Served
from .errors import ApiError, of_faults
from .patience import take_time

if TYPE_CHECKING:
    from ..llm.serving.forms import Json

Result = TypeVar("Result")

CLIENT_GONE = 499
_FEW, _SHORT = 8, 1000  # messages and characters that take less time than a thread does to begin


class OpenAIRoute(APIRoute):
    """Refuses values as OpenAI does, with 400."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give what answers a request."""
        answer = super().get_route_handler()

        async def answer_or_refuse(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                raise of_faults(error.errors(), 400) from error

        return answer_or_refuse


async def hold_models(request: Request) -> AsyncIterator[None]:
    """Let a request keep the models that it uses until its answer has been sent, streams included."""
    async with AsyncExitStack() as held:
        request.state.held = held
        yield


async def open_model(request: Request, name: str) -> Served:
    """Give a model that stays loaded until its answer has been sent.

    Raises
    ------
    ApiError
        If it can't be used, or the client goes away while it is loaded: its place is free then.
    """
    take_time(request.scope)  # an answer has a time limit of its own, and the queue is bounded
    models: ModelManager = request.app.state.llm
    held: AsyncExitStack = request.state.held

    async def hold() -> Served:
        return held.enter_context(await models.open(name)).served

    if (lease := models.ready(name)) is not None:
        return held.enter_context(lease).served
    with as_problems():
        served = await while_connected(request, hold())
    if served is None:
        raise ApiError(CLIENT_GONE, "Client gone", "the client went away while the model was loaded")
    return served


async def read_messages(served: Served, messages: Sequence[dict[str, str]]) -> list[int]:
    """Give the tokens of a conversation; one that is long is read in a thread, so that nobody waits for it."""
    if len(messages) <= _FEW and sum(len(one["content"]) for one in messages) <= _SHORT:
        return served.read_messages(messages)
    return await asyncio.to_thread(served.read_messages, messages)


async def within(seconds: float, parts: AsyncIterator[Result]) -> AsyncIterator[Result]:
    """Give what comes within some seconds.

    Each part is waited for by itself: a time limit around a `yield` would end the task wherever it then is, such as
    while it sends.

    Raises
    ------
    TimeoutError
        If it is not all there by then.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        if loop.time() >= end:  # what is there at once gives a time limit no turn
            raise TimeoutError
        try:
            async with asyncio.timeout_at(end):
                part = await anext(parts)
        except StopAsyncIteration:
            return
        yield part


async def while_connected(request: Request, work: Awaitable[Result]) -> Result | None:
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
def as_problems(schema: str = "response_format") -> Iterator[None]:
    """Make what is refused a response; `schema` is the name of the value with a JSON schema."""
    from ..llm.inference.schemas import SchemaError
    from ..llm.inference.tickets import BusyError, PromptError

    try:
        yield
    except UnknownModelError as error:
        raise ApiError(404, "Unknown model", _words(error), code="model_not_found", param="model") from error
    except PromptError as error:
        raise ApiError(400, "Unusable prompt", _words(error), code="context_length_exceeded") from error
    except MessagesError as error:
        raise ApiError(400, "Unusable prompt", _words(error), code="invalid_messages", param="messages") from error
    except SchemaError as error:
        raise ApiError(400, "Unusable schema", _words(error), code="invalid_schema", param=schema) from error
    except BusyError as error:
        after = {"Retry-After": str(error.seconds)}
        raise ApiError(429, "Too many requests", _words(error), headers=after, code="queue_full") from error
    except (CheckpointError, ModelError) as error:
        raise unavailable(error) from error


def unavailable(error: ProjectError) -> ApiError:
    """Say that a model can't answer now."""
    return ApiError(503, "Model unavailable", _words(error), headers={"Retry-After": "5"}, code="unavailable")


def _words(error: ProjectError) -> str:
    return f"{error.message}: {error.hint}" if error.hint else error.message


def as_openai(problem: Mapping[str, Any]) -> Json:
    """Tell a problem where OpenAI's clients look for it."""
    faults = [(one.get("pointer", "").removeprefix("#/"), one["detail"]) for one in problem.get("errors", ())]
    words = [problem.get("detail", problem["title"]), *(f"{name}: {detail}" for name, detail in faults)]
    message, named = "; ".join(words), faults[0][0] if faults else None
    kind = "invalid_request_error" if problem["status"] < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
    told = {"param": problem.get("param", named), "code": problem.get("code")}
    return {"error": {"message": message, "type": kind, **told}}


def json_response(body: Json) -> Response:
    """Make a response."""
    return Response(orjson.dumps(body), media_type="application/json")


def event(body: Json) -> bytes:
    """Make an event of a stream."""
    return b"data: " + orjson.dumps(body) + b"\n\n"
