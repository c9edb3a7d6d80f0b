"""Registered models: versions with a checksum, and the aliases `champion` and `challenger`."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ..config.settings import one_of
from ..data import DataCard
from ..tracking.errors import TrackingError
from ..tracking.store import Run, Tracking, Version
from ..tracking.store import check_name as check_stored_name
from .algorithms import find_algorithm
from .errors import ModelError
from .files import MODEL, load, save
from .signature import Signature
from .training import Recipe

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "Description",
    "Loaded",
    "Version",
    "check_name",
    "drop_alias",
    "find_version",
    "list_models",
    "list_versions",
    "load_version",
    "read_description",
    "register",
    "set_alias",
    "set_tags",
    "write_files",
]

CHAMPION = "champion"
CHALLENGER = "challenger"

_FOLDER = "model"
_DESCRIPTION = "model.json"


class Description(BaseModel):
    """What is known of a model, beside its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signature: Signature
    recipe: Recipe
    card: DataCard


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready to predict."""

    version: Version
    pipeline: Any
    description: Description


def write_files(pipeline: Pipeline, description: Description, folder: Path, trusted: Collection[str]) -> dict[str, str]:
    """Write a model and its description into an empty folder, and give their checksums as tags for the registry."""
    checksum = save(pipeline, folder / MODEL, _trusted(description.recipe, description.card, trusted))
    text = description.model_dump_json(indent=2).encode()
    (folder / _DESCRIPTION).write_bytes(text)
    return {"sha256": checksum, "description_sha256": hashlib.sha256(text).hexdigest()}


def register(run: Run, model: str, folder: Path, tags: Mapping[str, str]) -> Version:
    """Keep a model's files with its run, and make it a new version.

    Parameters
    ----------
    folder
        What `write_files` has filled.
    tags
        Those of the version, the checksums among them.
    """
    check_name(model)
    run.log_folder(folder, _FOLDER)
    return run.register(model, _FOLDER, tags)


def find_version(tracking: Tracking, model: str, reference: str) -> Version:
    """Find a version by its number or by an alias.

    Raises
    ------
    ModelError
        If there is no such model or version.
    """
    versions = list_versions(tracking, model)
    if not versions:
        known = list_models(tracking)
        raise ModelError(f"no version of {model!r} is registered", hint=f"train one; {one_of(model, known)}")
    for version in versions:
        if reference == str(version.number) or reference in version.aliases:
            return version
    names = [*(str(version.number) for version in versions), *(a for version in versions for a in version.aliases)]
    raise ModelError(f"{model} has no version {reference!r}", hint=one_of(reference, names))


def list_models(tracking: Tracking) -> list[str]:
    """Name the registered models."""
    return tracking.models()


def list_versions(tracking: Tracking, model: str) -> list[Version]:
    """List the versions of a model, the newest first.

    Raises
    ------
    ModelError
        If the name can't be one of a model.
    """
    check_name(model)
    return tracking.versions(model)


def load_version(tracking: Tracking, version: Version, trusted: Collection[str] = ()) -> Loaded:
    """Load a model whose files are those that were registered.

    Raises
    ------
    ModelError
        If a file is missing, was changed, or holds what is not trusted.
    """
    with tracking.files(version.run_id, _FOLDER) as folder:
        description = _checked(folder / _DESCRIPTION, version)
        allowed = _trusted(description.recipe, description.card, trusted)
        pipeline = load(folder / MODEL, version.tags.get("sha256", ""), allowed)
    return Loaded(version, pipeline, description)


def read_description(tracking: Tracking, version: Version) -> Description:
    """Read what is known of a model, and nothing else of its files.

    Raises
    ------
    ModelError
        If the file is missing or was changed, or was written by another version of this project.
    """
    with tracking.files(version.run_id, f"{_FOLDER}/{_DESCRIPTION}") as path:
        return _checked(path, version)


def set_alias(tracking: Tracking, version: Version, alias: str) -> None:
    """Give an alias to a version; whatever had it has it no more."""
    tracking.set_alias(version.model, alias, version.number)


def drop_alias(tracking: Tracking, model: str, alias: str) -> None:
    """Take an alias away."""
    tracking.drop_alias(model, alias)


def set_tags(tracking: Tracking, version: Version, tags: Mapping[str, str]) -> None:
    """Write tags of a version."""
    tracking.set_tags(version.model, version.number, tags)


def check_name(model: str) -> None:
    """Refuse a name that can't be a model's before it gets into a query or a path.

    Raises
    ------
    ModelError
        If it has other characters than letters, digits, `-` and `_`.
    """
    try:
        check_stored_name(model)
    except TrackingError as error:
        raise ModelError(f"{model[:100]!r} is no name of a model", hint=error.hint) from error


def _checked(path: Path, version: Version) -> Description:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{version} has no {_DESCRIPTION}", hint="train it again") from error
    if hashlib.sha256(text).hexdigest() != version.tags.get("description_sha256"):
        raise ModelError(f"the {_DESCRIPTION} of {version} is not the one that was registered", hint="train again")
    try:
        return Description.model_validate_json(text)
    except ValidationError as error:
        message = f"the {_DESCRIPTION} of {version} is of another version of this project"
        raise ModelError(message, hint="train it again") from error


def _trusted(recipe: Recipe, card: DataCard, trusted: Collection[str]) -> set[str]:
    return {*trusted, *find_algorithm(recipe.algorithm, card.task).trusted}
