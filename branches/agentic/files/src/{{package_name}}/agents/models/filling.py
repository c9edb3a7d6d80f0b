"""What the scripted model does where no other rule speaks: it calls what fits the goal, and reports what that gave.

Arguments come from the task's inputs, from what earlier calls gave, and from the words of the goal. It is no language
model: a goal that none of these fill gets an answer that says so.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import JsonValue

from .conversation import Conversation
from .telling import tell

_GOAL_NAMES = {"goal", "question", "task", "instruction", "request", "prompt"}
_WORD = re.compile(r"[a-z]{3,}")
_QUOTED = re.compile(r"[\"“`']([^\"”`']+)[\"”`']")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_NAME = r"\w(?:[\w.-]*\w)?"
_ARTICLES = {"a", "an", "the", "this", "that", "each", "of", "and", "is"}
_STEM = 5  # letters in which words of one family agree: train, training, trainer
_PREFIX = 4  # letters of a short word that begin a longer one: data, dataset


def wanted_tools(conversation: Conversation) -> list[str]:
    """Give the tools that the goal speaks of, in their order; all of them if it speaks of none."""
    goal = _stems(conversation.goal)
    known = conversation.named
    spoken = [name for name in known if name in conversation.goal or _related(_stems(name.replace("_", " ")), goal)]
    return spoken or list(known)


def next_calls(conversation: Conversation) -> list[tuple[str, dict[str, Any]]]:
    """Give the next call: the first wanted tool that was not called and whose arguments are known."""
    called = {made.name for made in conversation.made}
    for name in (one for one in wanted_tools(conversation) if one in conversation.tools):
        arguments = None if name in called else _arguments(conversation, conversation.tools[name]["parameters"])
        if arguments is not None:
            return [(name, arguments)]
    return []


def answer_of(conversation: Conversation) -> str:
    """Say what the calls gave, each by its tool; as JSON where the task has a schema."""
    if conversation.schema is not None:
        return json.dumps(_fill(conversation, conversation.schema, ""), ensure_ascii=False)
    told = [tell(made) for made in conversation.made]
    if not told:
        return f"No tool at hand helps with this: {conversation.goal}"
    return told[0] if len(told) == 1 else "\n".join(f"- {one}" for one in told)


def _arguments(conversation: Conversation, schema: dict[str, Any]) -> dict[str, Any] | None:
    """Fill in the arguments of a call, or None where one that is needed is not known."""
    properties, definitions = schema.get("properties", {}), schema.get("$defs", {})
    arguments: dict[str, Any] = {}
    for name, told in properties.items():
        own = _resolved(told, definitions)
        value = _argument(conversation, name, own, needed=name in schema.get("required", []))
        if value is not None:
            arguments[name] = value
        elif name in schema.get("required", []):
            return None
    return arguments


def _argument(conversation: Conversation, name: str, schema: dict[str, Any], *, needed: bool) -> JsonValue:
    found = conversation.find(name) if needed else conversation.inputs.get(name)
    if found is not None and _fits(found, schema):
        return found
    if name == "inputs":
        return dict(conversation.inputs)
    if "enum" in schema:
        return _chosen(conversation, schema["enum"], schema["enum"][0] if needed else None)
    return _from_words(conversation, name, schema) if needed else None


def _from_words(conversation: Conversation, name: str, schema: dict[str, Any]) -> JsonValue:
    """Take a number or a name out of the goal, or the goal itself."""
    number = _NUMBER.search(conversation.goal)
    if schema.get("type") in ("integer", "number") and number:
        value: int | float = json.loads(number[0])
        return value if _fits(value, schema) else None
    if schema.get("type") == "string":
        return conversation.goal if name in _GOAL_NAMES else _name_in(conversation.goal, name)
    return None


def _name_in(goal: str, kind: str) -> str | None:
    """Find what the goal calls by name: in quotes, beside the word for its kind, or written as only names are."""
    quoted = _QUOTED.search(goal)
    beside = re.search(rf"\b{re.escape(kind)}\s+({_NAME})|({_NAME})\s+{re.escape(kind)}\b", goal)
    if quoted:
        return quoted[1]
    if beside and (beside[1] or beside[2]) not in _ARTICLES:
        return beside[1] or beside[2]
    written = re.search(rf"(?<!\S)(?=\w*[-_.]\w)({_NAME})", goal)
    return written[1] if written else None


def _chosen(conversation: Conversation, options: list[JsonValue], otherwise: JsonValue) -> JsonValue:
    return next((one for one in options if str(one) in conversation.goal), otherwise)


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, and take the first of several types."""
    rest = {key: value for key, value in schema.items() if key not in ("$ref", "anyOf")}
    if "$ref" in schema:
        return {**definitions.get(schema["$ref"].rpartition("/")[2], {}), **rest}
    options = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    return _resolved({**options[0], **rest}, definitions) if options else schema


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _fits(value: JsonValue, schema: dict[str, Any]) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    kind = schema.get("type")
    if isinstance(value, bool) and kind != "boolean":
        return kind is None
    return kind not in _TYPES or isinstance(value, _TYPES[kind])


def _fill(conversation: Conversation, schema: dict[str, Any], name: str) -> JsonValue:
    """Make a value of a schema out of what is known by its names; what is not known is null, or left out."""
    schema = _resolved(schema, (conversation.schema or {}).get("$defs", {}))
    found = conversation.find(name) if name else None
    if found is not None and _fits(found, schema):
        return found
    if "properties" in schema:
        filled = {key: _fill(conversation, own, key) for key, own in schema["properties"].items()}
        needed = schema.get("required", [])
        return {key: value for key, value in filled.items() if value is not None or key in needed}
    if "enum" in schema:
        return _chosen(conversation, schema["enum"], None)
    empty: dict[str, JsonValue] = {"array": [], "object": {}, "string": _told(conversation)}
    otherwise: JsonValue = schema.get("const", schema.get("default", empty.get(schema.get("type", ""))))
    return otherwise


def _told(conversation: Conversation) -> str | None:
    return " ".join(tell(made) for made in conversation.made if not made.failed) or None


def _related(words: set[str], goal: set[str]) -> bool:
    """Tell whether words of a tool's name are of one family with words of a goal."""
    return any(one == other or (len(one) == _PREFIX and other.startswith(one)) for one in words for other in goal)


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.lower())}
