"""Chalk's classes from feature sets: what `from_chalk` reads back as the same features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..definitions.entities import Entity, Kind, Source
from ..definitions.features import Aggregate, Check, Feature, Latest, OnDemand, Window
from ..definitions.sets import FeatureSet
from ..errors import NotExpressible
from .chalk_checks import AGGREGATES, OWN, check, condition, own_rows, refer, span
from .chalk_texts import to_text
from .python_text import Export, class_name, docstring, expressible, imports, literal, statement, untested, unused

_TYPES = {
    Kind.BOOLEAN: "bool",
    Kind.INTEGER: "int",
    Kind.FLOAT: "float",
    Kind.STRING: "str",
    Kind.TIMESTAMP: "datetime",
}
_CHALK = ("DataFrame", "Windowed", "_", "functions", "windowed")
_FEATURES = ("FeatureTime", "feature", "features", "has_many", "has_one")


def to_chalk(sets: Sequence[FeatureSet], *, partial: bool = False) -> Export:
    """Write feature sets as Chalk's classes.

    A set is a class of its name, and the rows of a source are one, too; a set that has not the name of its entity goes
    through the entity's class. How rows get into a class is not of it: Chalk has resolvers for that.

    Parameters
    ----------
    partial
        Whether features that Chalk has no means for are left out.

    Raises
    ------
    NotExpressible
        If there are such, and `partial` is False; the message names them and the means.
    """
    kept, left_out = expressible(sets, check, partial=partial)
    classes = _Classes(kept)
    parts = [*map(classes.rows, classes.sources), *map(classes.entity, classes.entities)]
    parts += [classes.through(one) for one in kept if one.name != one.entity.name]
    body = "\n\n\n".join("\n".join(lines) for lines in parts)
    chalk = imports("chalk", _CHALK, body) + imports("chalk.features", _FEATURES, body)
    head = ['"""Features as Chalk\'s classes."""\n', "from __future__ import annotations\n"]
    head += filter(None, [imports("datetime", ["datetime"], body), chalk])
    return Export("\n".join([*head, "", body, ""]), left_out, untested(kept, "Chalk", ("minimum", "maximum")))


def chalk_sources(sets: Sequence[FeatureSet]) -> dict[str, Source]:
    """Give what the rows of each class of `to_chalk` are, by its namespace, as `from_chalk` takes them."""
    own = {one.name: rows for one in sets if (rows := own_rows(one)) is not None}
    names = row_names(sets)
    return own | {names[source.name]: source for one in sets for source in _windowed(one)}


class _Classes:
    """All classes of a file, and how they refer to each other."""

    def __init__(self, sets: Sequence[FeatureSet]) -> None:
        self._sets = {one.name: one for one in sets}
        self.entities: list[Entity] = list({one.entity.name: one.entity for one in sets}.values())
        self.sources: list[Source] = list({rows.name: rows for one in sets for rows in _windowed(one)}.values())
        for entity in self.entities:
            one = self._sets.get(entity.name)
            if one is not None and one.entity != entity:
                message = f"{one.name} is an entity, and a set of {one.entity.name}: Chalk has one class of a name"
                raise NotExpressible(message, hint="give the set another name")
        self._rows = row_names(sets)
        self._names: dict[str, str] = {}
        for name in dict.fromkeys([*self._rows.values(), *(one.name for one in self.entities), *self._sets]):
            self._names[name] = unused(class_name(name), {*_CHALK, *_FEATURES, *self._names.values()})

    def rows(self, source: Source) -> list[str]:
        """Write the class of a source's rows."""
        name = self._rows[source.name]
        kind = next(one.entity.kind for one in self._sets.values() if source in _windowed(one))
        columns = row_columns(source)
        key = row_key(source)
        return [
            *self._head(name, source.description),
            f"    {key}: str = feature(primary=True)",
            f"    {source.key}: {_TYPES[kind]} | None",
            *(f"    {column}: {_TYPES[held]} | None" for column, held in columns.items()),
            f"    {source.time}: FeatureTime",
        ]

    def entity(self, entity: Entity) -> list[str]:
        """Write the class of an entity, with the features of the set that has its name."""
        one = self._sets.get(entity.name)
        mine = self._names[entity.name]
        lines = self._head(entity.name, entity.description if one is None else one.description, one)
        lines.append(f"    {entity.key}: {_TYPES[entity.kind]} = feature(primary=True)")
        of_it = [other for other in self._sets.values() if other.entity.name == entity.name]
        for source in self.sources:
            if any(source in _windowed(other) for other in of_it):
                rows = self._names[self._rows[source.name]]
                joined = f"has_many(lambda: {rows}.{entity.key} == {mine}.{entity.key})"
                lines.append(f"    {self._step(entity.name, self._rows[source.name])}: DataFrame[{rows}] = {joined}")
        return lines if one is None else [*lines, *self._features(one)]

    def through(self, one: FeatureSet) -> list[str]:
        """Write the class of a set that goes through the class of its entity."""
        key, mine, other = one.entity.key, self._names[one.name], self._names[one.entity.name]
        return [
            *self._head(one.name, one.description, one),
            f"    {key}: {_TYPES[one.entity.kind]} = feature(primary=True)",
            f"    {self._step(one.name, one.entity.name)}: {other} = has_one(lambda: {mine}.{key} == {other}.{key})",
            *self._features(one),
        ]

    def _head(self, name: str, about: str, one: FeatureSet | None = None) -> list[str]:
        given = [f"name={literal(name, name)}"]
        if one is not None and one.owner:
            given.append(f"owner={literal(one.owner, name)}")
        if one is not None and one.tags:
            given.append(f"tags=[{', '.join(literal(tag, name) for tag in one.tags)}]")
        text = docstring(about, "    ")
        return [f"@features({', '.join(given)})", f"class {self._names[name]}:", *text, *([""] if text else [])]

    def _features(self, one: FeatureSet) -> list[str]:
        own = own_rows(one)
        lines = [] if own is None else [f"    {own.time}: FeatureTime"]
        for feature in one.features:
            lines += [f"    # {line.strip()}" for line in feature.description.splitlines() if line.strip()]
            kind = _TYPES[one.kinds[feature.name]]
            limits = _limits(one, feature)
            if isinstance(feature, Latest):
                given = f" = feature({', '.join(limits)})" if limits else ""
                lines.append(f"    {feature.name}: {kind} | None{given}")
            elif isinstance(feature, OnDemand):
                text = to_text(feature.expression, f"{one.name}.{feature.name}", lambda name: refer(one, name))
                written = statement("expression=", text, "        ", ",")
                lines += [f"    {feature.name}: {kind} | None = feature(", *written]
                lines += [*(f"        {limit}," for limit in limits), "    )"]
            elif isinstance(feature, Window):
                lines += self._window(one, feature, kind)
        return lines

    def _window(self, one: FeatureSet, feature: Window, kind: str) -> list[str]:
        name = f"{one.name}.{feature.name}"
        way = "" if one.name == one.entity.name else f"{self._step(one.name, one.entity.name)}."
        rows = f"_.{way}{self._step(one.entity.name, self._rows[feature.source.name])}"
        made = f".{AGGREGATES[feature.aggregate]}()"
        column = [] if feature.column is None else [f"_.{feature.column}"]
        chosen = [*column, f"_.{feature.source.time} > _.chalk_window", *filter(None, [condition(feature, name)])]
        inside = [f"{rows}[{chosen[0]}]{made}"]
        if len(chosen) > 1:
            inside = [f"{rows}[", *(f"            {part}," for part in chosen), f"        ]{made}"]
        inside = ["        expression=" + inside[0], *inside[1:]]
        default = [] if feature.default is None else [f"        default={literal(feature.default, name)},"]
        held = kind if feature.aggregate is Aggregate.ROWS else f"{kind} | None"
        start = [f"    {feature.name}: Windowed[{held}] = windowed(", f'        "{span(feature.over, name)}",']
        limits = [f"        {limit}," for limit in _limits(one, feature)]
        return [*start, *inside[:-1], f"{inside[-1]},", *default, *limits, "    )"]

    def _step(self, name: str, to: str) -> str:
        """Name the step from a class to another, beside its features."""
        one = self._sets.get(name)
        if one is None:
            key = next(entity.key for entity in self.entities if entity.name == name)
            return unused(to, {*OWN, key})
        own = own_rows(one)
        times = [] if own is None else [own.time]
        return unused(to, {*OWN, *times, one.entity.key, *(feature.name for feature in one.features)})


def _limits(one: FeatureSet, feature: Feature) -> list[str]:
    """Write the limits that the test of a feature sets."""
    test = one.tests.get(feature.name, Check())
    limits = {"min": test.minimum, "max": test.maximum}
    name = f"the test of {one.name}.{feature.name}"
    return [f"{word}={literal(limit, name)}" for word, limit in limits.items() if limit is not None]


def _windowed(one: FeatureSet) -> list[Source]:
    """Give the sources that a set has windows over."""
    return list({rows.name: rows for rows in (f.source for f in one.stored if isinstance(f, Window))}.values())


def row_columns(source: Source) -> dict[str, Kind]:
    """Give the columns that the class of a source's rows has: those whose names Chalk has no other use for."""
    return {column: held for column, held in source.columns.items() if unused(column, OWN) == column}


def row_key(source: Source) -> str:
    """Name the feature that tells rows of a source apart in their class."""
    return unused("row_id", {*row_columns(source), source.key, source.time})


def row_names(sets: Iterable[FeatureSet]) -> dict[str, str]:
    """Name the class of each source's rows, which is neither a set's nor an entity's."""
    many = list(sets)
    taken = {name for one in many for name in (one.name, one.entity.name)}
    names = sorted({source.name for one in many for source in one.sources})
    return {name: unused(name, taken) for name in names}
