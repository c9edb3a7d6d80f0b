"""What a JSON schema may hold, so that reading it takes a second at most, and can't end the process."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from typing import Any

from ...errors import ProjectError

_DEPTH = 64
_PARTS = 2000
_CHARACTERS = 65_536
_REFERENCES = 200
"""The library follows each within the last, and some thousands are more than a thread's stack holds."""

_MULTIPLE = 10_000
"""A number's remainder is followed digit by digit, with a state for each that it may have."""

_JOINED = 8
"""Patterns that hold at once are followed together: each may double the states."""

_JOINS = frozenset({"$ref", "allOf", "anyOf", "oneOf", "pattern"})


class SchemaError(ProjectError):
    """A JSON schema that answers can't be held to."""


@dataclass(slots=True)
class _Found:
    parts: int = 0
    characters: int = 0
    references: int = 0
    patterns: set[str] = field(default_factory=set)
    joins: bool = False
    multiple: int = 1


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse a schema that is too large to follow.

    Raises
    ------
    SchemaError
        If it is.
    """
    found = _Found()
    waiting: list[tuple[Any, int]] = [(schema, 1)]
    while waiting:
        part, depth = waiting.pop()
        found.characters += len(part) if isinstance(part, str) else 1
        if isinstance(part, (Mapping, list)):
            found.parts += 1
            _refuse(depth > _DEPTH, f"it is too deep, more than {_DEPTH} levels")
            waiting += ((one, depth + 1) for one in (part.values() if isinstance(part, Mapping) else part))
        if isinstance(part, Mapping):
            found.characters += sum(map(len, part))
            _add(found, part)
        _refuse(found.parts > _PARTS, f"it has more than {_PARTS} parts")
        _refuse(found.characters > _CHARACTERS, f"it has more than {_CHARACTERS} characters")
        _refuse(found.references > _REFERENCES, f"it has more than {_REFERENCES} references")
        many = f"multipleOf is too large, or several together are: more than {_MULTIPLE}, without powers of 10"
        _refuse(found.multiple > _MULTIPLE, many)
    joined = f"it has more than {_JOINED} patterns, and some may hold at once"
    _refuse(found.joins and len(found.patterns) > _JOINED, joined)


def _add(found: _Found, part: Mapping[str, Any]) -> None:
    found.references += "$ref" in part
    pattern, both, keyed = part.get("pattern"), part.get("allOf"), part.get("patternProperties")
    if isinstance(pattern, str):
        found.patterns.add(pattern)
    if isinstance(keyed, Mapping):
        found.patterns.update(keyed)
    found.joins |= len(_JOINS & part.keys()) > 1 or (isinstance(both, list) and len(both) > 1)
    found.multiple = math.lcm(found.multiple, _digits(part.get("multipleOf")))


def _digits(value: object) -> int:
    """Give a number without its powers of 10: 250 and 0.25 are 25."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 1
    if isinstance(value, int) and value.bit_length() > _DEPTH:
        return _MULTIPLE + 1
    try:
        digits = int("".join(map(str, Decimal(str(value)).normalize().as_tuple().digits)))
    except DecimalException:
        return 1
    return max(1, digits)


def _refuse(wrong: bool, reason: str) -> None:
    if wrong:
        raise SchemaError(f"the JSON schema can't be used: {reason}")
