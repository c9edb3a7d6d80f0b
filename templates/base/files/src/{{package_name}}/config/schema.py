"""JSON schemas for editors: the keys that a file of `conf` may hold, and what they mean.

A schema is wider than its model, since a file is one layer of several: no key is required, a section may be empty, and
`${VAR}` may stand for any value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import models_json_schema

from ..errors import first_line
from ..plugins import PluginError, find_plugins
from .errors import ConfigError
from .keys import Models, types_at
from .models import find_models

FOLDER = "conf/schemas"
LAYER = "environment"

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = {"type": "string", "pattern": r"\$\{"}
_NOTES = ("title", "description", "default")
_LIMITS = {"const", "enum", "maxLength", "minLength", "pattern"}
_FREE_FORMATS = {None, "password", "path"}

Schema = dict[str, Any]


def write_schemas(root: Path) -> tuple[list[Path], list[PluginError]]:
    """Write a schema for each group's file, for each section's, and one for whole layers such as `base.yaml`.

    Parameters
    ----------
    root
        The project's folder.

    Returns
    -------
    written : list of Path
        The files, in alphabetical order. Those of groups that are gone are removed.
    skipped : list of PluginError
        Groups whose model can't be loaded or described.
    """
    models, broken = find_models()
    skipped = list(broken.values())
    schemas: dict[str, Schema] = {}
    for name in sorted(models):
        try:
            schemas |= _of_group(name, models[name])
        except PydanticInvalidForJsonSchema as error:
            skipped.append(find_plugins("config")[name].error(first_line(error)))
    schemas[LAYER] = _of_layer({name: models[name] for name in models if name in schemas})
    return _write(root / FOLDER, schemas), skipped


def _of_group(name: str, model: type[BaseModel]) -> Iterator[tuple[str, Schema]]:
    """Describe `<group>.yaml`, and `<group>/<section>.yaml` for the sections that it can be divided into."""
    whole = _relaxed(model.model_json_schema())
    yield name, {"$schema": _DIALECT, **whole}
    definitions = {"$defs": whole["$defs"]} if "$defs" in whole else {}
    for section, schema in whole.get("properties", {}).items():
        if any(map(_is_section, types_at({name: model}, (name, section)) or ())):
            yield f"{name}.{section}", {"$schema": _DIALECT, **definitions, **schema}


def _is_section(annotation: Any) -> bool:
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, (BaseModel, Mapping))


def _of_layer(models: Models) -> Schema:
    references, described = models_json_schema([(model, "validation") for model in models.values()])
    groups = {name: references[model, "validation"] for name, model in models.items()}
    layer = {"type": "object", "properties": groups, "additionalProperties": False, **described}
    return {"$schema": _DIALECT, **_relaxed(layer)}


def _relaxed(schema: Schema) -> Schema:
    """Let `${VAR}` stand for a value of another kind than text."""
    parts = _parts(schema)
    limited = bool(_LIMITS & parts.keys()) or parts.get("format") not in _FREE_FORMATS
    text = parts.get("type") == "string" and not limited
    section = "properties" in parts or "$ref" in parts or parts.get("type") == ["object", "null"]
    if text or section or not parts.keys() - set(_NOTES):
        return parts
    notes = {name: parts.pop(name) for name in _NOTES if name in parts}
    return {**notes, "anyOf": [parts, _REFERENCE]}


def _parts(schema: Schema) -> Schema:
    parts: Schema = {}
    for name, value in schema.items():
        if name in {"properties", "patternProperties", "$defs"}:
            parts[name] = {key: _relaxed(inner) for key, inner in value.items()}
        elif name in {"anyOf", "oneOf"}:
            parts[name] = [_parts(inner) for inner in value]
        elif name == "prefixItems":
            parts[name] = [_relaxed(inner) for inner in value]
        elif name in {"items", "additionalProperties"} and isinstance(value, dict):
            parts[name] = _relaxed(value)
        elif name == "type" and value == "object":
            parts[name] = ["object", "null"]
        elif name != "required":
            parts[name] = value
    return parts


def _write(folder: Path, schemas: Mapping[str, Schema]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.json"):
            if old.stem not in schemas:
                old.unlink()
        written = [folder / f"{name}.json" for name in sorted(schemas)]
        for path in written:
            text = json.dumps(schemas[path.stem], indent=2, ensure_ascii=False)
            path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        reason = f"the schemas can't be written: {error.strerror}"
        raise ConfigError.of(str(folder), reason, hint="check the folder's permissions and free space") from error
    return written
