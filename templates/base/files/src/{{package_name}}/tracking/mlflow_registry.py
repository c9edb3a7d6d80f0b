"""Registered models in MLflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..logs import get_logger
from .errors import TrackingError
from .store import Version, check_name, shown

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MlflowRegistry:
    """The models of a connection.

    Attributes
    ----------
    uri
        Where they are, absolute.
    """

    client: MlflowClient
    uri: str

    def models(self) -> list[str]:
        """Name the registered models."""
        with explained(self.uri):
            return sorted(found.name for found in pages(self.client.search_registered_models))

    def versions(self, model: str) -> list[Version]:
        """List the versions of a model, the newest first."""
        from mlflow.exceptions import MlflowException

        check_name(model)
        with explained(self.uri):
            try:
                registered = self.client.get_registered_model(model)
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return []
                raise
            # A server answers the numbers of aliases as text.
            aliases = {alias: int(number) for alias, number in registered.aliases.items()}
            found = pages(self.client.search_model_versions, filter_string=f"name='{model}'")
        return sorted((_version(one, aliases) for one in found), key=lambda version: -version.number)

    def add(self, model: str, run_id: str, place: str, tags: Mapping[str, str]) -> Version:
        """Make a folder of a run's files the next version of a model."""
        from mlflow.exceptions import MlflowException

        check_name(model)
        with explained(self.uri):
            try:
                self.client.create_registered_model(model)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            source = f"runs:/{run_id}/{place}"
            made = self.client.create_model_version(model, source, run_id, tags=dict(tags), await_creation_for=0)
        return _version(made, {})

    def set_alias(self, model: str, alias: str, number: int) -> None:
        """Give an alias to a version; whatever had it has it no more."""
        check_name(alias)
        with explained(self.uri):
            self.client.set_registered_model_alias(model, alias, str(number))

    def drop_alias(self, model: str, alias: str) -> None:
        """Take an alias away."""
        with explained(self.uri):
            self.client.delete_registered_model_alias(model, alias)

    def set_tags(self, model: str, number: int, tags: Mapping[str, str]) -> None:
        """Write tags of a version; others stay."""
        with explained(self.uri):
            for name, value in tags.items():
                self.client.set_model_version_tag(model, str(number), name, value)


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
        _log.debug("tracking failed", uri=shown(uri), reason=reason)
        raise TrackingError(f"MLflow at {shown(uri)}: {reason}", hint=hint) from error


def pages(search: Any, **options: Any) -> list[Any]:
    """Get everything that MLflow gives in pages."""
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
