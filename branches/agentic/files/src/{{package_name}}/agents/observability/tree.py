"""From events to spans: what begins and what ends, below what, with the attributes of the GenAI conventions.

The names are those of OpenTelemetry's semantic conventions for generative AI:
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import JsonValue

from ...errors import first_line
from ...logs import get_logger
from ..events import Event
from ..tasks import Status

Attributes = dict[str, str | int | float | bool]
SpanKind = Literal["agent", "model", "tool"]
Handle = TypeVar("Handle")

_BEGINS = {"task_started", "model_started", "tool_started"}
_ENDS = {"task_ended", "model_ended", "tool_ended"}
_WITHOUT_CONTENT = {"tool", "to", "status", "approved", "by", "again", "tainted"}
_PROVIDERS = {"google_genai": "gcp.gemini", "mistralai": "mistral_ai", "": "custom"}
_FINE = {Status.DONE, Status.WAITING, Status.PARTIAL}


@dataclass(frozen=True, slots=True)
class Begun:
    """A span that begins.

    Attributes
    ----------
    given
        What it was given; None if traces hold no content.
    """

    name: str
    kind: SpanKind
    time: datetime
    attributes: Attributes
    given: JsonValue = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a span ends.

    Attributes
    ----------
    gave
        What it gave; None if traces hold no content.
    fault
        The kind of what went wrong; nothing if nothing did.
    """

    time: datetime
    attributes: Attributes
    gave: JsonValue = None
    fault: str = ""


class Sink(Protocol[Handle]):
    """Takes spans."""

    def begin(self, span: Begun, parent: Handle | None) -> Handle:
        """Begin a span, and give what it is known by."""

    def note(self, span: Handle, name: str, time: datetime, attributes: Attributes) -> None:
        """Note what happened during a span."""

    def end(self, span: Handle, ended: Ended) -> None:
        """End a span."""


@dataclass(slots=True)
class Tracer(Generic[Handle]):
    """A listener that makes spans of the events of one run.

    What fails in it is told once in the log, and the run goes on: what agents do matters more than what is known of it.
    """

    sink: Sink[Handle]
    content: bool
    _open: dict[str, tuple[Handle, str]] = field(default_factory=dict)  # by span: its handle, and the span above
    _told: bool = False

    def __call__(self, event: Event) -> None:
        """Take an event."""
        try:
            self._take(event)
        except Exception as error:
            if not self._told:
                reason = f"{type(error).__name__}: {first_line(error)}"
                get_logger(__name__).error("a run can't be traced", task=event.task_id, reason=reason)
            self._told = True

    def _take(self, event: Event) -> None:
        if event.kind in _BEGINS:
            above = self._open.get(event.parent)
            handle = self.sink.begin(_begun(event, content=self.content), above[0] if above else None)
            self._open[event.span] = (handle, event.parent)
        elif event.kind in _ENDS:
            self._end(event)
        elif event.kind != "model_token" and event.span in self._open:
            self.sink.note(self._open[event.span][0], event.kind, event.time, _noted(event, content=self.content))

    def _end(self, event: Event) -> None:
        """End a span, and before it those below it that an error left open."""
        for below in [name for name in reversed(self._open) if self._is_below(name, event.span)]:
            self.sink.end(self._open.pop(below)[0], Ended(event.time, {}, fault="broken_off"))
        if event.span in self._open:
            self.sink.end(self._open.pop(event.span)[0], _ended(event, content=self.content))

    def _is_below(self, name: str, top: str) -> bool:
        while name in self._open:
            name = self._open[name][1]
            if name == top:
                return True
        return False


def _begun(event: Event, *, content: bool) -> Begun:
    data = event.data
    shared: Attributes = {"gen_ai.agent.name": event.agent, "gen_ai.conversation.id": event.task_id}
    if event.kind == "task_started":
        own: Attributes = {**shared, "gen_ai.operation.name": "invoke_agent"}
        given: JsonValue = {"goal": data.get("goal"), "inputs": data.get("inputs")}
        return Begun(f"invoke_agent {event.agent}", "agent", event.time, own, given if content else None)
    if event.kind == "model_started":
        provider, _, model = str(data["model"]).rpartition(":")
        named = model if model == "scripted" else _PROVIDERS.get(provider, provider)
        own = {**shared, "gen_ai.operation.name": "chat", "gen_ai.provider.name": named, "gen_ai.request.model": model}
        return Begun(f"chat {model}", "model", event.time, own)
    own = {
        **shared,
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": str(data["tool"]),
        "gen_ai.tool.call.id": str(data["call"]),
        "gen_ai.tool.type": "function",
        "agent.tool.effect": str(data["effect"]),
    }
    return Begun(f"execute_tool {data['tool']}", "tool", event.time, own, data["arguments"] if content else None)


def _ended(event: Event, *, content: bool) -> Ended:
    data: dict[str, Any] = dict(event.data)
    if event.kind == "tool_ended":
        fault = "tool_error" if data["error"] else ""
        gave = (data["error"] or data["output"]) if content else None
        return Ended(event.time, {"agent.tool.tainted": data["tainted"]}, gave, fault)
    if event.kind == "model_ended":
        said: JsonValue = {"text": data["text"], "calls": data["calls"]}
        return Ended(event.time, _used(data["usage"]), said if content else None)
    result = data["result"]
    status = Status(result["status"])
    attributes: Attributes = {"agent.status": status.value, **_used(result["usage"])}
    return Ended(event.time, attributes, result["output"] if content else None, "" if status in _FINE else status.value)


def _used(usage: dict[str, Any]) -> Attributes:
    return {
        "gen_ai.usage.input_tokens": usage["input_tokens"],
        "gen_ai.usage.output_tokens": usage["output_tokens"],
        "agent.cost_usd": usage["cost"],
    }


def _noted(event: Event, *, content: bool) -> Attributes:
    kept = {name: value for name, value in event.data.items() if content or name in _WITHOUT_CONTENT}
    return {name: value if isinstance(value, str | int | float) else str(value) for name, value in kept.items()}
