"""How good predictions are. Plugins add more under the entry points `<package>.metrics`.

The functions work on numpy arrays and check nothing, since a bootstrap calls them a thousand times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..config.settings import one_of
from ..data.card import Task
from ..plugins import find_plugins
from .errors import ModelError

_SMALLEST = 1e-15
_BINARY = 2


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model said about rows, beside the truth.

    Attributes
    ----------
    truth
        ndarray of shape (n_rows,): float64, or for classification the number of the class as int64.
    predicted
        The same for what the model chose.
    probabilities
        ndarray of shape (n_rows, n_classes); for regression of shape (n_rows, 0).
    """

    truth: NDArray[np.float64] | NDArray[np.int64]
    predicted: NDArray[np.float64] | NDArray[np.int64]
    probabilities: NDArray[np.float64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Choose rows, by number or by mask."""
        return type(self)(self.truth[rows], self.predicted[rows], self.probabilities[rows])

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of predictions.

    Attributes
    ----------
    function
        Gives NaN where the measure is not defined, such as ROC AUC of rows of one class.
    greater_is_better
        Which way is better.
    tasks
        What it is for.
    """

    function: Callable[[Predictions], float]
    greater_is_better: bool
    tasks: tuple[Task, ...]

    @property
    def sign(self) -> int:
        """What turns values into those of which the greater is better."""
        return 1 if self.greater_is_better else -1


def find_metrics(names: Sequence[str], task: Task) -> dict[str, Metric]:
    """Load metrics by name.

    Raises
    ------
    ModelError
        If there is none of a name, or it is not for the task.
    PluginError
        If a plugin is broken.
    """
    plugins = find_plugins("metrics")
    metrics: dict[str, Metric] = {}
    for name in names:
        if name not in plugins:
            raise ModelError(f"there is no metric {name!r}", hint=one_of(name, list(plugins)))
        metric = plugins[name].load()
        if not isinstance(metric, Metric):
            raise plugins[name].error(f"it is a {type(metric).__name__}, not a Metric")
        if task not in metric.tasks:
            raise ModelError(f"the metric {name!r} is not for {task}", hint=f"it is for {', '.join(metric.tasks)}")
        metrics[name] = replace(metric, function=plugins[name].guard(metric.function))
    return metrics


def _accuracy(rows: Predictions) -> float:
    return float(np.mean(rows.truth == rows.predicted))


def _confusion(rows: Predictions) -> NDArray[np.float64]:
    """Count rows by true and predicted class: (n_classes, n_classes)."""
    classes = rows.probabilities.shape[1]
    places = rows.truth.astype(np.int64) * classes + rows.predicted.astype(np.int64)
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes).astype(float)


def _balanced_accuracy(rows: Predictions) -> float:
    counts = _confusion(rows)
    present = counts.sum(axis=1) > 0
    return float(np.mean(np.diag(counts)[present] / counts.sum(axis=1)[present]))


def _f1_macro(rows: Predictions) -> float:
    counts = _confusion(rows)
    both = counts.sum(axis=0) + counts.sum(axis=1)
    present = both > 0
    return float(np.mean(2 * np.diag(counts)[present] / both[present]))


def _matthews(rows: Predictions) -> float:
    """Multi-class correlation of Gorodkin (2004), doi:10.1016/j.compbiolchem.2004.09.006."""
    counts = _confusion(rows)
    true, predicted, n = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    below = np.sqrt((n**2 - predicted @ predicted) * (n**2 - true @ true))
    return float((np.trace(counts) * n - true @ predicted) / below) if below > 0 else 0.0


def _roc_auc(rows: Predictions) -> float:
    """Area under the ROC curve; of several classes the mean of one against the rest."""
    classes = rows.probabilities.shape[1]
    if classes == _BINARY:
        return _auc(rows.truth == 1, rows.probabilities[:, 1])
    areas = [_auc(rows.truth == number, rows.probabilities[:, number]) for number in range(classes)]
    return float(np.mean(areas))


def _auc(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Mann and Whitney's U as a share of all pairs; a tie counts half."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return float("nan")
    _, places, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[places]
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _log_loss(rows: Predictions) -> float:
    chosen = rows.probabilities[np.arange(len(rows)), rows.truth.astype(np.int64)]
    return float(-np.mean(np.log(np.clip(chosen, _SMALLEST, 1))))


def _brier(rows: Predictions) -> float:
    """Mean squared error of the probabilities of all classes, halved so that it lies between 0 and 1."""
    chosen = rows.probabilities[np.arange(len(rows)), rows.truth.astype(np.int64)]
    squares = (rows.probabilities**2).sum(axis=1)
    return float(np.mean(squares - 2 * chosen + 1) / 2)


def _rmse(rows: Predictions) -> float:
    return float(np.sqrt(np.mean((rows.truth - rows.predicted) ** 2)))


def _mae(rows: Predictions) -> float:
    return float(np.mean(np.abs(rows.truth - rows.predicted)))


def _max_error(rows: Predictions) -> float:
    return float(np.max(np.abs(rows.truth - rows.predicted)))


def _r2(rows: Predictions) -> float:
    spread = float(np.sum((rows.truth - np.mean(rows.truth)) ** 2))
    return 1 - float(np.sum((rows.truth - rows.predicted) ** 2)) / spread if spread else float("nan")


_CLASSES: tuple[Task, ...] = ("classification",)
_NUMBERS: tuple[Task, ...] = ("regression",)

ACCURACY = Metric(_accuracy, True, _CLASSES)
BALANCED_ACCURACY = Metric(_balanced_accuracy, True, _CLASSES)
BRIER = Metric(_brier, False, _CLASSES)
F1_MACRO = Metric(_f1_macro, True, _CLASSES)
LOG_LOSS = Metric(_log_loss, False, _CLASSES)
MATTHEWS = Metric(_matthews, True, _CLASSES)
ROC_AUC = Metric(_roc_auc, True, _CLASSES)
MAE = Metric(_mae, False, _NUMBERS)
MAX_ERROR = Metric(_max_error, False, _NUMBERS)
R2 = Metric(_r2, True, _NUMBERS)
RMSE = Metric(_rmse, False, _NUMBERS)
