"""What is usual in a row's group, and how far the row is from it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ..errors import FeatureError

COUNT = "count"
STATISTICS = ("mean", "std", COUNT, "distance")


class GroupStatistics(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What is usual in a row's group: mean and deviation of a value in training, and how far the row is from it.

    A group that training did not have gets what is usual of all.

    Parameters
    ----------
    group
        The column that groups rows; of an array, its place.
    value
        The column of numbers, likewise.

    Raises
    ------
    FeatureError
        When it is fitted, if there is no such column.
    """

    def __init__(self, group: str | int, value: str | int) -> None:
        self.group = group
        self.value = value

    def fit(self, frame: pd.DataFrame, y: object = None) -> Self:
        """Learn the mean and the standard deviation of each group, and of all rows."""
        table = self._table(frame, reset=True)
        for name in (self.group, self.value):
            if name not in table:
                raise FeatureError(f"there is no column {name}", hint=f"there are {', '.join(map(str, table))}")
        values = table[self.value]
        self.all_ = {"mean": values.mean(), "std": values.std(), "count": 0.0}
        self.groups_ = values.groupby(table[self.group]).agg(["mean", "std", "count"])
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give mean, std, count and distance from the mean in deviations, as float64."""
        check_is_fitted(self, "groups_")
        table = self._table(frame, reset=False)
        found = self.groups_.reindex(table[self.group].to_numpy()).set_axis(table.index)
        found = found.fillna(self.all_).astype(float)
        away = table[self.value] - found["mean"]
        # Where all were equal in training, a deviation tells nothing.
        found["distance"] = away / found["std"].where(found["std"] > 0)
        return found.set_axis(list(self.get_feature_names_out()), axis="columns")

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives."""
        return np.asarray([f"{self.value}_{end}_by_{self.group}" for end in STATISTICS], dtype=object)

    def _table(self, frame: pd.DataFrame, *, reset: bool) -> pd.DataFrame:
        values = validate_data(self, frame, dtype=None, ensure_all_finite=False, reset=reset)
        index = frame.index if isinstance(frame, pd.DataFrame) else None
        table = pd.DataFrame(values, columns=getattr(self, "feature_names_in_", None), index=index)
        if self.value in table:
            table[self.value] = table[self.value].mask(table[self.value].isna(), np.nan).astype(float)
        return table

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        tags.input_tags.allow_nan = True
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags
