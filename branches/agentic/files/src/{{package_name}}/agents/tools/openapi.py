"""The operations of an OpenAPI description (3.0 and 3.1), each with one JSON Schema of all that it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import yaml
from pydantic import JsonValue

from ..errors import AgentError, ToolError

_METHODS = ("get", "head", "post", "put", "patch", "delete")
_LARGEST = 5_000_000
_DEEPEST = 12
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that an API does.

    Attributes
    ----------
    schema
        Of its parameters by name, and `body`.
    places
        Of each parameter: `path`, `query` or `header`.
    """

    name: str
    description: str
    method: str
    path: str
    schema: dict[str, Any]
    places: Mapping[str, str]

    def address(self, base: str, arguments: Mapping[str, JsonValue]) -> str:
        """Fill its path and its query.

        Raises
        ------
        ToolError
            If a value would change the path.
        """
        path = self.path
        query: list[tuple[str, str]] = []
        for name, place in self.places.items():
            if name not in arguments:
                continue
            value = arguments[name]
            if place == "path":
                text = _text(value)
                if text in ("", ".", ".."):
                    raise ToolError(f"{name} can't be {text!r}", hint="it is a part of a path")
                path = path.replace(f"{{{name}}}", quote(text, safe=""))
            elif place == "query":
                query += [(name, _text(one)) for one in (value if isinstance(value, list) else [value])]
        return f"{base.rstrip('/')}{path}{f'?{urlencode(query)}' if query else ''}"

    def headers(self, arguments: Mapping[str, JsonValue]) -> dict[str, str]:
        """Give the parameters that are headers."""
        return {
            name: _text(arguments[name]) for name, at in self.places.items() if at == "header" and name in arguments
        }


def read_openapi(path: Path) -> tuple[str, list[Operation]]:
    """Read a description of JSON or YAML.

    Returns
    -------
    base, operations
        The address of the first server, empty if there is none, and what it does.

    Raises
    ------
    AgentError
        If it can't be read, or is none of OpenAPI 3.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise AgentError(f"{path} is larger than {_LARGEST} bytes", hint="keep the operations that are used")
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AgentError(f"{path} can't be read: {error}", hint="is it an OpenAPI description?") from error
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3."):
        raise AgentError(f"{path} is no OpenAPI 3 description", hint="convert it, such as from Swagger 2")
    try:
        operations = list(_operations(document))
    except (AttributeError, KeyError, TypeError) as error:
        raise AgentError(
            f"{path} is a faulty OpenAPI description: {error!r}", hint="check it with a validator"
        ) from error
    servers = document.get("servers") or [{}]
    return str(servers[0].get("url", "")), operations


def _operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in (document.get("paths") or {}).items():
        for method in _METHODS:
            if method in item:
                yield _operation(document, path, method, item)


def _operation(document: dict[str, Any], path: str, method: str, item: dict[str, Any]) -> Operation:
    described = item[method]
    schemas = _Schemas(document)
    properties: dict[str, Any] = {}
    required: list[str] = []
    places: dict[str, str] = {}
    for raw in [*item.get("parameters", ()), *described.get("parameters", ())]:
        parameter = schemas.find(raw)
        name, place = parameter["name"], parameter["in"]
        if place == "cookie":
            continue
        told = {"description": parameter["description"]} if "description" in parameter else {}
        properties[name] = {**schemas.convert(parameter.get("schema", {})), **told}
        places[name] = place
        if parameter.get("required") and name not in required:
            required.append(name)
    body = schemas.find(described.get("requestBody", {}))
    content = body.get("content", {}).get("application/json", {})
    if content:
        properties["body"] = schemas.convert(content.get("schema", {}))
        if body.get("required"):
            required.append("body")
    text = described.get("description") or described.get("summary") or f"{method.upper()} {path}"
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    if schemas.named:
        schema["$defs"] = schemas.named
    name = described.get("operationId") or f"{method}_{path}"
    return Operation(_name(name), str(text), method.upper(), path, schema, places)


class _Schemas:
    """The schemas of one operation, as JSON Schema, with those that they refer to by name."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self.named: dict[str, Any] = {}

    def find(self, value: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference, if it is one. Other files are not read."""
        found: Any = value
        for _ in range(_DEEPEST):
            reference = found.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#/"):
                break
            found = self._document
            for part in reference.removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
        return dict(found)

    def convert(self, value: Any) -> Any:
        """Make JSON Schema of a schema of OpenAPI 3.0, which has `nullable`; that of 3.1 is one already."""
        if isinstance(value, list):
            return [self.convert(one) for one in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("$ref")
        if isinstance(reference, str):
            if not reference.startswith("#/"):
                return {}
            name = reference.removeprefix("#/").replace("/", ".").replace("~", "-")
            if name not in self.named:
                self.named[name] = {}  # it may refer to itself
                self.named[name] = self.convert(self.find(value))
            return {"$ref": f"#/$defs/{name}"}
        converted = {name: self.convert(inner) for name, inner in value.items()}
        if converted.get("nullable") is True:
            del converted["nullable"]
            if isinstance(converted.get("type"), str):
                converted["type"] = [converted["type"], "null"]
        return converted


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:_LONGEST_NAME]


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
