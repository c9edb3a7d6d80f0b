"""How much the answer of a shadow agrees with the one that was given."""

from __future__ import annotations

from functools import cached_property

from ..evaluation.embeddings import Embedder
from ..evaluation.metrics import exact_match, token_f1


class Agreement:
    """Compares answers; the embedding model is loaded with the first that needs it.

    Parameters
    ----------
    model
        Reference of the embedding model.
    """

    def __init__(self, model: str) -> None:
        self._model = model

    def __call__(self, way: str, answer: str, given: str) -> float:
        """Give the agreement of two answers, from 0 to 1; of meanings it is the cosine, where that is positive."""
        if way == "exact":
            return exact_match(answer, given)
        if way == "token_f1":
            return token_f1(answer, given)
        return max(0.0, float(self._embedder.similarity([answer], [given])[0]))

    @cached_property
    def _embedder(self) -> Embedder:
        return Embedder.open(self._model)
