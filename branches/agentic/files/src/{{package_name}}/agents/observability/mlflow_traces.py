"""Traces in the project's MLflow, beside the runs of training that agents started."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...tracking.client import absolute_uri
from ...tracking.config import TrackingConfig
from ...tracking.mlflow_store import open_store
from ..errors import AgentError
from ..session import Project
from .otlp import nanoseconds
from .tree import Attributes, Begun, Ended, Tracer

if TYPE_CHECKING:
    from mlflow.entities import LiveSpan

    from ..events import Listener

_TYPES = {"agent": "AGENT", "model": "CHAT_MODEL", "tool": "TOOL"}
_NOTES = "agent.notes"
_USAGE = "mlflow.chat.tokenUsage"


def open_mlflow(project: Project) -> Listener:
    """Give what writes the events of a run to MLflow.

    Raises
    ------
    AgentError
        If runs of training are not kept in MLflow.
    TrackingError
        If it does not answer.
    """
    settings = project.agentic.observability
    if project.config is None:
        raise AgentError("traces can't go to MLflow without a configuration", hint="work in the folder of a project")
    tracking = project.config.group("tracking", TrackingConfig)
    uri = absolute_uri(tracking.uri, project.config.root)
    if uri.startswith("folder:"):
        hint = "set tracking.uri to that of MLflow, or take mlflow out of agentic.observability.traces"
        raise AgentError("traces can't go to MLflow: tracking.uri is a folder", hint=hint)
    experiment = _experiment(tracking, uri, project.config.root, settings.mlflow_experiment)
    return Tracer(MlflowSink(experiment), settings.content)


@cache
def _experiment(tracking: TrackingConfig, uri: str, root: Path, name: str) -> str:
    import mlflow

    found = open_store(tracking, uri, root).experiment(name)
    mlflow.set_tracking_uri(uri)
    return found


class MlflowSink:
    """Makes spans of MLflow."""

    def __init__(self, experiment: str) -> None:
        self._experiment = experiment

    def begin(self, span: Begun, parent: LiveSpan | None) -> LiveSpan:
        """Begin a span, or a trace where nothing is above it."""
        import mlflow

        begun: LiveSpan = mlflow.start_span_no_context(
            span.name,
            span_type=_TYPES[span.kind],
            parent_span=parent,
            inputs=span.given,
            attributes={name: str(value) for name, value in span.attributes.items()},
            tags=None if parent else {"task_id": str(span.attributes["gen_ai.conversation.id"])},
            experiment_id=None if parent else self._experiment,
            start_time_ns=nanoseconds(span.time),
        )
        return begun

    def note(self, span: LiveSpan, name: str, time: datetime, attributes: Attributes) -> None:
        """Add a note to those of a span."""
        notes = span.get_attribute(_NOTES) or []
        span.set_attribute(_NOTES, [*notes, {"name": name, "time": time.isoformat(), **attributes}])

    def end(self, span: LiveSpan, ended: Ended) -> None:
        """End a span, or a whole trace."""
        attributes: dict[str, Any] = dict(ended.attributes)
        read = attributes.get("gen_ai.usage.input_tokens")
        written = attributes.get("gen_ai.usage.output_tokens")
        if span.span_type == _TYPES["model"] and isinstance(read, int) and isinstance(written, int):
            # MLflow adds these up itself; those of an agent would count twice
            attributes[_USAGE] = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
        if ended.fault:
            attributes["error.type"] = ended.fault
        status = "ERROR" if ended.fault else "OK"
        span.end(outputs=ended.gave, attributes=attributes, status=status, end_time_ns=nanoseconds(ended.time))
