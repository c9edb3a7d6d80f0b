"""Texts as vectors: by their words, with nothing to download, or by a model."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import AgentError
from .config import MemoryConfig

Vectors = NDArray[np.float32]

_WIDTH = 1_024
_PIECE = 4  # characters: pieces of words, so that forms of one word are alike
_CLASSES = {
    "openai": ("langchain_openai", "OpenAIEmbeddings", "openai"),
    "ollama": ("langchain_ollama", "OllamaEmbeddings", "ollama"),
}


class Embedder(Protocol):
    """Makes vectors of texts.

    Attributes
    ----------
    name
        Vectors of one name can be compared.
    counts
        Whether the places of a vector stand for words, so that words that many texts share say little.
    """

    name: str
    counts: bool

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Give an array of shape (n_texts, width)."""


class WordEmbedder:
    """Counts words and pieces of words in places that their checksums name (feature hashing: Weinberger et al., 2009).

    Examples
    --------
    >>> vectors = WordEmbedder().embed(["customer churn", "churning customers", "oak panels"])
    >>> bool(vectors[0] @ vectors[1] > vectors[0] @ vectors[2])
    True
    """

    name = f"words-{_WIDTH}"
    counts = True

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Give an array of shape (n_texts, 1024)."""
        vectors = np.zeros((len(texts), _WIDTH), dtype=np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for piece, count in Counter(_pieces(text)).items():
                vector[zlib.crc32(piece.encode()) % _WIDTH] += 1 + np.log(count)
        return vectors


class ModelEmbedder:
    """Asks an embedding model of LangChain."""

    counts = False

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self._model = model

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Give an array of shape (n_texts, width of the model)."""
        return np.asarray(self._model.embed_documents(list(texts)), dtype=np.float32)


def open_embedder(config: MemoryConfig) -> Embedder:
    """Give the embedder that the configuration names.

    Raises
    ------
    AgentError
        If there is none of that name, or its package is not installed.
    """
    if config.embedder == "words":
        return WordEmbedder()
    provider, _, model = config.embedder.partition(":")
    if provider not in _CLASSES or not model:
        hint = "agentic.memory.embedder is words, openai:MODEL or ollama:MODEL"
        raise AgentError(f"there is no embedder {config.embedder!r}", hint=hint)
    module, name, extra = _CLASSES[provider]
    try:
        return ModelEmbedder(config.embedder, getattr(import_module(module), name)(model=model))
    except ImportError as error:
        raise AgentError(f"{module} is not installed", hint=f"uv sync --extra {extra}") from error


def weights_of(vectors: Vectors) -> Vectors:
    """Weigh places by how few of the texts have them: the inverse document frequency, as scikit-learn smooths it.

    Parameters
    ----------
    vectors : ndarray of shape (n_texts, width)

    Returns
    -------
    ndarray of shape (width,)
    """
    seen = np.count_nonzero(vectors, axis=0)
    weights: Vectors = (np.log((1 + len(vectors)) / (1 + seen)) + 1).astype(np.float32)
    return weights


def similarities(query: Vectors, vectors: Vectors, weights: Vectors | None = None) -> Vectors:
    """Compare a text with others.

    Parameters
    ----------
    query : ndarray of shape (width,)
    vectors : ndarray of shape (n_texts, width)
    weights : ndarray of shape (width,), optional
        Of the places of the vectors.

    Returns
    -------
    ndarray of shape (n_texts,)
        Cosines.
    """
    if weights is not None:
        query, vectors = query * weights, vectors * weights
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
    found: Vectors = np.divide(
        vectors @ query, lengths, out=np.zeros(len(vectors), dtype=vectors.dtype), where=lengths > 0
    )
    return found


def _pieces(text: str) -> list[str]:
    words = re.findall(r"\w+", text.casefold())
    long = [word for word in words if len(word) > _PIECE]
    parts = [word[start : start + _PIECE] for word in long for start in range(len(word) - _PIECE + 1)]
    single = [sign for word in words if not word.isascii() for sign in word]  # scripts that write no spaces
    return words + parts + single
