"""Finding the passages that a question is about: by words, by meaning, or by both."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.chunks import Chunk
from .config import RagConfig
from .store import Floats, Ids, PassageStore, words_of

if TYPE_CHECKING:
    from ..evaluation.embeddings import Embedder

_SATURATION = 0.9  # k1, for short passages
_LENGTH = 0.4  # b
_QUESTIONS = 64  # compared with all passages at once

Ranking = list[tuple[int, float]]
"""Ids of passages with their scores, the best first."""


class Hit(NamedTuple):
    """A passage that was found.

    Attributes
    ----------
    passage : int
        Its id in the index.
    chunk : Chunk
        The passage.
    score : float
        Of BM25F, the cosine, or of the fusion; only the order of one method means anything.
    """

    passage: int
    chunk: Chunk
    score: float


class WordIndex:
    """Ranks passages by the words that they share with a question.

    By BM25F (Robertson and Zaragoza, 2009, "The Probabilistic Relevance Framework: BM25 and Beyond"): a shared word
    counts the more, the fewer passages have it, the more often it stands in the passage, and the shorter the passage;
    one of the title counts more than one of the text.
    """

    def __init__(self, store: PassageStore) -> None:
        self._store = store
        self._ids, lengths = store.lengths()
        mean = float(lengths.mean()) if len(lengths) else 1.0
        self._half = _SATURATION * (1 - _LENGTH + _LENGTH * lengths / mean)
        self._known: dict[str, tuple[Ids, NDArray[np.float64]]] = {}

    def rank(self, question: str, count: int) -> Ranking:
        """Give the best passages; none that shares no word."""
        scores = np.zeros(len(self._ids))
        for word in words_of(question):
            rows, gains = self._gains(word)
            scores[rows] += gains
        return [(int(self._ids[row]), float(scores[row])) for row in _best(scores, count) if scores[row] > 0]

    def _gains(self, word: str) -> tuple[Ids, NDArray[np.float64]]:
        """Say which passages gain by a word, and how much."""
        if word not in self._known:
            passages, counts = self._store.postings(word)
            rows, total = np.searchsorted(self._ids, passages), len(self._ids)
            weight = math.log(1 + (total - len(rows) + 0.5) / (len(rows) + 0.5))
            self._known[word] = rows, weight * counts / (counts + self._half[rows])
        return self._known[word]


class VectorIndex:
    """Ranks passages by the angle between their vectors and the question's, exactly: all are compared."""

    def __init__(self, store: PassageStore, embedder: Embedder) -> None:
        self._embedder = embedder
        self._ids, self._vectors = store.vectors()

    def rank(self, questions: Sequence[str], count: int) -> list[Ranking]:
        """Give the best passages for each question."""
        if not len(self._ids) or not questions:
            return [[] for _ in questions]
        vectors = self._embedder.embed(questions)
        return [
            [(int(self._ids[row]), float(cosines[row])) for row in _best(cosines, count)]
            for start in range(0, len(questions), _QUESTIONS)
            for cosines in self._cosines(vectors[start : start + _QUESTIONS])
        ]

    def _cosines(self, vectors: Floats) -> Floats:
        found: Floats = vectors @ self._vectors.T  # (questions, passages)
        return found


def _best(scores: NDArray[np.float64] | Floats, count: int) -> list[int]:
    """Give the places of the highest scores; of those that are alike the first."""
    count = min(count, len(scores))
    if not count:
        return []
    least = np.partition(scores, -count)[-count]
    rows = np.flatnonzero(scores >= least)
    return [int(row) for row in rows[np.argsort(-scores[rows], kind="stable")][:count]]


def fuse(rankings: Sequence[Ranking], constant: int) -> Ranking:
    """Fuse rankings by the ranks alone (Cormack, Clarke and Büttcher, 2009, doi:10.1145/1571941.1572114).

    Each ranking gives a passage ``1 / (constant + rank)``, with ranks from 1.

    Examples
    --------
    >>> [passage for passage, _ in fuse([[(1, 9.0), (2, 8.0)], [(2, 0.4), (3, 0.3)]], 60)]
    [2, 1, 3]
    """
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, (passage, _) in enumerate(ranking, 1):
            scores[passage] += 1 / (constant + rank)
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))


@dataclass
class Retriever:
    """Searches an index.

    Parameters
    ----------
    store : PassageStore
        The index.
    settings : RagConfig
        How it is searched.
    embedder : Embedder, optional
        What the vectors of the index are of; not needed for ``bm25``.
    """

    store: PassageStore
    settings: RagConfig = field(default_factory=RagConfig)
    embedder: Embedder | None = None

    @cached_property
    def _words(self) -> WordIndex:
        return WordIndex(self.store)

    @cached_property
    def _vectors(self) -> VectorIndex | None:
        return VectorIndex(self.store, self.embedder) if self.embedder else None

    def search(self, questions: Sequence[str], count: int) -> list[list[Hit]]:
        """Find the best passages for each question."""
        rankings = self._rankings(questions, count)
        chunks = self.store.chunks(sorted({passage for one in rankings for passage, _ in one}))
        return [[Hit(passage, chunks[passage], score) for passage, score in one] for one in rankings]

    def _rankings(self, questions: Sequence[str], count: int) -> list[Ranking]:
        method = self.settings.method
        if method == "bm25":
            return [self._words.rank(question, count) for question in questions]
        if self._vectors is None:
            raise ValueError(f"{method} needs an embedding model")
        if method == "dense":
            return self._vectors.rank(questions, count)
        most = max(count, self.settings.candidates)
        by_meaning = self._vectors.rank(questions, most)
        both = zip((self._words.rank(question, most) for question in questions), by_meaning, strict=True)
        return [fuse(two, self.settings.fusion_constant)[:count] for two in both]


def context_of(hits: Sequence[Hit]) -> str:
    """Put passages below each other, as a model is shown them."""
    return "\n\n".join(hit.chunk.context for hit in hits)
