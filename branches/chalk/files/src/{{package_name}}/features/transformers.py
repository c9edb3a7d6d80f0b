"""Columns of a training set as numbers: categories encoded, numbers scaled, what is missing imputed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, RobustScaler, StandardScaler

from ..data.features import to_categories, to_numbers
from .advanced.embedding_features import NearestRows, TextEmbeddings
from .advanced.image_features import ImageFeatures
from .advanced.nlp_features import TextLanguage, TextReadability, TextSentiment, TextTerms
from .derived import derived_from, derived_parts
from .encoders import make_encoder, make_grouping
from .errors import FeatureError
from .transformations_config import ImputationConfig, TransformationsConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

STATUS = ".status"


def make_transformations(
    frame: pd.DataFrame, options: TransformationsConfig | None = None, without: Sequence[str] = ()
) -> ColumnTransformer:
    """Make what turns a training set into numbers, not fitted yet.

    Fit it with a model in one pipeline, or with `fit_transform(training, target)`: training rows are then encoded by
    what the other folds say of their categories. Rows of later are only transformed.

    Parameters
    ----------
    frame
        A training set, for the kinds of its columns: numbers and booleans are scaled and imputed, text and categories
        encoded. Times are left out, as are lists. Columns of texts and of images are those that `options` names, and
        so are those that history, calendar, graph and interactions are made of.
    options
        The section `features.transformations`; its defaults if it is None.
    without
        Columns that are no features: the entity's key, the label.

    Returns
    -------
    ColumnTransformer
        To float64, a category that training did not have, infinity and what is missing included.

    Raises
    ------
    FeatureError
        If no column is left, or a column of `without` or of `options` is not there.
    """
    options = options or TransformationsConfig()
    told = dict.fromkeys((*options.text.columns, *options.image.columns, *options.embedding.columns))
    if absent := [name for name in (*without, *told, *sorted(derived_from(options))) if name not in frame]:
        raise FeatureError(f"there is no column {', '.join(absent)}", hint=f"there are {', '.join(map(str, frame))}")
    rest = frame.drop(columns=[*without, *(name for name in told if name not in without)])
    numbers = [str(name) for name in rest.select_dtypes(["number", "bool"])]
    texts = [str(name) for name in rest if _is_text(rest[name]) and not str(name).endswith(STATUS)]
    parts: list[tuple[str, Any, list[str]]] = []
    if numbers:
        parts.append(("numbers", _numbers(options), numbers))
    if texts:
        text = FunctionTransformer(to_categories, feature_names_out="one-to-one")
        encode = make_pipeline(text, *make_grouping(options.encoding), make_encoder(options.encoding, options.seed))
        parts.append(("categories", encode, texts))
    parts += _told(options)
    parts += [(name, make_pipeline(part, *_settled(options)), used) for name, part, used in derived_parts(options)]
    if not parts:
        raise FeatureError("no column can be transformed: there are neither numbers nor categories")
    return ColumnTransformer(parts, sparse_threshold=0.0, verbose_feature_names_out=False)


def _is_text(column: pd.Series[Any]) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(column.dtype):
        return True
    return bool(column.dtype == object and not column.map(pd.api.types.is_list_like).any())


def _numbers(options: TransformationsConfig) -> Pipeline:
    steps: list[Any] = [FunctionTransformer(_to_array, feature_names_out="one-to-one")]
    if options.imputation.method != "none":
        steps.append(_imputer(options.imputation, options.seed))
    return make_pipeline(*steps, *_scaler(options))


def _told(options: TransformationsConfig) -> list[tuple[str, Any, list[str]]]:
    parts: list[tuple[str, Any, list[str]]] = []
    if options.text.columns:
        parts += [(f"text_{name}", part, list(options.text.columns)) for name, part in _text_parts(options).items()]
    if options.image.columns:
        chosen = options.image.model_dump(exclude={"columns"})
        parts.append(("image", make_pipeline(ImageFeatures(**chosen), *_settled(options)), list(options.image.columns)))
    if options.embedding.columns:
        chosen = options.embedding.model_dump(exclude={"columns", "neighbours"})
        steps: list[Any] = [TextEmbeddings(**chosen, seed=options.seed)]
        if options.embedding.neighbours:
            steps.append(NearestRows(options.embedding.neighbours, beside=True))
        parts.append(("embedding", make_pipeline(*steps), list(options.embedding.columns)))
    return parts


def _text_parts(options: TransformationsConfig) -> dict[str, Any]:
    text = options.text
    made: dict[str, Any] = {
        "terms": TextTerms(text.words, text.word_ngrams, text.characters, text.character_ngrams),
        "readability": make_pipeline(TextReadability(), *_settled(options)),
        "language": TextLanguage(text.languages),
        "sentiment": TextSentiment(text.lexicon),
    }
    return {name: part for name, part in made.items() if name in text.parts}


def _settled(options: TransformationsConfig) -> list[Any]:
    # By the median: turns over hundreds of columns would take hours. What is missing has a column already.
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    return [*([] if options.imputation.method == "none" else [imputer]), *_scaler(options)]


def _scaler(options: TransformationsConfig) -> list[Any]:
    if options.scaling.method == "none":
        return []
    return [RobustScaler() if options.scaling.method == "robust" else StandardScaler()]


def _to_array(frame: pd.DataFrame) -> NDArray[np.float64]:
    # The iterative imputer writes into what it is given, and frames of pandas 3 do not let it.
    numbers: NDArray[np.float64] = to_numbers(frame).to_numpy(dtype=float, copy=True)
    return numbers


def _imputer(options: ImputationConfig, seed: int) -> Any:
    # A column that held nothing in training stays, as zeros: later rows have as many columns.
    common = {"add_indicator": options.indicators, "keep_empty_features": True}
    if options.method == "median":
        return SimpleImputer(strategy="median", **common)
    # scikit-learn shows it only to those who have imported this: it may change.
    import_module("sklearn.experimental.enable_iterative_imputer")
    imputers = import_module("sklearn.impute")
    return imputers.IterativeImputer(max_iter=options.iterations, random_state=seed, **common)
