"""Transformers that describe each column by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class ColumnDescriber(TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """What one column learns and gives is said by a subclass; this puts columns side by side, and names them."""

    @abstractmethod
    def _learn(self, values: NDArray[np.object_]) -> Any:
        """Learn from a column of training; what is learnt goes to the other two."""

    @abstractmethod
    def _describe(self, values: NDArray[np.object_], learnt: Any) -> Any:
        """Give an array, dense or sparse, of shape (n_rows, n_names)."""

    def _learn_and_describe(self, values: NDArray[np.object_]) -> tuple[Any, Any]:
        """Give what is learnt of a column of training, and the column described; for those that can do both at once."""
        learnt = self._learn(values)
        return learnt, self._describe(values, learnt)

    @abstractmethod
    def _names(self, learnt: Any) -> list[str]:
        """Name the columns of `_describe`."""

    def fit(self, values: ArrayLike, y: object = None) -> Self:
        """Learn from each column of training, by itself."""
        table = self._table(values, reset=True)
        self.learnt_ = [self._learn(column) for column in table.T]
        return self

    def fit_transform(self, values: ArrayLike, y: object = None) -> Any:
        """Learn from each column of training, and describe it."""
        both = [self._learn_and_describe(column) for column in self._table(values, reset=True).T]
        self.learnt_ = [learnt for learnt, _ in both]
        return _beside([described for _, described in both])

    def transform(self, values: ArrayLike) -> Any:
        """Describe each column, in order, as float64 with a row for each row."""
        check_is_fitted(self, "learnt_")
        table = self._table(values, reset=False)
        return _beside([self._describe(column, learnt) for column, learnt in zip(table.T, self.learnt_, strict=True)])

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives, such as review_words."""
        check_is_fitted(self, "learnt_")
        columns = getattr(self, "feature_names_in_", [f"x{place}" for place in range(self.n_features_in_)])
        pairs = zip(columns, map(self._names, self.learnt_), strict=True)
        return np.asarray([f"{column}_{name}" for column, known in pairs for name in known], dtype=object)

    def _table(self, values: ArrayLike, *, reset: bool) -> NDArray[np.object_]:
        table = validate_data(self, values, dtype=None, ensure_all_finite=False, reset=reset)
        return np.asarray(table, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags


def _beside(parts: list[Any]) -> Any:
    return sparse.hstack(parts, format="csr") if any(map(sparse.issparse, parts)) else np.hstack(parts)


def as_texts(values: NDArray[np.object_]) -> list[str]:
    """Give values as texts; what is missing is empty.

    Examples
    --------
    >>> as_texts(np.array(["a", None, 3, np.nan], dtype=object))
    ['a', '', '3', '']
    """
    return ["" if gone else str(value) for value, gone in zip(values, pd.isna(values), strict=True)]
