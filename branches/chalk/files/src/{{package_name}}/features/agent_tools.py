"""Tools for agents: read features of an entity, and hold what an answer says of it against the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, JsonValue

from ..agents.errors import ToolError
from ..agents.jsonable import to_json
from ..agents.tasks import Record
from ..agents.tools.spec import Effect, Tool, ToolOutput, tool
from ..agents.tools.validation import Query, check_claims, mark
from ..config import Config
from ..errors import ProjectError
from .online.features import OnlineFeatures
from .online.reading import Found
from .semantics import Status, in_utc
from .stores import open_features

_MOST_ENTITIES = 50

FeatureSetName = Annotated[str, Field(description="A feature set, such as customer")]
EntityId = Annotated[str | int, Field(description="The key of one entity")]
Time = Annotated[str, Field(description="With a zone, such as 2026-01-31T12:00:00+00:00; now if empty")]


class Asked(Record):
    """Whose features a text speaks of."""

    feature_set: FeatureSetName
    entity_id: EntityId


def make_reader(config: Config) -> Tool:
    """Make the tool `feature_reader`."""

    def feature_reader(
        feature_set: FeatureSetName,
        entity_ids: Annotated[list[EntityId], Field(min_length=1, max_length=_MOST_ENTITIES)],
        features: Annotated[list[str] | None, Field(description="Some of the set; all if none is named")] = None,
        at: Time = "",
    ) -> ToolOutput:
        """Read features of entities as models get them: the value, how it came to be, and the time of its newest row.

        A status other than PRESENT says why there is no value, or a default in its place. Texts about the values are
        checked by `feature_checker`, with the `at` that is told here.
        """
        moment = _moment(at)
        with _opened(config) as store:
            owner = store.definitions[feature_set]
            names = [owner[name].name for name in features or ()] or [one.name for one in owner.features]
            found = store.read(feature_set, entity_ids, at=moment)
        told: list[JsonValue] = [
            {"entity_id": key, "features": {name: _told(row, name) for name in names}}
            for key, row in zip(entity_ids, found, strict=True)
        ]
        tainted = any(isinstance(row[name].value, str) for row in found for name in names)
        return ToolOutput({"feature_set": feature_set, "at": moment.isoformat(), "entities": told}, tainted=tainted)

    return tool(Effect.READ)(feature_reader)


def make_checker(config: Config) -> Tool:
    """Make the tool `feature_checker`."""

    def feature_checker(
        text: Annotated[str, Field(description="Numbers are followed by their feature: 31.5 [anna.spend_30d]")],
        entities: Annotated[dict[str, Asked], Field(description="By the names that the text cites, such as anna")],
        at: Time = "",
    ) -> ToolOutput:
        """Check each number of a text about entities against the feature store, as it was at a time.

        What does not hold, or names no feature, is marked in the text that comes back.
        """
        with _opened(config) as store:
            values = _Values(store, entities, _moment(at))
            queries = {name: Query(dataset=one.feature_set, sql="") for name, one in entities.items()}
            claims = check_claims(text, queries, values.find, lambda name: False)
        bad = [claim for claim in claims if claim.state != "holds"]
        told: dict[str, JsonValue] = {"valid": not bad, "checked": len(claims), "wrong": len(bad)}
        return ToolOutput({**told, "claims": [claim.told() for claim in claims], "text": mark(text, claims)})

    return tool(Effect.READ)(feature_checker)


class _Values:
    """The numbers of entities, each of which is read once."""

    def __init__(self, store: OnlineFeatures, entities: Mapping[str, Asked], at: datetime) -> None:
        self._store, self._entities, self._at = store, entities, at
        self._rows: dict[str, Found] = {}

    def find(self, cited: str) -> float:
        """Give the number of `anna.spend_30d`; `anna` alone is the key, where that is a number."""
        name, _, feature = cited.partition(".")
        asked = self._entities[name]
        value: object = asked.entity_id
        if feature:
            row = self._read(name, asked)
            if feature not in row:
                raise ToolError(f"{asked.feature_set} has no feature {feature}")
            value = row[feature].value
            if value is None or row[feature].status is Status.UNAVAILABLE:
                raise ToolError(f"{feature} has no value: {row[feature].status}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ToolError(f"{feature or 'its key'} is no number")
        return float(value)

    def _read(self, name: str, asked: Asked) -> Found:
        if name not in self._rows:
            try:
                [self._rows[name]] = self._store.read(asked.feature_set, [asked.entity_id], at=self._at)
            except ProjectError as error:
                raise ToolError(error.message, hint=error.hint) from error
        return self._rows[name]


@contextmanager
def _opened(config: Config) -> Iterator[OnlineFeatures]:
    store = open_features(config)
    try:
        yield store
    finally:
        store.close()


def _moment(text: str) -> datetime:
    try:
        return in_utc(datetime.fromisoformat(text), "at") if text else datetime.now(UTC)
    except ValueError as error:
        raise ToolError(f"{text!r} is no time", hint="write it as 2026-01-31T12:00:00+00:00") from error


def _told(row: Found, name: str) -> JsonValue:
    one = row[name]
    time = one.time.isoformat() if one.time else None
    return {"value": to_json(one.value), "status": str(one.status), "time": time}
