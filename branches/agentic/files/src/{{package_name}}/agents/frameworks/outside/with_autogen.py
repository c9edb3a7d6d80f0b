"""AutoGen: its assistant, with the project's model and tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from .host import MANY, Host, ai, human, system, tool


def start(host: Host, order: dict[str, Any]) -> Callable[[str], str]:
    """Give a function that has the assistant do a task."""
    tools = import_module("autogen_core.tools")
    agent = import_module("autogen_agentchat.agents").AssistantAgent(
        order["name"],
        make_client(host),
        tools=[
            tools.FunctionTool(call, description, name=name)
            for name, description, call in host.functions(order["tools"])
        ],
        system_message=order["system"],
        max_tool_iterations=MANY,
    )
    runner = asyncio.Runner()

    def work(task: str) -> str:
        return str(runner.run(agent.run(task=task)).messages[-1].content)

    return work


def make_client(host: Host) -> Any:
    """Give the project's model as AutoGen asks models."""
    models, core = import_module("autogen_core.models"), import_module("autogen_core")
    unknown = models.RequestUsage(prompt_tokens=0, completion_tokens=0)  # the project counts

    async def create(self: Any, messages: Sequence[Any], *, tools: Sequence[Any] = (), **_: Any) -> Any:
        said = host.model([packed for message in messages for packed in _packed(message)], tools=bool(tools))
        calls = [core.FunctionCall(**call) for call in said.calls]
        return models.CreateResult(
            finish_reason="function_calls" if calls else "stop",
            content=calls or said.text,
            thought=(said.text or None) if calls else None,
            usage=unknown,
            cached=False,
        )

    async def create_stream(self: Any, messages: Sequence[Any], **options: Any) -> Any:
        yield await create(self, messages, **options)

    async def close(self: Any) -> None:
        return None

    can = {"vision": False, "function_calling": True, "json_output": False, "structured_output": False}
    methods = {
        "create": create,
        "create_stream": create_stream,
        "close": close,
        "actual_usage": lambda self: unknown,
        "total_usage": lambda self: unknown,
        "count_tokens": lambda self, messages, **_: 0,
        "remaining_tokens": lambda self, messages, **_: 1_000_000,
        "capabilities": property(lambda self: self.model_info),
        "model_info": property(lambda self: {**can, "family": "unknown"}),
    }
    return type("ProjectClient", (models.ChatCompletionClient,), methods)()


def _packed(message: Any) -> list[dict[str, Any]]:
    if message.type == "SystemMessage":
        return [system(message.content)]
    if message.type == "AssistantMessage":
        if isinstance(message.content, str):
            return [ai(message.content)]
        return [ai(message.thought, [(call.id, call.name, call.arguments) for call in message.content])]
    if message.type == "FunctionExecutionResultMessage":
        return [tool(result.call_id, result.name, result.content) for result in message.content]
    return [human(str(message.content))]
