"""Agents that call tools, and the way that every call goes.

find the tool → size → check the arguments → gate → journal → run with a time limit → shorten, clean → journal → event
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from typing import Any

from ..errors import first_line
from .base import Agent
from .budget import Meter
from .errors import ToolError, VouchedError
from .jsonable import EDGE, canonical, clean_part, clip, digest, to_json
from .session import ApprovalRequest, Known, Session, Unknown
from .tasks import Step, Usage
from .tool_threads import aside
from .tools.files import MEGABYTE, files_of
from .tools.spec import Effect, Tool, ToolContext, ToolOutput

_LOOK_UP = 0.05  # seconds between two looks at whether the run was cancelled


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that a model asked for.

    Attributes
    ----------
    number
        How many calls the agent made before in this run: part of the idempotency key.
    tainted
        Whether the model had read untrusted content before it asked.
    broken
        Why the arguments could not be read.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    number: int = 0
    tainted: bool = False
    broken: str = ""


class _Raised(ToolError):
    """What a tool itself raised: its words can quote whatever it read."""


class ApprovalNeeded(Exception):
    """A person has to decide about a call, and has not yet."""

    def __init__(self, request: ApprovalRequest) -> None:
        super().__init__(request.reason)
        self.request = request


def call_key(task_id: str, agent: str, call: Call) -> str:
    """Give the idempotency key of a call: the same when the run goes on after a crash."""
    parts = [task_id, agent, str(call.number), call.name, canonical(call.arguments)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def call_tool(session: Session, agent: str, tools: Mapping[str, Tool], call: Call, meter: Meter | None = None) -> Step:
    """Make a call, and give what came of it; whatever goes wrong with it is the `error` of the step.

    Parameters
    ----------
    meter
        What its use counts for; the session's by default.

    Raises
    ------
    ApprovalNeeded
        If a person has to decide about it first.
    """
    begun, clock = datetime.now(UTC), time.monotonic()
    with session.span() as (span, parent):
        place = {"span": span, "parent": parent}
        arguments = to_json(call.arguments)
        effect = tools[call.name].effect.value if call.name in tools else ""
        session.emit(
            "tool_started",
            agent,
            **place,
            tool=call.name,
            effect=effect,
            call=call.id,
            arguments=arguments,
            arguments_sha256=digest(arguments),
        )
        output, error = ToolOutput(None), ""
        try:
            own = session if meter is None or meter is session.meter else replace(session, meter=meter)
            output = _allowed(own, agent, tools, call)
        except ToolError as failure:
            output, error = ToolOutput(None, tainted=isinstance(failure, _Raised)), _told(session, failure)
        usage = Usage(steps=1, seconds=time.monotonic() - clock, cost=output.cost)
        (meter or session.meter).add(usage)
        session.emit(
            "tool_ended",
            agent,
            **place,
            tool=call.name,
            effect=effect,
            call=call.id,
            output=output.content,
            files=[str(file) for file in output.files],
            error=error,
            seconds=usage.seconds,
            tainted=output.tainted,
        )
    return Step(
        number=call.number,
        agent=agent,
        kind="tool",
        name=call.name,
        started=begun,
        input=clip(arguments, session.config.tools.max_output, session.clean)[0],
        output=output.content,
        error=error,
        tainted=call.tainted or output.tainted,
        usage=usage,
    )


def _told(session: Session, failure: ToolError) -> str:
    text, most = str(failure), session.config.tools.max_output
    return session.clean(text) if len(text) <= most else clean_part(text, 0, most, session.clean)


def _allowed(session: Session, agent: str, tools: Mapping[str, Tool], call: Call) -> ToolOutput:
    tool = _find(tools, call.name)
    if call.broken:
        raise ToolError(f"the arguments of {tool.name} can't be read: {call.broken[:200]}", hint="write them as JSON")
    size = len(json.dumps(call.arguments, default=str))
    if size > session.config.tools.max_arguments:
        most = session.config.tools.max_arguments
        raise ToolError(f"the arguments of {tool.name} are too long: {most:,} characters at most")
    arguments = tool.check(call.arguments)
    key = call_key(session.task.task_id, agent, call)
    _ask_gate(session, agent, tool, replace(call, arguments=tool.shown(arguments)), key)
    return _journaled(session, tool, arguments, key, call)


def _find(tools: Mapping[str, Tool], name: str) -> Tool:
    if name in tools:
        return tools[name]
    close = get_close_matches(name, tools, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(tools)) or 'none'}"
    raise ToolError(f"there is no tool {name[:100]!r}", hint=hint)


def _ask_gate(session: Session, agent: str, tool: Tool, call: Call, key: str) -> None:
    """Ask whether a call may be made; its arguments are those that the tool would get, not those that were written."""
    verdict = session.gate.decide(tool, call.arguments, tainted=call.tainted, task=session.task)
    if verdict.answer == "allow":
        return
    if verdict.answer == "deny":
        raise ToolError(f"{tool.name} is not allowed: {verdict.reason}", hint="do without it, or say what is missing")
    request = ApprovalRequest(
        key=key,
        task_id=session.task.task_id,
        agent=agent,
        tool=tool.name,
        arguments=call.arguments,
        effect=tool.effect,
        reason=verdict.reason,
        tainted=call.tainted,
    )
    with session.meter.paused():
        decision = session.approvals.ask(request)
    if decision is None:
        session.emit("approval_asked", agent, **request.model_dump(mode="json", exclude={"task_id", "agent"}))
        raise ApprovalNeeded(request)
    session.emit("approval_given", agent, key=key, tool=tool.name, **decision.model_dump(mode="json"))
    if not decision.approved:
        why = f": {decision.reason}" if decision.reason else ""
        raise ToolError(f"{decision.by} did not approve {tool.name}{why}", hint="do without it")


def _journaled(session: Session, tool: Tool, arguments: Mapping[str, Any], key: str, call: Call) -> ToolOutput:
    if tool.effect is Effect.READ:
        return _tidied(session, tool, _run(session, tool, arguments, key))
    begun = session.journal.begin(key, tool, call.arguments)
    if isinstance(begun, Known):
        return begun.output
    if isinstance(begun, Unknown):
        raise ToolError(
            f"{tool.name} was begun at {begun.since:%Y-%m-%d %H:%M:%S} and nobody knows how that ended",
            hint="look whether its effect is there; it is not done again by itself",
        )
    output = _tidied(session, tool, _run(session, tool, arguments, key))
    session.journal.end(key, output)
    return output


def _run(session: Session, tool: Tool, arguments: Mapping[str, Any], key: str) -> ToolOutput:
    """Run a tool in another thread, which is left behind when it takes too long."""
    stopped = threading.Event()
    context = ToolContext(
        root=session.project.root,
        work=session.work_folder() if tool.takes_context else session.project.root,
        task_id=session.task.task_id,
        key=key,
        user=session.task.user,
        cancelled=lambda: stopped.is_set() or session.cancelled(),
        clean=session.clean,
    )
    doing = aside(partial(tool.run, arguments, context))
    limit = _time_limit(session, tool)
    until = time.monotonic() + limit
    while not wait([doing], min(_LOOK_UP, max(until - time.monotonic(), 0))).done:
        late = time.monotonic() >= until
        if late or session.cancelled():
            stopped.set()
            why = f"took longer than {limit:g} seconds" if late else "was cancelled"
            rest = "" if tool.effect is Effect.READ else "; whether it had its effect is unknown"
            raise ToolError(f"{tool.name} {why}{rest}", hint="ask for less at once")
    try:
        result = doing.result()
    except VouchedError as error:
        if not tool.untrusted:
            raise ToolError(error.message, hint=error.hint) from error
        raise _Raised(error.message, hint=error.hint) from error
    except ToolError as error:
        raise _Raised(error.message, hint=error.hint) from error
    except BaseException as error:  # what a tool raises does not end the run
        raise _Raised(f"{tool.name} failed: {type(error).__name__}: {first_line(error)}") from error
    if result.files:
        _keep_to_size(session, tool, result)
    return result


def _keep_to_size(session: Session, tool: Tool, output: ToolOutput) -> None:
    """Delete what a tool wrote if the folder has grown too large with it, whichever tool it was."""
    folder, most = session.work_folder(), session.config.tools.work_mb
    if sum(size for _, size in files_of(folder)) <= most * MEGABYTE:
        return
    for file in output.files:
        path = folder / file
        if path.resolve().is_relative_to(folder.resolve()):
            path.unlink(missing_ok=True)
    raise ToolError(
        f"{tool.name} has filled the folder beyond {most} MB; what it wrote is deleted",
        hint="ask for less, or raise agentic.tools.work_mb",
    )


def _time_limit(session: Session, tool: Tool) -> float:
    own = tool.timeout or session.config.tools.timeout
    left = session.meter.seconds_left()
    return own if left is None else min(own, max(left, 0.1))


def _tidied(session: Session, tool: Tool, output: ToolOutput) -> ToolOutput:
    """Make JSON of what a tool gave, short enough for a model and without secrets."""
    most = session.config.tools.max_output
    raw = output.content
    if isinstance(raw, str):
        raw = raw[: most + EDGE + 1]  # a gigabyte is not copied first
    content, cut = clip(to_json(raw), most, session.clean)
    if cut:
        content = {"shortened": True, "characters": most, "content": content}
    return replace(output, content=content, tainted=output.tainted or tool.untrusted)


class ToolAgent(Agent):
    """An agent that gets things done with tools, by the configured `tool_model` if no model is named."""

    default_role = "You get things done with your tools, and report what they gave."

    def _configured_model(self) -> str:
        return self.project.agentic.agents.tool_model or super()._configured_model()
