"""A fitted pipeline as arrays: the same numbers as scikit-learn's, without its checks and without a frame.

For one row that is some hundred times as fast. Whether the numbers really are the same is tried out when a model is
loaded; see `predictor`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from ..data.features import QuantileClipper, to_categories, to_numbers, to_text
from .rows import RowReader, Table

Matrix = NDArray[np.float64]
Score = Callable[[Table], Matrix]


class NotCompilable(Exception):
    """A part that there are no arrays for."""


class Part(Protocol):
    """Columns of a table that become features."""

    def features(self, table: Table) -> Matrix:
        """Give float64 of shape (n_rows, n_features)."""
        ...


@dataclass(frozen=True, slots=True)
class Numbers:
    """Clip, fill gaps, say where they were, scale.

    Attributes
    ----------
    take
        Which numbers of the table.
    gaps
        Which of those get a feature that says whether the value is missing.
    """

    take: NDArray[np.int64]
    low: Matrix | None
    high: Matrix | None
    fill: Matrix
    gaps: NDArray[np.int64]
    mean: Matrix | None
    scale: Matrix | None

    def features(self, table: Table) -> Matrix:
        """Give float64 of shape (n_rows, n_numbers + n_gaps)."""
        values = table.numbers.take(self.take, axis=1)
        if self.low is not None and self.high is not None:
            np.minimum(np.maximum(values, self.low, out=values), self.high, out=values)  # np.clip takes thrice as long
        if not table.complete or len(self.gaps):
            missing = np.isnan(values)
            np.copyto(values, self.fill, where=missing)
            values = np.concatenate([values, missing[:, self.gaps]], axis=1)
        if self.mean is not None:
            values -= self.mean
        if self.scale is not None:
            values /= self.scale
        return values


@dataclass(frozen=True, slots=True)
class Categories:
    """One feature for each category.

    Attributes
    ----------
    places
        For each column its name, the feature of each category, and that of a category that is new; -1 for none.
    """

    places: Sequence[tuple[str, Mapping[str | None, int], int]]
    width: int

    def features(self, table: Table) -> Matrix:
        """Give zeros and ones of shape (n_rows, n_features)."""
        values = np.zeros((len(table), self.width))
        for name, places, other in self.places:
            for row, category in enumerate(table.others[name]):
                place = places.get(category, other)
                if place >= 0:
                    values[row, place] = 1.0
        return values


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one column of text."""

    name: str
    vectoriser: Any

    def features(self, table: Table) -> Matrix:
        """Give float64 of shape (n_rows, n_words)."""
        words: Matrix = self.vectoriser.transform([text or "" for text in table.others[self.name]]).toarray()
        return words


def compile_pipeline(pipeline: Any, reader: RowReader, task: str) -> Score:
    """Make a function of a fitted pipeline.

    Returns
    -------
    callable
        From a table to float64: of shape (n_rows,) for regression, (n_rows, n_classes) for classification.

    Raises
    ------
    NotCompilable
        If the pipeline has another part than those that `build_features` makes of numbers, categories and text.
    """
    (_, columns), (_, model) = pipeline.steps
    fitted = [(transformer, names) for _, transformer, names in columns.transformers_ if transformer != "drop"]
    parts = [_part(transformer, names, reader) for transformer, names in fitted]
    finish = _finish(model, task)
    if len(parts) == 1:
        only = parts[0]
        return lambda table: finish(only.features(table))
    return lambda table: finish(np.concatenate([part.features(table) for part in parts], axis=1))


def _part(transformer: Any, names: Any, reader: RowReader) -> Part:
    steps = [step for _, step in getattr(transformer, "steps", [])]
    first = getattr(steps[0], "func", None) if steps else None
    if first is to_numbers:
        return _numbers(steps[1:], [reader.numbers.index(name) for name in names])
    if first is to_categories:
        return _categories(steps[1], names)
    if first is to_text:
        return Words(names, steps[1])
    raise NotCompilable(type(transformer).__name__)


def _numbers(steps: list[Any], take: list[int]) -> Numbers:
    clipper = steps.pop(0) if isinstance(steps[0], QuantileClipper) else None
    imputer, *scalers = steps
    if np.isnan(imputer.statistics_).any():
        raise NotCompilable("a column without a value")
    gaps = imputer.indicator_.features_ if imputer.indicator_ is not None else []
    scaler = scalers[0] if scalers else None
    return Numbers(
        take=np.asarray(take, dtype=np.int64),
        low=clipper.low_ if clipper else None,
        high=clipper.high_ if clipper else None,
        fill=np.asarray(imputer.statistics_, dtype=np.float64),
        gaps=np.asarray(gaps, dtype=np.int64),
        mean=scaler.mean_ if scaler else None,
        scale=scaler.scale_ if scaler else None,
    )


def _categories(encoder: Any, names: Sequence[str]) -> Categories:
    rare_ones = encoder.infrequent_categories_ or [None] * len(names)
    missing = str(to_categories(_one_missing()).iloc[0, 0])
    found, width = [], 0
    for name, categories, rare in zip(names, encoder.categories_, rare_ones, strict=True):
        infrequent = set() if rare is None else set(rare.tolist())
        frequent = [category for category in categories.tolist() if category not in infrequent]
        places: dict[str | None, int] = {category: width + place for place, category in enumerate(frequent)}
        width += len(frequent)
        other = width if infrequent else -1
        width += bool(infrequent)
        places |= dict.fromkeys(infrequent, other)
        places[None] = places.get(missing, other)
        found.append((name, places, other))
    return Categories(found, width)


def _one_missing() -> Any:
    import pandas as pd

    return pd.DataFrame({"column": pd.Series([None], dtype=object)})


def _finish(model: Any, task: str) -> Callable[[Matrix], Matrix]:
    """Choose the shortest way from features to predictions."""
    kind = f"{type(model).__module__}.{type(model).__name__}"
    if kind.startswith("sklearn.linear_model.") and type(model).__name__ in {"LogisticRegression", "Ridge"}:
        return _linear(np.ascontiguousarray(model.coef_.T), model.intercept_, task)
    if kind.startswith("lightgbm.sklearn."):
        return _booster(model.booster_, task)
    predict: Callable[[Matrix], Matrix] = model.predict if task == "regression" else model.predict_proba
    return predict


def _linear(weights: Matrix, intercept: Any, task: str) -> Callable[[Matrix], Matrix]:
    def regression(features: Matrix) -> Matrix:
        return np.asarray(features @ weights + intercept)

    def two_classes(features: Matrix) -> Matrix:
        chances = np.empty((len(features), 2))
        chances[:, 1:] = expit(features @ weights + intercept)
        np.subtract(1.0, chances[:, 1], out=chances[:, 0])
        return chances

    def classes(features: Matrix) -> Matrix:
        return np.asarray(softmax(features @ weights + intercept, axis=1))

    if task == "regression":
        return regression
    return two_classes if weights.shape[1] == 1 else classes


def _booster(booster: Any, task: str) -> Callable[[Matrix], Matrix]:
    def predict(features: Matrix) -> Matrix:
        found = np.asarray(booster.predict(features, num_threads=1), dtype=np.float64)
        return found if task == "regression" or found.ndim > 1 else np.column_stack([1 - found, found])

    return predict
