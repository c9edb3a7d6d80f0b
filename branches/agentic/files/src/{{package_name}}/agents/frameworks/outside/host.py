"""The one way out of the process: questions to the project, each a line of JSON, and its answers.

Whatever a framework wants from the world, it asks for here: a model's answer, a call of a tool, whether the task is
done. A question is answered before the next one is put.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

FAILED = "error: "
"""How the project begins what it tells of a call that failed."""

MANY = 1_000
"""More rounds than a task ever has: where it ends is for the project to say, not for a framework's own limit."""


@dataclass(frozen=True)
class Answer:
    """What a model said.

    Attributes
    ----------
    calls
        Each with `id`, `name` and `arguments`, as `wrapped` gives them.
    """

    text: str
    calls: list[dict[str, str]]


class Host:
    """The project, as a framework sees it.

    Parameters
    ----------
    answers, questions
        Where answers are read, and where questions are written.
    """

    def __init__(self, answers: TextIO, questions: TextIO) -> None:
        self._answers, self._questions = answers, questions
        self._turn = threading.Lock()

    def order(self) -> dict[str, Any]:
        """Read what is to be done: `name`, `role`, `system`, `task`, and `tools` in the form of OpenAI's functions."""
        return self._read()

    def model(self, messages: Sequence[dict[str, Any]], *, tools: bool) -> Answer:
        """Ask the project's model.

        Parameters
        ----------
        messages
            The conversation: `system`, `human`, `ai` and `tool` give such.
        tools
            Whether it may call tools.
        """
        said = self.ask(ask="model", messages=list(messages), tools=tools)
        calls = [
            {"id": call["id"], "name": call["name"], "arguments": wrapped(call["arguments"])} for call in said["calls"]
        ]
        return Answer(said["text"], calls)

    def functions(self, tools: Sequence[dict[str, Any]]) -> list[tuple[str, str, Callable[[str], str]]]:
        """Give each tool's name, its description, and a function that has the project call it."""
        return [
            (tool["function"]["name"], tool["function"]["description"], self._function(tool["function"]["name"]))
            for tool in tools
        ]

    def ask(self, **question: Any) -> dict[str, Any]:
        """Put a question, and wait for its answer. Without a project there is no more to do."""
        with self._turn:
            self._questions.write(json.dumps(question) + "\n")
            self._questions.flush()
            return self._read()

    def _function(self, name: str) -> Callable[[str], str]:
        def call(given: str) -> str:
            return str(self.ask(ask="tool", name=name, arguments=json.loads(given))["text"])

        return call

    def _read(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            os._exit(0)
        answer: dict[str, Any] = json.loads(line)
        return answer


def wrapped(arguments: dict[str, Any]) -> str:
    """Write arguments as one text in one argument: frameworks hand that on as it is, whatever the tool's schema."""
    return json.dumps({"given": json.dumps(arguments)})


def unwrapped(arguments: str | dict[str, Any] | None) -> dict[str, Any]:
    """Read what `wrapped` wrote."""
    outer = json.loads(arguments) if isinstance(arguments, str) else arguments or {}
    inner: dict[str, Any] = json.loads(outer.get("given", "{}"))
    return inner


def system(text: str) -> dict[str, Any]:
    """Give what a model is told of itself."""
    return {"type": "system", "content": text}


def human(text: str) -> dict[str, Any]:
    """Give what a model is asked."""
    return {"type": "human", "content": text}


def ai(text: str | None, calls: Sequence[tuple[str, str, str | dict[str, Any] | None]] = ()) -> dict[str, Any]:
    """Give what a model said: text, and the id, name and wrapped arguments of each call."""
    made = [{"id": number, "name": name, "arguments": unwrapped(given)} for number, name, given in calls]
    return {"type": "ai", "content": text or "", "calls": made}


def tool(call: str, name: str, text: str) -> dict[str, Any]:
    """Give what a call gave."""
    return {"type": "tool", "content": text, "call": call, "name": name, "failed": text.startswith(FAILED)}
