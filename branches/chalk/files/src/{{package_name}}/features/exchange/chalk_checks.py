"""What Chalk's classes can't say: refused by the feature's name, with the means that Chalk lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from ..definitions.entities import Source
from ..definitions.features import Aggregate, Feature, Latest, OnDemand, Session, Window
from ..definitions.sets import FeatureSet
from ..errors import NotExpressible
from .chalk_texts import to_text
from .python_text import literal, mentions, unused

AGGREGATES: Mapping[Aggregate, str] = {
    Aggregate.ROWS: "count",
    Aggregate.SUM: "sum",
    Aggregate.MEAN: "mean",
    Aggregate.MIN: "min",
    Aggregate.MAX: "max",
}
# Names that features can't have: they would hide what the file calls so.
OWN = frozenset(
    {"bool", "int", "float", "str", "datetime"}
    | {"feature", "features", "functions", "has_many", "has_one", "windowed"}
    | {"is_near", "items", "namespace"}  # Chalk's own
)
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def check(one: FeatureSet, feature: Feature) -> None:
    """Refuse a feature that Chalk has no means for.

    Raises
    ------
    NotExpressible
        Naming the feature and the means.
    """
    name = f"{one.name}.{feature.name}"
    own = own_rows(one)
    taken = {*OWN, one.entity.key, *([] if own is None else [own.time])}
    if unused(feature.name, taken) != feature.name:
        hint = "give it another name"
        raise NotExpressible(f"{name}: a class of Chalk's has another use for the name {feature.name}", hint=hint)
    if isinstance(feature, Latest):
        _check_latest(one, feature, name)
    elif isinstance(feature, Session):
        raise NotExpressible(f"{name}: Chalk has no sessions", hint="take a window of a fixed length")
    elif isinstance(feature, Window):
        _check_window(feature, name)
    else:
        _check_on_demand(one, feature, name)


def own_rows(one: FeatureSet) -> Source | None:
    """Give the rows whose newest values are features, and so the rows of the class itself."""
    return next((feature.source for feature in one.stored if isinstance(feature, Latest)), None)


def condition(feature: Window, name: str) -> str:
    """Write which rows of a window count."""
    if feature.where is None:
        return ""
    if mentions(feature.where, "now"):
        hint = "compare with a column or a fixed value"
        raise NotExpressible(f"{name}: Chalk's windows have no condition on the time of the question", hint=hint)
    return to_text(feature.where, f"the condition of {name}", lambda column: f"_.{column}")


def refer(one: FeatureSet, name: str) -> str:
    """Write what an expression over features of a set refers to."""
    feature = one[name]
    return f'_.{name}["{span(feature.over, name)}"]' if isinstance(feature, Window) else f"_.{name}"


def span(over: timedelta, name: str) -> str:
    """Write the length of a window.

    Raises
    ------
    NotExpressible
        If it is not of whole seconds.

    Examples
    --------
    >>> span(timedelta(days=30), "customer.spend"), span(timedelta(minutes=90), "customer.spend")
    ('30d', '90m')
    """
    if over % timedelta(seconds=1):
        raise NotExpressible(f"{name}: Chalk's windows are of whole seconds, not of {over}", hint="round the window")
    length = over // timedelta(seconds=1)
    unit, size = next((unit, size) for unit, size in _UNITS if length % size == 0)
    return f"{length // size}{unit}"


def _check_latest(one: FeatureSet, feature: Latest, name: str) -> None:
    means, hint = "", ""
    if one.name != one.entity.name:
        means, hint = "newest values in a class that is not the entity's", f"name the set {one.entity.name}"
    elif feature.source != own_rows(one):
        means, hint = "newest values of two sources in a class", "define those of each in a set of its own"
    elif feature.ttl is not None:
        means, hint = "end of values: max_staleness says how long they are kept", "leave the ttl out"
    elif feature.default is not None:
        means, hint = "default for missing rows that leaves a NULL as it is", "leave the default out"
    elif feature.name != feature.column.name:
        means, hint = f"other name for the column {feature.column.name}", f"name it {feature.column.name}"
    if means:
        raise NotExpressible(f"{name}: Chalk has no {means}", hint=hint)


def _check_window(feature: Window, name: str) -> None:
    if feature.aggregate not in AGGREGATES:
        hint = f"use {', '.join(AGGREGATES)}"
        raise NotExpressible(f"{name}: there is no {feature.aggregate} that is read back from Chalk", hint=hint)
    span(feature.over, name)
    names: Sequence[str] = [feature.source.time, *filter(None, [feature.column])]
    for column in [*names, *sorted(feature.where.names() if feature.where is not None else ())]:
        if unused(column, OWN) != column:
            raise NotExpressible(f"{name}: a class of Chalk's can't have a column {column}", hint="rename the column")
    condition(feature, name)
    literal(feature.default, name)


def _check_on_demand(one: FeatureSet, feature: OnDemand, name: str) -> None:
    to_text(feature.expression, name, lambda part: refer(one, part))
    if one.name != one.entity.name and not any(isinstance(other, Window) for other in one.features):
        message = f"{name}: without windows a class of Chalk's is of itself, not of {one.entity.name}"
        raise NotExpressible(message, hint=f"add it to a set of the name {one.entity.name}")
