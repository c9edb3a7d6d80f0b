"""Values as JSON: what tools return is made JSON, shortened, and cleaned."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from ..errors import first_line

_MOST_DEPTH = 40
_BYTES: tuple[Literal["utf8", "base64"], ...] = ("utf8", "base64")
_INTEGERS = range(-(2**63), 2**64)  # that JSON of most programs can hold

EDGE = 12_000
"""Characters around a part of a text that are looked at with it: the longest secret, a private key, has fewer."""


def to_json(value: Any) -> JsonValue:
    """Make JSON of a value: objects become their fields or their text, numbers that JSON lacks become null.

    Examples
    --------
    >>> to_json({"share": float("nan"), 3: {"a"}})
    {'share': None, '3': ['a']}
    """
    if isinstance(value, str | bool | int) or value is None:
        return _finite(value)
    fault: Exception | None = None
    for way in _BYTES:
        try:
            return _finite(to_jsonable_python(value, fallback=_fallback, serialize_unknown=True, bytes_mode=way))
        except (ValueError, RecursionError) as error:  # bytes that are no text; circles, and what is nested too deep
            fault = error
    return f"a {type(value).__name__} that can't be written as JSON: {first_line(fault or value)}"


def whole_characters(text: str) -> str:
    r"""Replace halves of characters, which JSON can hold and no file or database can.

    Examples
    --------
    >>> whole_characters("a\ud83d")
    'a?'
    """
    return text if text.isascii() else text.encode(errors="replace").decode()


def unchanged(text: str) -> str:
    """Give a text as it is."""
    return text


def clip(value: JsonValue, limit: int, clean: Callable[[str], str] = unchanged) -> tuple[JsonValue, bool]:
    """Shorten a value until it has about `limit` characters of text, and tell whether anything was left out.

    The time it takes does not grow with what is left out.

    Parameters
    ----------
    clean
        What each text, and each name of a key, is sent through. It sees more of a text than stays, so that what it
        masks is not cut in two before it is found.

    Examples
    --------
    >>> clip(["abc", "defg"], 5)
    (['abc', 'de…'], True)
    >>> clip("the key is k-123", 13, lambda text: text.replace("k-123", "***"))
    ('the key is **…', True)
    """
    if value is None or isinstance(value, bool | int | float):
        return value, False
    if isinstance(value, str) and len(value) <= limit and len(cleaned := clean(value)) <= limit:
        return cleaned, False
    clipper = _Clipper(limit, clean)
    shown = clipper.clip(value, 0)
    return shown, clipper.cut


def clean_part(text: str, start: int, end: int, clean: Callable[[str], str], edge: int = EDGE) -> str:
    """Clean a part of a text as it would be within the whole: what is masked and lies across an edge is masked.

    Examples
    --------
    >>> hide = lambda text: text.replace("k-123", "[SECRET]")
    >>> clean_part("the key is k-123, keep it", 13, 20, hide)
    '[SECRET], ke'
    """
    before, after = text[max(start - edge, 0) : start], text[end : end + edge]
    whole = clean(before + text[start:end] + after)
    first = _shared(whole, clean(before))
    last = _shared(whole[first:][::-1], clean(after)[::-1])
    return whole[first : len(whole) - last]


def clean_strings(value: JsonValue, clean: Callable[[str], str]) -> JsonValue:
    """Send every text in a value, names of keys too, through a function."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_strings(one, clean) for one in value]
    if isinstance(value, dict):
        return {clean(name): clean_strings(one, clean) for name, one in value.items()}
    return value


def canonical(value: Any) -> str:
    """Write a value as the one JSON text that equal values share."""
    return json.dumps(to_json(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """Give the SHA-256 of a value's one JSON text, in hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("utf-8", "replace")).hexdigest()


def as_text(value: JsonValue) -> str:
    """Write a value for a model: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shared(left: str, right: str) -> int:
    """Count the characters that two texts share at their start."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class _Clipper:
    def __init__(self, limit: int, clean: Callable[[str], str]) -> None:
        self.left = limit
        self.cut = False
        self._clean = clean

    def clip(self, value: JsonValue, depth: int) -> JsonValue:
        if isinstance(value, str):
            return self._text(value)
        if depth > _MOST_DEPTH:
            self.cut = True
            return "…"
        if isinstance(value, list):
            return self._list(value, depth)
        if isinstance(value, dict):
            return self._dict(value, depth)
        self.left -= 4
        return value

    def _text(self, text: str) -> str:
        room = max(self.left, 0)
        long = len(text) > room + EDGE
        shown = clean_part(text, 0, room, self._clean) if long else self._clean(text)
        self.left -= max(len(shown), room if long else 0)
        if not long and len(shown) <= room:
            return shown
        self.cut = True
        return shown[:room] + "…"

    def _list(self, values: list[JsonValue], depth: int) -> list[JsonValue]:
        shown: list[JsonValue] = []
        for value in values:
            if self.left <= 0:
                self.cut = True
                break
            shown.append(self.clip(value, depth + 1))
        return shown

    def _dict(self, values: Mapping[str, JsonValue], depth: int) -> dict[str, JsonValue]:
        shown: dict[str, JsonValue] = {}
        for name, value in values.items():
            if self.left <= 0:
                self.cut = True
                break
            key = self._text(name)  # before the value, which may leave no room for it
            shown[key] = self.clip(value, depth + 1)
        return shown


def _fallback(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()  # a scalar of numpy
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def _finite(value: Any) -> JsonValue:
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INTEGERS:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {whole_characters(str(name)): _finite(one) for name, one in value.items()}
    return value if isinstance(value, bool | int) or value is None else str(value)
