"""Microsoft's agent-framework: its agent, with the project's model and tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from .host import MANY, Host, ai, human, system, tool


def start(host: Host, order: dict[str, Any]) -> Callable[[str], str]:
    """Give a function that has the agent do a task, or go on with it."""
    library = import_module("agent_framework")
    agent = library.Agent(
        make_client(host),
        order["system"],
        name=order["name"],
        tools=[
            library.FunctionTool(name=name, description=description, func=call, approval_mode="never_require")
            for name, description, call in host.functions(order["tools"])
        ],
    )
    runner, session = asyncio.Runner(), agent.create_session()

    def work(task: str) -> str:
        return str(runner.run(agent.run(task, session=session)).messages[-1].text)

    return work


def make_client(host: Host) -> Any:
    """Give the project's model as the framework asks models."""
    library = import_module("agent_framework")

    async def answer(messages: Sequence[Any], options: Mapping[str, Any]) -> Any:
        conversation = [system(str(options["instructions"]))] if options.get("instructions") else []
        conversation += [packed for message in messages for packed in _packed(message)]
        said = host.model(conversation, tools=bool(options.get("tools")))
        contents = [library.Content.from_text(said.text)] if said.text or not said.calls else []
        contents += [
            library.Content.from_function_call(call["id"], call["name"], arguments=call["arguments"])
            for call in said.calls
        ]
        return library.ChatResponse(messages=[library.Message("assistant", contents)])

    def respond(self: Any, *, messages: Sequence[Any], stream: bool, options: Mapping[str, Any], **_: Any) -> Any:
        return answer(messages, options)

    bases = (library.FunctionInvocationLayer, library.BaseChatClient)
    client = type("ProjectClient", bases, {"_inner_get_response": respond})()
    client.function_invocation_configuration["max_iterations"] = MANY
    return client


def _packed(message: Any) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [
            tool(part.call_id, getattr(part, "name", "") or "", str(part.result))
            for part in message.contents
            if part.type == "function_result"
        ]
    if message.role == "assistant":
        calls = [part for part in message.contents if part.type == "function_call"]
        return [ai(message.text, [(call.call_id, call.name, call.arguments) for call in calls])]
    return [system(message.text) if message.role == "system" else human(message.text)]
