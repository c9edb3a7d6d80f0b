"""Columns together, in all ways that say something about the target: products, ratios, crosses, groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, permutations
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.preprocessing import TargetEncoder
from sklearn.utils.validation import check_is_fitted, validate_data

from ..encoders import CrossFitted
from ..errors import FeatureError
from .group_features import COUNT, STATISTICS, GroupStatistics

CROSS = "cross"
_CLASSES = 2  # numbers with more values than that are amounts


class Interactions(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Columns together, those with the most mutual information with the target.

    Of numbers, products and ratios of two; of categories, crosses of two, encoded by the target as `CrossFitted` does;
    of both, what is usual of the number in the category, as `GroupStatistics` says it. Mutual information is estimated
    by nearest neighbours (Kraskov et al. 2004, doi:10.1103/PhysRevE.69.066138), on the rows of `fit` only, and of a
    cross by what the other folds say of a row: crosses with a category for each row are not taken for informative.
    What is missing, or divided by zero, is NaN in the result, and counts as the median when interactions are chosen.

    Parameters
    ----------
    keep
        How many are kept, at most.
    seed
        Of the noise that the estimate adds to break ties, and of the folds.
    categories
        Columns that are categories; the others are numbers.
    folds, smoothing
        Of the encoding of crosses.
    """

    def __init__(
        self, keep: int = 10, seed: int = 0, categories: Sequence[Any] = (), folds: int = 5, smoothing: float = 1.0
    ) -> None:
        self.keep = keep
        self.seed = seed
        self.categories = categories
        self.folds = folds
        self.smoothing = smoothing

    def fit(self, frame: pd.DataFrame, y: ArrayLike) -> Self:
        """Choose the interactions; words, booleans and numbers with two values are classes."""
        self.fit_transform(frame, y)
        return self

    def fit_transform(self, frame: pd.DataFrame, y: ArrayLike) -> NDArray[np.float64]:
        """Choose the interactions, and give them; crosses as the other folds say."""
        truth = self._check(frame, y)
        table = self._table(frame)
        candidates = self._candidates(table)
        self.groups_ = {
            (group, value): GroupStatistics(group, value).fit(table[[group, value]])
            for kind, value, group in candidates
            if kind == STATISTICS[0]
        }
        self.crosses_ = {(one, other): self._encoder() for kind, one, other in candidates if kind == CROSS}
        encoded = {
            pair: encoder.fit_transform(_crossed(table, *pair), truth) for pair, encoder in self.crosses_.items()
        }
        blocks = self._blocks(table, candidates, encoded)
        self.information_ = self._informations(blocks, truth)
        best = np.argsort(-self.information_, kind="stable")[: self.keep]
        self.interactions_ = [candidates[place] for place in best]
        return np.hstack([blocks[place] for place in best])

    def transform(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Give the chosen interactions, the most informative first, of shape (n_rows, at most `keep`).

        A cross has a column for each class of a target of three words or more.
        """
        check_is_fitted(self, "interactions_")
        table = self._table(frame)
        chosen = {(one, other) for kind, one, other in self.interactions_ if kind == CROSS}
        encoded = {pair: self.crosses_[pair].transform(_crossed(table, *pair)) for pair in chosen}
        return np.hstack(self._blocks(table, self.interactions_, encoded))

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives, such as bmi*age, ward*sex or bmi_distance_by_ward."""
        check_is_fitted(self, "interactions_")
        named: list[str] = []
        for kind, one, other in self.interactions_:
            if kind == CROSS:
                named += self.crosses_[one, other].get_feature_names_out().tolist()
            else:
                named.append(f"{one}_{kind}_by_{other}" if kind in STATISTICS else f"{one}{kind}{other}")
        return np.asarray(named, dtype=object)

    def _check(self, frame: pd.DataFrame, y: ArrayLike) -> NDArray[Any]:
        """Remember the names of columns, and give the target."""
        _, truth = validate_data(self, frame, y, dtype=None, ensure_all_finite=False, ensure_min_samples=2)
        names = self._names()
        if absent := [name for name in self.categories if name not in names]:
            raise FeatureError(f"there is no column {', '.join(absent)}", hint=f"there are {', '.join(names)}")
        return np.asarray(truth)

    def _names(self) -> list[str]:
        return list(getattr(self, "feature_names_in_", [f"x{place}" for place in range(self.n_features_in_)]))

    def _table(self, frame: pd.DataFrame) -> pd.DataFrame:
        values = validate_data(self, frame, dtype=None, ensure_all_finite=False, reset=False)
        table = pd.DataFrame(values, columns=self._names())
        numbers = [name for name in table if name not in self.categories]
        return table.assign(**{name: _floats(table[name]) for name in numbers})

    def _candidates(self, table: pd.DataFrame) -> list[tuple[str, str, str]]:
        categories = list(self.categories)
        numbers = [name for name in table if name not in categories]
        if len(numbers) + len(categories) <= 1:
            raise FeatureError("one column has no interactions", hint="give two columns, or more")
        found = [("*", one, other) for one, other in combinations(numbers, 2)]
        found += [("/", one, other) for one, other in permutations(numbers, 2)]
        found += [(CROSS, one, other) for one, other in combinations(categories, 2)]
        usual = [(kind, value, group) for value in numbers for group in categories for kind in STATISTICS]
        # How many rows a group has is said once, not again with each number.
        return found + [(kind, value, group) for kind, value, group in usual if kind != COUNT or value == numbers[0]]

    def _encoder(self) -> CrossFitted:
        return CrossFitted(TargetEncoder(smooth=self.smoothing), self.folds, self.seed)

    def _blocks(
        self,
        table: pd.DataFrame,
        interactions: Sequence[tuple[str, str, str]],
        encoded: Mapping[tuple[str, str], NDArray[np.float64]],
    ) -> list[NDArray[np.float64]]:
        """Give for each interaction an array of shape (n_rows, 1); for a cross, of shape (n_rows, n_classes)."""
        asked = {(group, value) for kind, value, group in interactions if kind in STATISTICS}
        usual = {pair: self.groups_[pair].transform(table[list(pair)]) for pair in asked}
        blocks = []
        for kind, one, other in interactions:
            if kind == CROSS:
                blocks.append(encoded[one, other])
            elif kind in STATISTICS:
                blocks.append(usual[other, one][[f"{one}_{kind}_by_{other}"]].to_numpy(dtype=float))
            else:
                blocks.append(_combined(table, kind, one, other)[:, None])
        return blocks

    def _informations(self, blocks: Sequence[NDArray[np.float64]], truth: NDArray[Any]) -> NDArray[np.float64]:
        values = np.hstack(blocks)
        filled = np.where(np.isnan(values), _medians(values), values)
        amounts = truth.dtype.kind in "iuf" and len(np.unique(truth)) > _CLASSES
        estimate = mutual_info_regression if amounts else mutual_info_classif
        of_columns = estimate(filled, truth, random_state=self.seed)
        begins = np.cumsum([0, *(block.shape[1] for block in blocks)])[:-1]
        return np.maximum.reduceat(of_columns, begins)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        return tags


def cross(frame: pd.DataFrame, one: str, other: str) -> pd.Series[Any]:
    """Give one category for each pair of categories, for an encoder; missing ones are a category."""
    parts = [frame[name].astype(object).where(frame[name].notna(), "(missing)").astype(str) for name in (one, other)]
    # Lengths keep ("a|b", "c") and ("a", "b|c") apart.
    return (parts[0].str.len().astype(str) + ":" + parts[0] + "|" + parts[1]).rename(f"{one}*{other}")


def _crossed(table: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    return cross(table, one, other).to_frame()


def _floats(column: pd.Series[Any]) -> pd.Series[Any]:
    numbers = column.mask(column.isna(), np.nan).astype(float)
    return numbers.where(np.isfinite(numbers))


def _combined(frame: pd.DataFrame, sign: str, one: str, other: str) -> NDArray[np.float64]:
    left, right = (frame[name].to_numpy(dtype=float, na_value=np.nan) for name in (one, other))
    with np.errstate(all="ignore"):
        values: NDArray[np.float64] = left * right if sign == "*" else left / right
    return np.where(np.isfinite(values), values, np.nan)


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    medians = [np.median(column[~np.isnan(column)]) if not np.isnan(column).all() else 0.0 for column in values.T]
    return np.asarray(medians, dtype=float)
