"""Training one model.

recipe → features and estimator → cross-validation → fit
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import joblib
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ..data import DataCard, FeatureConfig, build_features
from ..errors import first_line
from ..logs import get_logger
from .algorithms import make_estimator
from .backend import Compute
from .errors import ModelError
from .metrics import Metric
from .target import check_classes, groups_of, labels, predict_rows
from .threads import suited_threads

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

_log = get_logger(__name__)


class Recipe(BaseModel):
    """All that decides what a model becomes: the same recipe on the same data gives the same model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    input_sha256: str
    algorithm: str
    parameters: dict[str, Any]
    features: FeatureConfig
    calibration: Literal["none", "sigmoid", "isotonic"]
    folds: int
    seed: int


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted model.

    Attributes
    ----------
    folds
        The value of each metric in each fold of cross-validation.
    seconds
        How long the last fit took.
    """

    pipeline: Pipeline
    folds: dict[str, list[float]]
    seconds: float

    def mean(self, metric: str) -> float:
        """Average a metric over the folds in which it is defined."""
        values = [value for value in self.folds[metric] if np.isfinite(value)]
        return float(np.mean(values)) if values else float("nan")


def train(
    recipe: Recipe, frame: pd.DataFrame, card: DataCard, metrics: Mapping[str, Metric], compute: Compute
) -> Trained:
    """Cross-validate on the training split, then fit on all of it.

    Raises
    ------
    ModelError
        If the data can't be learned from, or the parameters don't suit the algorithm.
    """
    check_classes(labels(frame, card), card, recipe.folds)
    parts = divide(frame, card, recipe)
    work = (joblib.delayed(score_fold)(recipe, frame, card, metrics, part) for part in parts)
    scores: list[dict[str, float]] = compute(work)
    started = time.perf_counter()
    pipeline = fit(recipe, frame, card)
    seconds = time.perf_counter() - started
    _log.info("model trained", dataset=recipe.dataset, algorithm=recipe.algorithm, seconds=round(seconds, 3))
    return Trained(pipeline, {name: [score[name] for score in scores] for name in metrics}, seconds)


def fit(recipe: Recipe, frame: pd.DataFrame, card: DataCard) -> Pipeline:
    """Fit features and estimator on rows.

    Raises
    ------
    ModelError
        If the estimator refuses its parameters or the data.
    """
    from sklearn.exceptions import ConvergenceWarning

    pipeline = build(recipe, card)
    try:
        with warnings.catch_warnings(record=True) as caught, suited_threads(len(frame)):
            warnings.simplefilter("always", ConvergenceWarning)
            pipeline.fit(frame, labels(frame, card))
    except (ValueError, TypeError) as error:
        reason = first_line(error)
        message = f"{recipe.algorithm} can't be trained on {recipe.dataset}: {reason}"
        raise ModelError(message, hint="check models.parameters and the data") from error
    if any(issubclass(warning.category, ConvergenceWarning) for warning in caught):
        _log.warning("the model did not converge", dataset=recipe.dataset, algorithm=recipe.algorithm)
    return pipeline


def build(recipe: Recipe, card: DataCard) -> Pipeline:
    """Put features and estimator together, not fitted yet."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.pipeline import Pipeline

    estimator = make_estimator(recipe.algorithm, card.task, recipe.seed, recipe.parameters)
    if recipe.calibration != "none" and card.task == "classification":
        estimator = CalibratedClassifierCV(estimator, method=recipe.calibration, cv=recipe.folds)
    return Pipeline([*build_features(card, recipe.features).steps, ("model", estimator)])


def divide(frame: pd.DataFrame, card: DataCard, recipe: Recipe) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Divide the training split as the dataset was divided: by class, by group, by time, or at random.

    Returns
    -------
    list of tuple of ndarray
        Row numbers to fit on and to measure on, for each fold.
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

    rows = np.arange(len(frame))
    groups = groups_of(frame, card)
    if len(frame) < recipe.folds or (groups is not None and groups.max() + 1 < recipe.folds):
        what = "rows" if groups is None else "groups"
        message = f"the training split has too few {what} for {recipe.folds} folds"
        raise ModelError(message, hint="set a smaller models.folds")
    splits: Iterator[tuple[Any, Any]]
    if groups is not None:
        splits = GroupKFold(recipe.folds).split(rows, groups=groups)
    elif times := card.of_role("time"):
        order = np.argsort(frame[times[0]].to_numpy(), kind="stable")
        splits = ((order[fit], order[test]) for fit, test in TimeSeriesSplit(recipe.folds).split(rows))
    elif card.task == "classification":
        target = labels(frame, card)
        splits = StratifiedKFold(recipe.folds, shuffle=True, random_state=recipe.seed).split(rows, target)
    else:
        splits = KFold(recipe.folds, shuffle=True, random_state=recipe.seed).split(rows)
    return list(splits)


def score_fold(
    recipe: Recipe,
    frame: pd.DataFrame,
    card: DataCard,
    metrics: Mapping[str, Metric],
    part: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> dict[str, float]:
    """Fit on one part of the rows, and measure on the other."""
    inside, outside = part
    pipeline = fit(recipe, frame.iloc[inside], card)
    rows = predict_rows(pipeline, frame.iloc[outside], card)
    return {name: metric.function(rows) for name, metric in metrics.items()}
