"""Looking at runs: list them, find one, set them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..config.settings import one_of
from .client import Tracking, explained
from .errors import TrackingError

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run.

    Attributes
    ----------
    started
        In UTC.
    tags
        Those of the project; MLflow's own are left out.
    """

    id: str
    name: str
    experiment: str
    status: str
    started: datetime
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]


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
    with explained(tracking.uri):
        names = {found.experiment_id: found.name for found in tracking.client.search_experiments()}
        chosen = [identity for identity, name in names.items() if experiment in {None, name}]
        if experiment is not None and not chosen:
            known = sorted(names.values())
            raise TrackingError(f"there is no experiment {experiment!r}", hint=one_of(experiment, known))
        runs = tracking.client.search_runs(chosen, max_results=limit, order_by=["attributes.start_time DESC"])
    return [_record(run, names) for run in runs]


def find_run(tracking: Tracking, reference: str) -> RunRecord:
    """Find a run by its id, or by how it begins.

    Raises
    ------
    TrackingError
        If there is none, or more than one.
    """
    if len(reference) < _SHORTEST or not reference.isalnum():
        raise TrackingError(f"{reference[:100]!r} is no id of a run", hint="`runs list` prints them")
    with explained(tracking.uri):
        names = {found.experiment_id: found.name for found in tracking.client.search_experiments()}
        query = f"attributes.run_id LIKE '{reference}%'"
        runs = tracking.client.search_runs(list(names), filter_string=query, max_results=2)
    if not runs:
        raise TrackingError(f"there is no run {reference!r}", hint="`runs list` prints them")
    if len(runs) > 1:
        raise TrackingError(f"several runs begin with {reference!r}", hint="give more of the id")
    return _record(runs[0], names)


def compare_runs(tracking: Tracking, references: Sequence[str]) -> Comparison:
    """Set runs side by side."""
    runs = [find_run(tracking, reference) for reference in references]
    settings = [{**run.params, **run.tags} for run in runs]
    keys = dict.fromkeys(key for setting in settings for key in setting)
    rows = {key: [setting.get(key, "") for setting in settings] for key in keys}
    differences = {key: values for key, values in rows.items() if len(set(values)) > 1}
    names = sorted({name for run in runs for name in run.metrics})
    return Comparison(runs, differences, {name: [run.metrics.get(name) for run in runs] for name in names})


def _record(run: MlflowRun, experiments: dict[str, str]) -> RunRecord:
    info: Any = run.info
    return RunRecord(
        id=info.run_id,
        name=info.run_name,
        experiment=experiments[info.experiment_id],
        status=info.status,
        started=datetime.fromtimestamp(info.start_time / 1000, UTC),
        params=dict(sorted(run.data.params.items())),
        metrics=dict(sorted(run.data.metrics.items())),
        tags={name: value for name, value in sorted(run.data.tags.items()) if not name.startswith("mlflow.")},
    )
