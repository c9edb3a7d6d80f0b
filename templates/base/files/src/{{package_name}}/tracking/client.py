"""The door to MLflow: connect, record a run, read its files.

MLflow is imported when a connection is made, and its telemetry is off.
"""

from __future__ import annotations

import logging
import math
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ..config.settings import MASK
from ..logs import get_logger
from .config import TrackingConfig
from .errors import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

_log = get_logger(__name__)

_ROOT_TAG = "project_root"
_LONGEST_VALUE = 6000  # of a parameter, as MLflow has it
_LONGEST_TAG = 5000
_BATCH = 100
_MOVE = (
    "UPDATE experiments SET artifact_location = :new || substr(artifact_location, length(:old) + 1)"
    " WHERE experiment_id = :id AND substr(artifact_location, 1, length(:old)) = :old",
    "UPDATE runs SET artifact_uri = :new || substr(artifact_uri, length(:old) + 1)"
    " WHERE experiment_id = :id AND substr(artifact_uri, 1, length(:old)) = :old",
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is being recorded."""

    client: MlflowClient
    uri: str
    id: str

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record settings; the keys of nested mappings are joined with dots."""
        from mlflow.entities import Param

        flat = [Param(name, str(value)[:_LONGEST_VALUE]) for name, value in flatten(params)]
        with explained(self.uri):
            for start in range(0, len(flat), _BATCH):
                self.client.log_batch(self.id, params=flat[start : start + _BATCH])

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Record numbers. What is not a finite number has no place in a chart and is left out."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        values = [Metric(name, float(value), now, 0) for name, value in metrics.items() if math.isfinite(value)]
        with explained(self.uri):
            self.client.log_batch(self.id, metrics=values)

    def log_folder(self, folder: Path, place: str | None = None) -> None:
        """Keep a copy of everything in a folder, in a folder of the run's files if `place` names one."""
        with explained(self.uri):
            self.client.log_artifacts(self.id, str(folder), place)

    def log_text(self, text: str, path: str) -> None:
        """Keep a text as one of the run's files."""
        with explained(self.uri):
            self.client.log_text(self.id, text, path)


@dataclass(frozen=True, slots=True)
class Tracking:
    """A connection.

    Attributes
    ----------
    root
        The project's folder.
    uri
        Where runs are recorded, absolute.
    """

    client: MlflowClient
    root: Path
    uri: str
    artifacts: Path

    @property
    def local(self) -> bool:
        """Whether everything is in files of this project."""
        return self.uri.startswith("sqlite:")

    @contextmanager
    def run(self, experiment: str, name: str, tags: Mapping[str, str]) -> Iterator[Run]:
        """Record what happens in the `with` block. A block that raises makes the run a failed one, with the reason."""
        with explained(self.uri):
            experiment_id = self._experiment(experiment)
            started = self.client.create_run(experiment_id, tags=dict(tags), run_name=name)
        run = Run(self.client, self.uri, started.info.run_id)
        try:
            yield run
            with explained(self.uri):
                self.client.set_terminated(run.id, "FINISHED")
        except BaseException as error:
            with suppress(Exception):
                self.client.set_tag(run.id, "error", f"{type(error).__name__}: {error}"[:_LONGEST_TAG])
                self.client.set_terminated(run.id, "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
            raise

    @contextmanager
    def files(self, run_id: str, path: str) -> Iterator[Path]:
        """Lend a file or a folder of a run's files, for the time of the `with` block.

        Raises
        ------
        TrackingError
            If the run does not have it.
        """
        with tempfile.TemporaryDirectory(prefix="run-") as scratch:
            try:
                with explained(self.uri):
                    place = Path(self.client.download_artifacts(run_id, path, scratch))
            except TrackingError as error:
                message = f"the run {run_id} has no {path}: {error.message}"
                raise TrackingError(message, hint="train the model again") from error
            yield place

    def _experiment(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        found = self.client.get_experiment_by_name(name)
        if found is None:
            root = self.root.as_uri()
            location = f"{(self.artifacts / name).as_uri()}" if self.local else None
            with suppress(MlflowException):  # another process was faster
                self.client.create_experiment(name, location, {_ROOT_TAG: root} if self.local else None)
            found = self.client.get_experiment_by_name(name)
        if found is None:
            raise TrackingError(f"MLflow made no experiment {name!r}", hint=f"look at {self.uri}")
        if found.lifecycle_stage == "deleted":
            self.client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)


def open_tracking(config: TrackingConfig, root: Path) -> Tracking:
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

    uri = absolute_uri(config.uri, root)
    artifacts = root / config.artifacts
    with explained(uri):
        if uri.startswith("sqlite:"):
            artifacts.mkdir(parents=True, exist_ok=True)
            with FileLock(artifacts / ".database.lock", timeout=120):  # two processes must not both make the tables
                client = MlflowClient(uri, uri)
                _follow_move(client, root, _database(uri))
        else:
            client = MlflowClient(uri, uri)
            client.search_experiments(max_results=1)
    return Tracking(client, root, uri, artifacts)


def absolute_uri(uri: str, root: Path) -> str:
    """Resolve the file of a relative SQLite address.

    Examples
    --------
    >>> absolute_uri("https://example.org", Path("/srv"))
    'https://example.org'
    >>> absolute_uri("sqlite:///mlflow.db", Path("/srv"))
    'sqlite:////srv/mlflow.db'
    """
    return f"sqlite:///{(root / _database(uri)).as_posix()}" if uri.startswith("sqlite:") else uri


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give the leaves of nested mappings, their keys joined with dots.

    Examples
    --------
    >>> list(flatten({"a": {"b": 1}, "c": 2}))
    [('a.b', 1), ('c', 2)]
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@contextmanager
def explained(uri: str) -> Iterator[None]:
    """Say in words what MLflow, its database or the disk can't do."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = lines[0].replace(uri, shown(uri))
        hint = "is there room on the disk, and may this user write there?"
        if not uri.startswith("sqlite:"):
            hint = "is the server running? tracking.uri names it"
        _log.error("tracking failed", uri=shown(uri), reason=reason)
        raise TrackingError(f"MLflow at {shown(uri)}: {reason}", hint=hint) from error


def shown(uri: str) -> str:
    """Hide the password of an address.

    Examples
    --------
    >>> shown("https://me:secret@example.org/x")
    'https://me:********@example.org/x'
    """
    password = urlsplit(uri).password
    return uri.replace(f":{password}@", f":{MASK}@", 1) if password else uri


def _database(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path).removeprefix("/"))


def _follow_move(client: MlflowClient, root: Path, database: Path) -> None:
    """Look for the files of runs where the project is now: MLflow keeps their absolute places."""
    for experiment in client.search_experiments(filter_string=f"tags.{_ROOT_TAG} != {root.as_uri()!r}"):
        values = {"new": root.as_uri(), "old": experiment.tags[_ROOT_TAG], "id": int(experiment.experiment_id)}
        with closing(sqlite3.connect(database, timeout=20)) as connection, connection:
            for statement in _MOVE:
                connection.execute(statement, values)
        client.set_experiment_tag(experiment.experiment_id, _ROOT_TAG, root.as_uri())
