"""Texts as vectors, by a model of sentence-transformers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base_model import pick_device
from ..errors import ModelError

INSTALLED_SCHEME = "installed:"


@dataclass(frozen=True, slots=True)
class Embedder:
    """An embedding model that is loaded."""

    model: Any

    @classmethod
    def open(cls, reference: str, device: str = "auto") -> Embedder:
        """Load an embedding model.

        Parameters
        ----------
        reference : str
            ``installed:<package>/<folder>`` for one that an installed Python package carries, a folder, or an id on
            the Hugging Face hub.
        device : str
            As in ``llm.model.device``.

        Raises
        ------
        ModelError
            If sentence-transformers or the model is not there.
        """
        place = _located(reference)
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise _not_installed("sentence-transformers") from error
        logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
        try:
            return cls(SentenceTransformer(place, device=pick_device(device).type))
        except (OSError, ValueError) as error:
            message = f"the embedding model {reference} can't be loaded: {error}"
            raise ModelError(
                message, hint="set llm.evaluation.embedding_model to a folder, or an id on the hub"
            ) from error

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give each text as a vector of length 1; the same text is embedded once.

        Returns
        -------
        ndarray of shape (n_texts, dimensions)
        """
        places = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        vectors = self.model.encode(list(places), normalize_embeddings=True, show_progress_bar=False)
        found: NDArray[np.float32] = np.asarray(vectors)[[places[text] for text in texts]]
        return found

    def similarity(self, texts: Sequence[str], others: Sequence[str]) -> NDArray[np.float64]:
        """Compute the cosine of the angle between the vectors of each pair; 0 where one text is empty.

        Returns
        -------
        ndarray of shape (n_texts,)
        """
        vectors = self.embed([*texts, *others]).astype(np.float64)
        cosines = (vectors[: len(texts)] * vectors[len(texts) :]).sum(axis=1)
        said = [bool(text.strip() and other.strip()) for text, other in zip(texts, others, strict=True)]
        return np.where(said, cosines, 0.0)


def _located(reference: str) -> str:
    if not reference.startswith(INSTALLED_SCHEME):
        return reference
    package, _, folder = reference.removeprefix(INSTALLED_SCHEME).partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    if spec is None or spec.origin is None:
        raise _not_installed(reference)
    return str(Path(spec.origin).parent / folder)


def _not_installed(what: str) -> ModelError:
    return ModelError(
        f"{what} is not installed, and comparing meanings needs it",
        hint="install the extra: uv sync --extra evaluation",
    )
