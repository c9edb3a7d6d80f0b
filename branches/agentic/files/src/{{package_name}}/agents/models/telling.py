"""What tools gave, in sentences: how the scripted model words an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

from ..jsonable import clip
from .conversation import Made

_MOST_TEXT = 1_500
_MOST_NAMED = 6  # entries of a list, or names of a record inside another
_MOST_FIELDS = 12


def tell(made: Made) -> str:
    """Say what a call gave, or why it gave nothing; text is quoted as it is.

    Examples
    --------
    >>> tell(Made("count_rows", {}, {"rows": 3, "columns": {"age": {}, "kind": {}}}, failed=False))
    '`count_rows` gave rows: 3; columns: age, kind.'
    >>> tell(Made("count_rows", {}, "there is no such file", failed=True))
    '`count_rows` failed: there is no such file.'
    """
    output = made.output
    if made.failed:
        return f"`{made.name}` failed: {_ended(_value(output))}"
    if isinstance(output, dict) and {"status", "answer"} <= output.keys():  # what a colleague answered
        return _ended(_value(output["answer"]))
    if isinstance(output, dict):
        return f"`{made.name}` gave {_ended(_fields(output))}"
    return f"`{made.name}` gave: {_ended(_value(output))}"


def _fields(record: dict[str, Any]) -> str:
    shown = [f"{name}: {_value(value)}" for name, value in list(record.items())[:_MOST_FIELDS]]
    return "; ".join([*shown, *_rest(len(record), _MOST_FIELDS)]) or "nothing"


def _value(value: JsonValue) -> str:
    if isinstance(value, dict):
        return _listed([str(name) for name in value]) if value else "none"
    if isinstance(value, list):
        return _listed([_entry(one) for one in value[:_MOST_NAMED]], len(value)) if value else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else str(clip(value, _MOST_TEXT)[0])


def _entry(value: JsonValue) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {_value(inner)}" for name, inner in list(value.items())[:_MOST_NAMED])
    if isinstance(value, list):
        return " ".join(_value(one) for one in value[:_MOST_NAMED])
    return _value(value)


def _listed(names: Sequence[str], count: int = 0) -> str:
    return ", ".join([*names[:_MOST_NAMED], *_rest(count or len(names), _MOST_NAMED)])


def _rest(count: int, shown: int) -> list[str]:
    return [f"and {count - shown} more"] if count > shown else []


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "”", ">")) else f"{sentence}."
