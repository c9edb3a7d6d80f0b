"""What the registered models in use take, as their `model.json` says; no model is loaded.

tracking.uri → the newest version of each and those with an alias → their inputs

To open a database of MLflow takes seconds. What one that is a file was found to hold is kept beside the files of its
runs, and is used until the database changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ...config import Config
from ...errors import ProjectError
from ...tracking.client import Tracking, absolute_uri, open_tracking
from ...tracking.config import TrackingConfig
from ...tracking.store import Version
from ..tables import write_text

_SQLITE = "sqlite:///"
_KEPT = ".features-models.json"
_HEADER = 100  # bytes, of which four count what was committed: https://www.sqlite.org/fileformat.html


class Registered(BaseModel):
    """A version of a registered model, and the columns that it takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    version: int
    aliases: tuple[str, ...]
    target: str
    inputs: tuple[str, ...]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    state: str
    versions: tuple[Registered, ...]


def find_registered(config: Config) -> tuple[Sequence[Registered], Sequence[str]]:
    """Look at the newest version of each model, and all that have an alias.

    Returns
    -------
    versions, faults
        Those that say what they take, and why the registry, or a version in it, can't be read.
    """
    settings = config.group("tracking", TrackingConfig)
    uri = absolute_uri(settings.uri, config.root)
    if not _is_there(uri):
        return (), ()
    kept, state = config.root / settings.artifacts / _KEPT, _state(uri)
    if state is not None and (known := _recall(kept, state)) is not None:
        return known, ()
    faults: list[str] = []
    try:
        found = tuple(_read(open_tracking(settings, config.root), faults))
    except ProjectError as error:
        return (), (error.message,)
    if state is not None and not faults:
        with suppress(OSError, ProjectError):  # it may be a place that can't be written
            write_text(_Kept(state=state, versions=found).model_dump_json(), kept)
    return found, faults


def _is_there(uri: str) -> bool:
    """Say whether a registry can be there: to open one on this machine would make it."""
    scheme, _, place = uri.partition(":")
    return scheme not in {"folder", "sqlite"} or Path(place.removeprefix("///")).exists()


def _state(uri: str) -> str | None:
    """Tell a database that is a file from what it was before its last commit; None for what is no such file."""
    if not uri.startswith(_SQLITE):
        return None
    path = Path(uri.removeprefix(_SQLITE))
    told = [uri]
    with suppress(OSError), path.open("rb") as file:
        told.append(file.read(_HEADER).hex())
    for one in (path, path.with_name(f"{path.name}-wal")):  # where commits go to first, in that mode of SQLite
        with suppress(OSError):
            facts = one.stat()
            told.append(f"{facts.st_ino} {facts.st_size} {facts.st_mtime_ns}")
    return " ".join(told)


def _recall(path: Path, state: str) -> tuple[Registered, ...] | None:
    try:
        kept = _Kept.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return kept.versions if kept.state == state else None


def _read(tracking: Tracking, faults: list[str]) -> Iterator[Registered]:
    from ...models.registry import read_description  # brings scikit-learn

    for one in _in_use(tracking, faults):
        if "description_sha256" not in one.tags:
            continue  # was registered by something that writes other files, and has no columns
        try:
            signature = read_description(tracking, one).signature
        except ProjectError as error:
            faults.append(error.message)
            continue
        inputs = tuple(column.name for column in signature.inputs)
        yield Registered(
            model=one.model, version=one.number, aliases=one.aliases, target=signature.target, inputs=inputs
        )


def _in_use(tracking: Tracking, faults: list[str]) -> Iterator[Version]:
    from ...models.registry import list_models, list_versions

    for model in list_models(tracking):
        try:
            versions = list_versions(tracking, model)
        except ProjectError as error:
            faults.append(error.message)
            continue
        yield from (one for place, one in enumerate(versions) if place == 0 or one.aliases)
