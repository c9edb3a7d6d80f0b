"""Semantic Kernel: its agent, with the project's model and tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

from .host import MANY, Host, ai, human, system, tool

_PLUGIN = "project"


def start(host: Host, order: dict[str, Any]) -> Callable[[str], str]:
    """Give a function that has the agent do a task, or go on with it."""
    choice = import_module("semantic_kernel.connectors.ai").FunctionChoiceBehavior
    functions = import_module("semantic_kernel.functions")
    made = [
        functions.kernel_function(call, name=name, description=description)
        for name, description, call in host.functions(order["tools"])
    ]
    agent = import_module("semantic_kernel.agents").ChatCompletionAgent(
        name=order["name"],
        instructions=order["system"],
        service=make_service(host),
        plugins=[functions.KernelPlugin(name=_PLUGIN, functions=made)] if made else [],
        function_choice_behavior=choice.Auto(maximum_auto_invoke_attempts=MANY),
    )
    runner = asyncio.Runner()
    threads: list[Any] = []

    def work(task: str) -> str:
        reply = runner.run(agent.get_response(messages=task, thread=threads[-1] if threads else None))
        threads.append(reply.thread)
        return str(reply.message)

    return work


def make_service(host: Host) -> Any:
    """Give the project's model as Semantic Kernel asks models."""
    ai_library = import_module("semantic_kernel.connectors.ai.chat_completion_client_base")
    contents = import_module("semantic_kernel.contents")
    author = contents.AuthorRole.ASSISTANT

    async def answer(self: Any, chat_history: Any, settings: Any) -> Any:
        conversation = [packed for message in chat_history.messages for packed in _packed(message)]
        said = host.model(conversation, tools=settings.function_choice_behavior is not None)
        items = [contents.TextContent(text=said.text)] if said.text or not said.calls else []
        items += [
            contents.FunctionCallContent(
                id=call["id"], plugin_name=_PLUGIN, function_name=call["name"], arguments=call["arguments"]
            )
            for call in said.calls
        ]
        return [contents.ChatMessageContent(role=author, items=items)]

    methods = {"SUPPORTS_FUNCTION_CALLING": True, "_inner_get_chat_message_contents": answer}
    return type("ProjectService", (ai_library.ChatCompletionClientBase,), methods)(ai_model_id=_PLUGIN)


def _packed(message: Any) -> list[dict[str, Any]]:
    role = message.role.value
    if role == "tool":
        results = [item for item in message.items if item.content_type == "function_result"]
        return [tool(item.id, item.function_name, str(item.result)) for item in results]
    if role == "assistant":
        calls = [item for item in message.items if item.content_type == "function_call"]
        return [ai(message.content, [(call.id, call.function_name, call.arguments) for call in calls])]
    return [system(message.content) if role in ("system", "developer") else human(message.content)]
