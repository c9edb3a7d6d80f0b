"""Feature engineering: a scikit-learn pipeline that is fitted on the training split, and on nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from ..config.settings import one_of
from ..plugins import find_plugins
from .config import FeatureConfig
from .errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .card import DataCard

_MISSING = "(missing)"
_SECONDS_A_DAY = 86_400


class DateParts(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Dates as numbers: days since the first date of the training split, and the circles of week and year.

    A circle takes a sine and a cosine, so that Sunday is next to Monday and December next to January. A date that is
    missing, or is none, gives NaN.
    """

    def fit(self, frame: pd.DataFrame, target: object = None) -> Self:
        """Remember the first date of each column."""
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = frame.shape[1]
        self.first_ = {name: _seconds(frame[name]).min() for name in frame}
        return self

    def transform(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Give five columns for each date, as float64 of shape (n_rows, 5 * n_columns)."""
        parts = []
        for name in self.feature_names_in_:
            days = (_seconds(frame[name]) - self.first_[name]) / _SECONDS_A_DAY
            dates = _dates(frame[name])
            for turn in (dates.dt.day_of_week / 7, (dates.dt.day_of_year - 1) / 365.25):
                angle = 2 * np.pi * turn.to_numpy(dtype=float)
                parts += [np.sin(angle), np.cos(angle)]
            parts.append(days)
        return np.column_stack(parts)

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives."""
        endings = ("week_sin", "week_cos", "year_sin", "year_cos", "days")
        return np.asarray([f"{name}_{ending}" for name in self.feature_names_in_ for ending in endings], dtype=object)


class QuantileClipper(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Numbers limited to two quantiles of the training split, against outliers that no range rules out."""

    def __init__(self, share: float = 0.01) -> None:
        self.share = share

    def fit(self, values: NDArray[np.float64], target: object = None) -> Self:
        """Find the quantiles `share` and `1 - share` of each column."""
        values = np.asarray(values, dtype=float)
        self.n_features_in_ = values.shape[1]
        self.low_, self.high_ = np.nanquantile(values, [self.share, 1 - self.share], axis=0)
        return self

    def transform(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Limit the values, of shape (n_rows, n_columns)."""
        clipped: NDArray[np.float64] = np.clip(np.asarray(values, dtype=float), self.low_, self.high_)
        return clipped

    def get_feature_names_out(self, names: NDArray[np.object_]) -> NDArray[np.object_]:
        """Keep the names."""
        return names


def build_features(card: DataCard, options: FeatureConfig | None = None) -> Pipeline:
    """Make the features of a dataset, not fitted yet.

    Parameters
    ----------
    card
        Its columns say what kind of feature each becomes. Keys, groups, the target, and columns that held nothing in
        training are left out.
    options
        The `features` of `conf/data.yaml`; their defaults if it is None.

    Returns
    -------
    Pipeline
        From a pandas frame with the card's columns to a dense array of float64. A category that training did not
        have, and a missing value, are features like any other and no error.

    Raises
    ------
    DataError
        If no column is left, or a plugin is asked for that is not there.
    """
    options = options or FeatureConfig()
    kinds = _kinds(card)
    parts: list[tuple[str, Any, Any]] = [*_plugins(card, options)]
    taken = {column for columns in options.transformers.values() for column in columns}
    for name, make in (("numbers", _numbers), ("categories", _categories), ("dates", _dates_pipeline)):
        columns = [column for column in kinds.get(name, []) if column not in taken]
        if columns:
            parts.append((name, make(options), columns))
    # A vectoriser takes one column of text, not a frame of one: hence the name and not a list of it.
    parts += [(f"text_{c}", _text(options), c) for c in kinds.get("text", []) if c not in taken]
    if not parts:
        raise DataError(f"no column of {card.name} can be a feature", hint="look at the roles in its card.json")
    columns = ColumnTransformer(parts, sparse_threshold=0.0)
    return Pipeline([("columns", columns)])


def _kinds(card: DataCard) -> dict[str, list[str]]:
    homes = {
        "integer": "numbers",
        "float": "numbers",
        "boolean": "numbers",
        "category": "categories",
        "text": "text",
        "date": "dates",
        "datetime": "dates",
    }
    kinds: dict[str, list[str]] = {}
    for name in card.of_role("feature", "time"):
        if card.columns[name].distinct:
            kinds.setdefault(homes[card.columns[name].dtype], []).append(name)
    return kinds


def _plugins(card: DataCard, options: FeatureConfig) -> list[tuple[str, Any, list[str]]]:
    parts = []
    features = card.of_role("feature", "time")
    for name, columns in options.transformers.items():
        plugins = find_plugins("transformers")
        if name not in plugins:
            raise DataError(f"there is no transformer {name!r}", hint=one_of(name, list(plugins)))
        for column in columns:
            if column not in features:
                message = f"the transformer {name!r} asks for {column!r}, which is no feature of {card.name}"
                raise DataError(message, hint=one_of(column, features))
        factory = plugins[name].load()
        if not callable(factory):
            raise plugins[name].error("it is no class or function that makes a transformer")
        parts.append((name, plugins[name].guard(factory)(), columns))
    return parts


def _numbers(options: FeatureConfig) -> Pipeline:
    steps: list[Any] = [FunctionTransformer(to_numbers, feature_names_out="one-to-one")]
    if options.clip_quantile:
        steps.append(QuantileClipper(options.clip_quantile))
    steps.append(SimpleImputer(strategy="median", add_indicator=True))
    return make_pipeline(*steps, *([StandardScaler()] if options.scale else []))


def _categories(options: FeatureConfig) -> Pipeline:
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=options.max_categories, sparse_output=False
    )
    return make_pipeline(FunctionTransformer(to_categories, feature_names_out="one-to-one"), encoder)


def _dates_pipeline(options: FeatureConfig) -> Pipeline:
    return make_pipeline(DateParts(), SimpleImputer(strategy="median"), *([StandardScaler()] if options.scale else []))


def _text(options: FeatureConfig) -> Pipeline:
    vectors = TfidfVectorizer(max_features=options.text_features, strip_accents="unicode", sublinear_tf=True)
    return make_pipeline(FunctionTransformer(to_text, feature_names_out="one-to-one"), vectors)


def to_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Make float64 of numbers and booleans; infinity and what is no number become NaN."""
    numbers = frame.apply(pd.to_numeric, errors="coerce").astype(float)
    return numbers.mask(np.isinf(numbers))


def to_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """Make text of categories, and a category of what is missing."""
    return frame.astype(object).where(frame.notna(), _MISSING).astype(str)


def to_text(column: pd.Series[str]) -> NDArray[np.object_]:
    """Make text of a column, empty where it is missing."""
    text: NDArray[np.object_] = column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=object)
    return text


def _dates(column: pd.Series[Any]) -> Any:
    return pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601" if column.dtype == "str" else None)


def _seconds(column: pd.Series[Any]) -> Any:
    """Seconds since 1970, NaN where there is no date."""
    return (_dates(column) - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
