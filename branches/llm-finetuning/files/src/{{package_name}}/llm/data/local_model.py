"""A language model that is loaded here: no server, and nothing leaves the machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from ...errors import ProjectError
from ..config import LLMConfig, ModelConfig, ServingConfig
from ..distributed.resource_management import is_out_of_memory
from ..errors import ModelError
from ..serving.models import MessagesError, Served, start_engine
from ..training.checkpoint_files import METADATA
from ..training.checkpoint_names import label_of
from ..training.checkpointing import CheckpointManager
from .config import LanguageModelConfig
from .language_model import LanguageModel, Message, NonsenseError

if TYPE_CHECKING:
    from ..inference.tickets import Delta

_SCHEMA = "Answer with JSON of this schema, and nothing else:"


class LocalModel(LanguageModel):
    """A language model in this process; it is loaded when an answer is wanted that is not kept.

    Parameters
    ----------
    settings : LanguageModelConfig
        How it answers, and how many tokens it may take.
    cache : Path
        SQLite file in which answers are kept.
    identity : str
        Which model it is.
    load : callable
        Loads it.
    """

    def __init__(self, settings: LanguageModelConfig, cache: Path, identity: str, load: Callable[[], Served]) -> None:
        super().__init__(settings, cache, identity)
        self._load, self._loading = load, threading.Lock()
        self._served: Served | None = None
        self._refused: ProjectError | None = None

    def close(self) -> None:
        """Unload it."""
        if self._served is not None:
            self._served.engine.close()
        super().close()

    def _answer(self, body: Mapping[str, Any]) -> str:
        from ..inference.tickets import PromptError

        with self._loading:
            served = self._served = self._served or self._loaded()
        schema = body["response_format"]["json_schema"]["schema"]
        try:
            prompt = served.read_messages(_instructed(body["messages"], schema))
            with self.budget.reserve(self.budget.most(len(prompt))):
                return self._write(served, prompt)
        except (MessagesError, PromptError) as error:
            raise NonsenseError(error.message) from error

    def _loaded(self) -> Served:
        """Load it, and try that only once, however many ask."""
        if self._refused is None:
            try:
                return self._load()
            except ProjectError as error:
                self._refused = error
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                section = self.settings.section
                hint = f"set {section}.model to a smaller one, or {section}.url to where a model is served"
                self._refused = ModelError(f"there is no memory left to load {self.settings.model}", hint=hint)
        raise self._refused

    def _write(self, served: Served, prompt: Sequence[int]) -> str:
        """Have an answer written, and count its tokens, whole or not."""
        from ..inference.sampling import Sampling

        settings, end = self.settings, time.monotonic() + self.settings.timeout
        events: SimpleQueue[Delta | ProjectError] = SimpleQueue()
        sampling = Sampling(max_tokens=settings.max_tokens, temperature=settings.temperature)
        ticket = served.engine.submit(prompt, sampling, events.put)
        text, written = "", 0
        try:
            while True:
                event = events.get(timeout=max(end - time.monotonic(), 0))
                if isinstance(event, ProjectError):
                    raise event
                text, written = text + event.text, written + len(event.chosen)
                if event.finish:
                    return text
        except Empty as error:
            raise NonsenseError(f"the model gives no whole answer in {settings.timeout:g} s") from error
        finally:
            served.engine.cancel(ticket)
            self.budget.count(len(prompt), written)


def open_local_model(config: LLMConfig, settings: LanguageModelConfig, cache: Path, checkpoints: Path) -> LocalModel:
    """Find the model that the settings name: a checkpoint, a folder, or an id on the Hugging Face hub.

    Raises
    ------
    CheckpointError
        If there is no such checkpoint.
    """
    manager = CheckpointManager(checkpoints)
    name, folder = settings.model, Path(settings.model)
    is_checkpoint = "@" in name or (folder / METADATA).is_file() or name in {one.name for one in manager.list()}
    reference = folder if folder.is_dir() else name
    identity = _checkpoint_identity(manager, reference) if is_checkpoint else _base_identity(name)

    def load() -> Served:
        from ..base_model import load_base_model
        from ..process import quiet_transformers

        quiet_transformers()
        model: Any
        if is_checkpoint:
            model, tokenizer, _ = manager.load_checkpoint(reference)
        else:
            try:
                wanted = ModelConfig(base_model=name, precision="saved", device=config.model.device)
                model, tokenizer = load_base_model(wanted)
            except ModelError as error:
                raise ModelError(
                    error.message,
                    hint=f"set {settings.section}.model to a checkpoint, a folder, or an id on the Hugging Face hub if "
                    f"the network reaches it; or {settings.section}.url to where a model is served",
                ) from error
        serving = ServingConfig(rows=settings.concurrency, queue=settings.concurrency)
        return start_engine(name, model, tokenizer, config.model_copy(update={"serving": serving}))

    return LocalModel(settings, cache, identity, load)


def _checkpoint_identity(manager: CheckpointManager, reference: Path | str) -> str:
    facts = manager.metadata(reference)
    return f"{label_of(facts)} {facts['created_at']}"


def _base_identity(reference: str) -> str:
    """Tell models apart, and those in folders by when they were written too."""
    from ..base_model import resolve_base_model

    folder = Path(resolve_base_model(reference))
    written = max((file.stat().st_mtime_ns for file in folder.iterdir()), default=0) if folder.is_dir() else 0
    return f"{folder} {written}"


def _instructed(messages: Sequence[Message], schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Put instructions and schema into the first turn: not every chat template has a place for them."""
    told = [message["content"] for message in messages if message["role"] == "system"]
    first, *others = (dict(message) for message in messages if message["role"] != "system")
    content = "\n\n".join([*told, first["content"], f"{_SCHEMA}\n{json.dumps(schema)}"])
    return [{**first, "content": content}, *others]
