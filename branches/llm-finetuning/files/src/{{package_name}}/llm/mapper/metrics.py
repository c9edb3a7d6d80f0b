"""Precision, recall and F1 of each category, and how many answers are right where the model is so sure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...data.card import Task
from ...models.bootstrap import Estimate, Resampling, estimate
from ...models.metrics import Metric, Predictions
from ..use_case import Table

NONE = 1.0
"""The threshold that lets nothing through but full certainty."""
_TASKS: tuple[Task, ...] = ("classification",)
_LEVELS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
_LEVEL, _SEED = 0.95, 0  # of the intervals, and of what is drawn for them


def counts(rows: Predictions, number: int) -> tuple[int, int, int]:
    """Count for a class what was found rightly, found wrongly, and missed."""
    said, true = rows.predicted == number, rows.truth == number
    return int((said & true).sum()), int((said & ~true).sum()), int((~said & true).sum())


def precision(number: int, rows: Predictions) -> float:
    """Give the share of what was called so that is; NaN where nothing was called so."""
    right, wrong, _ = counts(rows, number)
    return right / (right + wrong) if right + wrong else float("nan")


def recall(number: int, rows: Predictions) -> float:
    """Give the share of a class that was found; NaN where there is none of it."""
    right, _, missed = counts(rows, number)
    return right / (right + missed) if right + missed else float("nan")


def f1(number: int, rows: Predictions) -> float:
    """Give the harmonic mean of precision and recall; NaN where the class is neither there nor named."""
    right, wrong, missed = counts(rows, number)
    return 2 * right / (2 * right + wrong + missed) if right + wrong + missed else float("nan")


def _f1_if_there(number: int, rows: Predictions) -> float:
    """Give F1, but NaN for a draw that has nothing of the class: it says nothing of how well the class is found."""
    return f1(number, rows) if (rows.truth == number).any() else float("nan")


def macro_f1(classes: int, rows: Predictions) -> float:
    """Average F1 over the classes that are there or named."""
    return float(np.nanmean([f1(number, rows) for number in range(classes)]))


def predictions(codes: Sequence[str], expected: Sequence[str], found: Sequence[str]) -> Predictions:
    """Give classes as numbers."""
    number = {code: index for index, code in enumerate(codes)}
    truth = np.array([number[code] for code in expected], dtype=np.int64)
    return Predictions(truth, np.array([number[code] for code in found], dtype=np.int64), np.empty((len(truth), 0)))


def class_table(codes: Sequence[str], rows: Predictions, groups: Sequence[str], *, samples: int) -> Table:
    """Measure each class; for the intervals whole groups of rows are drawn, since those of one alias are alike."""
    homes = {group: index for index, group in enumerate(dict.fromkeys(groups))}
    metrics = {code: Metric(partial(_f1_if_there, index), True, _TASKS) for index, code in enumerate(codes)}
    metrics["macro"] = Metric(partial(macro_f1, len(codes)), True, _TASKS)
    numbers = np.array([homes[group] for group in groups], dtype=np.int64)
    found = estimate(rows, metrics, Resampling(samples, _LEVEL, _SEED, numbers))
    body: list[tuple[str, ...]] = [
        (
            code,
            _share(precision(index, rows)),
            _share(recall(index, rows)),
            *_interval(found[code]),
            str(int((rows.truth == index).sum())),
        )
        for index, code in enumerate(codes)
    ]
    each = range(len(codes))
    with np.errstate(all="ignore"):
        means = [float(np.nanmean([measure(index, rows) for index in each])) for measure in (precision, recall)]
    body.append(("macro", *map(_share, means), *_interval(found["macro"]), str(len(rows))))
    return Table(
        "The model on its own, by category, with 95 % intervals of F1",
        ("category", "precision", "recall", "F1", "interval", "texts"),
        tuple(body),
    )


def calibrate(confidence: NDArray[np.float64], right: NDArray[np.bool_], least_accuracy: float) -> float:
    """Find the lowest confidence from which on enough answers are right.

    Parameters
    ----------
    confidence : ndarray of shape (n_texts,)
        How sure the model was.
    right : ndarray of shape (n_texts,)
        Whether it was right.
    least_accuracy : float
        Least share of right answers among those that are taken.

    Returns
    -------
    float
        `NONE` where no threshold does.

    Examples
    --------
    >>> calibrate(np.array([0.9, 0.8, 0.6, 0.4]), np.array([True, True, True, False]), 0.9)
    0.6
    """
    for threshold in np.unique(confidence):
        if right[confidence >= threshold].mean() >= least_accuracy:
            return float(threshold)
    return NONE


def coverage_table(confidence: NDArray[np.float64], right: NDArray[np.bool_], threshold: float) -> Table:
    """Show how many answers are taken, and how many of these are right, for several thresholds and the one in use."""
    body = []
    for level in sorted({*_LEVELS, threshold}):
        taken = confidence >= level
        shown = _share(float(right[taken].mean())) if taken.any() else "none"
        name = f"{level:.4f}" + (" (in use)" if level == threshold else "")
        body.append((name, _share(float(taken.mean())), shown))
    return Table("Coverage and accuracy by least confidence", ("least confidence", "taken", "right"), tuple(body))


def _share(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "none"


def _interval(found: Estimate) -> tuple[str, str]:
    if found.value is None or found.low is None or found.high is None:
        return "none", "none"
    return _share(found.value), f"{found.low:.3f} to {found.high:.3f}"
