"""Answers that are JSON of a schema: found in a text, checked, and mended where only the form is at fault."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pydantic import JsonValue

from .errors import AgentError
from .tools.schemas import schema_faults

_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


class NotStructured(AgentError):
    """An answer that holds no JSON of its schema. The message says what is at fault, for the model that wrote it."""


def check_schema(schema: dict[str, Any]) -> None:
    """Check that a schema is one, and refers to nothing outside of it.

    Raises
    ------
    AgentError
        If it is not.
    """
    faults = schema_faults(None, schema, only_schema=True)
    if faults:
        raise AgentError(f"the answer of the task can't be checked: {faults[0]}", hint="correct answer_schema")


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
    faults: list[str] = []
    for value in _candidates(text):
        faults = schema_faults(value, schema)
        if not faults:
            return value
    if not faults:
        raise NotStructured("the answer holds no JSON")
    raise NotStructured(f"the answer does not keep to its schema: {'; '.join(faults)}")


def _candidates(text: str) -> list[JsonValue]:
    """Find the JSON values of a text, those that are more likely meant first."""
    values: list[JsonValue] = []
    places = [text, *_FENCE.findall(text)]
    starts = sorted(position for position in (text.find("{"), text.find("[")) if position >= 0)
    places += [text[start : text.rfind("}" if text[start] == "{" else "]") + 1] for start in starts]
    for place in places:
        for version in (place, _TRAILING_COMMA.sub(r"\1", place)):
            try:
                values.append(json.loads(version.strip(), parse_float=_finite, parse_constant=_finite))
            except (ValueError, RecursionError):
                continue
            break
    return values


def _finite(text: str) -> float:
    """Read a number, unless it is none that JSON can hold, such as 1e999."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number of JSON")
    return number
