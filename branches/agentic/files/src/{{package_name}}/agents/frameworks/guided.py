"""A local model that Guidance holds to a schema: it calls tools as they are, and answers as it was asked to."""

from __future__ import annotations

import atexit
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from pydantic import PrivateAttr

from ..errors import ModelUnavailable
from ..models.binding import ConstrainedModel
from .catalogue import GUIDANCE, find_installed
from .program import FrameworkError, Program

if TYPE_CHECKING:
    from ..session import Project


class GuidedModel(ConstrainedModel):
    """A model in the format of transformers, in a process of its own that stays open.

    Parameters
    ----------
    folder
        Where the model is.
    python
        Interpreter of the environment that has Guidance.
    temperature
        0 takes the likeliest token each time.
    most_tokens
        Of one reply.
    patience
        Seconds that the model may take to load, and for a reply.
    """

    folder: Path
    python: Path
    temperature: float
    most_tokens: int
    patience: float
    _program: Program | None = PrivateAttr(default=None)
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "guidance"

    def _reply(self, turns: list[dict[str, str]], schema: dict[str, Any]) -> AIMessage:
        with self._turn:
            wrote = json.loads(self._ask(json.dumps({"messages": turns, "schema": schema})))
        read, written = wrote["read"], wrote["written"]
        usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
        return AIMessage(wrote["text"], usage_metadata=usage)

    def _broken_off(self) -> ModelUnavailable:
        hint = "bound the lengths that its schema leaves open, or set agentic.models.most_tokens"
        return ModelUnavailable(f"{self.model_name} came to no end within {self.most_tokens} tokens", hint=hint)

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._program is not None:
            self._program.end()
            self._program = None

    def _ask(self, task: str) -> str:
        settings = {"folder": str(self.folder), "temperature": self.temperature, "most_tokens": self.most_tokens}
        try:
            if self._program is None:
                self._program = Program(GUIDANCE.title, GUIDANCE.name, self.python, self.patience)
                atexit.register(self.close)
            else:
                self._program.answer({"task": task})
            question = self._program.question({**settings, "task": task}, lambda: False)
        except FrameworkError as error:
            self.close()
            raise ModelUnavailable(f"{self.model_name} gave no reply: {error.message}", hint=error.hint) from error
        return question.text if question else ""


def open_guided(project: Project, name: str) -> GuidedModel:
    """Open the model of a folder, which is named from the project's.

    Raises
    ------
    ModelUnavailable
        If Guidance is not installed, or there is no model.
    """
    missing = missing_for_guided(project, name)
    installed = find_installed(project, GUIDANCE)
    if missing or installed is None:
        raise ModelUnavailable(f"the model {name} can't be used: {missing}", hint="see `agents frameworks list`")
    return GuidedModel(
        model_name=f"{GUIDANCE.name}:{name}",
        folder=(project.root / name).resolve(),
        python=installed.python,
        temperature=project.agentic.agents.temperature,
        most_tokens=project.agentic.models.most_tokens,
        patience=project.agentic.frameworks.patience,
    )


def missing_for_guided(project: Project, name: str) -> str:
    """Tell what the model of a folder lacks; nothing if it can be used."""
    if find_installed(project, GUIDANCE) is None:
        return f"{GUIDANCE.title} is not installed: `agents frameworks install {GUIDANCE.name}`"
    return "" if (project.root / name / "config.json").is_file() else f"there is no model of transformers in {name}"
