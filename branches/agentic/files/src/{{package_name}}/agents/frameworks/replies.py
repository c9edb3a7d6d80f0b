"""What a model may reply with, as one JSON Schema: a call of a tool, or the answer to the task."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import JsonValue

_LONGEST_TEXT = 4_000
_FORM = 'Reply with JSON alone: {"call": name of a tool, "arguments": {…}}, or {"answer": …} when you know it.'
_TOOLS = "Tools, with the JSON Schema of their arguments:"


def reply_schema(tools: Sequence[Mapping[str, Any]], answer: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the schema of a reply.

    Parameters
    ----------
    tools
        In the form of OpenAI's functions.
    answer
        Schema of the answer; text if there is none.

    Examples
    --------
    >>> list(reply_schema([], {"type": "integer"})["anyOf"][0]["properties"].items())
    [('answer', {'type': 'integer'})]
    """
    definitions: dict[str, Any] = {}
    options = []
    for number, tool in enumerate(tools):
        function = tool["function"]
        arguments = _hoisted(function["parameters"], f"tool_{number}_", definitions)
        options.append(_record(call={"const": function["name"]}, arguments=arguments))
    told = {"type": "string", "maxLength": _LONGEST_TEXT} if answer is None else answer
    options.append(_record(answer=_hoisted(told, "answer_", definitions)))
    return {"anyOf": options, **({"$defs": definitions} if definitions else {})}


def _record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _hoisted(schema: Mapping[str, Any], prefix: str, definitions: dict[str, Any]) -> Any:
    """Move a schema's definitions to those of the whole, under names that no other has."""

    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [moved(one) for one in value]
        if not isinstance(value, Mapping):
            return value
        rest = {key: moved(one) for key, one in value.items() if key not in ("$defs", "$schema", "$id")}
        reference = value.get("$ref")
        if isinstance(reference, str):
            rest["$ref"] = f"#/$defs/{prefix}{reference.rpartition('/')[2]}"
        return rest

    definitions.update({f"{prefix}{name}": moved(one) for name, one in schema.get("$defs", {}).items()})
    return moved(schema)


def read_reply(text: str, *, structured: bool) -> AIMessage:
    """Make a message of a reply.

    Parameters
    ----------
    structured
        Whether the answer is JSON of a schema.

    Raises
    ------
    ValueError
        If the reply breaks off.
    """
    reply: dict[str, Any] = json.loads(text)
    if "call" in reply:
        call = {"name": reply["call"], "args": reply["arguments"], "id": f"call_{uuid4().hex[:12]}"}
        return AIMessage("", tool_calls=[{**call, "type": "tool_call"}])
    answer: JsonValue = reply["answer"]
    return AIMessage(json.dumps(answer, ensure_ascii=False) if structured else str(answer))


def told(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Give a conversation as any chat template takes it, with the tools and the form of a reply."""
    form = "\n".join([_FORM, *([_TOOLS, json.dumps([tool["function"] for tool in tools])] if tools else [])])
    system = "\n".join([*(message.text for message in messages if isinstance(message, SystemMessage)), form])
    return [{"role": "system", "content": system}, *as_turns(messages)]


def as_turns(messages: Iterable[BaseMessage]) -> list[dict[str, str]]:
    """Give what was said as text, in the form of replies; what the system says is left out."""
    turns = []
    for message in messages:
        if isinstance(message, AIMessage):
            calls = [json.dumps({"call": call["name"], "arguments": call["args"]}) for call in message.tool_calls]
            turns.append({"role": "assistant", "content": "\n".join(calls) or json.dumps({"answer": message.text})})
        elif isinstance(message, ToolMessage):
            turns.append({"role": "user", "content": f"{message.name} gave: {message.text}"})
        elif isinstance(message, HumanMessage):
            turns.append({"role": "user", "content": message.text})
    return turns
