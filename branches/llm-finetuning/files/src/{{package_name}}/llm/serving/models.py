"""The model that is served: found by its names, and loaded when it is wanted."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ProjectError
from ...logs import get_logger
from ..config import LLMConfig
from ..errors import ModelError
from ..training.checkpointing import CheckpointManager

if TYPE_CHECKING:
    from ..inference.engine import Engine, Watch

_log = get_logger(__name__)


class UnknownModelError(ProjectError):
    """A model that is not served."""


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

    def token_text(self, token: int) -> str:
        """Give the text of one token; of a part of a character, a replacement character."""
        return self.engine.tokenizer.decode([token], skip_special_tokens=False)

    def _check_length(self, text: str) -> None:
        """Refuse a text that is too long however it is split: to split megabytes takes seconds."""
        from ..inference.engine import PromptError

        if len(text) > self.engine.context * self.longest:
            raise PromptError(
                f"the prompt has {len(text)} characters, and with its answer it may have {self.engine.context} tokens",
                hint="shorten the prompt",
            )


class Models:
    """What is served.

    Parameters
    ----------
    config
        Of the project.
    root
        Folder of the project, which has its checkpoints.
    watch
        Is told what the engine does.
    """

    def __init__(self, config: LLMConfig, root: Path, watch: Watch | None = None) -> None:
        self._config = config
        self._manager = CheckpointManager(root / "checkpoints")
        self._watch = watch
        self._lock = threading.Lock()
        self._served: Served | None = None
        self._folder = root
        self._facts: tuple[str, int] | None = None

    @property
    def served(self) -> Served | None:
        """The model, if it is loaded."""
        return self._served

    def facts(self) -> tuple[str, int]:
        """Give the name of the model, and when it was made, in seconds since 1970.

        The first answer holds for good: what is listed is what answers, whatever is saved later.

        Raises
        ------
        CheckpointError
            If there is no such checkpoint.
        """
        if self._facts is None:
            folder = self._manager.path(self._reference)
            found = self._manager.metadata(folder)
            created = datetime.fromisoformat(found["created_at"]).timestamp()
            self._folder, self._facts = folder, (f"{found['name']}@v{found['version']}", int(created))
        return self._facts

    def get(self, name: str | None = None) -> Served:
        """Give the model, by its name with or without a version; it is loaded if it is not yet.

        Raises
        ------
        UnknownModelError
            If another one is asked for.
        CheckpointError
            If it can't be loaded.
        ModelError
            If there is no memory for it, or the disk fails.
        """
        with self._lock:
            known = self._served.name if self._served else self.facts()[0]
            names = [known, known.partition("@")[0]]
            if name is not None and name not in names:
                nearest = next(iter(difflib.get_close_matches(name, names, 1, 0.0)), known)
                raise UnknownModelError(f"there is no model {name!r}", hint=f"did you mean {nearest!r}?")
            if self._served is None:
                try:
                    self._served = self._load(known)
                except ProjectError:
                    self._facts = None
                    raise
            return self._served

    def close(self) -> None:
        """End; answers that are under way fail."""
        with self._lock:
            if self._served is not None:
                self._served.engine.close()
                self._served = None

    @property
    def _reference(self) -> str:
        return self._config.serving.checkpoint or self._config.training.name

    def _load(self, name: str) -> Served:
        import torch

        from ..process import quiet_transformers

        quiet_transformers()
        try:
            model, tokenizer, _ = self._manager.load_checkpoint(self._folder)
            return start_engine(name, model, tokenizer, self._config, self._watch)
        except (MemoryError, OSError, torch.OutOfMemoryError) as error:
            raise ModelError(f"{name} can't be loaded: {error}", hint="see whether it fits the memory") from error


def start_engine(name: str, model: Any, tokenizer: Any, config: LLMConfig, watch: Watch | None = None) -> Served:
    """Have a model answer; an adapter is merged, as apart it would cost each token two more products."""
    from ..base_model import pick_device, place
    from ..inference.engine import Engine

    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    place(model, pick_device(config.model.device))
    engine = Engine(model.eval(), tokenizer, config.serving, watch)
    longest = max(map(len, engine.tokenizer.get_vocab()))
    _log.info("model loaded", model=name, device=str(model.device), context=engine.context)
    return Served(name, engine, tokenizer, longest)
