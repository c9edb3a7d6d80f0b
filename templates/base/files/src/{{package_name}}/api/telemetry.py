"""Traces of requests, sent with OpenTelemetry. It is the extra `telemetry`, and imported if it is switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ProjectError
from ..plugins import PACKAGE
from .config import TelemetryConfig

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig as Telemetry
    from opentelemetry.sdk.trace import TracerProvider

_QUIET = {"/health", "/ready", "/metrics"}
"""Probes ask for these every few seconds; nobody looks for their traces."""


class TelemetryError(ProjectError):
    """Traces can't be sent."""


def open_traces(config: TelemetryConfig) -> TracerProvider | None:
    """Make what sends traces; None if it is switched off.

    Raises
    ------
    TelemetryError
        If the extra is not installed.
    """
    if not config.endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    except ImportError as error:
        hint = "install the extra: uv sync --extra telemetry"
        raise TelemetryError(f"api.telemetry.endpoint needs what is not installed: {error}", hint=hint) from error
    sampler = ParentBasedTraceIdRatio(config.share)
    provider = TracerProvider(sampler=sampler, resource=Resource.create({SERVICE_NAME: PACKAGE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=config.endpoint)))
    return provider


def fastapi_telemetry(provider: TracerProvider | None) -> Telemetry:
    """Say what FastAPI traces: requests, if there is something that sends them. What else it offers is off."""
    return {
        "tracer_provider": provider,
        "tracing": provider is not None,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
        "exclude": lambda scope: scope.get("path") in _QUIET,
    }
