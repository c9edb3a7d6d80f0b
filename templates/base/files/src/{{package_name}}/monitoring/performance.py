"""How good predictions were, once their labels are known."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ..models.bootstrap import Estimate, Resampling, estimate
from ..models.metrics import Metric, Predictions
from .config import PerformanceConfig
from .reference import Reference

if TYPE_CHECKING:
    import pandas as pd

    from ..models.evaluation import Measuring


class Score(BaseModel):
    """A metric now and at training.

    Attributes
    ----------
    training
        On the validation split; None where it is not known.
    worse
        Whether the intervals do not meet, and the loss is great enough to matter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    current: Estimate
    training: Estimate | None
    worse: bool


class VersionPerformance(BaseModel):
    """How good one version was.

    Attributes
    ----------
    rows, labelled
        Predictions in the window, and those whose label has come.
    unusable
        Labels that the version can't be measured by: of another class than its own, or no number.
    delay_hours
        Median time from a prediction to its label.
    oldest_unlabelled_hours
        Age of the oldest prediction that waits for its label.
    scores
        Empty where there are too few labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    rows: int
    labelled: int
    unusable: int
    coverage: float
    delay_hours: float | None
    oldest_unlabelled_hours: float | None
    scores: list[Score]
    note: str

    @property
    def worse(self) -> bool:
        """Whether the first metric, which decides, is worse than at training."""
        return bool(self.scores) and self.scores[0].worse


def measure_performance(
    frame: pd.DataFrame,
    reference: Reference,
    measuring: Measuring,
    rules: PerformanceConfig,
    now: datetime,
) -> VersionPerformance:
    """Measure the labelled predictions of one version.

    Parameters
    ----------
    frame
        Its rows of the prediction log.
    reference
        What is known of that version.
    """
    import pandas as pd

    waits = frame["label"].isna()
    labelled, waiting = frame[~waits], frame.loc[waits, "time"]
    delays = pd.to_datetime(labelled["labelled"], utc=True) - labelled["time"]
    rows = _predictions(labelled, reference)
    scores: list[Score] = []
    note = f"{len(rows)} usable labels, fewer than {rules.least_labels}" if len(rows) < rules.least_labels else ""
    if not note:
        resampling = Resampling(measuring.bootstrap.samples, measuring.bootstrap.level, measuring.seed)
        found = estimate(rows, measuring.metrics, resampling)
        scores = [
            _judge(name, found[name], reference.scores.get(name), metric, rules)
            for name, metric in measuring.metrics.items()
        ]
    return VersionPerformance(
        version=int(frame["version"].iloc[0]),
        rows=len(frame),
        labelled=len(labelled),
        unusable=len(labelled) - len(rows),
        coverage=len(labelled) / len(frame),
        delay_hours=_hours(delays.median()),
        oldest_unlabelled_hours=_hours(now - waiting.min()) if len(waiting) else None,
        scores=scores,
        note=note,
    )


def _predictions(frame: pd.DataFrame, reference: Reference) -> Predictions:
    """Take the rows whose label can be compared with what was predicted."""
    if reference.task == "regression":
        import pandas as pd

        both = [pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64) for name in ("label", "prediction")]
        finite = np.isfinite(both[0]) & np.isfinite(both[1])
        return Predictions(both[0][finite], both[1][finite], np.empty((int(finite.sum()), 0)))
    names = [str(name) for name in reference.classes]
    numbers = {name: number for number, name in enumerate(names)}
    truth, predicted = (_numbered(frame[column], numbers) for column in ("label", "prediction"))
    columns = [f"probability_{name}" for name in names]
    probabilities: NDArray[np.float64] = frame.reindex(columns=columns).to_numpy(np.float64)
    known = (truth >= 0) & (predicted >= 0) & np.isfinite(probabilities).all(axis=1)
    return Predictions(truth[known], predicted[known], probabilities[known])


def _numbered(column: pd.Series[Any], numbers: dict[str, int]) -> NDArray[np.int64]:
    """Give the number of each class, and -1 for those that the model does not know."""
    return np.array([numbers.get(class_name(value), -1) for value in column], dtype=np.int64)


def _judge(name: str, current: Estimate, training: Estimate | None, metric: Metric, rules: PerformanceConfig) -> Score:
    """Call a score worse if its interval lies wholly on the bad side of that at training, and the loss matters.

    Two intervals of 95 % that do not meet differ at a level below 0.05, and of about 0.006 where they are equally wide
    (Schenker and Gentleman, 2001, doi:10.1198/000313001317097960).
    """
    worse = False
    if training and training.value is not None and current.value is not None:
        loss = metric.sign * (training.value - current.value)
        apart = _apart(current, training) if metric.greater_is_better else _apart(training, current)
        worse = apart and loss >= rules.loss * abs(training.value)
    return Score(metric=name, current=current, training=training, worse=worse)


def _apart(below: Estimate, above: Estimate) -> bool:
    return below.high is not None and above.low is not None and below.high < above.low


def _hours(duration: Any) -> float | None:
    hours = duration.total_seconds() / 3600
    return hours if np.isfinite(hours) else None


def class_name(value: Any) -> str:
    """Write a class as it is written in the log: a number that a file has as 1.0 is the class 1.

    Examples
    --------
    >>> class_name(1.0), class_name("yes")
    ('1', 'yes')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
