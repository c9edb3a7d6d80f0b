"""The feature store of a project: Chalk's service where its keys are, else the embedded engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..config import Config, load_config
from ..logs import get_logger
from .chalk_config import KEYS, missing_keys
from .definitions.registry import Definitions, find_definitions
from .errors import FeatureError
from .online.features import OnlineFeatures
from .online.protocol import OnlineStoreError
from .online.reading import Found, Given
from .stores import open_features

if TYPE_CHECKING:
    from .chalk_service import ChalkService

_DEVELOPMENT = "development"
_log = get_logger(__name__)


class MissingCredentialsError(OnlineStoreError):
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
        missing = missing_keys()
        if missing and self._config.environment != _DEVELOPMENT:
            raise _missing(missing)
        self.service = None if missing else _open_service(self._config, self.definitions)
        if missing:
            _log.warning("the embedded engine stands in for Chalk", missing=missing)

    @cached_property
    def online(self) -> OnlineFeatures:
        """The embedded online features, opened when they are first used.

        Raises
        ------
        FeatureError
            If features are Chalk's.
        """
        if self.service is not None:
            hint = f"read and write by the store itself; unset {KEYS[0]} to use the embedded engine"
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
            return self.service.read(name, keys, at=at, given=given)
        return self.online.read(name, keys, at=at, given=given)

    def write(self, source: str, rows: Iterable[Mapping[str, Any]], *, place: int | None = None) -> int:
        """Add rows of a source, or bring them to Chalk; see `OnlineFeatures.write` for what is asked of them.

        Raises
        ------
        FeatureError
            If a row is not what the source says, or the store does not take them.
        """
        if self.service is None:
            return self.online.write(source, rows, place=place)
        from .stream.checks import Reason
        from .stream.intake import Policy
        from .streaming import StreamProcessor

        many = list(rows)
        checked = StreamProcessor(self.definitions, Policy(missing="accept")).transform(many, source)
        wrong = [one.detail for one in checked.dead_letters if one.reason is not Reason.NO_KEY]
        if wrong:
            raise FeatureError(f"{source}: {wrong[0]}", hint="such a row belongs into quarantine; none was brought")
        self.service.upload(checked.source, checked.rows, first=place)
        return len(many)

    def close(self) -> None:
        """End the connections."""
        if "online" in self.__dict__:
            self.online.close()
        if self.service is not None:
            self.service.close()

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the connections."""
        self.close()


def open_either(config: Config, definitions: Definitions) -> OnlineFeatures | ChalkService:
    """Open what serves features: Chalk's service where its keys are, else the configured store.

    Raises
    ------
    MissingCredentialsError
        If one of the keys is there without the other, and this is no development.
    OnlineStoreError
        If the store can't be used.
    """
    missing = missing_keys()
    if not missing:
        return _open_service(config, definitions)
    if len(missing) < len(KEYS) and config.environment != _DEVELOPMENT:
        raise _missing(missing)
    return open_features(config, definitions)


def _open_service(config: Config, definitions: Definitions) -> ChalkService:
    from .chalk_service import open_service  # which needs what most projects can do without

    return open_service(config, definitions)


def _missing(missing: Sequence[str]) -> MissingCredentialsError:
    names = " and ".join(missing)
    hint = f"set {names}; without Chalk, `open_features(config)` of the package's features.stores is the store"
    return MissingCredentialsError(f"Chalk has no credentials: {names} is not set", hint=hint)
