"""Answers that are JSON of a schema: found in a text, checked, and mended where only the form is at fault."""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from pydantic import JsonValue

from .errors import AgentError

_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


class NotStructured(AgentError):
    """An answer that holds no JSON of its schema. The message says what is at fault, for the model that wrote it."""


def check_schema(schema: dict[str, Any]) -> None:
    """Check that a schema is one.

    Raises
    ------
    AgentError
        If it is not.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise AgentError(f"the schema of the answer is no JSON Schema: {error.message}", hint="correct it") from error


def read_structured(text: str, schema: dict[str, Any]) -> JsonValue:
    r"""Give the JSON of an answer, also where it stands in a fence, among words, or with a comma too many.

    Raises
    ------
    NotStructured
        If there is none, or it does not keep to the schema.

    Examples
    --------
    >>> read_structured('Here it is:\n```json\n{"best": "logistic",}\n```', {"required": ["best"]})
    {'best': 'logistic'}
    """
    validator = Draft202012Validator(schema)
    faults: list[str] = []
    for value in _candidates(text):
        found = sorted(validator.iter_errors(value), key=lambda fault: list(map(str, fault.absolute_path)))
        if not found:
            return value
        faults = [
            f"{'.'.join(map(str, fault.absolute_path)) or 'the answer'}: {fault.message[:200]}" for fault in found
        ]
    if not faults:
        raise NotStructured("the answer holds no JSON")
    raise NotStructured(f"the answer does not keep to its schema: {'; '.join(faults[:5])}")


def _place(fault: ValidationError) -> str:
    return ".".join(map(str, fault.absolute_path)) or "the answer"


def _candidates(text: str) -> list[JsonValue]:
    """Find the JSON values of a text, those that are more likely meant first."""
    values: list[JsonValue] = []
    places = [text, *_FENCE.findall(text)]
    starts = sorted(position for position in (text.find("{"), text.find("[")) if position >= 0)
    places += [text[start : text.rfind("}" if text[start] == "{" else "]") + 1] for start in starts]
    for place in places:
        for version in (place, _TRAILING_COMMA.sub(r"\1", place)):
            try:
                values.append(json.loads(version.strip()))
            except (ValueError, RecursionError):
                continue
            break
    return values
