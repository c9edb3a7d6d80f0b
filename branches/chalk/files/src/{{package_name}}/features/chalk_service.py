"""Features that Chalk computes and keeps, read through its client; Chalk knows them by `set.feature`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Protocol, Self

from ..errors import first_line
from .chalk_config import ChalkConfig
from .definitions.features import OnDemand
from .definitions.sets import FeatureSet
from .errors import FeatureError
from .exchange.arrow_json import restore_arrow_json
from .online.reading import Found, Given
from .semantics import FeatureValue, Status


class Client(Protocol):
    """What is used of `chalk.client.ChalkClient`."""

    def query(self, input: Mapping[str, Any], output: Sequence[str], *, now: datetime | None = None) -> Any:
        """Ask for the features of one entity."""


class ChalkService:
    """Chalk's service."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @classmethod
    def connect(cls, config: ChalkConfig, client_id: str, client_secret: str) -> Self:
        """Make a client.

        Raises
        ------
        FeatureError
            If the package `chalkpy` is missing.
        """
        try:
            client = import_module("chalk.client").ChalkClient
        except ImportError as error:
            hint = "install the extra that brings it, `uv sync --extra chalk`, or unset CHALK_CLIENT_ID"
            raise FeatureError("there are keys for Chalk, and its package chalkpy is missing", hint=hint) from error
        restore_arrow_json()
        return cls(
            client(
                client_id=client_id,
                client_secret=client_secret,
                environment=config.environment or None,
                api_server=config.api_server,
            )
        )

    def read(
        self, features: FeatureSet, keys: Sequence[Any], *, at: datetime | None = None, given: Given = None
    ) -> list[Found]:
        """Ask for each entity; what Chalk gives no value for has the feature's default.

        Raises
        ------
        FeatureError
            If Chalk does not answer, or refuses.
        """
        found = []
        for number, key in enumerate(keys):
            own = given if given is None or isinstance(given, Mapping) else given[number]
            found.append(self._read_one(features, key, at, own or {}))
        return found

    def _read_one(self, features: FeatureSet, key: Any, at: datetime | None, given: Mapping[str, Any]) -> Found:
        asked = {f"{features.name}.{name}": value for name, value in {features.entity.key: key, **given}.items()}
        names = [f"{features.name}.{one.name}" for one in features.features]
        try:
            answer = self._client.query(asked, names, now=at)
        except Exception as error:  # the client raises errors of several libraries
            hint = "check CHALK_CLIENT_ID, CHALK_CLIENT_SECRET and features.chalk, and that the features are deployed"
            raise FeatureError(f"Chalk did not answer: {first_line(error)}", hint=hint) from error
        results = {one.field: one for one in answer.data}
        found: Found = {}
        for feature in features.features:
            one = results.get(f"{features.name}.{feature.name}")
            default = None if isinstance(feature, OnDemand) else feature.default
            if one is None or one.error is not None or one.valid is False:
                found[feature.name] = FeatureValue(default, Status.MISSING)
            else:
                status = Status.NULL if one.value is None else Status.PRESENT
                time = None if one.ts is None else one.ts.astimezone(UTC)
                found[feature.name] = FeatureValue(one.value, status, time)
        return found
