"""Tecton's objects from feature sets: continuous stream views of rows, and a realtime view of what is made of them.

Tecton's aggregates have no conditions and no defaults, and do not tell a window of NULLs from an empty one: functions
of the rows before them, and of their results, do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..definitions.entities import Entity, Kind, Source
from ..definitions.features import Aggregate, Latest, Window
from ..definitions.sets import FeatureSet
from .python_expressions import helpers, on_demand_inputs, on_demand_lines, read, to_python
from .python_text import Export, expressible, imports, literal, span, statement, untested, unused
from .tecton_checks import AGGREGATES, NOW, check

_TYPES = {
    Kind.BOOLEAN: "Bool",
    Kind.INTEGER: "Int64",
    Kind.FLOAT: "Float64",
    Kind.STRING: "String",
    Kind.TIMESTAMP: "Timestamp",
}
_TECTON = (
    "Aggregate",
    "Attribute",
    "Entity",
    "FeatureService",
    "FileConfig",
    "PushConfig",
    "RequestSource",
    "StreamProcessingMode",
    "StreamSource",
    "realtime_feature_view",
    "stream_feature_view",
)


def to_tecton(sets: Sequence[FeatureSet], root: str, *, partial: bool = False) -> Export:
    """Write feature sets as Tecton's objects.

    A set is a realtime view and a `FeatureService` of its name, above stream views of each source. What brings rows
    into the sources is not of it: they are pushed to Tecton, and their history lies where the source's does.

    Parameters
    ----------
    root
        The project's folder as Tecton finds it, such as `s3://bucket/project`: locations of sources start there.
    partial
        Whether features that Tecton has no means for are left out.

    Raises
    ------
    NotExpressible
        If there are such, and `partial` is False; the message names them and the means.
    """
    kept, left_out = expressible(sets, check, partial=partial)
    taken = {one.name for one in kept} | {*_TECTON, "Field", "timedelta"}
    entities = {one.entity.name: one.entity for one in kept}
    sources = {source.name: (source, one.entity) for one in kept for source in one.sources}
    parts = [_entity(entity, _variable(entity.name, "entity", taken)) for entity in entities.values()]
    for source, entity in sources.values():
        parts.append(_source(source, entity, root, _variable(source.name, "source", taken)))
    for one in kept:
        parts += _objects(one, taken)
    body = re.sub(r"\n{4,}", "\n\n\n", "\n".join("\n".join(lines) for lines in parts).rstrip("\n"))
    tecton = imports("tecton", _TECTON, body) + imports("tecton.types", sorted([*_TYPES.values(), "Field"]), body)
    head = ['"""Features as Tecton\'s objects."""\n', *filter(None, [imports("datetime", ["timedelta"], body)]), tecton]
    return Export("\n".join([*head, body, ""]), left_out, untested(kept, "Tecton"))


@dataclass(slots=True)
class _Columns:
    """What a stream view makes of a row: each text once, under a name."""

    names: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)

    def chosen(self, condition: str) -> str:
        """Give what stands behind a value that only some rows have."""
        if condition not in self.conditions:
            self.conditions[condition] = unused("chosen", self.conditions.values())
        return f" if {self.conditions[condition]} is True else None"

    def add(self, name: str, kind: Kind, text: str, taken: set[str]) -> str:
        """Give the field of a column that has this text."""
        if text not in self.names:
            self.names[text] = unused(name, {*taken, *self.names.values()})
            self.kinds[text] = kind
        return f'Field("{self.names[text]}", {_TYPES[self.kinds[text]]})'


def _objects(one: FeatureSet, taken: set[str]) -> list[list[str]]:
    """Write the objects of a set, in the order in which they need each other."""
    found: list[list[str]] = []
    lines: list[str] = []
    sources: list[str] = []
    for source in one.sources:
        windows = [made for made in one.stored if isinstance(made, Window) and made.source == source]
        newest = [made for made in one.stored if isinstance(made, Latest) and made.source == source]
        if windows:
            sources.append(_variable(one.name, source.name, taken))
            view, made = _windows(one, source, windows, (sources[-1], taken))
            found, lines = [*found, view], [*lines, *made]
        if newest:
            sources.append(_variable(one.name, f"{source.name}_newest", taken))
            view, made = _newest(one, source, newest, (sources[-1], taken))
            found, lines = [*found, view], [*lines, *made]
    asked = on_demand_inputs(one)[1]
    if asked:
        sources.append(_variable(one.name, "request", taken))
        fields = [f'        Field("{name}", {_TYPES[one.inputs[name]]}),' for name in asked]
        found.append([f"{sources[-1]} = RequestSource(", "    schema=[", *fields, "    ],", ")", ""])
        lines += [f'    row["{name}"] = {read(_of(sources[-1], name), one.inputs[name])}' for name in asked]
    function = unused(one.name, {*_TECTON, "Field", "timedelta"})
    found.append(_realtime(one, sources, [*lines, *on_demand_lines(one, "    ", NOW)], function))
    service = _arguments([f"name={literal(one.name, function)}", f"features=[{function}]", *_about(one)])
    return [*found, [f"{_variable(one.name, 'service', taken)} = FeatureService(", *service, ")", ""]]


def _windows(
    one: FeatureSet, source: Source, windows: Sequence[Window], names: tuple[str, set[str]]
) -> tuple[list[str], list[str]]:
    """Write a view of windows, and what reads each value of it.

    Counts are sums of ones: what Tecton counts, also for means, has rows without a value among them.
    """
    view, taken = names[0], {source.key, source.time, *(made.name for made in one.features)}
    columns, aggregates, lines = _Columns(), list[str](), list[str]()

    def add(name: str, made: Window, column: tuple[str, Kind, str], function: str = "sum") -> str:
        """Add an aggregate, and give what reads it."""
        aggregates.append(_aggregate(name, function, columns.add(*column, taken), span(made.over)))
        return read(_of(view, name), column[1])

    for made in windows:
        where = None if made.where is None else to_python(made.where, made.name, lambda name: f'row["{name}"]')
        chosen = "" if where is None else columns.chosen(where)
        held = f'row["{made.column}"]'
        rows = ("rows", Kind.INTEGER, f"1{chosen}")
        known = (f"{made.column}_known", Kind.INTEGER, f"(None if {held} is None else 1){chosen}")
        count = rows if made.aggregate is Aggregate.ROWS else known
        if made.aggregate in {Aggregate.ROWS, Aggregate.COUNT}:
            text = f"{add(made.name, made, count)} or 0"
        elif made.column is not None:
            value = (made.column, source[made.column].kind, held + chosen)
            text = add(made.name, made, value, AGGREGATES[made.aggregate])
            if made.aggregate is Aggregate.MEAN:
                beside = add(unused(f"{made.name}_known", taken), made, known)
                text = f"strict(operator.truediv, {text}, {beside})"
        if made.default is not None:
            beside = add(unused(f"{made.name}_rows", taken), made, rows)
            text = f"{text} if {beside} else {literal(made.default, made.name)}"
        lines += statement(f'row["{made.name}"] = ', text, "    ")
    return _stream(one, source, (view, names[1]), aggregates, columns), lines


def _newest(
    one: FeatureSet, source: Source, newest: Sequence[Latest], names: tuple[str, set[str]]
) -> tuple[list[str], list[str]]:
    """Write a view of newest values, and what reads each of them."""
    view, taken = names[0], {source.key, source.time}
    columns, lines = _Columns(), list[str]()
    time = columns.add("happened_at", Kind.TIMESTAMP, f'row["{source.time}"]', {*taken, *source.columns})
    for made in newest:
        columns.add(made.column.name, made.kind, f'row["{made.column.name}"]', taken)
        text = read(_of(view, made.column.name), made.kind)
        if made.ttl is not None or made.default is not None:
            at = read(_of(view, time.split('"')[1]), Kind.TIMESTAMP)
            ttl = "None" if made.ttl is None else f"{made.ttl.total_seconds()!r}"
            text = f"newest({text}, {at}, {ttl}, {NOW}, {literal(made.default, made.name)})"
        lines += statement(f'row["{made.name}"] = ', text, "    ")
    fields = [f'Attribute("{name}", {_TYPES[columns.kinds[text]]})' for text, name in columns.names.items()]
    return _stream(one, source, (view, names[1]), fields, columns), lines


def _stream(
    one: FeatureSet, source: Source, names: tuple[str, set[str]], features: Sequence[str], columns: _Columns
) -> list[str]:
    """Write a stream view of rows, with the function that computes its columns."""
    (view, taken), key, time = names, source.key, source.time
    kinds = {**source.columns, key: one.entity.kind, time: Kind.TIMESTAMP}
    given = {key: f'row["{key}"]', time: f'row["{time}"]'} | {name: text for text, name in columns.names.items()}
    texts = [*given.values(), *columns.conditions]
    used = [name for name in kinds if any(f'row["{name}"]' in text for text in texts)]
    known = [f'    row["{name}"] = {read(_of("given", name), kinds[name])}' for name in used]
    for condition, name in columns.conditions.items():
        known += statement(f"{name} = ", condition, "    ")
    lines = ["    row = {}", *known, "    return {", *(f'        "{name}": {text},' for name, text in given.items())]
    exact = "stream_processing_mode=StreamProcessingMode.CONTINUOUS"
    mode = exact if features[0].startswith("Aggregate") else "batch_schedule=timedelta(days=1)"
    arguments = [
        f"source={_variable(source.name, 'source', taken)}",
        f"entities=[{_variable(one.entity.name, 'entity', taken)}]",
        'mode="python"',
        f"timestamp_field={literal(time, view)}",
        mode,
    ]
    inside = ["    features=[", *(f"        {made}," for made in features), "    ],"]
    head = ["", "@stream_feature_view(", *_arguments([f"name={literal(view, view)}", *arguments]), *inside]
    return [*head, *_arguments(_about(one)), ")", f"def {view}(given):", *_with_helpers([*lines, "    }"]), "", ""]


def _realtime(one: FeatureSet, sources: Sequence[str], lines: Sequence[str], function: str) -> list[str]:
    """Write the view of all features of a set."""
    moment = f"    {NOW} = {read('context.request_timestamp', Kind.TIMESTAMP)}"
    timed = any(f"{NOW}," in line or f"{NOW})" in line for line in lines)
    features = [f'        Attribute("{made.name}", {_TYPES[one.kinds[made.name]]}),' for made in one.features]
    returned = [f'        "{made.name}": row["{made.name}"],' for made in one.features]
    body = [*([moment] if timed else []), "    row = {}", *lines, "    return {", *returned, "    }"]
    head = ["", "@realtime_feature_view(", *_arguments([f"name={literal(one.name, function)}"])]
    head += [*_arguments([f"sources=[{', '.join(sources)}]", 'mode="python"']), "    features=[", *features, "    ],"]
    parameters = ", ".join([*sources, *(["context"] if timed else [])])
    return [*head, *_arguments(_about(one)), ")", f"def {function}({parameters}):", *_with_helpers(body), "", ""]


def _with_helpers(lines: Sequence[str]) -> list[str]:
    needed = helpers("\n".join(lines), "    ")
    text = "\n".join([*needed, *lines])
    modules = [f"    import {name}" for name in ("datetime", "math", "operator") if f"{name}." in text]
    return [*modules, *([""] if modules else []), *needed, *lines]


def _entity(entity: Entity, name: str) -> list[str]:
    given = [f"name={literal(entity.name, name)}", f'join_keys=[Field("{entity.key}", {_TYPES[entity.kind]})]']
    described = [f"description={literal(entity.description, name)}"] if entity.description else []
    return [f"{name} = Entity(", *_arguments([*given, *described]), ")", ""]


def _source(source: Source, entity: Entity, root: str, name: str) -> list[str]:
    kinds = {source.key: entity.kind, **source.columns, source.time: Kind.TIMESTAMP}
    files = "csv" if ".csv" in source.location else "parquet"
    uri = f"{root.rstrip('/')}/{source.location}"
    history = [f"uri={literal(uri, name)}", f'file_format="{files}"', f'timestamp_field="{source.time}"']
    described = [f"description={literal(source.description, name)}"] if source.description else []
    return [
        f"{name} = StreamSource(",
        *_arguments([f"name={literal(source.name, name)}", "stream_config=PushConfig()"]),
        "    batch_config=FileConfig(",
        *(f"        {one}," for one in history),
        "    ),",
        "    schema=[",
        *(f'        Field("{column}", {_TYPES[kind]}),' for column, kind in kinds.items()),
        "    ],",
        *_arguments(described),
        ")",
        "",
    ]


def _aggregate(name: str, function: str, value: str, over: str) -> str:
    given = [f'name="{name}"', f"input_column={value}", f'function="{function}"', f"time_window={over}"]
    return "\n".join(["Aggregate(", *(f"            {one}," for one in given), "        )"])


def _variable(name: str, what: str, taken: set[str]) -> str:
    return unused(f"{name}_{what}", taken)


def _of(view: str, name: str) -> str:
    return f'{view}["{name}"]'


def _about(one: FeatureSet) -> list[str]:
    tags = ", ".join(f'{literal(tag, one.name)}: "{value}"' for tag, value in _tags(one).items())
    described = [f"description={literal(one.description, one.name)}"] if one.description else []
    owned = [f"owner={literal(one.owner, one.name)}"] if one.owner else []
    return [*described, *owned, f"tags={{{tags}}}"]


def _tags(one: FeatureSet) -> dict[str, str]:
    return {**dict.fromkeys(one.tags, ""), "version": one.version}


def _arguments(given: Sequence[str]) -> list[str]:
    return [f"    {one}," for one in given]
