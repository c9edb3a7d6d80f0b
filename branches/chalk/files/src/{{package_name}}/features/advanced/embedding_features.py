"""Texts as vectors, reduced to few numbers, and how far each row is from those of training that are most like it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted, validate_data

from ..errors import FeatureError
from .columns import ColumnDescriber, as_texts
from .text_models import open_text_model
from .vector_cache import VectorCache

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

HASHING = "hashing"
COSINE = "cosine"


class TextEmbeddings(ColumnDescriber):
    """Vectors of texts, of which texts that mean nearly the same have nearly the same.

    A missing text is embedded as an empty one.

    Parameters
    ----------
    model
        `hashing`: n-grams of 3 to 5 characters, hashed, which need no model. Else the folder of one, as
        sentence-transformers writes it: with a file of ONNX in it, the extra `onnx` runs it, else `sentences`.
    dimensions
        Numbers that vectors are reduced to, at most: training texts may have fewer.
    reduction
        `svd` (Halko et al. 2011, doi:10.1137/090771806; of hashed n-grams it is latent semantic analysis), `pca`, which
        centres first, or `none`, which leaves a model's vectors as they are.
    hashes
        How many numbers n-grams are hashed into.
    cache
        A file that vectors of a model are kept in; none if it is empty.
    cache_mb
        What that file may grow to.
    seed
        Of the reduction.
    """

    def __init__(
        self,
        model: str = HASHING,
        *,
        dimensions: int = 32,
        reduction: str = "svd",
        hashes: int = 2**16,
        cache: str | Path = "",
        cache_mb: int = 512,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.dimensions = dimensions
        self.reduction = reduction
        self.hashes = hashes
        self.cache = cache
        self.cache_mb = cache_mb
        self.seed = seed

    def _learn(self, values: NDArray[np.object_]) -> tuple[Any, int]:
        return self._learn_and_describe(values)[0]

    def _learn_and_describe(self, values: NDArray[np.object_]) -> tuple[tuple[Any, int], NDArray[np.float64]]:
        if self.reduction not in ("svd", "pca", "none"):
            raise FeatureError(f"there is no reduction {self.reduction}", hint="there are svd, pca and none")
        if self.reduction == "none" and self.model == HASHING:
            raise FeatureError(f"hashed n-grams are {self.hashes} numbers a text", hint="set reduction=svd, or a model")
        vectors = self._vectors(values)
        reducer = None if self.reduction == "none" else self._reducer(vectors).fit(vectors)
        reduced = self._reduced(vectors, reducer)
        return (reducer, reduced.shape[1]), reduced

    def _describe(self, values: NDArray[np.object_], learnt: tuple[Any, int]) -> NDArray[np.float64]:
        return self._reduced(self._vectors(values), learnt[0])

    def _names(self, learnt: tuple[Any, int]) -> list[str]:
        return [f"vector_{place}" for place in range(learnt[1])]

    def _reduced(self, vectors: Any, reducer: Any) -> NDArray[np.float64]:
        return np.asarray(reducer.transform(vectors) if reducer else vectors, dtype=float)

    def _vectors(self, values: NDArray[np.object_]) -> Any:
        texts = as_texts(values)
        if self.model == HASHING:
            return HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=self.hashes).transform(texts)
        model = open_text_model(Path(self.model))
        if self.cache:
            return VectorCache(Path(self.cache), self.cache_mb).embed(model, texts)
        return model.embed(texts)

    def _reducer(self, vectors: Any) -> Any:
        most = min(self.dimensions, *vectors.shape)
        if self.reduction == "pca":
            return PCA(most, random_state=self.seed)
        return TruncatedSVD(most, random_state=self.seed)


class NearestRows(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """How far a row is from those of training that are nearest, by exact search.

    `fit_transform` gives training rows the distances to the nearest others, as a row of later has it, and not the 0 to
    themselves.

    Parameters
    ----------
    neighbours
        How many; where training has fewer others, it is those.
    metric
        `cosine`, 1 less the cosine of the angle, where vectors of zeros are 0 from each other and 1 from all others;
        `euclidean`, or another of scikit-learn's.
    beside
        Whether the numbers that came in are given too, before the distances.
    """

    def __init__(self, neighbours: int = 5, metric: str = COSINE, *, beside: bool = False) -> None:
        self.neighbours = neighbours
        self.metric = metric
        self.beside = beside

    def fit(self, vectors: ArrayLike, y: object = None) -> Self:
        """Remember the rows of training; the index of a frame is their ids, else their places from 0."""
        table = validate_data(self, vectors, dtype=float, ensure_min_samples=2)
        self.ids_ = np.asarray(vectors.index if isinstance(vectors, pd.DataFrame) else range(len(table)))
        self.count_ = min(self.neighbours, len(table) - 1)
        metric = "euclidean" if self.metric == COSINE else self.metric
        self.search_ = NearestNeighbors(n_neighbors=self.count_, metric=metric, algorithm="brute")
        self.search_.fit(self._points(table))
        return self

    def fit_transform(self, vectors: ArrayLike, y: object = None) -> NDArray[np.float64]:
        """Remember the rows of training, and give the distances of each to the others."""
        _, distances = self.fit(vectors).nearest()
        return self._with(np.asarray(vectors, dtype=float), distances)

    def transform(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Give the distances, the nearest first, and their mean, of shape (n_rows, n_neighbours + 1)."""
        check_is_fitted(self, "search_")
        table = validate_data(self, vectors, dtype=float, reset=False)
        return self._with(table, self._found(table)[1])

    def nearest(self, vectors: ArrayLike | None = None) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Give the ids of the nearest rows of training and the distances to them, each (n_rows, n_neighbours).

        Without vectors, they are those of the training rows, each among the others.
        """
        check_is_fitted(self, "search_")
        return self._found(None if vectors is None else validate_data(self, vectors, dtype=float, reset=False))

    def get_feature_names_out(self, names: Sequence[str] | None = None) -> NDArray[np.object_]:
        """Name what `transform` gives."""
        check_is_fitted(self, "search_")
        known = getattr(self, "feature_names_in_", names)
        came = [f"x{place}" for place in range(self.n_features_in_)] if known is None else list(known)
        ends = [*(f"distance_{place}" for place in range(1, self.count_ + 1)), "distance_mean"]
        return np.asarray([*(came if self.beside else []), *ends], dtype=object)

    def _found(self, table: NDArray[np.float64] | None) -> tuple[NDArray[Any], NDArray[np.float64]]:
        distances, places = self.search_.kneighbors(None if table is None else self._points(table))
        return self.ids_[places], distances**2 / 2 if self.metric == COSINE else distances

    def _points(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.metric != COSINE:
            return table
        # On the unit sphere the square of a distance is twice that of the cosine, and is found far faster. Vectors of
        # zeros have a direction of their own.
        nothing = ~table.any(axis=1, keepdims=True)
        return np.hstack([normalize(table), nothing])

    def _with(self, table: NDArray[np.float64], distances: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = [table] if self.beside else []
        return np.column_stack([*parts, distances, distances.mean(axis=1)])
