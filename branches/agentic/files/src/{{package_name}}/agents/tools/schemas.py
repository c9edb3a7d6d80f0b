"""Arguments that a JSON Schema describes, where no signature does: tools of MCP servers, operations of OpenAPI."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import JsonValue, RootModel, model_validator

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_MOST_FAULTS = 5
_LONGEST = 300


class SchemaArguments(RootModel[dict[str, JsonValue]]):
    """An object that keeps to a JSON Schema, which subclasses made by `model_of` have."""


def model_of(name: str, schema: dict[str, Any]) -> type[SchemaArguments]:
    """Make a model of a JSON Schema. The function of its tool takes the whole object as `root`.

    Raises
    ------
    ValueError
        If it is no JSON Schema of an object.

    Examples
    --------
    >>> model_of("rate", {"type": "object", "required": ["day"]}).model_json_schema()["required"]
    ['day']
    """
    if schema.get("type", "object") != "object":
        raise ValueError(f"its arguments are of the type {schema['type']!r}, not an object")
    faults = schema_faults({}, schema, only_schema=True)
    if faults:
        raise ValueError(faults[0])
    shown = {"properties": {}, **schema, "type": "object"}

    class Arguments(SchemaArguments):
        @model_validator(mode="after")
        def _keeps_to_schema(self) -> Self:
            if found := schema_faults(self.root, shown):
                raise ValueError("; ".join(found))
            return self

        @classmethod
        def model_json_schema(cls, *_arguments: Any, **_options: Any) -> dict[str, Any]:
            # As it stands: pydantic would look among its own definitions for what it refers to.
            return dict(shown)

    Arguments.__name__ = name
    return Arguments


def schema_faults(value: JsonValue, schema: dict[str, Any], *, only_schema: bool = False) -> list[str]:
    """Say where a value does not keep to a JSON Schema (draft 2020-12), in words, worst first.

    References to other documents are never fetched: what holds one is a faulty schema. Regular expressions are those
    of RE2, whose time grows with the text alone: others can take for ever, and outsiders may have written them.

    Parameters
    ----------
    only_schema
        Whether to check the schema alone.

    Examples
    --------
    >>> schema_faults({"age": "old"}, {"properties": {"age": {"type": "integer"}}})
    ["age: 'old' is not of type 'integer'"]
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import create
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        Draft202012Validator.check_schema(schema)
        if "patternProperties" in _keys(schema):
            return ["the schema has patternProperties, which are not supported"]
        if only_schema:
            _follow_references(schema)
            return []
        known = {**Draft202012Validator.VALIDATORS, "pattern": _pattern_faults}
        validator = create(Draft202012Validator.META_SCHEMA, known)(schema, registry=Registry())
        found = sorted(validator.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path])
    except SchemaError as error:
        return [f"the schema is none: {error.message}"]
    except Unresolvable as error:
        return [f"the schema refers to what it does not hold: {error.ref}"]
    except RecursionError:
        return ["the value is nested too deep"]
    return [_told(error.absolute_path, error.message) for error in found[:_MOST_FAULTS]]


def _follow_references(schema: dict[str, Any]) -> None:
    """Look up what a schema and those within it refer to, in the schema alone."""
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    whole = DRAFT202012.create_resource(schema)
    address = whole.id() or ""
    left = [(whole, Registry().with_resource(address, whole).resolver(address))]
    while left:
        part, resolver = left.pop()
        told = part.contents if isinstance(part.contents, Mapping) else {}
        for reference in ("$ref", "$dynamicRef"):
            if reference in told:
                resolver.lookup(told[reference])
        left += [(one, resolver.in_subresource(one)) for one in part.subresources()]


def _pattern_faults(validator: object, pattern: str, value: object, schema: object) -> Iterator[ValidationError]:
    import pyarrow
    from jsonschema.exceptions import ValidationError
    from pyarrow import compute

    if not isinstance(value, str):
        return
    try:
        fits = compute.match_substring_regex(pyarrow.scalar(value), pattern).as_py()
    except (pyarrow.ArrowException, UnicodeError):
        fits = False
    if not fits:
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _keys(schema: object) -> Iterator[str]:
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _told(path: Iterable[object], message: str) -> str:
    place = ".".join(str(part) for part in path)
    return (f"{place}: {message}" if place else message)[:_LONGEST]
