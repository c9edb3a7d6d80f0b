"""What Chalk's service answers, as values with a status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .definitions.entities import Kind
from .definitions.features import COUNTS, Latest, Stored
from .definitions.sets import FeatureSet
from .errors import FeatureError
from .online.reading import Found
from .semantics import FeatureValue, Status, held


@dataclass(frozen=True)
class Names:
    """What Chalk calls what is read of a set.

    Attributes
    ----------
    key
        Of the entity.
    time
        The event time of the rows that are newest values, where there are such.
    features
        By the names here.
    """

    key: str
    time: str | None
    features: Mapping[str, str]

    @property
    def asked(self) -> list[str]:
        """All that Chalk is to give for an entity."""
        return [*self.features.values(), *filter(None, [self.time])]


@dataclass(frozen=True)
class Answer:
    """What Chalk says of an entity, by its names.

    Attributes
    ----------
    times
        When values were computed, where Chalk tells it.
    failed
        Those which it could not compute.
    """

    values: Mapping[str, Any]
    times: Mapping[str, datetime] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()


def one_answer(response: Any, names: Names, key: Any) -> Answer:
    """Read the response to a query for one entity."""
    results = {one.field: one for one in response.data}
    values = {name: one.value for name, one in results.items()}
    bad = {name for name, one in results.items() if one.error is not None or one.valid is False}
    times = {name: _utc(one.ts) for name, one in results.items() if one.ts is not None}
    known = {name: value for name, value in values.items() if name not in bad}
    return Answer(known, times, frozenset(bad) | failed(response.errors, names, key, known))


def many_answers(result: Any, names: Names, keys: Sequence[Any]) -> dict[Any, Answer]:
    """Read the response to a query for many entities; the rows are told apart by the key that they have.

    Chalk does not tell here when it computed a value.
    """
    rows = {} if result.scalars_df is None else {row[names.key]: row for row in result.scalars_df.to_dicts()}
    errors = result.errors or []
    found = {key: rows.get(key, {}) for key in keys}
    return {key: Answer(row, failed=failed(errors, names, key, row)) for key, row in found.items()}


def failed(errors: Iterable[Any], names: Names, key: Any, values: Mapping[str, Any]) -> frozenset[str]:
    """Name the features that have no value because of an error about them, or about what they are made of."""
    lacking = {name for name in names.asked if values.get(name) is None}
    found: set[str] = set()
    for error in errors:
        if error.display_primary_key in (None, str(key)):
            found |= lacking & {error.feature} if error.feature in names.asked else lacking
    return frozenset(found)


def stored_values(features: FeatureSet, names: Names, answer: Answer, at: datetime) -> Found:
    """Give the features of a set that are made of rows.

    Parameters
    ----------
    at
        The time of the question.

    Returns
    -------
    dict of str to FeatureValue
        For newest values, the event time of their row; for others the time at which Chalk computed them, if it tells.
    """
    row_time = None if names.time is None else answer.values.get(names.time)
    time_of_row = None if row_time is None else _typed(Kind.TIMESTAMP, row_time)
    found: Found = {}
    for one in features.stored:
        name = names.features[one.name]
        value, time = answer.values.get(name), answer.times.get(name)
        if isinstance(one, Latest):
            time = time_of_row or time
        if value is None and name in answer.failed:
            found[one.name] = FeatureValue(one.default, Status.UNAVAILABLE)
        elif isinstance(one, Latest) and one.ttl is not None and time is not None and at - time > one.ttl:
            found[one.name] = FeatureValue(one.default, Status.EXPIRED, time)
        elif value is not None:
            found[one.name] = FeatureValue(_held(name, features.kinds[one.name], value), Status.PRESENT, time)
        elif isinstance(one, Latest) and time_of_row is not None:
            found[one.name] = FeatureValue(None, Status.NULL, time)
        else:  # Chalk tells no window without rows from one of NULLs
            found[one.name] = FeatureValue(_of_no_rows(one), Status.MISSING)
    return found


def _of_no_rows(one: Stored) -> Any:
    counts = not isinstance(one, Latest) and one.aggregate in COUNTS
    return 0 if counts and one.default is None else one.default


def _held(name: str, kind: Kind, value: Any) -> Any:
    try:
        return _typed(kind, value)
    except (TypeError, ValueError) as error:
        hint = "deploy the features to Chalk as they are defined here: `features export chalk`"
        raise FeatureError(f"Chalk has {repr(value)[:100]} for {name}, which is a {kind} here", hint=hint) from error


def _typed(kind: Kind, value: Any) -> Any:
    if kind is Kind.TIMESTAMP:
        return _utc(datetime.fromisoformat(value) if isinstance(value, str) else value)
    if kind is Kind.INTEGER and isinstance(value, float) and value.is_integer():
        return held(kind, int(value))
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind is not Kind.BOOLEAN):
        raise TypeError(kind)
    return held(kind, value)


def _utc(moment: datetime) -> datetime:
    """Give a time in UTC, which is what Chalk means where it names no zone."""
    if not isinstance(moment, datetime):
        raise TypeError(moment)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_TYPES: dict[Kind, type | tuple[type, ...]] = {
    Kind.BOOLEAN: bool,
    Kind.INTEGER: int,
    Kind.FLOAT: (int, float),
    Kind.STRING: str,
}
