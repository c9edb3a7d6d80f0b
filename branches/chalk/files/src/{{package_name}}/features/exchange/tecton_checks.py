"""What Tecton's objects can't say: refused by the feature's name, with the means that Tecton lacks.

Only its continuous stream views have windows that are exact: those of batch views slide by steps, and show a row when
its batch is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ..definitions.entities import Source
from ..definitions.features import Aggregate, Feature, OnDemand, Session, Window
from ..definitions.sets import FeatureSet
from ..errors import NotExpressible
from .python_expressions import to_python
from .python_text import literal

AGGREGATES: Mapping[Aggregate, str] = {
    Aggregate.ROWS: "sum",  # of ones
    Aggregate.COUNT: "sum",
    Aggregate.SUM: "sum",
    Aggregate.MEAN: "sum",  # through a sum of ones
    Aggregate.MIN: "min",
    Aggregate.MAX: "max",
}
NOW = "now"


def check(one: FeatureSet, feature: Feature) -> None:
    """Refuse a feature that Tecton has no means for.

    Raises
    ------
    NotExpressible
        Naming the feature and the means.
    """
    name = f"{one.name}.{feature.name}"
    if feature.name == one.entity.key:
        raise NotExpressible(f"{name}: Tecton's views have the key under that name", hint="give it another name")
    if isinstance(feature, OnDemand):
        to_python(feature.expression, name, str, NOW)
        return
    _check_source(feature.source, name)
    literal(feature.default, name)
    if isinstance(feature, Session):
        raise NotExpressible(f"{name}: Tecton has no sessions", hint="take a window of a fixed length")
    if isinstance(feature, Window):
        _check_window(feature, name)


def _check_source(source: Source, name: str) -> None:
    means, hint = "", ""
    if source.created is not None:
        means, hint = f"rows that are known later than they happen, by {source.created}", "leave created out"
    elif source.topic is None:
        means, hint = "exact times for rows of a batch source: they show in steps", f"give {source.name} a topic"
    elif "://" in source.location:
        scheme = source.location.partition("://")[0]
        means, hint = f"history of {source.name} in {scheme} that is read here", "keep it as Parquet, too"
    if means:
        raise NotExpressible(f"{name}: Tecton has no {means}", hint=hint)


def _check_window(feature: Window, name: str) -> None:
    if feature.aggregate not in AGGREGATES:
        raise NotExpressible(f"{name}: Tecton has no exact {feature.aggregate}", hint=f"use {', '.join(AGGREGATES)}")
    if feature.aggregate in {Aggregate.MIN, Aggregate.MAX} and not feature.kind.is_number:
        hint = "take a column of numbers"
        raise NotExpressible(f"{name}: Tecton has no {feature.aggregate} of {feature.kind}", hint=hint)
    if feature.over % timedelta(seconds=1):
        message = f"{name}: Tecton's windows are of whole seconds, not of {feature.over}"
        raise NotExpressible(message, hint="round the window")
    if feature.where is not None:
        to_python(feature.where, f"the condition of {name}", str)
