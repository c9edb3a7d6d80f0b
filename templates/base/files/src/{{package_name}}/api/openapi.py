"""The description of the service at `/openapi.json`: who may call what, and what problems look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from .errors import MEDIA_TYPE
from .security import SCOPES, scope_of

KEY, TOKEN = "key", "token"

Json = dict[str, Any]

_PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong, as RFC 9457 has it",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "The kind of problem", "examples": ["about:blank"]},
        "title": {"type": "string", "description": "The kind of problem, for people"},
        "status": {"type": "integer", "description": "Of HTTP"},
        "detail": {"type": "string", "description": "What is wrong this time"},
        "request_id": {"type": "string", "description": "By which the request is found in the logs"},
        "errors": {
            "type": "array",
            "description": "Values that are not valid",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "description": "Into the body", "examples": ["#/rows/0/size"]},
                    "parameter": {"type": "string"},
                    "in": {"type": "string", "enum": ["path", "query", "header", "cookie"]},
                },
            },
        },
    },
}
_SCHEMES: Json = {
    KEY: {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Made with `api keys create`"},
    TOKEN: {
        "type": "oauth2",
        "description": "For users, who are made with `api users create`",
        "flows": {"password": {"tokenUrl": "/token", "scopes": dict(SCOPES)}},
    },
}
_STATUSES = {
    "401": "The credentials are missing or worth nothing",
    "403": "The credentials lack a scope",
    "422": "Values are not valid",
    "default": "Any other problem",
}


class Service(FastAPI):
    """An application whose description says what the middleware and the error handlers do."""

    def openapi(self) -> Json:
        """Describe the service."""
        if not self.openapi_schema:
            self.openapi_schema = _complete(super().openapi())
        return self.openapi_schema


def _complete(schema: Json) -> Json:
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = _SCHEMES
    for operation in _operations(schema):
        scopes = [scope for way in operation.pop("security", []) for name in way if (scope := scope_of(name))]
        if scopes:
            operation["security"] = [{KEY: []}, {TOKEN: scopes}]
        responses = operation.setdefault("responses", {})
        wanted = {"default"} | ({"401", "403"} if scopes else set()) | ({"422"} & responses.keys())
        responses |= {status: _problem(_STATUSES[status]) for status in sorted(wanted)}
    return schema


def _operations(schema: Json) -> Iterator[Json]:
    for path in schema.get("paths", {}).values():
        yield from (part for part in path.values() if isinstance(part, dict) and "responses" in part)


def _problem(description: str) -> Json:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
