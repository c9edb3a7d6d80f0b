"""What Chalk's service calls features and rows: as classes that are known here say, else as `to_chalk` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

from ..definitions.entities import Kind, Source
from ..definitions.features import Feature, Latest, Window
from ..definitions.sets import FeatureSet
from .arrow_json import restore_arrow_json
from .from_chalk import ChalkClass, kind_of, own_name
from .to_chalk import row_columns, row_key, row_names


@dataclass(frozen=True)
class RowClass:
    """A class of Chalk's that takes rows of a source.

    Attributes
    ----------
    name
        Its namespace, such as `purchase`.
    key, kind
        The feature that tells its rows apart, and what that holds.
    features
        The column of the source that each of its features is.
    """

    name: str
    key: str
    kind: Kind
    features: tuple[tuple[str, str], ...]


def chalk_names(one: FeatureSet) -> dict[str, str]:
    """Give what Chalk calls the features of a set, such as `customer.spend__2592000__` for a window of 30 days."""
    given = _known_class(one.name)
    known = {} if given is None else {own_name(it): str(it.fqn) for it in given.features if not it.is_windowed}
    return {feature.name: known.get(feature.name) or _written(one, feature) for feature in one.features}


def time_name(one: FeatureSet) -> str | None:
    """Give what Chalk calls the event time of the rows that are newest values of a set; None without such."""
    times = [feature.source.time for feature in one.stored if isinstance(feature, Latest)]
    return f"{one.name}.{times[0]}" if times else None


def row_classes(sets: Sequence[FeatureSet], source: Source) -> list[RowClass]:
    """Give the classes that take rows of a source: for windows the one of its rows, for newest values that of a set."""
    found: dict[str, RowClass] = {}
    for one in sets:
        latest = [it for it in one.stored if isinstance(it, Latest) and it.source == source]
        if latest:
            columns = tuple((it.name, it.column.name) for it in latest)
            key = (one.entity.key, source.key)
            found[one.name] = RowClass(one.name, key[0], one.entity.kind, (key, (source.time, source.time), *columns))
        for feature in one.stored:
            if feature.source == source and not isinstance(feature, Latest):
                rows = _class_of_rows(one, feature, source, sets)
                found.setdefault(rows.name, rows)
    return list(found.values())


def _class_of_rows(one: FeatureSet, feature: Feature, source: Source, sets: Sequence[FeatureSet]) -> RowClass:
    given = _known_class(one.name)
    rows = None if given is None else given.rows_of(feature.name)
    names = (source.key, source.time, *row_columns(source))
    if rows is None:
        key, kind = row_key(source), Kind.STRING
        return RowClass(row_names(sets)[source.name], key, kind, tuple((name, name) for name in names))
    kept = tuple((name, name) for name in (source.key, source.time, *source.columns) if name in rows.by_name)
    return RowClass(rows.name, rows.key, kind_of(rows.by_name[rows.key]), kept)


def _written(one: FeatureSet, feature: Feature) -> str:
    window = f"__{feature.over // timedelta(seconds=1)}__" if isinstance(feature, Window) else ""
    return f"{one.name}.{feature.name}{window}"


def _known_class(name: str) -> ChalkClass | None:
    given = import_module("chalk.features").FeatureSetBase.registry.get(name)
    restore_arrow_json()
    return None if given is None else ChalkClass(given, {})
