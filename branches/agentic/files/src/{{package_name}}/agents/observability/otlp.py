"""Spans sent with OTLP over HTTP: to any collector, and to LangSmith, which takes the same."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ...plugins import PACKAGE
from ..errors import AgentError
from ..session import Project
from .tree import Attributes, Begun, Ended, Tracer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

    from ..events import Listener

_BILLION = 1_000_000_000
_PATIENCE = 5.0  # seconds that a receiver may take: a process waits for the last spans before it ends


def open_otlp(project: Project) -> Listener:
    """Give what sends the events of a run to a collector.

    Raises
    ------
    AgentError
        If the extra is not installed.
    """
    settings = project.agentic.observability
    return Tracer(OtelSink(provider_of(settings.otlp_endpoint)), settings.content)


def open_langsmith(project: Project) -> Listener:
    """Give what sends the events of a run to LangSmith.

    It gets what the other traces hold, masked, and not what LangChain would send by itself.

    Raises
    ------
    AgentError
        If LANGSMITH_API_KEY is not set, or the extra not installed.
    """
    settings = project.agentic.observability
    key = os.environ.get("LANGSMITH_API_KEY")
    if not key:
        hint = "set it in .env, or take langsmith out of agentic.observability.traces"
        raise AgentError("traces can't go to LangSmith: LANGSMITH_API_KEY is not set", hint=hint)
    headers = (("x-api-key", key), ("Langsmith-Project", settings.langsmith_project or PACKAGE))
    endpoint = f"{settings.langsmith_endpoint.rstrip('/')}/otel/v1/traces"
    return Tracer(OtelSink(provider_of(endpoint, headers)), settings.content)


@cache
def provider_of(endpoint: str, headers: tuple[tuple[str, str], ...] = ()) -> TracerProvider:
    """Make what sends spans, once for each receiver; it sends what is left when the process ends.

    Raises
    ------
    AgentError
        If the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        hint = "install the extra: uv sync --extra telemetry"
        raise AgentError(f"agentic.observability.traces needs what is not installed: {error}", hint=hint) from error
    exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(headers), timeout=_PATIENCE)
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: PACKAGE}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


class OtelSink:
    """Makes spans of OpenTelemetry."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(f"{PACKAGE}.agents")

    def begin(self, span: Begun, parent: Span | None) -> Span:
        """Begin a span."""
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind, set_span_in_context

        # An empty context: what a request of the service is doing around it is another trace.
        around = set_span_in_context(parent, Context()) if parent else Context()
        kind = SpanKind.CLIENT if span.kind == "model" else SpanKind.INTERNAL
        attributes: Attributes = {**span.attributes, **_content(_GIVEN[span.kind], span.given, "user")}
        begun: Span = self._tracer.start_span(
            span.name, around, kind, attributes=attributes, start_time=nanoseconds(span.time)
        )
        return begun

    def note(self, span: Span, name: str, time: datetime, attributes: Attributes) -> None:
        """Add an event to a span."""
        span.add_event(name, attributes, nanoseconds(time))

    def end(self, span: Span, ended: Ended) -> None:
        """End a span."""
        from opentelemetry.trace import Status, StatusCode

        operation = getattr(span, "attributes", {}).get("gen_ai.operation.name", "")
        name = "gen_ai.tool.call.result" if operation == "execute_tool" else "gen_ai.output.messages"
        span.set_attributes({**ended.attributes, **_content(name, ended.gave, "assistant")})
        if ended.fault:
            span.set_attribute("error.type", ended.fault)
            span.set_status(Status(StatusCode.ERROR, ended.fault))
        span.end(nanoseconds(ended.time))


_GIVEN: Mapping[str, str] = {
    "agent": "gen_ai.input.messages",
    "model": "gen_ai.input.messages",
    "tool": "gen_ai.tool.call.arguments",
}


def nanoseconds(time: datetime) -> int:
    """Give a time as nanoseconds since 1970.

    Examples
    --------
    >>> from datetime import UTC
    >>> nanoseconds(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005000
    """
    return int(time.timestamp()) * _BILLION + time.microsecond * 1_000


def _content(name: str, value: JsonValue, role: str) -> Attributes:
    """Write content as the conventions have it: messages with parts, or a tool's JSON."""
    if value is None:
        return {}
    if not name.endswith("messages"):
        return {name: json.dumps(value, ensure_ascii=False)}
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return {name: json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)}
