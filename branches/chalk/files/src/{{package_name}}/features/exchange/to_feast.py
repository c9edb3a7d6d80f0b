"""Feast's objects from feature sets: views of the tables that `features backfill` writes.

Feast serves values that are there, and computes none of rows. So its values are those of the times of tables: at such a
time they are those of `training_set`, and until the next they are those of the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ..definitions.entities import Entity, Kind
from ..definitions.features import Feature, OnDemand
from ..definitions.sets import FeatureSet
from ..engines.protocol import EVENT_TIME
from ..errors import NotExpressible
from .python_expressions import helpers, on_demand_inputs, on_demand_lines, to_python
from .python_text import Export, expressible, imports, literal, mentions, span, untested, unused

_TYPES = {
    Kind.BOOLEAN: "Bool",
    Kind.INTEGER: "Int64",
    Kind.FLOAT: "Float64",
    Kind.STRING: "String",
    Kind.TIMESTAMP: "UnixTimestamp",
}
_PANDAS = {
    Kind.BOOLEAN: "boolean",
    Kind.INTEGER: "Int64",
    Kind.FLOAT: "Float64",
    Kind.STRING: "string",
    Kind.TIMESTAMP: "datetime64[ns, UTC]",
}
_VALUES = {Kind.INTEGER: "INT64", Kind.STRING: "STRING"}
_FEAST = ("Entity", "FeatureService", "FeatureView", "Field", "FileSource", "RequestSource", "ValueType")


def to_feast(
    sets: Sequence[FeatureSet], tables: str, every: timedelta = timedelta(days=1), *, partial: bool = False
) -> Export:
    """Write feature sets as Feast's objects.

    A set is a `FeatureView` of its stored features, an on-demand view of the others, and a `FeatureService` of both. A
    view's `ttl` is the time between tables: where one is missing, Feast gives no values rather than older ones.

    Parameters
    ----------
    tables
        The folder of the tables, from that of the file on.
    every
        The time between the times of tables.
    partial
        Whether features that Feast has no means for are left out.

    Raises
    ------
    NotExpressible
        If there are such, and `partial` is False; the message names them and the means.
    """
    kept, left_out = expressible(sets, _check, partial=partial)
    entities = {one.entity.name: one.entity for one in kept}
    taken = {one.name for one in kept}
    names = {name: unused(f"{name}_entity", taken) for name in entities}
    parts = [_entity(entity, names[name]) for name, entity in entities.items()]
    for one in kept:
        parts += _objects(one, names[one.entity.name], f"{tables}/{one.name}", every, taken)
    body = "\n".join("\n".join(lines) for lines in parts)
    feast = "import pandas as pd\n" if "pd." in body else ""
    feast += imports("feast", _FEAST, body)
    feast += imports("feast.data_format", ["ParquetFormat"], body)
    feast += imports("feast.on_demand_feature_view", ["on_demand_feature_view"], body)
    feast += imports("feast.types", sorted(_TYPES.values()), body)
    head = ['"""Features as Feast\'s objects, of the tables that `features backfill` writes."""\n']
    head += [imports("datetime", ["timedelta"], body), feast]
    return Export("\n".join([*head, body.rstrip("\n"), ""]), left_out, untested(kept, "Feast"))


def _check(one: FeatureSet, feature: Feature) -> None:
    name = f"{one.name}.{feature.name}"
    if feature.name in {one.entity.key, EVENT_TIME}:
        raise NotExpressible(f"{name}: the table has another column {feature.name}", hint="give it another name")
    if isinstance(feature, OnDemand):
        to_python(feature.expression, name, str)
        if not any(mentions(feature.expression, part) for part in ("ref", "request")):
            hint = "leave it out, or make it of a feature"
            raise NotExpressible(f"{name} is always the same, and Feast's views are of something", hint=hint)


def _entity(entity: Entity, name: str) -> list[str]:
    given = [f"name={literal(entity.name, name)}", f'join_keys=["{entity.key}"]']
    return [f"{name} = Entity(", *_arguments([*given, f"value_type=ValueType.{_VALUES[entity.kind]}"]), ")", ""]


def _objects(one: FeatureSet, entity: str, tables: str, every: timedelta, taken: set[str]) -> list[list[str]]:
    """Write the objects of a set, in the order in which they need each other."""
    found: list[list[str]] = []
    views: list[str] = []
    variable = unused(one.name, (*_FEAST, "pd", "timedelta"))
    if one.stored:
        found += _view(one, entity, tables, every, (variable, unused(f"{one.name}_tables", taken)))
        views.append(variable)
    if one.in_order():
        name = unused(f"{one.name}_on_demand", taken)
        found += _on_demand(one, views, name, unused(f"{one.name}_request", taken))
        views = [*views, name]
    service = unused(f"{one.name}_service", taken)
    given = [f"name={literal(one.name, one.name)}", f"features=[{', '.join(views)}]"]
    return [*found, [f"{service} = FeatureService(", *_arguments([*given, *_about(one)]), ")", ""]]


def _view(one: FeatureSet, entity: str, tables: str, every: timedelta, names: tuple[str, str]) -> list[list[str]]:
    variable, source = names
    files = f"{tables}/*.parquet"  # as a folder, Feast's stores read it differently
    mapping = [f'        "{one.name}.{feature.name}": "{feature.name}",' for feature in one.stored]
    given = [f"name={literal(source, source)}", f"path={literal(files, source)}", "file_format=ParquetFormat()"]
    given.append(f'timestamp_field="{EVENT_TIME}"')
    columns = [
        (one.entity.key, one.entity.kind, ""),
        *((made.name, made.kind, made.description) for made in one.stored),
    ]
    schema = [f"        {_field(*column)}," for column in columns]
    first = [f"{source} = FileSource(", *_arguments(given), "    field_mapping={", *mapping, "    },", ")", ""]
    about = [f"name={literal(one.name, variable)}", f"entities=[{entity}]", f"ttl={span(every)}"]
    second = [f"{variable} = FeatureView(", *_arguments(about), "    schema=[", *schema, "    ],"]
    return [first, [*second, *_arguments([f"source={source}", *_about(one)]), ")", ""]]


def _on_demand(one: FeatureSet, views: Sequence[str], name: str, request: str) -> list[list[str]]:
    """Write the view of what is computed when it is asked for, and of what a request gives to it."""
    asked = on_demand_inputs(one)[1]
    found: list[list[str]] = []
    sources = list(views)
    if asked:
        schema = [f"        {_field(given, one.inputs[given])}," for given in asked]
        head = [f"{request} = RequestSource(", *_arguments([f"name={literal(request, name)}"])]
        found.append([*head, "    schema=[", *schema, "    ],", ")", ""])
        sources.append(request)
    # Feast compares these fields with those that it finds out, which have no description.
    schema = [f"        {_field(feature.name, one.kinds[feature.name])}," for feature in one.in_order()]
    head = ["", "@on_demand_feature_view(", *_arguments([f"sources=[{', '.join(sources)}]"]), "    schema=["]
    head += [*schema, "    ],", *_arguments(['mode="pandas"', *_about(one)]), ")"]
    head.append(f"def {name}(inputs: pd.DataFrame) -> pd.DataFrame:")
    return [*found, [*head, *_function(one), "", ""]]


def _function(one: FeatureSet) -> list[str]:
    """Write what computes the on-demand features; Feast keeps its text only, so it imports what it needs."""
    names = [name for part in on_demand_inputs(one) for name in part]
    kinds = {name: one.kinds[name] if name in one.kinds else one.inputs[name] for name in names}
    # pandas makes floats of integers where one is NULL, and requests may give times without a zone.
    reads = {Kind.INTEGER: "exact(row[name])", Kind.TIMESTAMP: "pd.to_datetime(row[name], utc=True)"}
    read: list[str] = []
    for kind, text in reads.items():
        known = [f'"{name}"' for name in names if kinds[name] is kind]
        if known:
            loop = f"        for name in [{', '.join(known)}]:"
            read += [loop, f"            row[name] = None if row[name] is None else {text}"]
    types = [f'        "{feature.name}": "{_PANDAS[one.kinds[feature.name]]}",' for feature in one.in_order()]
    lines = [
        f"    names = [{', '.join(_quoted(name) for name in names)}]",
        "    rows = []",
        "    for values in zip(*(inputs[name] for name in names)):",
        "        row = {name: None if pd.isna(value) else value for name, value in zip(names, values)}",
        *read,
        *on_demand_lines(one, "        "),
        "        rows.append(row)",
        "    types = {",
        *types,
        "    }",
        "    return pd.DataFrame({name: pd.array([row[name] for row in rows], dtype=types[name]) for name in types})",
    ]
    needed = helpers("\n".join(lines), "    ")
    text = "\n".join([*needed, *lines])
    modules = [f"    import {name}" for name in ("math", "operator") if f"{name}." in text]
    return [*modules, *([""] if modules else []), *needed, *lines]


def _quoted(name: str) -> str:
    return f'"{name}"'


def _field(name: str, kind: Kind, description: str = "") -> str:
    about = f", description={literal(description, name)}" if description else ""
    return f'Field(name="{name}", dtype={_TYPES[kind]}{about})'


def _about(one: FeatureSet) -> list[str]:
    given = {**dict.fromkeys(one.tags, ""), "version": one.version}
    tags = ", ".join(f"{literal(tag, one.name)}: {literal(value, one.name)}" for tag, value in given.items())
    described = [f"description={literal(one.description, one.name)}"] if one.description else []
    owned = [f"owner={literal(one.owner, one.name)}"] if one.owner else []
    return [*described, *owned, f"tags={{{tags}}}"]


def _arguments(given: Sequence[str]) -> list[str]:
    return [f"    {one}," for one in given]
