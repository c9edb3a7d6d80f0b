"""Registered models in a folder: one file for each, which is changed under a lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel

from .errors import TrackingError
from .folders import explained, locked, write_whole
from .store import Version, check_name

_WAIT = 60.0


class _Entry(BaseModel):
    run_id: str
    tags: dict[str, str]
    created: datetime


class _Model(BaseModel):
    aliases: dict[str, int] = {}
    versions: dict[int, _Entry] = {}


@dataclass(frozen=True, slots=True)
class FolderRegistry:
    """The models of a folder.

    Attributes
    ----------
    artifacts
        The folder.
    """

    artifacts: Path

    def models(self) -> list[str]:
        """Name the registered models."""
        with explained(self._models):
            return sorted(path.stem for path in self._models.glob("*.json"))

    def versions(self, model: str) -> list[Version]:
        """List the versions of a model, the newest first."""
        with explained(self._file(model)):
            entries = self._read(model)
        return [_version(model, number, entries) for number in sorted(entries.versions, reverse=True)]

    def add(self, model: str, run_id: str, tags: Mapping[str, str]) -> Version:
        """Make the files of a run the next version of a model."""
        with self._change(model) as entries:
            number = max(entries.versions, default=0) + 1
            entries.versions[number] = _Entry(run_id=run_id, tags=dict(tags), created=datetime.now(UTC))
        return _version(model, number, entries)

    def set_alias(self, model: str, alias: str, number: int) -> None:
        """Give an alias to a version; whatever had it has it no more."""
        check_name(alias)
        with self._change(model) as entries:
            _entry(model, number, entries)
            entries.aliases[alias] = number

    def drop_alias(self, model: str, alias: str) -> None:
        """Take an alias away."""
        with self._change(model) as entries:
            entries.aliases.pop(alias, None)

    def set_tags(self, model: str, number: int, tags: Mapping[str, str]) -> None:
        """Write tags of a version; others stay."""
        with self._change(model) as entries:
            _entry(model, number, entries).tags.update(tags)

    def lock(self, model: str, wait: float) -> AbstractContextManager[None]:
        """Let only one of all that use this folder into the `with` block."""
        return locked(self.artifacts, model, wait)

    @property
    def _models(self) -> Path:
        return self.artifacts / "models"

    def _file(self, model: str) -> Path:
        check_name(model)
        return self._models / f"{model}.json"

    def _read(self, model: str) -> _Model:
        path = self._file(model)
        return _Model.model_validate_json(path.read_bytes()) if path.exists() else _Model()

    @contextmanager
    def _change(self, model: str) -> Iterator[_Model]:
        path = self._file(model)
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock"), timeout=_WAIT):
                entries = self._read(model)
                yield entries
                write_whole(path, entries.model_dump_json(indent=2).encode())


def _entry(model: str, number: int, entries: _Model) -> _Entry:
    if number not in entries.versions:
        raise TrackingError(f"{model} has no version {number}", hint="`models list` prints them")
    return entries.versions[number]


def _version(model: str, number: int, entries: _Model) -> Version:
    entry = entries.versions[number]
    aliases = tuple(sorted(alias for alias, of in entries.aliases.items() if of == number))
    return Version(model, number, entry.run_id, aliases, entry.tags, entry.created)
