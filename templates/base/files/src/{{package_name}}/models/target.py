"""The column to predict, as labels a model learns and as numbers that metrics take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.card import DataCard
from .errors import ModelError
from .metrics import Predictions
from .threads import suited_threads

if TYPE_CHECKING:
    import pandas as pd

Label = int | str
_MIN_CLASSES = 2


def labels(frame: pd.DataFrame, card: DataCard) -> NDArray[Any]:
    """Take the target of rows: float64, or for classification int64 or str.

    Raises
    ------
    ModelError
        If a target is missing or infinite.
    """
    if card.target not in frame:
        raise ModelError(f"the rows have no column {card.target!r}, which is the target", hint="add it")
    column = frame[card.target]
    absent = int(column.isna().sum())
    if absent:
        raise ModelError(f"{absent} rows have no {card.target}, which is the target", hint="set nullable: false for it")
    if card.task == "classification":
        whole = card.columns[card.target].dtype == "integer"
        classes: NDArray[Any] = column.to_numpy(dtype=np.int64) if whole else column.astype(str).to_numpy(dtype=str)
        return classes
    values: NDArray[Any] = column.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        raise ModelError(f"the target {card.target} is infinite in {int((~np.isfinite(values)).sum())} rows")
    return values


def check_classes(target: NDArray[Any], card: DataCard, folds: int) -> None:
    """Refuse a training split that there is nothing to learn from.

    Raises
    ------
    ModelError
        If there is one class only, or one with fewer rows than folds.
    """
    if card.task == "regression":
        if np.ptp(target) == 0:
            message = f"the target {card.target} is {target[0]} in every row: there is nothing to learn"
            raise ModelError(message, hint="check the source")
        return
    names, sizes = np.unique(target, return_counts=True)
    if len(names) < _MIN_CLASSES:
        message = f"the target {card.target} has one class only, {names[0]!s}: there is nothing to learn"
        raise ModelError(message, hint="check the source and the split")
    if sizes.min() < folds:
        rare = names[sizes.argmin()]
        message = f"the class {rare!s} of {card.target} has {sizes.min()} rows, too few for {folds} folds"
        raise ModelError(message, hint="join rare classes, or set a smaller models.folds")


def predict_rows(pipeline: Any, frame: pd.DataFrame, card: DataCard) -> Predictions:
    """Predict labelled rows, for metrics.

    Raises
    ------
    ModelError
        If the rows have a class that the model does not know.
    """
    truth = labels(frame, card)
    if card.task == "regression":
        with suited_threads(len(frame)):
            predicted = np.asarray(pipeline.predict(frame), dtype=np.float64)
        return Predictions(truth, predicted, np.empty((len(truth), 0)))
    classes = np.asarray(pipeline.classes_)
    unknown = sorted(set(truth.tolist()) - set(classes.tolist()))
    if unknown:
        message = f"the model has not learned the class {unknown[0]!s} of {card.target}"
        raise ModelError(message, hint="train it on rows of every class")
    with suited_threads(len(frame)):
        probabilities = np.asarray(pipeline.predict_proba(frame), dtype=np.float64)
    return Predictions(np.searchsorted(classes, truth), probabilities.argmax(axis=1), probabilities)


def groups_of(frame: pd.DataFrame, card: DataCard) -> NDArray[np.int64] | None:
    """Give a number to each group of rows, where the dataset was split by group."""
    import pandas as pd

    columns = card.of_role("group")
    return np.asarray(pd.factorize(frame[columns[0]])[0], dtype=np.int64) if columns else None
