"""Answers of models, kept in a file: an equal question is answered from there, and costs nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata

from ...sqlite import connected, make_tables
from ..errors import AgentError
from ..jsonable import canonical
from ..messages import pack, unpack

_TABLES = "CREATE TABLE IF NOT EXISTS responses (key TEXT PRIMARY KEY, answer TEXT NOT NULL)"
_FREE = UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)


class ResponseCache:
    """Keeps answers by the model, the conversation, the tools and the temperature.

    Parameters
    ----------
    path
        The file, which is made when it is missing.

    Raises
    ------
    AgentError
        If it can't be used.
    """

    def __init__(self, path: Path, temperature: float = 0) -> None:
        self.path = path
        self.temperature = temperature
        make_tables(path, _TABLES, "answers of models", AgentError)

    def find(self, model: str, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage | None:
        """Give the answer that was given before, or None."""
        with connected(self.path, "answers of models", AgentError, durable=False) as connection:
            found = connection.execute(
                "SELECT answer FROM responses WHERE key = ?", (self._key(model, messages, tools),)
            ).fetchone()
        answer = unpack(json.loads(found[0])) if found else None
        return answer.model_copy(update={"usage_metadata": _FREE}) if isinstance(answer, AIMessage) else None

    def keep(
        self, model: str, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]], answer: AIMessage
    ) -> None:
        """Keep an answer, unless it holds a call that can't be read."""
        if answer.invalid_tool_calls:
            return
        kept = (self._key(model, messages, tools), json.dumps(pack(answer)))
        with connected(self.path, "answers of models", AgentError, durable=False) as connection:
            connection.execute("INSERT OR REPLACE INTO responses VALUES (?, ?)", kept)

    def _key(self, model: str, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> str:
        asked = canonical([model, self.temperature, [pack(message) for message in messages], list(tools)])
        return hashlib.sha256(asked.encode()).hexdigest()
