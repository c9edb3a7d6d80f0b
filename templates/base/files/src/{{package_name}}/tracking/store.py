"""What every store of runs and models does, and what it gives: `folder_store.py` and `mlflow_store.py` each are one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

from ..config.settings import MASK
from .errors import TrackingError

FINISHED, FAILED, KILLED, RUNNING = "FINISHED", "FAILED", "KILLED", "RUNNING"

Curves: TypeAlias = dict[str, list[tuple[int, float]]]
"""Points of step and value, by the name of the metric."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run.

    Attributes
    ----------
    status
        `RUNNING`, `FINISHED`, `FAILED` (it raised) or `KILLED`.
    started
        In UTC.
    tags
        Those of the project; a store's own are left out.
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
class Version:
    """One version of a registered model.

    Attributes
    ----------
    number
        Counts from 1.
    aliases
        Such as `champion`.
    tags
        Algorithm, checksums, scores, and the last decision about it.
    created
        In UTC.
    """

    model: str
    number: int
    run_id: str
    aliases: tuple[str, ...]
    tags: Mapping[str, str]
    created: datetime

    def __str__(self) -> str:
        return f"{self.model} version {self.number}"


class Run(Protocol):
    """A run that is being recorded."""

    @property
    def id(self) -> str:
        """Letters and digits, of no other run."""
        ...

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record settings; the keys of nested mappings are joined with dots."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record numbers. What is not a finite number has no place in a chart and is left out.

        With a step, which counts from 1, they become points of curves, and are kept within a second or two.
        """

    def log_folder(self, folder: Path, place: str | None = None) -> None:
        """Keep a copy of everything in a folder, in a folder of the run's files if `place` names one."""

    def log_text(self, text: str, path: str) -> None:
        """Keep a text as one of the run's files."""

    def register(self, model: str, place: str, tags: Mapping[str, str]) -> Version:
        """Make a folder of the run's files the next version of a model."""
        ...


class Tracking(Protocol):
    """A store that is open. Whatever fails in it is a `TrackingError`."""

    @property
    def uri(self) -> str:
        """Where runs are recorded, absolute."""
        ...

    @property
    def artifacts(self) -> Path:
        """The folder on this machine for locks, searches, and what could not be sent."""
        ...

    def run(self, experiment: str, name: str, tags: Mapping[str, str]) -> AbstractContextManager[Run]:
        """Record what happens in the `with` block. A block that raises makes the run a failed one, with the reason."""
        ...

    def files(self, run_id: str, path: str) -> AbstractContextManager[Path]:
        """Lend a file or a folder of a run's files, to be read in the `with` block."""
        ...

    def log_text(self, run_id: str, text: str, path: str) -> None:
        """Add a text to the files of a run that has ended."""

    def curves(self, run: RunRecord) -> Curves:
        """Give the metrics of a run that were recorded with steps, each in the order of these."""
        ...

    def experiments(self) -> list[str]:
        """Name what runs belong to, sorted."""
        ...

    def search_runs(self, experiment: str | None, prefix: str, limit: int) -> list[RunRecord]:
        """List the runs whose ids begin with `prefix`, the newest first."""
        ...

    def models(self) -> list[str]:
        """Name the registered models, sorted."""
        ...

    def versions(self, model: str) -> list[Version]:
        """List the versions of a model, the newest first."""
        ...

    def set_alias(self, model: str, alias: str, number: int) -> None:
        """Give an alias to a version; whatever had it has it no more."""

    def drop_alias(self, model: str, alias: str) -> None:
        """Take an alias away."""

    def set_tags(self, model: str, number: int, tags: Mapping[str, str]) -> None:
        """Write tags of a version; others stay."""

    def lock(self, model: str, wait: float) -> AbstractContextManager[None]:
        """Let only one of all that use this store into the `with` block: a `LockedError` after `wait` seconds."""
        ...


def check_name(name: str) -> None:
    """Refuse a name before it gets into a query or a path.

    Raises
    ------
    TrackingError
        If it has other characters than letters, digits, `-` and `_`.

    Examples
    --------
    >>> check_name("breast-cancer")
    """
    if not _NAME.fullmatch(name):
        raise TrackingError(f"{name[:100]!r} can't be a name", hint="letters, digits, - and _ only")


def check_path(path: str) -> None:
    """Refuse a path that leaves the files of a run.

    Raises
    ------
    TrackingError
        If it is absolute, or goes up.

    Examples
    --------
    >>> check_path("plots/roc.png")
    """
    parts = PurePosixPath(path.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or "\0" in path:
        raise TrackingError(f"{path[:100]!r} is outside of the files of a run", hint="give a path without ..")


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


def shown(uri: str) -> str:
    """Hide the password of an address.

    Examples
    --------
    >>> shown("https://me:secret@example.org/x")
    'https://me:********@example.org/x'
    """
    password = urlsplit(uri).password
    return uri.replace(f":{password}@", f":{MASK}@", 1) if password else uri
