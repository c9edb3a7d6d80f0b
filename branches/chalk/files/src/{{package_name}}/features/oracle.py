"""The value of each feature by brute force: slow, and plainly what `semantics` says.

Engines are held against it by tests, and `features parity` explains mismatches with it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .definitions.features import COUNTS, Aggregate, Latest, Session, Stored, Window
from .definitions.sets import FeatureSet
from .semantics import FeatureValue, Status, held


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a source, of one entity.

    Attributes
    ----------
    time, created
        In UTC.
    place
        Its number in the source; later rows have higher ones.
    """

    time: datetime
    created: datetime
    place: int
    values: Mapping[str, Any]

    def order(self) -> tuple[datetime, datetime, int]:
        """Say what it is sorted by."""
        return self.time, self.created, self.place


def value_at(feature: Stored, rows: Sequence[Row], at: datetime) -> FeatureValue:
    """Compute a feature of one entity.

    Parameters
    ----------
    rows
        All rows of the entity in the feature's source, in any order.
    at
        The time of the question, in UTC.
    """
    visible = sorted((row for row in rows if row.time <= at and row.created <= at), key=Row.order)
    if isinstance(feature, Latest):
        return _latest(feature, visible, at)
    if feature.where is not None:
        visible = [row for row in visible if feature.where.evaluate(row.values, at) is True]
    chosen = _of_window(feature, visible, at) if isinstance(feature, Window) else _of_session(feature, visible, at)
    return _aggregate(feature, chosen)


def features_at(
    features: FeatureSet,
    rows: Mapping[str, Sequence[Row]],
    at: datetime,
    given: Mapping[str, Any] | None = None,
) -> dict[str, FeatureValue]:
    """Compute all features of one entity.

    Parameters
    ----------
    rows
        The entity's rows by the name of their source.
    given
        What the request brings along.
    """
    found = {one.name: value_at(one, rows.get(one.source.name, ()), at) for one in features.stored}
    for one in features.in_order():
        values = {name: value.value for name, value in found.items()}
        value = held(features.kinds[one.name], one.expression.evaluate(values, at, given))
        times = [found[name].time for name in one.expression.names()]
        newest = max((time for time in times if time is not None), default=None)
        found[one.name] = FeatureValue(value, Status.NULL if value is None else Status.PRESENT, newest)
    return {one.name: found[one.name] for one in features.features}


def _latest(feature: Latest, visible: Sequence[Row], at: datetime) -> FeatureValue:
    if not visible:
        return FeatureValue(feature.default, Status.MISSING)
    last = visible[-1]
    if feature.ttl is not None and at - last.time > feature.ttl:
        return FeatureValue(feature.default, Status.EXPIRED, last.time)
    value = last.values.get(feature.column.name)
    return FeatureValue(value, Status.NULL if value is None else Status.PRESENT, last.time)


def _of_window(feature: Window, visible: Sequence[Row], at: datetime) -> list[Row]:
    return [row for row in visible if at - feature.over < row.time]


def _of_session(feature: Session, visible: Sequence[Row], at: datetime) -> list[Row]:
    chosen: list[Row] = []
    until = at
    for row in reversed(visible):
        if until - row.time > feature.gap:
            break
        chosen.insert(0, row)
        until = row.time
    return chosen


def _aggregate(feature: Window | Session, chosen: Sequence[Row]) -> FeatureValue:
    if not chosen:
        zero = 0 if feature.default is None and feature.aggregate in COUNTS else feature.default
        return FeatureValue(zero, Status.MISSING)
    values = [row.values.get(feature.column) for row in chosen] if feature.column else []
    value = len(chosen) if feature.aggregate is Aggregate.ROWS else aggregated(feature, values)
    return FeatureValue(value, Status.NULL if value is None else Status.PRESENT, chosen[-1].time)


def _known(function: Callable[[list[Any]], Any], least: int = 1) -> Callable[[Sequence[Any]], Any]:
    def computed(values: Sequence[Any]) -> Any:
        known = [value for value in values if value is not None]
        try:
            return function(known) if len(known) >= least else None
        except OverflowError:
            return None

    return computed


def aggregated(feature: Window | Session, values: Sequence[Any]) -> Any:
    """Make the value of an aggregate but `rows`, of the values of at least one row in their order."""
    return held(feature.kind, _AGGREGATES[feature.aggregate](values))


# What is made of the values of at least one row, which are in their order.
_AGGREGATES: dict[Aggregate, Callable[[Sequence[Any]], Any]] = {
    Aggregate.COUNT: _known(len, 0),
    Aggregate.COUNT_DISTINCT: _known(lambda known: len(set(known)), 0),
    Aggregate.SUM: _known(sum),
    Aggregate.MEAN: _known(statistics.fmean),
    Aggregate.MIN: _known(min),
    Aggregate.MAX: _known(max),
    Aggregate.STD: _known(lambda known: math.sqrt(statistics.variance(known)), 2),
    Aggregate.FIRST: lambda values: values[0],
    Aggregate.LAST: lambda values: values[-1],
}
