"""Runs recorded with MLflow: in a SQLite file of the project, or on a server."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ProjectError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

DATABASE = "mlflow.db"
ARTIFACTS = "mlruns"
NO_TELEMETRY = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
NOISY_LOGGERS = ("alembic", "mlflow.store.db.utils")  # they tell each migration of a new database
PARAMS_PER_REQUEST = 100  # MLflow takes no more at once
METRICS_PER_REQUEST = 1000
SECONDS_BETWEEN_REQUESTS = 1.0
LONGEST_TAG = 5000
ABANDONED_AFTER = 600.0  # seconds
ROOT_TAG = "project_root"
MOVE = (
    "UPDATE experiments SET artifact_location = :new || substr(artifact_location, length(:old) + 1)"
    " WHERE experiment_id = :id AND substr(artifact_location, 1, length(:old)) = :old",
    "UPDATE runs SET artifact_uri = :new || substr(artifact_uri, length(:old) + 1)"
    " WHERE experiment_id = :id AND substr(artifact_uri, 1, length(:old)) = :old",
)

_logger = logging.getLogger(__name__)


class Run:
    """A run that is being recorded.

    Parameters
    ----------
    client : MlflowClient
        Where it is recorded.
    run_id : str
        Its id there.

    Attributes
    ----------
    run_id : str
        Its id in MLflow.

    Notes
    -----
    Metrics are sent about once a second, because each request ends with a commit: with SQLite on a busy disk that
    takes 25 ms, as long as a training step of a small model.
    """

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self.run_id = run_id
        self._client = client
        self._waiting: list[Metric] = []
        self._sent = time.monotonic()

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record numbers.

        Parameters
        ----------
        metrics : Mapping of str to float
            Values by name.
        step : int, optional
            Step that they belong to; 0 by default.
        """
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._waiting += [Metric(name, float(value), now, step or 0) for name, value in metrics.items()]
        if time.monotonic() - self._sent > SECONDS_BETWEEN_REQUESTS:
            self.flush()

    def flush(self) -> None:
        """Send the metrics that wait."""
        for start in range(0, len(self._waiting), METRICS_PER_REQUEST):
            self._client.log_batch(self.run_id, metrics=self._waiting[start : start + METRICS_PER_REQUEST])
        self._waiting.clear()
        self._sent = time.monotonic()

    def log_artifact(self, path: str | Path) -> None:
        """Keep a copy of a file or a folder with the run.

        Parameters
        ----------
        path : str or Path
            File or folder.

        Raises
        ------
        ProjectError
            If it does not exist.
        """
        if not Path(path).exists():
            raise ProjectError(f"{path}: no such file or folder", hint="write it before it is logged as an artifact")
        self._client.log_artifact(self.run_id, str(path))


@contextmanager
def track_run(
    experiment: str,
    *,
    params: Mapping[str, Any],
    tags: Mapping[str, str] | None = None,
    tracking_uri: str | None = None,
    root: str | Path | None = None,
) -> Iterator[Run]:
    """Record what happens inside the ``with`` block as one run.

    Parameters
    ----------
    experiment : str
        Name that the run is kept under.
    params : Mapping
        Settings of the run. Keys of nested mappings are joined with dots.
    tags : Mapping of str to str, optional
        Tags of the run.
    tracking_uri : str, optional
        MLflow server or database; by default ``MLFLOW_TRACKING_URI``, and without it ``mlflow.db`` in `root`.
    root : str or Path, optional
        Folder of the project; by default the current one.

    Yields
    ------
    Run
        Takes metrics and artifacts.

    Notes
    -----
    The run ends as FINISHED; as FAILED, with the error in the tag ``error``, when the block raises; or as KILLED
    when it is interrupted.
    """
    folder = Path(root or Path.cwd()).resolve()
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    client = _connect(uri) if uri else _open_database(folder)
    run_id = _start(client, experiment, tags or {}, None if uri else folder)
    run = Run(client, run_id)
    try:
        _log_params(client, run_id, params)
        yield run
        run.flush()
        client.set_terminated(run_id, "FINISHED")
    except BaseException as error:
        _end_early(client, run, error)
        raise


def _connect(uri: str) -> MlflowClient:
    for name, value in NO_TELEMETRY.items():
        os.environ.setdefault(name, value)
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)

    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return MlflowClient(tracking_uri=uri)
    except (MlflowException, SQLAlchemyError) as error:
        raise ProjectError(
            f"MLflow can't open {uri}: {error}",
            hint=f"uv run mlflow db upgrade {uri}, or move the database away",
        ) from error


def _open_database(folder: Path) -> MlflowClient:
    """Open the project's database. A new one is made beside its place, so that it is never there half made."""
    database = folder / DATABASE
    for left in folder.glob(f".{DATABASE}-*"):  # by a process that was killed
        if time.time() - left.stat().st_mtime > ABANDONED_AFTER:
            shutil.rmtree(left, ignore_errors=True)
    if not database.exists():
        making = Path(tempfile.mkdtemp(prefix=f".{DATABASE}-", dir=folder))
        try:
            with _unsynced():
                _connect(_sqlite_uri(making / DATABASE))
            with (making / DATABASE).open("rb+") as file:
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was faster, and its database is as good
                database.hardlink_to(making / DATABASE)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return _connect(_sqlite_uri(database))


@contextmanager
def _unsynced() -> Iterator[None]:
    """Let new SQLite connections write without waiting for the disk, which takes most of the time of a migration."""
    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    def relax(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = MEMORY")

    event.listen(Pool, "connect", relax)
    try:
        yield
    finally:
        event.remove(Pool, "connect", relax)


def _sqlite_uri(database: Path) -> str:
    return f"sqlite:///{database.as_posix()}"


def _start(client: MlflowClient, experiment: str, tags: Mapping[str, str], folder: Path | None) -> str:
    """Start a run, whose artifacts are kept in `folder`, or else where the server keeps them."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(experiment)
    if found is None:
        location = f"{folder.as_uri()}/{ARTIFACTS}/{re.sub(r'[^A-Za-z0-9._-]+', '-', experiment)}" if folder else None
        with suppress(MlflowException):  # another process was faster
            client.create_experiment(experiment, location, {ROOT_TAG: folder.as_uri()} if folder else None)
        found = client.get_experiment_by_name(experiment)
    if found is None:
        raise ProjectError(f"MLflow made no experiment {experiment!r}", hint="give it a plain name, such as demo")
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    if folder and found.tags.get(ROOT_TAG, folder.as_uri()) != folder.as_uri():
        _follow_move(folder, found.experiment_id, found.tags[ROOT_TAG])
        client.set_experiment_tag(found.experiment_id, ROOT_TAG, folder.as_uri())
    return str(client.create_run(found.experiment_id, tags=dict(tags)).info.run_id)


def _follow_move(folder: Path, experiment_id: str, old: str) -> None:
    """Have the artifacts of an experiment where the project is now: MLflow keeps absolute paths of them."""
    values = {"new": folder.as_uri(), "old": old, "id": int(experiment_id)}
    with closing(sqlite3.connect(folder / DATABASE, timeout=20)) as connection, connection:
        for statement in MOVE:
            connection.execute(statement, values)


def _log_params(client: MlflowClient, run_id: str, params: Mapping[str, Any]) -> None:
    from mlflow.entities import Param

    flat = [Param(name, str(value)) for name, value in _flatten(params)]
    for start in range(0, len(flat), PARAMS_PER_REQUEST):
        client.log_batch(run_id, params=flat[start : start + PARAMS_PER_REQUEST])


def _flatten(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _end_early(client: MlflowClient, run: Run, error: BaseException) -> None:
    """Mark a run as killed or failed. What goes wrong here must not hide the error that ended it."""
    try:
        if isinstance(error, KeyboardInterrupt):
            client.set_terminated(run.run_id, "KILLED")
        else:
            client.set_tag(run.run_id, "error", f"{type(error).__name__}: {error}"[:LONGEST_TAG])
            client.set_terminated(run.run_id, "FAILED")
        run.flush()
    except Exception:
        _logger.warning("MLflow run %s ended early and could not be marked so", run.run_id, exc_info=True)
