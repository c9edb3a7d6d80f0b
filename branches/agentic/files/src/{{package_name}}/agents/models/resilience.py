"""Models that are asked again when they fail, at a bearable rate, with another one to fall back on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.runnables import Runnable

from ...errors import ProjectError, first_line
from ...logs import get_logger
from ..errors import ModelUnavailable
from ..patience import nobody_waits
from .binding import ToolCallingModel
from .response_cache import ResponseCache

_FIRST_WAIT = 0.5  # seconds, doubled with each try
_LONGEST_WAIT = 30.0
_FORBIDDEN = (401, 403)
_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504, 529}
_BROKEN_CONNECTION = {"APIConnectionError", "APIResponseValidationError", "JSONDecodeError", "TransportError"}

_RANDOM = random.SystemRandom()

ANSWERED_BY = "answered_by"  # in the metadata of an answer

Answer = TypeVar("Answer")
Answered = TypeVar("Answered", bound=AIMessage)


@dataclass(frozen=True, slots=True)
class Source:
    """A model behind a resilient one.

    Attributes
    ----------
    key
        Variable of its key, for the person whose key is refused.
    limiter
        Lets so many requests through in a minute; None lets all.
    """

    name: str
    model: BaseChatModel
    key: str = ""
    limiter: BaseRateLimiter | None = None


class ResilientModel(ToolCallingModel):
    """A chat model that asks others, the first that answers wins.

    Attributes
    ----------
    sources
        The model, and behind it those to fall back on.
    retries
        How often each is asked again.
    wait
        Waits for seconds; tests hand in their own.
    """

    sources: tuple[Source, ...]
    model_name: str
    retries: int = 3
    responses: ResponseCache | None = None
    wait: Callable[[float], None] = time.sleep

    @property
    def _llm_type(self) -> str:
        return "resilient"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        tools = kwargs.get("tools", [])
        cached = self.responses.find(self.model_name, messages, tools) if self.responses else None
        answer = cached or self._first(lambda source: _signed(_bound(source.model, tools).invoke(messages), source))
        if self.responses and cached is None:
            self.responses.keep(self.model_name, messages, tools, answer)
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        tools = kwargs.get("tools", [])
        if self.responses:
            said = self._generate(messages, stop, run_manager, **kwargs).generations[0].message
            yield ChatGenerationChunk(message=_as_chunk(said))
            return

        def begin(source: Source) -> tuple[Source, Any, Iterator[Any]]:
            chunks = iter(_bound(source.model, tools).stream(messages))
            return source, next(chunks, None), chunks

        source, chunk, rest = self._first(begin)
        chunk = None if chunk is None else _signed(chunk, source)
        while chunk is not None:
            yield ChatGenerationChunk(message=chunk)
            try:
                chunk = next(rest, None)
            except Exception as error:  # what was said already can't be taken back, so it is not asked again
                raise ModelUnavailable(f"{source.name} broke off its answer: {_reason(error)}") from error

    def _first(self, ask: Callable[[Source], Answer]) -> Answer:
        faults: list[str] = []
        for source in self.sources:
            try:
                return self._patiently(source, ask)
            except ModelUnavailable as error:
                faults.append(error.message)
                get_logger(__name__).warning("a model gave no answer", model=source.name, reason=error.message)
                hint = error.hint
        raise ModelUnavailable("; ".join(faults), hint=hint)

    def _patiently(self, source: Source, ask: Callable[[Source], Answer]) -> Answer:
        for tried in range(self.retries + 1):
            if source.limiter:
                source.limiter.acquire(blocking=True)
            if nobody_waits():
                raise ModelUnavailable(f"{source.name} is not asked: the run is over")
            try:
                return ask(source)
            except ProjectError:
                raise
            except Exception as error:
                if _status(error) in _FORBIDDEN:
                    hint = f"look at {source.key}" if source.key else "look at agentic.models.api_key"
                    raise ModelUnavailable(f"{source.name} refused the key: {_reason(error)}", hint=hint) from error
                if tried == self.retries or not _may_pass(error):
                    times = "once" if tried == 0 else f"{tried + 1} times"
                    message = f"{source.name} was asked {times} and gave no answer: {_reason(error)}"
                    raise ModelUnavailable(message, hint="try later, or set agentic.models.fallback") from error
                self.wait(_pause(error, tried))
        raise AssertionError("the last try returns or raises")


def _bound(model: BaseChatModel, tools: Sequence[dict[str, Any]]) -> Runnable[LanguageModelInput, AIMessage]:
    return model.bind_tools(tools) if tools else model


def _signed(answer: Answered, source: Source) -> Answered:
    """Write on an answer, or on its first chunk, who gave it: a fallback has a price of its own."""
    return answer.model_copy(update={"response_metadata": {**answer.response_metadata, ANSWERED_BY: source.name}})


def _as_chunk(message: BaseMessage) -> AIMessageChunk:
    said = message if isinstance(message, AIMessage) else AIMessage(message.text)
    usage = said.usage_metadata
    return AIMessageChunk(
        content=said.text,
        tool_calls=said.tool_calls,
        usage_metadata=usage,
        response_metadata=said.response_metadata,
        chunk_position="last",
    )


def _status(error: Exception) -> int:
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else 0


def _may_pass(error: Exception) -> bool:
    """Tell whether it may go better when asked again: broken connections, time-outs, too much to do."""
    if isinstance(error, httpx.TransportError | ConnectionError | TimeoutError):
        return True
    known = {kind.__name__ for kind in type(error).__mro__}  # clients are optional, and can't be imported here
    return _status(error) in _AGAIN or bool(known & _BROKEN_CONNECTION)


def _pause(error: Exception, tried: int) -> float:
    """Give the seconds to wait: those that the server names, else twice as many each time, at random below that.

    The random part keeps many clients from coming back at one moment ("full jitter", AWS Architecture Blog, 2015).
    """
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    named = str(headers.get("retry-after", ""))
    if named.replace(".", "", 1).isdigit():
        return min(float(named), _LONGEST_WAIT)
    return _RANDOM.uniform(0, min(_FIRST_WAIT * 2**tried, _LONGEST_WAIT))


def _reason(error: Exception) -> str:
    return first_line(error)[:300]
