"""Opening the store that `tracking.uri` names: a folder, or MLflow where the project has it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .config import TrackingConfig
from .errors import TrackingError
from .store import Run, Tracking, shown

__all__ = ["Run", "Tracking", "absolute_uri", "open_tracking"]


def open_tracking(config: TrackingConfig, root: Path) -> Tracking:
    """Open the store, and make it if it is on this machine and not there yet.

    Parameters
    ----------
    root
        The project's folder.

    Raises
    ------
    TrackingError
        If the project lacks the store, a server does not answer, or a file can't be used.
    """
    uri = absolute_uri(config.uri, root)
    if uri.startswith("folder:"):
        from .folder_store import open_store

        return open_store(uri)
    home = f"{__package__}.mlflow_store"  # a project without MLflow lacks this file
    try:
        opened: Tracking = import_module(home).open_store(config, uri, root)
    except ModuleNotFoundError as error:
        hint = "install it with `make install-dev`"
        if error.name == home:
            hint = "set tracking.uri to folder:runs, or add MLflow with `mlsys configure mlflow=true`"
        raise TrackingError(f"{shown(uri)} is a place of MLflow, which is not installed", hint=hint) from error
    return opened


def absolute_uri(uri: str, root: Path) -> str:
    """Resolve the path of an address that means a file or a folder of the project.

    Examples
    --------
    >>> absolute_uri("https://example.org", Path("/srv"))
    'https://example.org'
    >>> absolute_uri("sqlite:///mlflow.db", Path("/srv"))
    'sqlite:////srv/mlflow.db'
    >>> absolute_uri("folder:runs", Path("/srv"))
    'folder:/srv/runs'
    """
    scheme, path = urlsplit(uri).scheme, unquote(urlsplit(uri).path)
    if scheme == "sqlite":
        return f"sqlite:///{(root / path.removeprefix('/')).as_posix()}"
    if scheme == "folder":
        return f"folder:{(root / path).as_posix()}"
    return uri
