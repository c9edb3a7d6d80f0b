"""Chalk's service, which computes and keeps features: asked for them, and brought rows, through its client."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any, Protocol

import polars as pl
import pyarrow as pa

from ..config import Config
from ..errors import first_line
from ..logs import get_logger
from .chalk_answers import Answer, Names, many_answers, one_answer, stored_values
from .chalk_config import KEYS
from .config import FeaturesConfig
from .definitions.entities import Entity, Kind, Source
from .definitions.registry import Definitions
from .definitions.sets import FeatureSet
from .engines.protocol import ARROW_TYPES
from .errors import FeatureError
from .exchange.arrow_json import restore_arrow_json
from .exchange.chalk_names import RowClass, chalk_names, row_classes, time_name
from .online.plan import key_text
from .online.protocol import OnlineStoreError
from .online.reading import Fallback, Found, Given, SetReader, given_of
from .semantics import in_utc
from .stream.columns import Rows
from .times import to_micros

_CHUNK = 10_000  # rows of one upload
_HINT = "check CHALK_CLIENT_ID, CHALK_CLIENT_SECRET and features.chalk, and that the features are deployed"
_log = get_logger(__name__)


class Client(Protocol):
    """What is used of `chalk.client.ChalkClient`."""

    session: Any

    def query(self, input: Mapping[str, Any], output: Sequence[str], now: Any = None, *, meta: Any) -> Any:
        """Ask for the features of one entity."""

    def query_bulk(self, input: Mapping[str, Any], output: Sequence[str], now: Any = None, *, meta: Any) -> Any:
        """Ask for the features of many entities at once."""

    def multi_upload_features(self, input: pl.DataFrame) -> Any:
        """Bring values of features, a row for each entity."""

    def whoami(self) -> Any:
        """Tell whose the keys are."""


def open_service(config: Config, definitions: Definitions) -> ChalkService:
    """Make a client of Chalk's service; nothing is asked yet.

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
    own = config.group("features", FeaturesConfig)
    made = client(
        client_id=os.environ[KEYS[0]],
        client_secret=os.environ[KEYS[1]],
        environment=own.chalk.environment or None,
        api_server=own.chalk.api_server,
        default_request_timeout=own.chalk.timeout_seconds,
    )
    return ChalkService(made, definitions, project=own.chalk.project_id, fallback=own.serving.fallback)


class ChalkService:
    """Chalk's service.

    Features on demand are computed here of what Chalk gives, as everywhere: Chalk knows no inputs of a request.

    Parameters
    ----------
    project
        That each query is of, for Chalk's own records.
    fallback
        What is given while Chalk does not answer: an error, or defaults with the status `UNAVAILABLE`.
    """

    def __init__(
        self, client: Client, definitions: Definitions, *, project: str = "", fallback: Fallback = "error"
    ) -> None:
        self._client = client
        self._definitions = definitions
        self._meta = {"project_id": project} if project else None
        self._fallback = fallback
        self._names: dict[str, Names] = {}

    def read(self, name: str, keys: Sequence[Any], *, at: datetime | None = None, given: Given = None) -> list[Found]:
        """Read the features of entities: one is queried, many are in one bulk query.

        Parameters
        ----------
        name
            Of a feature set.
        keys
            Of the entities.
        at
            The time of the question; if None, now by Chalk's clock.
        given
            What the request brings for features on demand: for all entities, or for each.

        Raises
        ------
        FeatureError
            If there is no such set, or a key or value is of another kind.
        OnlineStoreError
            If Chalk does not answer, or refuses, and no defaults are to stand in.
        """
        features = self._definitions[name]
        asked = [_key(features.entity, key) for key in keys]
        reader = SetReader.of(features, ())
        moment = datetime.now(UTC) if at is None else in_utc(at)
        names = self._named(features)
        try:
            answers = self._answers(names, list(dict.fromkeys(asked)), at)
        except OnlineStoreError:
            if self._fallback == "error":
                raise
            return reader.defaults([str(key) for key in asked], to_micros(moment), given)
        found = []
        for number, key in enumerate(asked):
            row = stored_values(features, names, answers[key], moment)
            found.append(reader.complete(row, to_micros(moment), given_of(given, number)))
        return found

    def upload(self, source: Source, rows: Rows, *, first: int | None = None) -> None:
        """Bring rows of a source: to the class of its rows, and to those of sets that have its newest values.

        Parameters
        ----------
        first
            What the places of rows are counted from: rows that come again with their places take their own place.
            If None, all are new.

        Raises
        ------
        OnlineStoreError
            If Chalk does not answer, or does not take them.
        """
        kind = self._definitions.entity_of(source).kind
        order = sorted(range(len(rows)), key=lambda row: (rows.times[row], rows.created[row], rows.places[row]))
        for one in row_classes(self._definitions.sets, source):
            table = _table(one, source, kind, rows, first).take(pa.array(order, pa.int64()))
            for start in range(0, table.num_rows, _CHUNK):
                frame = pl.DataFrame(table.slice(start, _CHUNK))
                errors = _ask(partial(self._client.multi_upload_features, frame))
                _refuse(errors or [], f"Chalk did not take rows of {source.name}")

    def check(self) -> None:
        """Ask Chalk who it takes this for.

        Raises
        ------
        OnlineStoreError
            If it does not answer, or refuses the keys.
        """
        _ask(self._client.whoami)

    def close(self) -> None:
        """End the connections."""
        self._client.session.close()

    def _named(self, features: FeatureSet) -> Names:
        names = self._names.get(features.name)
        if names is None:
            every = chalk_names(features)
            stored = {one.name: every[one.name] for one in features.stored}
            names = Names(f"{features.name}.{features.entity.key}", time_name(features), stored)
            self._names[features.name] = names
        return names

    def _answers(self, names: Names, keys: Sequence[Any], at: datetime | None) -> dict[Any, Answer]:
        if not names.features:  # all of the set is computed here
            return {key: Answer({}) for key in keys}
        if not keys:
            return {}
        if len(keys) == 1:
            asked = {names.key: keys[0]}
            response = _ask(partial(self._client.query, asked, names.asked, at, meta=self._meta))
            _refuse([one for one in response.errors or [] if one.category != "FIELD"], "Chalk refused the query")
            return {keys[0]: one_answer(response, names, keys[0])}
        times = None if at is None else [at] * len(keys)
        many = {names.key: list(keys)}
        outputs = [names.key, *names.asked]
        response = _ask(partial(self._client.query_bulk, many, outputs, times, meta=self._meta))
        result = response.results[0]
        errors = [*response.global_errors, *(result.errors or [])]
        _refuse([one for one in errors if one.category != "FIELD"], "Chalk refused the query")
        return many_answers(result, names, keys)


def _key(entity: Entity, key: Any) -> str | int:
    text = key_text(entity, key)
    return int(text) if entity.kind is Kind.INTEGER else text


def _table(one: RowClass, source: Source, kind: Kind, rows: Rows, first: int | None) -> pa.Table:
    """Put rows into columns that are named as Chalk names them."""
    columns: dict[str, tuple[Kind, list[Any]]] = {source.key: (kind, rows.keys)}
    columns[source.time] = (Kind.TIMESTAMP, rows.times)
    for (name, held), values in zip(source.columns.items(), rows.values, strict=True):
        columns[name] = (held, values)
    found = {
        f"{one.name}.{name}": pa.array(columns[column][1], ARROW_TYPES[columns[column][0]])
        for name, column in one.features
    }
    if one.key not in dict(one.features):
        identities = [_identity(one.kind, source, None if first is None else first + place) for place in rows.places]
        found = {f"{one.name}.{one.key}": pa.array(identities, ARROW_TYPES[one.kind]), **found}
    return pa.table(found)


def _identity(kind: Kind, source: Source, place: int | None) -> str | int:
    """Tell a row apart that has no key of its own: by its place in the source, else as nothing else is called."""
    if kind is Kind.INTEGER:
        return uuid.uuid4().int >> 65 if place is None else place
    return uuid.uuid4().hex if place is None else f"{source.name}-{place}"


def _ask(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except Exception as error:  # the client raises errors of several libraries
        raise OnlineStoreError(f"Chalk did not answer: {_reason(error)}", hint=_HINT) from error


def _reason(error: Exception) -> str:
    """Give what says most of an error: the first line of Chalk's own only says that there is one."""
    told = [one.message for one in getattr(error, "errors", None) or []] + [getattr(error, "detail", None) or ""]
    return next((text.splitlines()[0] for text in told if text.strip()), first_line(error))


def _refuse(errors: Sequence[Any], what: str) -> None:
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise OnlineStoreError(f"{what}: {first_line(ValueError(errors[0].message))}{more}", hint=_HINT)
