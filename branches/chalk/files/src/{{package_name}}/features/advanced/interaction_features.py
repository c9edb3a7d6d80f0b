"""Columns together: products and ratios that say something about the target, and what is usual in a group."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.utils.validation import check_is_fitted

from ..errors import FeatureError

_CLASSES = 2  # numbers with more values than that are amounts


class Interactions(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Products and ratios of two columns of numbers, those with the most mutual information with the target.

    Mutual information is estimated by nearest neighbours (Kraskov et al. 2004, doi:10.1103/PhysRevE.69.066138), on the
    rows of `fit` only. What is missing, or divided by zero, is NaN in the result, and counts as the median when
    interactions are chosen.

    Parameters
    ----------
    keep
        How many are kept, at most.
    seed
        Of the noise that the estimate adds to break ties.
    """

    def __init__(self, keep: int = 10, seed: int = 0) -> None:
        self.keep = keep
        self.seed = seed

    def fit(self, frame: pd.DataFrame, y: ArrayLike) -> Self:
        """Choose the interactions; words, booleans and numbers with two values are classes."""
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = frame.shape[1]
        if self.n_features_in_ <= 1:
            raise FeatureError("one column has no interactions", hint="give two columns of numbers, or more")
        products = [("*", one, other) for one, other in combinations(frame, 2)]
        candidates = products + [("/", one, other) for one, other in permutations(frame, 2)]
        values = np.column_stack([_combined(frame, *pair) for pair in candidates])
        filled = np.where(np.isnan(values), _medians(values), values)
        truth = np.asarray(y)
        amounts = truth.dtype.kind in "iuf" and len(np.unique(truth)) > _CLASSES
        estimate = mutual_info_regression if amounts else mutual_info_classif
        self.information_ = estimate(filled, truth, random_state=self.seed)
        best = np.argsort(-self.information_, kind="stable")[: self.keep]
        self.interactions_ = [candidates[place] for place in best]
        return self

    def transform(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Give the chosen interactions, the most informative first, of shape (n_rows, at most `keep`)."""
        check_is_fitted(self, "interactions_")
        return np.column_stack([_combined(frame, *pair) for pair in self.interactions_])

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives, such as bmi*age."""
        return np.asarray([f"{one}{sign}{other}" for sign, one, other in self.interactions_], dtype=object)


class GroupStatistics(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What is usual in a row's group: mean and deviation of a value in training, and how far the row is from it.

    A group that training did not have gets what is usual of all.

    Parameters
    ----------
    group
        The column that groups rows.
    value
        The column of numbers.
    """

    def __init__(self, group: str, value: str) -> None:
        self.group = group
        self.value = value

    def fit(self, frame: pd.DataFrame, y: object = None) -> Self:
        """Learn the mean and the standard deviation of each group, and of all rows."""
        for name in (self.group, self.value):
            if name not in frame:
                raise FeatureError(f"there is no column {name}", hint=f"there are {', '.join(map(str, frame))}")
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = frame.shape[1]
        values = frame[self.value].astype(float)
        self.all_ = {"mean": values.mean(), "std": values.std(), "count": 0.0}
        self.groups_ = values.groupby(frame[self.group]).agg(["mean", "std", "count"])
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give mean, std, count and distance from the mean in deviations, as float64."""
        check_is_fitted(self, "groups_")
        found = self.groups_.reindex(frame[self.group].to_numpy()).set_axis(frame.index)
        found = found.fillna(self.all_).astype(float)
        away = frame[self.value].astype(float) - found["mean"]
        # Where all were equal in training, a deviation tells nothing.
        found["distance"] = away / found["std"].where(found["std"] > 0)
        return found.set_axis(list(self.get_feature_names_out()), axis="columns")

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives."""
        ends = ("mean", "std", "count", "distance")
        return np.asarray([f"{self.value}_{end}_by_{self.group}" for end in ends], dtype=object)


def cross(frame: pd.DataFrame, one: str, other: str) -> pd.Series[Any]:
    """Give one category for each pair of categories, for an encoder; missing ones are a category."""
    parts = [frame[name].astype(object).where(frame[name].notna(), "(missing)").astype(str) for name in (one, other)]
    # Lengths keep ("a|b", "c") and ("a", "b|c") apart.
    return (parts[0].str.len().astype(str) + ":" + parts[0] + "|" + parts[1]).rename(f"{one}*{other}")


def _combined(frame: pd.DataFrame, sign: str, one: str, other: str) -> NDArray[np.float64]:
    left, right = (frame[name].to_numpy(dtype=float, na_value=np.nan) for name in (one, other))
    with np.errstate(all="ignore"):
        values: NDArray[np.float64] = left * right if sign == "*" else left / right
    return np.where(np.isfinite(values), values, np.nan)


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    medians = [np.median(column[~np.isnan(column)]) if not np.isnan(column).all() else 0.0 for column in values.T]
    return np.asarray(medians, dtype=float)
