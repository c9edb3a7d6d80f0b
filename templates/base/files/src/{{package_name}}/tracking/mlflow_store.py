"""Runs and models in MLflow: in a SQLite file of the project, in another database, or on a server.

MLflow is imported when a connection is made, and its telemetry is off.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ..logs import get_logger
from .config import TrackingConfig
from .errors import TrackingError
from .folders import locked
from .mlflow_lock import claimed
from .mlflow_registry import MlflowRegistry, explained, pages
from .steps import Measure, Measures
from .store import FAILED, FINISHED, KILLED, Curves, RunRecord, Version, check_name, check_path, flatten

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowEntity

_log = get_logger(__name__)

_ROOT_TAG = "project_root"
_CURVES_TAG = "curves"  # names the metrics that have steps: to ask for the history of each is slow
_LONGEST_VALUE = 6000  # of a parameter, as MLflow has it
_LONGEST_TAG = 5000
_PARAMS = 100  # that a request takes
_METRICS = 1000
_MOVE = (
    "UPDATE experiments SET artifact_location = :new || substr(artifact_location, length(:old) + 1)"
    " WHERE experiment_id = :id AND substr(artifact_location, 1, length(:old)) = :old",
    "UPDATE runs SET artifact_uri = :new || substr(artifact_uri, length(:old) + 1)"
    " WHERE experiment_id = :id AND substr(artifact_uri, 1, length(:old)) = :old",
)


@dataclass(slots=True)
class MlflowRun:
    """A run that MLflow is recording."""

    store: MlflowStore
    id: str
    measures: Measures = field(init=False)
    curves: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.measures = Measures(self._keep_measures)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record settings; the keys of nested mappings are joined with dots."""
        from mlflow.entities import Param

        flat = [Param(name, str(value)[:_LONGEST_VALUE]) for name, value in flatten(params)]
        with explained(self.store.uri):
            for start in range(0, len(flat), _PARAMS):
                self.store.client.log_batch(self.id, params=flat[start : start + _PARAMS])

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record numbers that are finite."""
        self.measures.add(metrics, step)

    def log_folder(self, folder: Path, place: str | None = None) -> None:
        """Keep a copy of everything in a folder."""
        check_path(place or "")
        with explained(self.store.uri):
            self.store.client.log_artifacts(self.id, str(folder), place)

    def log_text(self, text: str, path: str) -> None:
        """Keep a text as one of the run's files."""
        self.store.log_text(self.id, text, path)

    def register(self, model: str, place: str, tags: Mapping[str, str]) -> Version:
        """Make a folder of the run's files the next version of a model."""
        return self.store.add(model, self.id, place, tags)

    def _keep_measures(self, measures: Sequence[Measure]) -> None:
        from mlflow.entities import Metric

        values = [Metric(one.name, one.value, one.time, one.step) for one in measures]
        with explained(self.store.uri):
            for start in range(0, len(values), _METRICS):
                self.store.client.log_batch(self.id, metrics=values[start : start + _METRICS])
            named = self.curves | {one.name for one in measures if one.step}
            if named != self.curves:
                self.store.client.set_tag(self.id, _CURVES_TAG, json.dumps(sorted(named)))
                self.curves = named


@dataclass(frozen=True, slots=True)
class MlflowStore(MlflowRegistry):
    """A connection.

    Attributes
    ----------
    root
        The project's folder.
    artifacts
        The files of runs, unless a server has them.
    """

    root: Path
    artifacts: Path

    @contextmanager
    def run(self, experiment: str, name: str, tags: Mapping[str, str]) -> Iterator[MlflowRun]:
        """Record what happens in the `with` block."""
        check_name(experiment)
        with explained(self.uri):
            started = self.client.create_run(self.experiment(experiment), tags=dict(tags), run_name=name)
        run = MlflowRun(self, started.info.run_id)
        try:
            yield run
            run.measures.flush()
            with explained(self.uri):
                self.client.set_terminated(run.id, FINISHED)
        except BaseException as error:
            with suppress(Exception):
                run.measures.flush()
            with suppress(Exception):
                self.client.set_tag(run.id, "error", f"{type(error).__name__}: {error}"[:_LONGEST_TAG])
                self.client.set_terminated(run.id, KILLED if isinstance(error, KeyboardInterrupt) else FAILED)
            raise

    @contextmanager
    def files(self, run_id: str, path: str) -> Iterator[Path]:
        """Lend a copy of a file or a folder of a run's files.

        Raises
        ------
        TrackingError
            If the run does not have it.
        """
        check_path(path)
        with tempfile.TemporaryDirectory(prefix="run-") as scratch:
            try:
                with explained(self.uri):
                    place = Path(self.client.download_artifacts(run_id, path, scratch))
            except TrackingError as error:
                message = f"the run {run_id} has no {path}: {error.message}"
                raise TrackingError(message, hint="train the model again") from error
            yield place

    def log_text(self, run_id: str, text: str, path: str) -> None:
        """Add a text to the files of a run."""
        check_path(path)
        with explained(self.uri):
            self.client.log_text(run_id, text, path)

    def curves(self, run: RunRecord) -> Curves:
        """Give the metrics of a run that were recorded with steps."""
        found: Curves = {}
        with explained(self.uri):
            tags = self.client.get_run(run.id).data.tags
            for name in json.loads(tags.get(_CURVES_TAG, "[]")):
                history = self.client.get_metric_history(run.id, name)
                points = {one.step: one.value for one in sorted(history, key=lambda one: one.timestamp) if one.step}
                found[name] = sorted(points.items())
        return found

    def experiments(self) -> list[str]:
        """Name what runs belong to."""
        return sorted(self._names().values())

    def search_runs(self, experiment: str | None, prefix: str, limit: int) -> list[RunRecord]:
        """List the runs whose ids begin with `prefix`, the newest first."""
        for name in filter(None, (experiment, prefix)):
            check_name(name)
        names = self._names()
        chosen = [identity for identity, name in names.items() if experiment in {None, name}]
        query = f"attributes.run_id LIKE '{prefix}%'" if prefix else ""
        order = ["attributes.start_time DESC"]
        with explained(self.uri):
            runs = self.client.search_runs(chosen, filter_string=query, max_results=limit, order_by=order)
        return [_record(run, names) for run in runs]

    def lock(self, model: str, wait: float) -> AbstractContextManager[None]:
        """Let only one of all that use this server, or this file, into the `with` block."""
        if self.uri.startswith("sqlite:"):
            return locked(self.artifacts, model, wait)
        return claimed(self.client, self.uri, model, wait)

    def experiment(self, name: str) -> str:
        """Give the id of an experiment, which is made if it is missing.

        Raises
        ------
        TrackingError
            If MLflow makes none.
        """
        from mlflow.exceptions import MlflowException

        found = self.client.get_experiment_by_name(name)
        if found is None:
            local = self.uri.startswith("sqlite:")
            location = (self.artifacts / name).as_uri() if local else None
            with suppress(MlflowException):  # another process was faster
                self.client.create_experiment(name, location, {_ROOT_TAG: self.root.as_uri()} if local else None)
            found = self.client.get_experiment_by_name(name)
        if found is None:
            raise TrackingError(f"MLflow made no experiment {name!r}", hint=f"look at {self.uri}")
        if found.lifecycle_stage == "deleted":
            self.client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _names(self) -> dict[str, str]:
        with explained(self.uri):
            return {found.experiment_id: found.name for found in pages(self.client.search_experiments)}


def open_store(config: TrackingConfig, uri: str, root: Path) -> MlflowStore:
    """Connect to MLflow, and make the project's database if there is none.

    Raises
    ------
    TrackingError
        If the server does not answer, or the database can't be used.
    """
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(config.timeout)
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = str(config.retries)
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    for name in ("alembic", "mlflow.store.db.utils"):  # they tell each step of making a database
        logging.getLogger(name).setLevel(logging.WARNING)
    from filelock import FileLock
    from mlflow import MlflowClient

    artifacts = root / config.artifacts
    with explained(uri):
        if uri.startswith("sqlite:"):
            artifacts.mkdir(parents=True, exist_ok=True)
            with FileLock(artifacts / ".database.lock", timeout=120):  # two processes must not both make the tables
                client = MlflowClient(uri, uri)
                _follow_move(client, root, Path(unquote(urlsplit(uri).path).removeprefix("/")))
        else:
            client = MlflowClient(uri, uri)
            client.search_experiments(max_results=1)
    return MlflowStore(client, uri, root, artifacts)


def _follow_move(client: MlflowClient, root: Path, database: Path) -> None:
    """Look for the files of runs where the project is now: MLflow keeps their absolute places."""
    for experiment in client.search_experiments(filter_string=f"tags.{_ROOT_TAG} != {root.as_uri()!r}"):
        values = {"new": root.as_uri(), "old": experiment.tags[_ROOT_TAG], "id": int(experiment.experiment_id)}
        with closing(sqlite3.connect(database, timeout=20)) as connection, connection:
            for statement in _MOVE:
                connection.execute(statement, values)
        client.set_experiment_tag(experiment.experiment_id, _ROOT_TAG, root.as_uri())


def _record(run: MlflowEntity, experiments: dict[str, str]) -> RunRecord:
    info: Any = run.info
    return RunRecord(
        id=info.run_id,
        name=info.run_name,
        experiment=experiments[info.experiment_id],
        status=info.status,
        started=datetime.fromtimestamp(info.start_time / 1000, UTC),
        params=dict(sorted(run.data.params.items())),
        metrics=dict(sorted(run.data.metrics.items())),
        tags={name: value for name, value in sorted(run.data.tags.items()) if _is_ours(name)},
    )


def _is_ours(tag: str) -> bool:
    return not tag.startswith("mlflow.") and tag != _CURVES_TAG
