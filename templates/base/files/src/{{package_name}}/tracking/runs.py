"""Looking at runs: list them, find one, set them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..config.settings import one_of
from .errors import TrackingError
from .store import RunRecord, Tracking

__all__ = ["Comparison", "RunRecord", "compare_runs", "find_run", "list_runs"]

_SHORTEST = 4


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
