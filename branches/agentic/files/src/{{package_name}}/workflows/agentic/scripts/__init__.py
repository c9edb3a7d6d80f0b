"""How the scripted model plays the parts of the workflows, so that they run without a key."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessage

from ....agents import messages as words
from ....agents.models.conversation import Conversation
from ....agents.models.rules import Rule

_OTHERS = (words.CRITIQUE, words.REVISE)


def rule_of(name: str, role: str, answer: Callable[[Conversation], AIMessage]) -> Rule:
    """Make the rule of a part: it speaks for agents of this role, but for what the generic rules say for all."""

    def matches(conversation: Conversation) -> bool:
        asked = conversation.asked
        return conversation.role.startswith(role) and asked not in _OTHERS and not asked.startswith(words.SUMMARISE)

    return Rule(name, matches, answer)


def call_of(conversation: Conversation, *calls: tuple[str, dict[str, Any]]) -> AIMessage:
    """Call tools."""
    first = len(conversation.made)
    made = [
        {"name": name, "args": arguments, "id": f"call_{number}", "type": "tool_call"}
        for number, (name, arguments) in enumerate(calls, start=first)
    ]
    return AIMessage("", tool_calls=made)


def say(value: dict[str, Any]) -> AIMessage:
    """Answer with JSON."""
    return AIMessage(json.dumps(value, ensure_ascii=False))
