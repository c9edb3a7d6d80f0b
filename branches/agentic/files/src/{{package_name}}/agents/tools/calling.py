"""Calling a tool without a model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ..events import Event
from ..opening import Asked, open_session
from ..person import at_terminal
from ..session import ApprovalRequest, Decision, Project
from ..tasks import Step, TaskSpec
from ..tool_calling import Call, call_tool
from .spec import Tool


def call_by_hand(project: Project, tool: Tool, arguments: dict[str, Any], task_id: str) -> tuple[Step, list[Path]]:
    """Call a tool for the person at the terminal, and give what came of it and the files that were written.

    The gate, the limits and the audit log hold; who calls also approves.
    """
    written: list[Path] = []
    person = at_terminal()

    def listen(event: Event) -> None:
        files = event.data.get("files") if event.kind == "tool_ended" else None
        written.extend(session.work_folder() / str(file) for file in (files if isinstance(files, list) else []))

    def approve(request: ApprovalRequest) -> Decision:
        return Decision(approved=True, by=person, reason="called by hand")

    task = TaskSpec(goal=f"call {tool.name} by hand", task_id=task_id)
    session = open_session(task, project, approvals=Asked(approve), listeners=(listen,))
    # Each call by hand is another one, also with the arguments of an earlier one.
    call = Call("by-hand", tool.name, arguments, number=time.time_ns())
    return call_tool(session, person, {tool.name: tool}, call), written
