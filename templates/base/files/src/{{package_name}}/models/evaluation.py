"""What is known of a model's predictions: metrics, slices, calibration, and what the columns contribute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ..config.settings import one_of
from ..data import DataCard
from .bootstrap import Estimate, Resampling, estimate
from .config import BootstrapConfig, ExplainConfig
from .errors import ModelError
from .metrics import Metric, Predictions
from .target import Label, groups_of, predict_rows

if TYPE_CHECKING:
    import pandas as pd

_BINS = 10
_BINARY = 2
_QUARTERS = 4


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Slice(_Part):
    """The rows that have one value, or one range of values, in a column."""

    column: str
    value: str
    rows: int
    score: Estimate


class Importance(_Part):
    """How much worse the first metric gets when a column is shuffled: mean and deviation of the repeats."""

    column: str
    mean: float
    deviation: float


class Bin(_Part):
    """Rows of similar probability: what was said of them, and what was so."""

    rows: int
    said: float
    found: float


class Calibration(_Part):
    """Whether probabilities are as often right as they say.

    Attributes
    ----------
    error
        Expected calibration error (Naeini et al., 2015), between 0 and 1.
    """

    error: float
    bins: list[Bin]


class Evaluation(_Part):
    """Everything that was measured on one split."""

    split: str
    rows: int
    metrics: dict[str, Estimate]
    slices: list[Slice]
    importance: list[Importance]
    calibration: Calibration | None
    classes: list[Label]
    confusion: list[list[int]]


@dataclass(frozen=True, slots=True)
class Measuring:
    """How models are measured.

    Attributes
    ----------
    metrics
        The first is that of slices and importance.
    """

    metrics: Mapping[str, Metric]
    bootstrap: BootstrapConfig
    explain: ExplainConfig
    seed: int

    @property
    def first(self) -> tuple[str, Metric]:
        """Get the metric that decides, with its name."""
        return next(iter(self.metrics.items()))

    def resampling(self, groups: NDArray[np.int64] | None) -> Resampling:
        """Say how rows are drawn anew."""
        return Resampling(self.bootstrap.samples, self.bootstrap.level, self.seed, groups)


def evaluate(
    pipeline: Any, frame: pd.DataFrame, card: DataCard, measuring: Measuring, split: str
) -> tuple[Evaluation, Predictions]:
    """Measure a model on labelled rows.

    Parameters
    ----------
    split
        What the rows are called in the result.

    Raises
    ------
    ModelError
        If rows lack the target, or have a class that the model does not know.
    """
    rows = predict_rows(pipeline, frame, card)
    resampling = measuring.resampling(groups_of(frame, card))
    name, first = measuring.first
    slices = []
    for column, value, mask in _slices(frame, card, measuring.explain):
        score = estimate(rows.take(mask), {name: first}, resampling.take(mask))[name]
        slices.append(Slice(column=column, value=value, rows=int(mask.sum()), score=score))
    classification = card.task == "classification"
    found = Evaluation(
        split=split,
        rows=len(rows),
        metrics=estimate(rows, measuring.metrics, resampling),
        slices=slices,
        importance=permutation_importance(pipeline, frame, card, measuring),
        calibration=calibration(rows) if classification else None,
        classes=np.asarray(pipeline.classes_).tolist() if classification else [],
        confusion=confusion(rows).tolist() if classification else [],
    )
    return found, rows


def permutation_importance(
    pipeline: Any, frame: pd.DataFrame, card: DataCard, measuring: Measuring
) -> list[Importance]:
    """Measure what the model loses without each column, the greatest loss first (Breiman, 2001).

    Columns that tell the same stand in for each other: all of them look unimportant then.
    """
    import pandas as pd

    _, metric = measuring.first
    repeats, random = measuring.explain.repeats, np.random.default_rng(measuring.seed)
    base = metric.function(predict_rows(pipeline, frame, card))
    stacked = pd.concat([frame] * repeats, ignore_index=True)
    found = []
    for column in card.of_role("feature", "time"):
        order = np.concatenate([random.permutation(len(frame)) for _ in range(repeats)])
        shuffled = stacked.assign(**{column: frame[column].take(order).array})
        rows = predict_rows(pipeline, shuffled, card)
        parts = np.arange(len(rows)).reshape(repeats, len(frame))
        losses = [metric.sign * (base - metric.function(rows.take(part))) for part in parts]
        if np.isfinite(losses).all():
            found.append(Importance(column=column, mean=float(np.mean(losses)), deviation=float(np.std(losses))))
    return sorted(found, key=lambda importance: -importance.mean)


def calibration(rows: Predictions) -> Calibration:
    """Compare probabilities with what happened, in bins of equally many rows.

    Of two classes, the probability of the second is looked at; of more, that of the class which was chosen (Guo et
    al., 2017).
    """
    if rows.probabilities.shape[1] == _BINARY:
        said, was_so = rows.probabilities[:, 1], rows.truth == 1
    else:
        said, was_so = rows.probabilities.max(axis=1), rows.truth == rows.predicted
    parts = np.array_split(np.argsort(said, kind="stable"), min(_BINS, len(said)))
    bins = [Bin(rows=len(p), said=float(said[p].mean()), found=float(was_so[p].mean())) for p in parts]
    error = sum(one.rows * abs(one.said - one.found) for one in bins) / len(said)
    return Calibration(error=error, bins=bins)


def confusion(rows: Predictions) -> NDArray[np.int64]:
    """Count rows by true and predicted class: (n_classes, n_classes)."""
    classes = rows.probabilities.shape[1]
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (rows.truth.astype(np.int64), rows.predicted.astype(np.int64)), 1)
    return counts


def _slices(
    frame: pd.DataFrame, card: DataCard, explain: ExplainConfig
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for column in explain.slices:
        if column not in card.columns or column == card.target:
            raise ModelError(f"models.explain.slices names {column!r}", hint=one_of(column, card.of_role("feature")))
    for column, profile in card.columns.items():
        few = profile.role == "feature" and profile.dtype in {"category", "boolean"}
        if column in explain.slices or (few and profile.distinct <= explain.most_categories):
            for value, mask in _values(frame[column], explain.most_categories):
                if mask.sum() >= explain.least_rows:
                    yield column, value, mask


def _values(column: pd.Series[Any], most: int) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Divide rows by value, numbers of many values by quarter, and those without a value for themselves."""
    import pandas as pd

    absent = column.isna().to_numpy(dtype=bool)
    if absent.any():
        yield "missing", absent
    named = column
    if column.nunique() > most and pd.api.types.is_numeric_dtype(column):
        named = pd.qcut(column, _QUARTERS, duplicates="drop")
    for value in named.dropna().drop_duplicates().sort_values().head(most):
        yield str(value), (named == value).to_numpy(dtype=bool) & ~absent
