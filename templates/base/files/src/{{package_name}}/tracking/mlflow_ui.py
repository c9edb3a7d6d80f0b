"""MLflow's own pages on the runs of the project, for this machine alone: what `make mlflow-ui` starts."""

from __future__ import annotations

import os
import sys

from ..errors import ProjectError
from ..runtime import start
from .client import absolute_uri
from .config import TrackingConfig
from .errors import TrackingError
from .store import shown

OPTIONS = ("server", "--host", "127.0.0.1", "--port", "5000")

_NO_DATABASE = ("folder:", "http:", "https:")
_JOBS = "MLFLOW_SERVER_ENABLE_JOB_EXECUTION"  # seven more processes, in which MLflow judges traces


def environment() -> dict[str, str]:
    """Say to MLflow where runs are kept, and to send nothing. The address may hold a password, so it is no option.

    Raises
    ------
    TrackingError
        If runs are kept in a folder, or on a server, which has pages of its own.
    """
    config = start()
    uri = absolute_uri(config.group("tracking", TrackingConfig).uri, config.root)
    if uri.startswith(_NO_DATABASE):
        raise TrackingError(f"{shown(uri)} is no database of MLflow", hint="open the server's address, or `runs list`")
    return {
        "MLFLOW_BACKEND_STORE_URI": uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        _JOBS: os.environ.get(_JOBS, "false"),
    }


if __name__ == "__main__":
    try:
        os.environ.update(environment())
    except ProjectError as error:
        sys.exit(f"error: {error}")
    from mlflow.cli import cli

    cli([*OPTIONS, *sys.argv[1:]])
