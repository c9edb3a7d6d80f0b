"""A model that is served: what requests ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ProjectError
from ..config import LLMConfig

if TYPE_CHECKING:
    from ..inference.engine import Engine
    from ..inference.tickets import Watch


class MessagesError(ProjectError):
    """A conversation that the model's chat template can't take."""


@dataclass(frozen=True, slots=True)
class Served:
    """A model that answers.

    Attributes
    ----------
    name : str
        Such as ``documents-qa@v1.0.0``.
    longest : int
        Characters of the longest token.
    """

    name: str
    engine: Engine
    tokenizer: Any
    longest: int

    def read_text(self, text: str) -> list[int]:
        """Give the tokens of a text."""
        self._check_length(text)
        ids: list[int] = self.engine.tokenizer.encode(text, add_special_tokens=True).ids
        return ids

    def read_messages(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """Give the tokens of a conversation, up to where the answer begins.

        Raises
        ------
        MessagesError
            If the chat template refuses it, or there is none.
        """
        from jinja2 import TemplateError

        self._check_length("".join(message["content"] for message in messages))
        try:
            text = str(self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        except (TemplateError, ValueError) as error:  # a tokenizer without a template raises ValueError
            raise MessagesError(f"the model can't take this conversation: {error}") from error
        self._check_length(text)
        ids: list[int] = self.engine.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _check_length(self, text: str) -> None:
        """Refuse a text that is too long however it is split: to split megabytes takes seconds."""
        from ..inference.tickets import PromptError

        if len(text) > self.engine.context * self.longest:
            raise PromptError(
                f"the prompt has {len(text)} characters, and with its answer it may have {self.engine.context} tokens",
                hint="shorten the prompt",
            )


def start_engine(name: str, model: Any, tokenizer: Any, config: LLMConfig, watch: Watch | None = None) -> Served:
    """Have a model answer; an adapter is merged, as apart it would cost each token two more products."""
    from ..inference.engine import Engine
    from ..models.spreading import put

    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    put(model, config)
    engine = Engine(model.eval(), tokenizer, config.serving, watch)
    longest = max(map(len, engine.tokenizer.get_vocab()))
    return Served(name, engine, tokenizer, longest)
