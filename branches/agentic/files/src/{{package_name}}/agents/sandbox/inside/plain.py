"""JSON of what code gives. The standard library's `json` would take half as long to import as Python to start."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ESCAPES = {ord('"'): '\\"', ord("\\"): "\\\\", **{number: f"\\u{number:04x}" for number in range(32)}}


def to_json(value: Any) -> str:
    """Write a value as JSON: numbers and arrays of numpy as Python's, NaN as null, what JSON has not as its repr."""
    if isinstance(value, dict):
        pairs = (f"{to_json(key if isinstance(key, str) else str(key))}:{to_json(one)}" for key, one in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ",".join([to_json(one) for one in value]) + "]"
    if value is None or isinstance(value, (bool, int, float)):
        return _number(value)
    if hasattr(value, "tolist"):  # numpy's arrays and scalars
        return to_json(value.tolist())
    text = value if isinstance(value, str) else repr(value)
    return f'"{text.translate(_ESCAPES)}"'


def _number(value: float | None) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    return float.__repr__(value) if value - value == 0 else "null"
