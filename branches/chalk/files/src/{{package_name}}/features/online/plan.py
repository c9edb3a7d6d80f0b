"""What must be kept of a source's rows, so that the features of an entity can be computed at any later time."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import orjson

from ..definitions.entities import Entity, Kind, Source
from ..definitions.features import Latest, Stored, Window, meaning, used_columns
from ..definitions.sets import FeatureSet
from ..errors import FeatureError
from ..times import micros, to_micros

Kept: TypeAlias = list[Any]
"""A row as it is kept: time, created (both microseconds since 1970 in UTC), place, then the plan's columns."""

HEAD = 3  # of a kept row: what stands before its columns
DAY = timedelta(days=1)
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_LEAST, _MOST = -(2**63), 2**63 - 1


@dataclass(frozen=True, eq=False)
class Plan:
    """What is kept of one source for one entity, for features of any set.

    Attributes
    ----------
    features
        By their reference, such as `customer.spend_30d`.
    lateness
        How late rows may be and still join sessions exactly; windows and latest values take rows however late.
    columns
        What is kept of a row beside its times and place, in this order.
    stamped
        Which features are times.
    version
        Changes if, and only if, what is kept could mean something else.
    """

    entity: Entity
    source: Source
    features: Mapping[str, Stored]
    lateness: timedelta = DAY
    columns: tuple[str, ...] = field(init=False)
    stamped: tuple[bool, ...] = field(init=False, repr=False)
    version: str = field(init=False)
    _readers: tuple[tuple[str, Callable[[Any], Any]], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        columns = tuple(sorted(set().union(*map(used_columns, self.features.values()))))
        object.__setattr__(self, "columns", columns)
        stamped = tuple(one.kind is Kind.TIMESTAMP for one in self.features.values())
        object.__setattr__(self, "stamped", stamped)
        object.__setattr__(self, "version", _digest(self))
        readers = tuple((name, _CHECKS[self.source.columns[name]]) for name in columns)
        object.__setattr__(self, "_readers", readers)

    @property
    def part(self) -> str:
        """Name what is kept by it: a changed definition has a part of its own, which is filled anew."""
        return f"{self.entity.name}/{self.source.name}/{self.version}"

    @property
    def span(self) -> timedelta | None:
        """How long after its last row an entity's state still matters; None: for ever."""
        spans = [micros(self.lateness)]
        for one in self.features.values():
            if isinstance(one, Latest):
                return None
            spans.append(micros(one.over) if isinstance(one, Window) else micros(one.gap + self.lateness))
        return timedelta(microseconds=max(spans))

    def place(self, column: str) -> int:
        """Say where a column is in a kept row."""
        return HEAD + self.columns.index(column)

    def keep(self, row: Mapping[str, Any], place: int) -> Kept:
        """Make a kept row of one of the source.

        Raises
        ------
        FeatureError
            If a time is missing or has no zone, or a value is not of the column's kind.
        """
        time = _moment(self.source, self.source.time, row)
        created = _moment(self.source, self.source.created, row) if self.source.created else time
        kept: Kept = [time, created, place]
        for name, check in self._readers:
            value = row.get(name)
            if value is not None:
                try:
                    value = check(value)
                except (TypeError, ValueError) as error:
                    raise FeatureError(f"{self.source.name}.{name}: {error}", hint=_OTHER) from error
            kept.append(value)
        return kept


def key_text(entity: Entity, key: Any) -> str:
    """Write the key of an entity as stores have it.

    Raises
    ------
    FeatureError
        If it is NULL, or not of the entity's kind.
    """
    if entity.kind is Kind.STRING and isinstance(key, str):
        return _encodable(entity, key)
    if entity.kind is Kind.INTEGER:
        if isinstance(key, int) and not isinstance(key, bool) and _LEAST <= key <= _MOST:
            return str(key)
        if isinstance(key, str) and _INTEGER.fullmatch(key) and _LEAST <= int(key) <= _MOST:
            return str(int(key))
    hint = f"the key of {entity.name} is of the kind {entity.kind}"
    raise FeatureError(f"{repr(key)[:100]} can't be a {entity.key}", hint=hint)


def make_plans(sets: Iterable[FeatureSet], lateness: timedelta = DAY) -> list[Plan]:
    """Gather what sets need of each source: one plan for an entity and source, in the order of their names."""
    found: dict[tuple[str, str], tuple[Entity, Source, dict[str, Stored]]] = {}
    for one in sets:
        for feature in one.stored:
            names = (one.entity.name, feature.source.name)
            _, _, features = found.setdefault(names, (one.entity, feature.source, {}))
            features[f"{one.name}.{feature.name}"] = feature
    return [Plan(*found[names], lateness) for names in sorted(found)]


def check_value(kind: Kind, value: Any) -> Any:
    """Give a value as it is kept; times as microseconds.

    Raises
    ------
    TypeError, ValueError
        If it is not of the kind.
    """
    return None if value is None else _CHECKS[kind](value)


def to_line(row: Kept) -> bytes:
    """Write a kept row as a line."""
    return orjson.dumps(row) + b"\n"


def _digest(plan: Plan) -> str:
    told = [[name, meaning(one)] for name, one in sorted(plan.features.items())]
    text = json.dumps([plan.entity.name, str(plan.entity.kind), told, micros(plan.lateness)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _moment(source: Source, column: str, row: Mapping[str, Any]) -> int:
    value = row.get(column)
    if not isinstance(value, datetime):
        hint = "each row needs its times, with a zone"
        raise FeatureError(f"{source.name}.{column}: {value!r} is no time", hint=hint)
    return to_micros(value)


def _encodable(entity: Entity, key: str) -> str:
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise FeatureError(f"{key!r} can't be a {entity.key}: it is no text", hint="send it as UTF-8") from error
    return key


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError(f"{value!r} is no boolean")


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and _LEAST <= value <= _MOST:
        return value
    raise TypeError(f"{value!r} is no integer of 64 bits")


def _float(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no number")
    if math.isfinite(value):
        return float(value)
    raise ValueError(f"{value!r} is not finite")


def _string(value: Any) -> str:
    if isinstance(value, str):
        value.encode()
        return value
    raise TypeError(f"{value!r} is no text")


def _timestamp(value: Any) -> int:
    if isinstance(value, datetime):
        return to_micros(value)
    raise TypeError(f"{value!r} is no time")


_CHECKS: dict[Kind, Callable[[Any], Any]] = {
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.FLOAT: _float,
    Kind.STRING: _string,
    Kind.TIMESTAMP: _timestamp,
}
_OTHER = "the definition of the source says what its columns hold; such a row belongs into quarantine"
