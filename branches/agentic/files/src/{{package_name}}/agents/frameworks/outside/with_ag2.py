"""AG2: its agent, with the project's model and tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from .host import Host, ai, human, system, tool


def start(host: Host, order: dict[str, Any]) -> Callable[[str], str]:
    """Give a function that has the agent do a task, or go on with it."""
    ag2 = import_module("ag2")
    agent = ag2.Agent(
        order["name"],
        order["system"],
        config=Config(host),
        tools=[
            ag2.tool(call, name=name, description=description, sync_to_thread=False)
            for name, description, call in host.functions(order["tools"])
        ],
    )
    runner = asyncio.Runner()
    replies: list[Any] = []

    def work(task: str) -> str:
        asked = replies[-1] if replies else agent
        replies.append(runner.run(asked.ask(task)))
        return str(replies[-1].body or "")

    return work


class Config:
    """The project's model as AG2 opens models."""

    provider = "project"
    model = "project"

    def __init__(self, host: Host) -> None:
        self._host = host

    def copy(self) -> Config:
        """Give the same: nothing about it can be changed."""
        return self

    def create(self) -> Callable[..., Any]:
        """Give what is asked for answers."""

        async def answer(messages: Sequence[Any], context: Any, *, tools: Any = (), **_: Any) -> Any:
            events = import_module("ag2.events")
            conversation = [system("\n".join(context.prompt))]
            conversation += [packed for message in messages for packed in _packed(message)]
            said = self._host.model(conversation, tools=bool(list(tools)))
            calls = [
                events.ToolCallEvent(call["name"], id=call["id"], arguments=call["arguments"]) for call in said.calls
            ]
            message = events.ModelMessage(said.text) if said.text or not calls else None
            return events.ModelResponse(message, tool_calls=events.ToolCallsEvent(calls))

        return answer


def _packed(event: Any) -> list[dict[str, Any]]:
    kind = type(event).__name__
    if kind == "ModelResponse":
        calls = [(call.id, call.name, call.arguments) for call in event.tool_calls.calls]
        return [ai(event.content, calls)]
    if kind == "ToolResultsEvent":
        return [tool(result.parent_id, result.name or "", _text(result.result.parts)) for result in event.results]
    return [human(_text(event.parts))] if hasattr(event, "parts") else []


def _text(parts: Sequence[Any]) -> str:
    return "\n".join(str(getattr(part, "content", part)) for part in parts)
