"""Categories as numbers: by target, by frequency, by order and by hash, all safe for categories that are new.

What looks at the target is cross-fitted: a training row is encoded by what the other rows say, never by its own target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.feature_extraction import FeatureHasher
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import OrdinalEncoder, TargetEncoder
from sklearn.utils.validation import check_is_fitted, validate_data

from .extras import bring
from .transformations_config import EncodingConfig

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

TWO = 2
UNSEEN, MISSING = -1, -2
RARE = "(rare)"


def make_encoder(options: EncodingConfig | None = None, seed: int = 0) -> Any:
    """Make the encoder that the configuration asks for, not fitted yet.

    Parameters
    ----------
    options
        The section `features.transformations.encoding`; its defaults if it is None.
    seed
        Of the folds.

    Returns
    -------
    Transformer of scikit-learn
        From a frame of text to float64. `fit_transform` gives training rows what the other folds say about their
        categories; `transform` gives other rows what all training rows say.

    Raises
    ------
    FeatureError
        If the method is one of the package category-encoders, and the extra `encoders` is not installed.
    """
    options = options or EncodingConfig()
    if options.method == "target":
        return CrossFitted(TargetEncoder(smooth=options.smoothing), options.folds, seed)
    if options.method == "ordinal":
        return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=UNSEEN, encoded_missing_value=MISSING)
    if options.method == "hashing":
        return HashedCategories(options.hashes)
    encoders = bring("category_encoders", "encoders", f"categories encoded by {options.method}")
    if options.method == "count":
        return encoders.CountEncoder(handle_unknown=0, handle_missing="value")
    supervised = {"woe": encoders.WOEEncoder, "james_stein": encoders.JamesSteinEncoder}[options.method]
    return CrossFitted(supervised(handle_unknown="value", handle_missing="value"), options.folds, seed)


def make_grouping(options: EncodingConfig) -> list[Any]:
    """Make what puts rare categories together, by feature-engine; nothing where none are rare.

    Returns
    -------
    list of transformers of scikit-learn
        From a frame of text to one. A category that training did not have, or had in a smaller share of its rows than
        `rare`, becomes `RARE`.

    Raises
    ------
    FeatureError
        If the extra `encoders` is not installed.
    """
    if not options.rare:
        return []
    encoding = bring("feature_engine.encoding", "encoders", "rare categories that count as one")
    # All columns are text: it need not look which are.
    return [encoding.RareLabelEncoder(tol=options.rare, n_categories=1, replace_with=RARE, ignore_format=True)]


class HashedCategories(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Categories hashed into a fixed number of columns: for millions of categories, in constant memory.

    Weinberger et al. (2009), doi:10.1145/1553374.1553516. Nothing is learnt, so no category is new; two that meet in
    one column are added with their signs.

    Parameters
    ----------
    columns
        How many columns there are, for all categories together.
    """

    def __init__(self, columns: int = 16) -> None:
        self.columns = columns

    def fit(self, values: ArrayLike, y: object = None) -> Self:
        """Remember the names of the columns."""
        validate_data(self, values, dtype=None, ensure_all_finite=False)
        return self

    def transform(self, values: ArrayLike) -> NDArray[np.float64]:
        """Give an array of shape (n_rows, columns)."""
        check_is_fitted(self)
        table = validate_data(self, values, dtype=None, ensure_all_finite=False, reset=False)
        words = ([f"{place}={value}" for place, value in enumerate(row)] for row in table)
        hashed: NDArray[np.float64] = FeatureHasher(self.columns, input_type="string").transform(words).toarray()
        return hashed

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives."""
        return np.asarray([f"hash_{place}" for place in range(self.columns)], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags


class CrossFitted(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An encoder that looks at the target, kept from showing a training row its own.

    Parameters
    ----------
    encoder
        What is fitted, on the other folds for training rows, and on all of them for the rest.
    folds
        How many parts the training rows are split into; stratified where the target is one of classes.
    seed
        Of the split.
    """

    def __init__(self, encoder: Any = None, folds: int = 5, seed: int = 0) -> None:
        self.encoder = encoder
        self.folds = folds
        self.seed = seed

    def fit(self, frame: pd.DataFrame, y: ArrayLike) -> Self:
        """Fit on all rows, as what comes later is encoded."""
        self._fit(frame, y)
        return self

    def fit_transform(self, frame: pd.DataFrame, y: ArrayLike) -> NDArray[np.float64]:
        """Fit, and encode each training row by what the other folds say."""
        codes, truth = self._fit(frame, y)
        encoded = np.array(self.encoder_.transform(codes), dtype=float)
        for others, rows in self._splitter(truth).split(codes, truth):
            fold = self._for(truth).fit(codes.iloc[others].reset_index(drop=True), truth[others])
            encoded[rows] = np.asarray(fold.transform(codes.iloc[rows].reset_index(drop=True)), dtype=float)
        return encoded

    def transform(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Encode rows that were not in training, as float64 of shape (n_rows, n_columns)."""
        check_is_fitted(self, "encoder_")
        table = validate_data(self, frame, dtype=None, ensure_all_finite=False, reset=False)
        return np.array(self.encoder_.transform(self._codes(table)), dtype=float)

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives; of more than two classes that are words, there is a column for each."""
        check_is_fitted(self, "encoder_")
        return np.asarray(self.encoder_.get_feature_names_out(), dtype=object)

    def _fit(self, frame: pd.DataFrame, y: ArrayLike) -> tuple[pd.DataFrame, NDArray[Any]]:
        """Give the training rows as numbers of categories, and their target."""
        table, truth = validate_data(self, frame, y, dtype=None, ensure_all_finite=False)
        if len(np.unique(truth)) <= TWO or not isinstance(self.encoder, TargetEncoder):
            truth = _numbers(truth)
        self.categories_ = [_known(column) for column in table.T]
        codes = self._codes(table)
        self.encoder_ = self._for(truth).fit(codes, truth)
        return codes, truth

    def _codes(self, table: NDArray[Any]) -> pd.DataFrame:
        # Encoders compare categories again in each fold: with a million of them, numbers take a tenth of the time.
        columns = zip(self._columns(), table.T, self.categories_, strict=True)
        return pd.DataFrame({name: _numbered(column, known) for name, column, known in columns})

    def _columns(self) -> list[str]:
        return list(getattr(self, "feature_names_in_", [f"x{place}" for place in range(self.n_features_in_)]))

    def _for(self, truth: NDArray[Any]) -> Any:
        if isinstance(self.encoder, TargetEncoder):
            # Whole numbers are amounts to us, and classes to scikit-learn; of two classes both give the same.
            amounts = truth.dtype.kind in "iuf"
            return clone(self.encoder).set_params(target_type="continuous" if amounts else "multiclass")
        # Those of category-encoders take numbers for amounts, unless they are made with the names of columns.
        return type(self.encoder)(**{**self.encoder.get_params(), "cols": self._columns()})

    def _splitter(self, truth: NDArray[Any]) -> Any:
        classes, counts = np.unique(truth, return_counts=True)
        stratified = len(classes) <= len(truth) // 10 and counts.min() >= self.folds
        kind = StratifiedKFold if stratified else KFold
        return kind(self.folds, shuffle=True, random_state=self.seed)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags


def _known(column: NDArray[Any]) -> pd.Index[Any]:
    values = pd.Series(column).astype(object)
    return pd.Index(values.dropna().unique(), dtype=object)


def _numbered(column: NDArray[Any], known: pd.Index[Any]) -> NDArray[np.int64]:
    values = pd.Series(column).astype(object)
    # Of an index, UNSEEN is what stands for values that it lacks.
    return np.where(values.isna(), MISSING, known.get_indexer(pd.Index(values, dtype=object)))


def _numbers(target: ArrayLike) -> NDArray[Any]:
    truth = np.asarray(target)
    # Classes that are words are counted in the order of the alphabet.
    return truth if truth.dtype.kind in "iuf" else np.unique(truth, return_inverse=True)[1]
