"""Registered models: versions with a checksum, and the aliases `champion` and `challenger`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ..config.settings import one_of
from ..data import DataCard
from ..tracking.client import Run, Tracking, explained
from .algorithms import find_algorithm
from .errors import ModelError
from .files import MODEL, load, save
from .signature import Signature
from .training import Recipe

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from sklearn.pipeline import Pipeline

CHAMPION = "champion"
CHALLENGER = "challenger"

_FOLDER = "model"
_DESCRIPTION = "model.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class Description(BaseModel):
    """What is known of a model, beside its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signature: Signature
    recipe: Recipe
    card: DataCard


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
    with explained(run.uri):
        _make_model(run, model)
        source = f"runs:/{run.id}/{_FOLDER}"
        made = run.client.create_model_version(model, source, run.id, tags=dict(tags), await_creation_for=0)
    return _version(made, {})


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
    with explained(tracking.uri):
        return sorted(found.name for found in _pages(tracking.client.search_registered_models))


def list_versions(tracking: Tracking, model: str) -> list[Version]:
    """List the versions of a model, the newest first.

    Raises
    ------
    ModelError
        If the name can't be one of a model.
    """
    from mlflow.exceptions import MlflowException

    check_name(model)
    with explained(tracking.uri):
        try:
            registered = tracking.client.get_registered_model(model)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return []
            raise
        # A server answers the numbers of aliases as text.
        aliases = {alias: int(number) for alias, number in registered.aliases.items()}
        found = _pages(tracking.client.search_model_versions, filter_string=f"name='{model}'")
    return sorted((_version(one, aliases) for one in found), key=lambda version: -version.number)


def load_version(tracking: Tracking, version: Version, trusted: Collection[str] = ()) -> Loaded:
    """Load a model whose files are those that were registered.

    Raises
    ------
    ModelError
        If a file is missing, was changed, or holds what is not trusted.
    """
    with tracking.files(version.run_id, _FOLDER) as folder:
        try:
            text = (folder / _DESCRIPTION).read_bytes()
        except OSError as error:
            raise ModelError(f"{version} has no {_DESCRIPTION}", hint="train it again") from error
        if hashlib.sha256(text).hexdigest() != version.tags.get("description_sha256"):
            raise ModelError(f"the {_DESCRIPTION} of {version} is not the one that was registered", hint="train again")
        try:
            description = Description.model_validate_json(text)
        except ValidationError as error:
            message = f"the {_DESCRIPTION} of {version} is of another version of this project"
            raise ModelError(message, hint="train it again") from error
        allowed = _trusted(description.recipe, description.card, trusted)
        pipeline = load(folder / MODEL, version.tags.get("sha256", ""), allowed)
    return Loaded(version, pipeline, description)


def set_alias(tracking: Tracking, version: Version, alias: str) -> None:
    """Give an alias to a version; whatever had it has it no more."""
    with explained(tracking.uri):
        tracking.client.set_registered_model_alias(version.model, alias, str(version.number))


def drop_alias(tracking: Tracking, model: str, alias: str) -> None:
    """Take an alias away."""
    with explained(tracking.uri):
        tracking.client.delete_registered_model_alias(model, alias)


def set_tags(tracking: Tracking, version: Version, tags: Mapping[str, str]) -> None:
    """Write tags of a version."""
    with explained(tracking.uri):
        for name, value in tags.items():
            tracking.client.set_model_version_tag(version.model, str(version.number), name, value)


def check_name(model: str) -> None:
    """Refuse a name that can't be a model's before it gets into a query or a path.

    Raises
    ------
    ModelError
        If it has other characters than letters, digits, `-` and `_`.
    """
    if not _NAME.fullmatch(model):
        raise ModelError(f"{model[:100]!r} is no name of a model", hint="letters, digits, - and _ only")


def _make_model(run: Run, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        run.client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _pages(search: Any, **options: Any) -> list[Any]:
    found: list[Any] = []
    token: str | None = None
    while True:
        page = search(**options, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _version(made: ModelVersion, aliases: Mapping[str, int]) -> Version:
    number = int(made.version)
    own = tuple(sorted(alias for alias, of in aliases.items() if of == number))
    created = datetime.fromtimestamp(made.creation_timestamp / 1000, UTC)
    return Version(made.name, number, made.run_id or "", own, dict(made.tags), created)


def _trusted(recipe: Recipe, card: DataCard, trusted: Collection[str]) -> set[str]:
    return {*trusted, *find_algorithm(recipe.algorithm, card.task).trusted}
