"""Uncertainty by resampling rows (Efron and Tibshirani, 1993, chapters 13 and 16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from .metrics import Metric, Predictions

Groups = NDArray[np.int64] | None


class Estimate(BaseModel):
    """A value with its interval: None where the measure is not defined, or rows are too few for an interval."""

    model_config = ConfigDict(frozen=True)

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.value is None:
            return "undefined"
        if self.low is None or self.high is None:
            return f"{self.value:.4g}"
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


class Difference(BaseModel):
    """How much better one model is than another on the same rows; positive is better whatever the metric.

    Attributes
    ----------
    p_value
        How likely a difference as great as this is, if there is none.
    """

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Resampling:
    """How rows are drawn anew.

    Attributes
    ----------
    samples
        How often.
    level
        Share of the draws inside an interval, such as 0.95.
    groups
        ndarray of shape (n_rows,): rows of one group are drawn together, since they are not independent.
    """

    samples: int
    level: float
    seed: int
    groups: Groups = None

    def take(self, rows: NDArray[np.bool_]) -> Resampling:
        """Do the same for some of the rows."""
        return self if self.groups is None else replace(self, groups=self.groups[rows])

    def interval(self, values: NDArray[np.float64]) -> tuple[float, float]:
        """Find the quantiles between which the middle of the values lies."""
        tail = (1 - self.level) / 2
        low, high = np.quantile(values, [tail, 1 - tail])
        return float(low), float(high)

    def draws(self, size: int) -> Iterator[NDArray[np.int64]]:
        """Draw row numbers, again and again."""
        random = np.random.default_rng(self.seed)
        if self.groups is None:
            for _ in range(self.samples):
                yield random.integers(0, size, size)
            return
        members = [np.flatnonzero(self.groups == group) for group in np.unique(self.groups)]
        for _ in range(self.samples):
            yield np.concatenate([members[number] for number in random.integers(0, len(members), len(members))])


def estimate(rows: Predictions, metrics: Mapping[str, Metric], resampling: Resampling) -> dict[str, Estimate]:
    """Measure predictions, with percentile intervals. The metrics share the draws."""
    drawn: dict[str, list[float]] = {name: [] for name in metrics}
    for chosen in resampling.draws(len(rows)):
        part = rows.take(chosen)
        for name, metric in metrics.items():
            drawn[name].append(metric.function(part))
    found: dict[str, Estimate] = {}
    for name, metric in metrics.items():
        values = np.asarray(drawn[name])
        value, defined = metric.function(rows), values[np.isfinite(values)]
        if np.isfinite(value) and len(defined):
            low, high = resampling.interval(defined)
            found[name] = Estimate(value=value, low=low, high=high)
        else:
            found[name] = Estimate(value=None, low=None, high=None)
    return found


def compare(candidate: Predictions, champion: Predictions, metric: Metric, resampling: Resampling) -> Difference:
    """Ask whether a candidate is better than a champion, on the same rows in the same order.

    Notes
    -----
    Both are measured on each draw: what makes rows hard is the same for both, and cancels. The p-value is that of one
    side, the share of draws in which the candidate is not better, with one added above and below, as Davison and
    Hinkley (1997, section 4.2) have it: it is never 0.
    """
    value = metric.sign * (metric.function(candidate) - metric.function(champion))
    differences = [
        metric.sign * (metric.function(candidate.take(chosen)) - metric.function(champion.take(chosen)))
        for chosen in resampling.draws(len(candidate))
    ]
    values = np.asarray(differences)
    values = values[np.isfinite(values)]
    if not len(values) or not np.isfinite(value):
        return Difference(value=0.0, low=0.0, high=0.0, p_value=1.0)
    low, high = resampling.interval(values)
    p_value = (1 + int(np.sum(values <= 0))) / (1 + len(values))
    return Difference(value=value, low=low, high=high, p_value=p_value)
