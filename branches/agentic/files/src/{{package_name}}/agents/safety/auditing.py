"""What of a run is on record in the audit log: tasks, calls, and who approved them."""

from __future__ import annotations

from typing import Any

from ..events import Event
from ..jsonable import digest
from .audit import AuditLog

_ON_RECORD = {"task_started", "task_ended", "tool_started", "tool_ended", "approval_asked", "approval_given", "warning"}


def record_event(log: AuditLog, event: Event, *, reads: bool = False) -> None:
    """Put an event on record. What tools gave is there as its digest: the run's own history holds the rest.

    Long arguments are cut; `arguments_sha256` is the digest of all of them.

    Parameters
    ----------
    reads
        Whether calls that only read are on record too.

    Raises
    ------
    AgentError
        If the log can't be written; the run then ends.
    """
    if event.kind not in _ON_RECORD or (event.data.get("effect") == "read" and not reads):
        return
    data: dict[str, Any] = dict(event.data)
    if event.kind == "tool_ended":
        data["output"] = digest(data.get("output"))
    if event.kind == "task_ended":
        result: Any = data.pop("result", {})
        data |= {name: result.get(name) for name in ("status", "reason")} | {"output": digest(result.get("output"))}
    log.append(event.kind, data, task_id=event.task_id, agent=event.agent, durable=event.kind == "approval_given")
