"""Runs and models in a plain folder, for any number of processes on machines that share it.

    runs/experiments/<experiment>/<run>/run.json     settings, numbers, tags, status
    runs/experiments/<experiment>/<run>/curves.jsonl metrics by step
    runs/experiments/<experiment>/<run>/files/       what the run has kept
    runs/models/<model>.json                         versions, aliases, tags

Every file appears whole or not at all, but for the curves, which grow. Who records a run holds a lock on it: a run that
is not finished and has no such lock was killed, and is shown as that.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from ..errors import first_line
from ..logs import get_logger
from .errors import TrackingError
from .folder_registry import FolderRegistry
from .folders import clear, copy_whole, explained, write_whole
from .steps import Measure, Measures
from .store import FAILED, FINISHED, KILLED, RUNNING, Curves, RunRecord, Version, check_name, check_path, flatten

_log = get_logger(__name__)

Value = TypeVar("Value")

_RECORD = "run.json"
_CURVES = "curves.jsonl"
_FILES = "files"
_LOCK = ".recording"
_DEAD = "the process that recorded it has ended"
_FORMAT = TypeAdapter(RunRecord)
_POINT = TypeAdapter(tuple[str, int, float])  # a line of the curves


@dataclass(slots=True)
class FolderRun:
    """A run that is being recorded into its folder."""

    place: Path
    registry: FolderRegistry
    measures: Measures = field(init=False)

    def __post_init__(self) -> None:
        self.measures = Measures(self._keep_measures)

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.place.name

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record settings; the keys of nested mappings are joined with dots."""
        with explained(self.place):
            run = _read(self.place)
            flat = {name: str(value) for name, value in flatten(params)}
            _write(self.place, replace(run, params=_sorted(run.params, flat)))

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record numbers that are finite."""
        self.measures.add(metrics, step)

    def log_folder(self, folder: Path, place: str | None = None) -> None:
        """Keep a copy of everything in a folder."""
        check_path(place or "")
        target = self.place / _FILES / (place or "")
        with explained(self.place):
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    copy_whole(path, target / path.relative_to(folder))

    def log_text(self, text: str, path: str) -> None:
        """Keep a text as one of the run's files."""
        _keep(self.place, text, path)

    def register(self, model: str, place: str, tags: Mapping[str, str]) -> Version:
        """Make a folder of the run's files the next version of a model."""
        check_path(place)
        if not (self.place / _FILES / place).is_dir():
            raise TrackingError(f"the run {self.id} has no folder {place}", hint="keep the files first")
        return self.registry.add(model, self.id, tags)

    def _keep_measures(self, measures: Sequence[Measure]) -> None:
        points = [(one.name, one.step, one.value) for one in measures if one.step]
        with explained(self.place):
            if points:
                _append(self.place / _CURVES, b"".join(_POINT.dump_json(point) + b"\n" for point in points))
            run = _read(self.place)
            _write(self.place, replace(run, metrics=_sorted(run.metrics, {one.name: one.value for one in measures})))


@dataclass(frozen=True, slots=True)
class FolderStore(FolderRegistry):
    """A folder of runs and models."""

    @property
    def uri(self) -> str:
        """Where runs are recorded."""
        return f"folder:{self.artifacts.as_posix()}"

    @contextmanager
    def run(self, experiment: str, name: str, tags: Mapping[str, str]) -> Iterator[FolderRun]:
        """Record what happens in the `with` block."""
        check_name(experiment)
        identity = uuid.uuid4().hex
        place = self._runs / experiment / identity
        with explained(place):
            place.mkdir(parents=True)
            lock = FileLock(place / _LOCK)
            lock.acquire()
        run = FolderRun(place, self)
        try:
            first = RunRecord(identity, name, experiment, RUNNING, datetime.now(UTC), {}, {}, _sorted(tags, {}))
            with explained(place):
                _write(place, first)
            yield run
            run.measures.flush()
            with explained(place):
                _end(place, FINISHED)
        except BaseException as error:
            status = KILLED if isinstance(error, KeyboardInterrupt) else FAILED
            with suppress(Exception):
                run.measures.flush()
            with suppress(Exception):
                _end(place, status, f"{type(error).__name__}: {error}")
            raise
        finally:
            lock.release()

    @contextmanager
    def files(self, run_id: str, path: str) -> Iterator[Path]:
        """Lend a file or a folder of a run's files.

        Raises
        ------
        TrackingError
            If the run does not have it.
        """
        check_path(path)
        found = self._place(run_id) / _FILES / path
        if not found.exists():
            raise TrackingError(f"the run {run_id} has no {path}", hint="train the model again")
        yield found

    def log_text(self, run_id: str, text: str, path: str) -> None:
        """Add a text to the files of a run that has ended."""
        _keep(self._place(run_id), text, path)

    def curves(self, run: RunRecord) -> Curves:
        """Give the metrics of a run that were recorded with steps."""
        path = self._place(run.id) / _CURVES
        points: dict[str, dict[int, float]] = {}
        with explained(path):
            lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
            for line in lines:
                if line.endswith(b"\n"):  # else it is being written, or its writer was killed
                    name, step, value = _POINT.validate_json(line)
                    points.setdefault(name, {})[step] = value
        return {name: sorted(some.items()) for name, some in sorted(points.items())}

    def experiments(self) -> list[str]:
        """Name what runs belong to."""
        with explained(self._runs):
            return sorted(path.name for path in self._runs.glob("*") if path.is_dir())

    def search_runs(self, experiment: str | None, prefix: str, limit: int) -> list[RunRecord]:
        """List the runs whose ids begin with `prefix`, the newest first. A damaged one is logged and left out."""
        for name in filter(None, (experiment, prefix)):
            check_name(name)
        found = []
        with explained(self._runs):
            for path in self._runs.glob(f"{experiment or '*'}/{prefix}*/{_RECORD}"):
                try:
                    found.append(_settled(path.parent))
                except ValidationError as error:
                    _log.warning("damaged run left out", file=str(path), reason=first_line(error))
        return sorted(found, key=lambda run: run.started, reverse=True)[:limit]

    @property
    def _runs(self) -> Path:
        return self.artifacts / "experiments"

    def _place(self, run_id: str) -> Path:
        check_name(run_id)
        found = next(self._runs.glob(f"*/{run_id}/{_RECORD}"), None)
        if found is None:
            raise TrackingError(f"there is no run {run_id!r}", hint="`runs list` prints them")
        return found.parent


def open_store(uri: str) -> FolderStore:
    """Open a folder, and make it if it is not there.

    Raises
    ------
    TrackingError
        If that can't be done.
    """
    folder = Path(uri.removeprefix("folder:"))
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return FolderStore(folder)


def _read(place: Path) -> RunRecord:
    return _FORMAT.validate_json((place / _RECORD).read_bytes())


def _write(place: Path, run: RunRecord) -> None:
    write_whole(place / _RECORD, _FORMAT.dump_json(run, indent=2))


def _append(path: Path, content: bytes) -> None:
    """Write behind what is there, all or nothing: half a line would be glued to the next one."""
    with path.open("ab", buffering=0) as file:  # a buffer would be written once more when the file is closed
        end = file.tell()
        try:
            while content:
                content = content[file.write(content) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def _end(place: Path, status: str, error: str | None = None) -> None:
    run = _read(place)
    _write(place, replace(run, status=status, tags=_sorted(run.tags, {"error": error} if error else {})))


def _settled(place: Path) -> RunRecord:
    """Read a run. One that is recorded by nobody, and yet has no end, gets it."""
    run = _read(place)
    if run.status != RUNNING:
        return run
    with suppress(Timeout, OSError), FileLock(place / _LOCK, timeout=0):  # or it is recorded, or not ours to change
        run = _read(place)
        if run.status == RUNNING:
            run = replace(run, status=KILLED, tags=_sorted(run.tags, {"error": _DEAD}))
            _write(place, run)
            clear(place)
    return run


def _keep(place: Path, text: str, path: str) -> None:
    check_path(path)
    with explained(place):
        write_whole(place / _FILES / path, text.encode())


def _sorted(values: Mapping[str, Value], more: Mapping[str, Value]) -> dict[str, Value]:
    return dict(sorted({**values, **more}.items()))
