"""CrewAI: its agent, with the project's model and tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from .host import MANY, Host, ai, human, system, tool


def start(host: Host, order: dict[str, Any]) -> Callable[[str], str]:
    """Give a function that has the agent do a task."""
    crewai = import_module("crewai")
    agent = crewai.Agent(
        role=order["name"],
        goal="do the task",
        backstory=order["system"],
        llm=make_model(host),
        tools=[_tool(*one) for one in host.functions(order["tools"])],
        max_iter=MANY,
        cache=False,  # a second call of a tool is a second call
        verbose=False,
    )
    said: list[dict[str, str]] = []

    def work(task: str) -> str:
        said.append({"role": "user", "content": task})
        answer = str(agent.kickoff(list(said)).raw)
        said.append({"role": "assistant", "content": answer})
        return answer

    return work


def make_model(host: Host) -> Any:
    """Give the project's model as CrewAI asks models."""
    base = import_module("crewai").BaseLLM

    def call(self: Any, messages: Any, tools: Sequence[Any] | None = None, *_: Any, **__: Any) -> Any:
        conversation = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        said = host.model([_packed(message) for message in conversation], tools=bool(tools))
        if not said.calls:
            return said.text
        return [
            {"id": one["id"], "type": "function", "function": {"name": one["name"], "arguments": one["arguments"]}}
            for one in said.calls
        ]

    methods = {
        "call": call,
        "supports_function_calling": lambda self: True,
        "supports_stop_words": lambda self: False,
        "get_context_window_size": lambda self: 1_000_000,
    }
    return type("ProjectModel", (base,), methods)(model="project")


def _tool(name: str, description: str, call: Callable[[str], str]) -> Any:
    given = import_module("pydantic").create_model("Given", given=(str, ...))
    base = import_module("crewai.tools").BaseTool

    def run(self: Any, given: str) -> str:
        return call(given)

    return type("ProjectTool", (base,), {"_run": run})(name=name, description=description, args_schema=given)


def _packed(message: dict[str, Any]) -> dict[str, Any]:
    text, role = str(message.get("content") or ""), message["role"]
    if role == "tool":
        return tool(message["tool_call_id"], message.get("name", ""), text)
    if role == "assistant":
        calls = [(one["id"], one["function"]) for one in message.get("tool_calls") or []]
        return ai(text, [(number, function["name"], function["arguments"]) for number, function in calls])
    return system(text) if role == "system" else human(text)
