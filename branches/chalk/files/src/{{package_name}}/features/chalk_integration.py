"""The feature store of a project: Chalk's service where its keys are, else the embedded engine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from ..config import Config, load_config
from ..logs import get_logger
from .chalk_service import ChalkService
from .config import FeaturesConfig
from .definitions.registry import Definitions, find_definitions
from .errors import FeatureError
from .online.features import OnlineFeatures
from .online.reading import Found, Given
from .stores import open_features

KEYS = ("CHALK_CLIENT_ID", "CHALK_CLIENT_SECRET")
_DEVELOPMENT = "development"
_log = get_logger(__name__)


class MissingCredentialsError(FeatureError):
    """Chalk is to be asked, and its keys are not there."""


class ChalkFeatureStore:
    """Features by entity, as they are now.

    Parameters
    ----------
    config, definitions
        Those of the project, where none are given.

    Raises
    ------
    MissingCredentialsError
        If this is no development, and `CHALK_CLIENT_ID` or `CHALK_CLIENT_SECRET` is missing.
    """

    def __init__(self, config: Config | None = None, *, definitions: Definitions | None = None) -> None:
        self._config = config if config is not None else load_config()
        self.definitions = definitions if definitions is not None else find_definitions()
        missing = [name for name in KEYS if not os.environ.get(name)]
        if missing and self._config.environment != _DEVELOPMENT:
            names = " and ".join(missing)
            hint = f"set {names}; without Chalk, `open_features(config)` of the package's features.stores is the store"
            raise MissingCredentialsError(f"Chalk has no credentials: {names} is not set", hint=hint)
        self.service = None if missing else self._open_service()
        if missing:
            _log.warning("the embedded engine stands in for Chalk", missing=missing)

    @cached_property
    def online(self) -> OnlineFeatures:
        """The embedded online features, opened when they are first used.

        Raises
        ------
        FeatureError
            If features are Chalk's, which computes them of its own sources.
        """
        if self.service is not None:
            hint = f"rows reach Chalk through its own sources; unset {KEYS[0]} to use the embedded engine"
            raise FeatureError("features are kept by Chalk, not here", hint=hint)
        return open_features(self._config, self.definitions)

    def read(self, name: str, keys: Sequence[Any], *, at: datetime | None = None, given: Given = None) -> list[Found]:
        """Read the features of entities.

        Parameters
        ----------
        name
            Of a feature set.
        keys
            Of the entities.
        at
            The time of the question; now if None.
        given
            What the request brings for features on demand: for all entities, or for each.

        Raises
        ------
        FeatureError
            If there is no such set, or the store does not answer.
        """
        if self.service is not None:
            return self.service.read(self.definitions[name], keys, at=at, given=given)
        return self.online.read(name, keys, at=at, given=given)

    def write(self, source: str, rows: Iterable[Mapping[str, Any]], *, place: int | None = None) -> int:
        """Add rows of a source to the embedded online features; see `OnlineFeatures.write`."""
        return self.online.write(source, rows, place=place)

    def close(self) -> None:
        """End the connections."""
        if "online" in self.__dict__:
            self.online.close()

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the connections."""
        self.close()

    def _open_service(self) -> ChalkService:
        chalk = self._config.group("features", FeaturesConfig).chalk
        return ChalkService.connect(chalk, *(os.environ[name] for name in KEYS))
