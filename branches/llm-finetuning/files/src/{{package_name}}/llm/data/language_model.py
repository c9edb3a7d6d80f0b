"""Asking a language model: structured answers, kept, and within a limit.

question → kept answer, or: limit → answer → once more where it is nonsense → answer kept
"""

from __future__ import annotations

import hashlib
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...sqlite import connect, explained, make_tables
from ..errors import ModelError
from .config import LanguageModelConfig
from .spending import Budget, Usage

Message = Mapping[str, str]

_SHOWN = 300  # characters of an answer
_WHAT = "the answers of the language model"
_TABLE = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, content TEXT NOT NULL)"


class NonsenseError(ModelError):
    """An answer that is not what was asked for."""


class LanguageModel(ABC):
    """A language model, wherever it runs.

    Parameters
    ----------
    settings : LanguageModelConfig
        What it is called, and what it may take.
    cache : Path
        SQLite file in which answers are kept.
    identity : str
        Which model it is; answers of another one are not taken for its own.
    """

    def __init__(self, settings: LanguageModelConfig, cache: Path, identity: str) -> None:
        self.settings, self.budget = settings, Budget(settings)
        self._identity, self._lock = identity, threading.Lock()
        make_tables(cache, _TABLE, _WHAT, ModelError)
        self._kept, self._cache = connect(cache, any_thread=True), cache

    @property
    def usage(self) -> Usage:
        """What asking took so far."""
        return self.budget.usage

    def close(self) -> None:
        """End what is open."""
        self._kept.close()

    def ask(self, messages: Sequence[Message], schema: Mapping[str, Any], check: Callable[[Any], None]) -> Any:
        """Give the answer to a conversation, as JSON.

        An answer that is nonsense is asked for once more, with what is wrong with it.

        Parameters
        ----------
        messages : sequence of mapping
            The conversation.
        schema : mapping
            JSON schema of the answer.
        check : callable
            Raises a `ValueError` where an answer is not what was asked for.

        Raises
        ------
        NonsenseError
            If the model does not answer as it should.
        LimitReachedError
            If the request might take more than is left.
        ModelError
            If the model can't be used.
        """
        body = self._body(messages, schema)
        key = hashlib.sha256(json.dumps([self._identity, body], sort_keys=True).encode()).hexdigest()
        with self._lock, explained(self._cache, _WHAT, ModelError):
            found = self._kept.execute("SELECT content FROM answers WHERE key = ?", (key,)).fetchone()
        if found is not None:
            self.budget.keep()
            return json.loads(found[0])
        content = self._answer(body)
        try:
            answer = _parsed(content, check)
        except ValueError as error:
            wrong = {"role": "assistant", "content": content[:_SHOWN]}
            repair = {"role": "user", "content": f"That can't be used: {error}. Answer with JSON of the schema alone."}
            again = self._answer(self._body([*messages, wrong, repair], schema))
            try:
                answer = _parsed(again, check)
            except ValueError as second:
                raise NonsenseError(f"{second}: {again[:_SHOWN]!r}") from second
        with self._lock, explained(self._cache, _WHAT, ModelError), self._kept:
            self._kept.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, json.dumps(answer)))
        return answer

    @abstractmethod
    def _answer(self, body: Mapping[str, Any]) -> str:
        """Give the text that answers a request as OpenAI's interface has it, if that is within the limits."""

    def _body(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> dict[str, Any]:
        shape = {"name": "answer", "strict": True, "schema": schema}
        return {
            "model": self.settings.model,
            "messages": list(messages),
            "temperature": self.settings.temperature,
            "max_tokens": self.settings.max_tokens,
            "response_format": {"type": "json_schema", "json_schema": shape},
        }


def _parsed(content: str, check: Callable[[Any], None]) -> Any:
    """Read the JSON object of an answer; models without structured output put fences or words around it."""
    try:
        answer = json.loads(content[content.find("{") : content.rfind("}") + 1])
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    check(answer)
    return answer
