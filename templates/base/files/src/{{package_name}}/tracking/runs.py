"""Looking at runs: list them, find one, set them side by side, follow a metric over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..config.settings import one_of
from .errors import TrackingError
from .store import RunRecord, Tracking

__all__ = [
    "Comparison",
    "RunRecord",
    "Trend",
    "compare_runs",
    "find_run",
    "follow_metric",
    "headline",
    "list_runs",
    "metric_names",
]

_SHORTEST = 4
_ENDS = ("_low", "_high")  # of intervals


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side, a row for each name and a column for each run.

    Attributes
    ----------
    differences
        Parameters and tags that are not the same in all runs.
    """

    runs: list[RunRecord]
    differences: dict[str, list[str]]
    metrics: dict[str, list[float | None]]


@dataclass(frozen=True, slots=True)
class Trend:
    """A metric over runs.

    Attributes
    ----------
    runs
        Those that have it, the oldest first.
    """

    metric: str
    runs: list[RunRecord]

    @property
    def values(self) -> list[float]:
        """The metric of each run."""
        return [run.metrics[self.metric] for run in self.runs]

    @property
    def changes(self) -> list[float | None]:
        """By how much each run differs from the one before it of the same experiment and name."""
        before: dict[tuple[str, str], float] = {}
        found: list[float | None] = []
        for run, value in zip(self.runs, self.values, strict=True):
            last = before.get((run.experiment, run.name))
            found.append(None if last is None else value - last)
            before[run.experiment, run.name] = value
        return found


def list_runs(tracking: Tracking, experiment: str | None = None, limit: int = 20) -> list[RunRecord]:
    """List runs, the newest first.

    Raises
    ------
    TrackingError
        If there is no such experiment.
    """
    if experiment is not None:
        known = tracking.experiments()
        if experiment not in known:
            raise TrackingError(f"there is no experiment {experiment!r}", hint=one_of(experiment, known))
    return tracking.search_runs(experiment, "", limit)


def find_run(tracking: Tracking, reference: str) -> RunRecord:
    """Find a run by its id, or by how it begins.

    Raises
    ------
    TrackingError
        If there is none, or more than one.
    """
    if len(reference) < _SHORTEST or not (reference.isascii() and reference.isalnum()):
        raise TrackingError(f"{reference[:100]!r} is no id of a run", hint="`runs list` prints them")
    runs = tracking.search_runs(None, reference, 2)
    if not runs:
        raise TrackingError(f"there is no run {reference!r}", hint="`runs list` prints them")
    if len(runs) > 1:
        raise TrackingError(f"several runs begin with {reference!r}", hint="give more of the id")
    return runs[0]


def compare_runs(tracking: Tracking, references: Sequence[str]) -> Comparison:
    """Set runs side by side."""
    runs = [find_run(tracking, reference) for reference in references]
    settings = [{**run.params, **run.tags} for run in runs]
    keys = dict.fromkeys(key for setting in settings for key in setting)
    rows = {key: [setting.get(key, "") for setting in settings] for key in keys}
    differences = {key: values for key, values in rows.items() if len(set(values)) > 1}
    names = sorted({name for run in runs for name in run.metrics})
    return Comparison(runs, differences, {name: [run.metrics.get(name) for run in runs] for name in names})


def follow_metric(tracking: Tracking, metric: str, experiment: str | None = None, limit: int = 100) -> Trend:
    """Follow a metric over the newest runs.

    Raises
    ------
    TrackingError
        If there is no such experiment, or none of its runs has the metric.
    """
    runs = list_runs(tracking, experiment, limit)
    found = [run for run in reversed(runs) if metric in run.metrics]
    if not found:
        known = metric_names(runs)
        where = f"the {len(runs)} newest runs" if experiment is None else f"the runs of {experiment}"
        hint = one_of(metric, known) if known else "`runs list` prints the runs that there are"
        raise TrackingError(f"none of {where} has the metric {metric!r}", hint=hint)
    return Trend(metric, found)


def headline(run: RunRecord) -> tuple[str, float | None]:
    """Give the metric that a run is judged by, and its value on the validation rows."""
    metric = run.tags.get("metric", "")
    return metric, run.metrics.get(f"validation_{metric}", run.metrics.get(metric))


def metric_names(runs: Sequence[RunRecord]) -> list[str]:
    """Name the metrics of runs, without the ends of their intervals."""
    names = {name for run in runs for name in run.metrics}
    return sorted(name for name in names if not (name.endswith(_ENDS) and name.rpartition("_")[0] in names))
