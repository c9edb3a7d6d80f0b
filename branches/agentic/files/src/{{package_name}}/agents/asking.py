"""Asking a model once: events, tokens as they come, and what it cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, ToolCall
from langchain_core.runnables import Runnable

from .jsonable import clean_strings, clip, to_json
from .messages import pack
from .models.binding import ConstrainedModel
from .models.prices import cost_of, price_of
from .models.resilience import ANSWERED_BY
from .models.scripted import ScriptedModel
from .patience import ask_in_time, nobody_waits
from .session import Session
from .tasks import Step, Usage
from .token_stream import TokenStream

if TYPE_CHECKING:
    from .base import Agent

_CHARACTERS_A_TOKEN = 4  # an estimate, for models that do not tell
_LEFT = "the run was over before it answered"


def ask(session: Session, agent: Agent, conversation: list[AnyMessage], *, tools: bool) -> tuple[AIMessage, Step]:
    """Ask an agent's model, and give its answer and the step for the record.

    The step has an error, and the answer is empty, if the run was cancelled or its time was over meanwhile.

    Raises
    ------
    ModelUnavailable
        If it gives none.
    """
    model = session.open_model(agent.model)
    name = model_name(model)
    asked = _told(model, agent, session.task.answer_schema) if tools else model
    begun, clock = datetime.now(UTC), time.monotonic()
    with session.span() as (span, parent):
        session.emit("model_started", agent.name, span=span, parent=parent, model=name, messages=len(conversation))
        work = partial(_answer, session, agent.name, asked, conversation, span)
        # The scripted one answers sooner than another thread would begin.
        given = work() if isinstance(model, ScriptedModel) else ask_in_time(session, agent.meter(session), work)
        answer = AIMessage("") if given is None else given
        name = answer.response_metadata.get(ANSWERED_BY, name)
        _warn_of_price(session, agent.name, name)
        usage = _usage(session, name, conversation, answer, time.monotonic() - clock)
        agent.meter(session).add(usage)
        calls = [_kept(call, session.config.tools.max_arguments) for call in answer.tool_calls]
        answer = answer.model_copy(update={"content": session.clean(answer.text), "tool_calls": calls})
        said = pack(answer)
        session.emit(
            "model_ended",
            agent.name,
            span=span,
            parent=parent,
            model=name,
            text=answer.text,
            calls=said.get("calls", []),
            usage=usage.model_dump(mode="json"),
        )
    step = Step(
        number=0,
        agent=agent.name,
        kind="model",
        name=name,
        started=begun,
        output=clean_strings({name: value for name, value in said.items() if name != "type"}, session.clean),
        error=_LEFT if given is None else "",
        usage=usage,
    )
    return answer, step


def _told(
    model: BaseChatModel, agent: Agent, answer_schema: dict[str, Any] | None
) -> Runnable[LanguageModelInput, AIMessage]:
    """Tell a model of the agent's tools, and of the form of the answer if it can be held to one."""
    if isinstance(model, ConstrainedModel):
        return model.bind_tools(agent.schemas(), answer_schema=answer_schema)
    return agent.told(model)


def _warn_of_price(session: Session, agent: str, name: str) -> None:
    """Say once that a limit of money does not count what a model costs, because nobody wrote its price down."""
    limited = session.meter.limits.money and name not in session.unpriced
    if limited and price_of(name, session.config.models.prices) is None:
        session.unpriced.add(name)
        text = f"no price of {name} is known, so it counts as 0 US dollars: write one into agentic.models.prices"
        session.emit("warning", agent, text=text)


def _kept(call: ToolCall, most: int) -> ToolCall:
    """Make a call one that can be kept: models write halves of characters, and what is nested or goes on without end.

    What stays of arguments that are too long still is: they are refused, not shortened.
    """
    arguments = clip(to_json(call["args"]), 2 * most)[0]
    return {**call, "args": arguments if isinstance(arguments, dict) else {}}


def model_name(model: BaseChatModel) -> str:
    """Give the name by which a model is known to people and to the price table."""
    for attribute in ("model_name", "model"):
        name = getattr(model, attribute, None)
        if isinstance(name, str) and name:
            return name
    return type(model).__name__


def _answer(
    session: Session,
    agent: str,
    model: Runnable[LanguageModelInput, AIMessage],
    conversation: list[AnyMessage],
    span: str,
) -> AIMessage:
    if not session.feed.attended:
        return model.invoke(conversation)
    whole: AIMessageChunk | None = None
    words = TokenStream(session.clean)
    for chunk in model.stream(conversation):
        if not isinstance(chunk, AIMessageChunk):
            continue
        whole = chunk if whole is None else whole + chunk
        if nobody_waits():
            break
        if shown := words.add(chunk.text):
            session.emit("model_token", agent, span=span, text=shown)
        if session.cancelled():
            break
    if not session.cancelled() and not nobody_waits() and (shown := words.rest()):
        session.emit("model_token", agent, span=span, text=shown)
    if whole is None:
        return AIMessage("")
    calls = whole.tool_calls
    return AIMessage(
        whole.text,
        tool_calls=calls,
        invalid_tool_calls=whole.invalid_tool_calls,
        usage_metadata=whole.usage_metadata,
        response_metadata=whole.response_metadata,
    )


def _usage(session: Session, name: str, conversation: Sequence[AnyMessage], answer: AIMessage, seconds: float) -> Usage:
    told = answer.usage_metadata
    if told:
        read, written = told["input_tokens"], told["output_tokens"]
        cached = (told.get("input_token_details") or {}).get("cache_read") or 0
    else:
        read = sum(len(message.text) for message in conversation) // _CHARACTERS_A_TOKEN
        written, cached = len(answer.text) // _CHARACTERS_A_TOKEN, 0
    cost = cost_of(name, read, written, cached, session.config.models.prices)
    return Usage(steps=1, input_tokens=read, output_tokens=written, seconds=seconds, cost=cost)
