"""The database of the prediction log, in which monitoring keeps its reports too."""

from __future__ import annotations

from pathlib import Path

from ..database import Database
from ..errors import ProjectError


class PredictionLogError(ProjectError):
    """The prediction log can't be opened, written or read."""


def open_database(url: str, root: Path) -> Database:
    """Prepare connections to the prediction log.

    Raises
    ------
    PredictionLogError
        If the address is that of no such database.
    """
    return Database.open(url, root, "the prediction log", PredictionLogError)
