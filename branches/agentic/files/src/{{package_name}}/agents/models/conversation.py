"""A conversation as the rules of the scripted model see it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import JsonValue

from ..messages import INPUTS, MEMORIES, SCHEMA, TOOLS

_FENCE = re.compile(r"\A<untrusted\b[^>\n]*>\n(.*)\n</untrusted\b[^>\n]*>\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Made:
    """A call that was made, and what it gave."""

    name: str
    arguments: dict[str, Any]
    output: JsonValue
    failed: bool


class Conversation:
    """What a model was told so far.

    Parameters
    ----------
    messages
        As they came.
    tools
        Functions that may be called, in the form of OpenAI's.
    """

    def __init__(self, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]] = ()) -> None:
        self.messages = messages
        self.tools = {tool["function"]["name"]: tool["function"] for tool in tools}

    @cached_property
    def role(self) -> str:
        """What the model was told about itself."""
        return "\n".join(message.text for message in self.messages if isinstance(message, SystemMessage))

    @cached_property
    def named(self) -> dict[str, str]:
        """The tools that the model was told of, with the sentence that describes each."""
        lines = self.role.partition(f"\n{TOOLS}\n")[2].splitlines()
        named = takewhile(lambda line: line.startswith("- "), lines)
        return dict(line.removeprefix("- ").split(": ", 1) for line in named)

    @cached_property
    def task(self) -> str:
        """The first thing that it was asked, as a whole."""
        return next((message.text for message in self.messages if isinstance(message, HumanMessage)), "")

    @cached_property
    def goal(self) -> str:
        """What is wanted, in words."""
        text = self.task
        for mark in (INPUTS, SCHEMA, MEMORIES):
            text = text.partition(f"\n\n{mark}")[0]
        return text.strip()

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """What the task is about."""
        value = _json_after(self.task, INPUTS)
        return value if isinstance(value, dict) else {}

    @cached_property
    def remembered(self) -> list[str]:
        """What it was told of earlier tasks, one memory each."""
        told = self.task.partition(f"\n\n{MEMORIES}\n- ")[2]
        return told.split("\n- ") if told else []

    @cached_property
    def schema(self) -> dict[str, Any] | None:
        """JSON Schema of the answer, if it must have one."""
        value = _json_after(self.task, SCHEMA)
        return value if isinstance(value, dict) else None

    @cached_property
    def asked(self) -> str:
        """The last thing that a person or program said."""
        last = self.messages[-1] if self.messages else None
        return last.text if isinstance(last, HumanMessage) else ""

    @cached_property
    def made(self) -> list[Made]:
        """The calls that were made, with their outcome, in order."""
        said = [message for message in self.messages if isinstance(message, AIMessage)]
        calls = {call["id"]: call for message in said for call in message.tool_calls}
        return [
            Made(
                message.name or "",
                calls[message.tool_call_id]["args"] if message.tool_call_id in calls else {},
                _output(message.text.removeprefix("error: ")),
                message.status == "error",
            )
            for message in self.messages
            if isinstance(message, ToolMessage)
        ]

    def outputs(self, name: str) -> list[JsonValue]:
        """Give what the calls of one tool gave, those that failed left out."""
        return [made.output for made in self.made if made.name == name and not made.failed]

    def find(self, key: str) -> JsonValue:
        """Find a value by its name: in the inputs, or else in what tools gave, the latest first."""
        if key in self.inputs:
            found: JsonValue = self.inputs[key]
            return found
        for made in reversed(self.made):
            value = _find(made.output, key)
            if value is not None:
                return value
        return None


def _find(value: JsonValue, key: str) -> JsonValue:
    if isinstance(value, dict):
        if value.get(key) is not None:
            return value[key]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            found = _find(one, key)
            if found is not None:
                return found
    return None


def _output(text: str) -> JsonValue:
    fenced = _FENCE.match(text)
    inner = fenced[1] if fenced else text
    try:
        value: JsonValue = json.loads(inner)
    except ValueError:
        return inner
    return value


def _json_after(text: str, mark: str) -> Any:
    _, found, rest = text.partition(f"\n\n{mark}\n")
    if not found:
        return None
    try:
        return json.JSONDecoder().raw_decode(rest)[0]
    except ValueError:
        return None
