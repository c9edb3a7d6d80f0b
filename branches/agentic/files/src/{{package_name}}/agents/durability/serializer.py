"""States of agents as JSON: what is read runs no code, and each document says of which version it is.

What JSON lacks is written as an object with two keys, ``$`` for its kind and ``value``. Kinds are those of this file's
tables: a document can't name a class to import, which is how checkpoints of LangGraph could run code (CVE-2025-64439).
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from langchain_core import messages
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.types import Interrupt, Send

from ...errors import first_line
from ..tasks import Record, Status
from ..tools.spec import Effect
from .errors import CheckpointError

VERSION = 1
_PREFIX = "json-"
JSON_TYPE = f"{_PREFIX}{VERSION}"
_PACKAGE = __name__.partition(".")[0] + "."
_KIND = "$"
_BIG = 2**53  # above it, readers of JSON round whole numbers
_HINT = "go back to an earlier checkpoint with `agents runs fork`, or run the task again"

_MESSAGES: dict[str, type[BaseMessage]] = {
    kind.__name__: kind
    for kind in (
        messages.AIMessage,
        messages.AIMessageChunk,
        messages.ChatMessage,
        messages.FunctionMessage,
        messages.HumanMessage,
        messages.RemoveMessage,
        messages.SystemMessage,
        messages.ToolMessage,
    )
}
_ENUMS: dict[str, type[Enum]] = {kind.__name__: kind for kind in (Effect, Status)}
_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    tuple: ("tuple", lambda value: [_plain(one) for one in value]),
    set: ("set", lambda value: [_plain(one) for one in value]),
    frozenset: ("frozenset", lambda value: [_plain(one) for one in value]),
    bytes: ("bytes", lambda value: base64.b64encode(value).decode()),
    datetime: ("datetime", datetime.isoformat),
    date: ("date", date.isoformat),
    UUID: ("uuid", str),
    Decimal: ("decimal", str),
    Send: ("send", lambda value: [value.node, _plain(value.arg)]),
    Interrupt: ("interrupt", lambda value: [_plain(value.value), value.id]),
    _DeltaSnapshot: ("snapshot", lambda value: _plain(value.value)),
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "tuple": lambda value: tuple(_rich(one) for one in value),
    "set": lambda value: {_rich(one) for one in value},
    "frozenset": lambda value: frozenset(_rich(one) for one in value),
    "bytes": lambda value: base64.b64decode(value, validate=True),
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "uuid": UUID,
    "decimal": Decimal,
    "path": Path,
    "number": float,
    "integer": int,
    "pairs": lambda value: {_rich(key): _rich(one) for key, one in value},
    "send": lambda value: Send(value[0], _rich(value[1])),
    "interrupt": lambda value: Interrupt(value=_rich(value[0]), id=value[1]),
    "snapshot": lambda value: _DeltaSnapshot(_rich(value)),
    "message": lambda value: _MESSAGES[value[0]](**_rich(value[1])),
    "record": lambda value: _record(value[0]).model_validate(value[1]),
    "enum": lambda value: _ENUMS[value[0]](value[1]),
    "error": str,
}


class JsonSerializer:
    """What LangGraph keeps, as JSON. It is its `SerializerProtocol`.

    Examples
    --------
    >>> kept = JsonSerializer().dumps_typed({"votes": (1, 2)})
    >>> kept
    ('json-1', b'{"votes":{"$":"tuple","value":[1,2]}}')
    >>> JsonSerializer().loads_typed(kept)
    {'votes': (1, 2)}
    """

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Write a value.

        Raises
        ------
        CheckpointError
            If something in it has no form in JSON.
        """
        plain = _plain(obj)
        try:
            written = orjson.dumps(plain)
        except orjson.JSONEncodeError:  # a text with half a character, which a tool may give; JSON itself can write it
            written = json.dumps(plain).encode()
        return JSON_TYPE, written

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Read a value.

        Raises
        ------
        CheckpointError
            If it is damaged, or was written by something else or by a later version.
        """
        kind, written = data
        _check_version(kind)
        try:
            try:
                plain = orjson.loads(written)
            except orjson.JSONDecodeError:
                plain = json.loads(written)
            return _rich(plain)
        except (ValueError, TypeError, KeyError, IndexError, ArithmeticError, RecursionError) as error:
            raise CheckpointError(f"a checkpoint is damaged: {first_line(error)}", hint=_HINT) from error


def _check_version(kind: str) -> None:
    version = kind.removeprefix(_PREFIX)
    if not kind.startswith(_PREFIX) or not version.isdigit():
        raise CheckpointError(f"a checkpoint of the kind {kind!r} is not read: it may run code", hint=_HINT)
    if int(version) > VERSION:
        hint = "update this project's code, which is older than what wrote the checkpoint"
        raise CheckpointError(f"a checkpoint has version {version}, and this code reads up to {VERSION}", hint=hint)


def _plain(value: Any) -> Any:
    """Turn a value into what JSON knows."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind in _WRITERS:
        name, write = _WRITERS[kind]
        return _tag(name, write(value))
    return _SAME[kind](value) if kind in _SAME else _plain_object(value)


def _plain_int(value: int) -> Any:
    return value if -_BIG < value < _BIG else _tag("integer", str(value))


def _plain_float(value: float) -> Any:
    return value if math.isfinite(value) else _tag("number", str(value))


def _plain_list(value: list[Any]) -> Any:
    return [_plain(one) for one in value]


def _plain_dict(value: dict[Any, Any]) -> Any:
    if _KIND in value or any(type(key) is not str for key in value):
        return _tag("pairs", [[_plain(key), _plain(one)] for key, one in value.items()])
    return {key: _plain(one) for key, one in value.items()}


def _plain_object(value: Any) -> Any:
    kind = type(value)
    if kind.__name__ in _MESSAGES and kind is _MESSAGES[kind.__name__]:
        given = {key: _plain(one) for key, one in value if key != "type" and one is not None}
        return _tag("message", [kind.__name__, given])
    if isinstance(value, Record) and kind.__module__.startswith(_PACKAGE):
        return _tag("record", [kind.__name__, value.model_dump(mode="json")])
    if isinstance(value, Enum) and _ENUMS.get(kind.__name__) is kind:
        return _tag("enum", [kind.__name__, value.value])
    if isinstance(value, BaseException):
        return _tag("error", f"{kind.__name__}: {first_line(value)}")
    if isinstance(value, Path):
        return _tag("path", str(value))
    for known, write in _SAME.items():  # libraries make subclasses, such as of dict
        if isinstance(value, known) and not isinstance(value, Enum):
            return write(value)
    message = f"a state of agents holds a {kind.__module__}.{kind.__qualname__}, which has no form in JSON"
    raise CheckpointError(message, hint="keep numbers, texts, lists, dicts, messages or records in states")


_SAME: dict[type, Callable[[Any], Any]] = {
    dict: _plain_dict,
    list: _plain_list,
    str: str,
    int: _plain_int,
    float: _plain_float,
}


def _tag(kind: str, value: Any) -> dict[str, Any]:
    return {_KIND: kind, "value": value}


def _rich(value: Any) -> Any:
    """Turn what JSON knows back into the value."""
    if type(value) is dict:
        if _KIND in value:
            return _READERS[value[_KIND]](value["value"])
        return {key: _rich(one) for key, one in value.items()}
    return [_rich(one) for one in value] if type(value) is list else value


_KNOWN: dict[str, type[Record]] = {}


def _record(name: str) -> type[Record]:
    """Give a record of this package that was imported, by its name. A document imports none."""
    if name not in _KNOWN:
        waiting = [Record]
        while waiting:
            kind = waiting.pop()
            waiting.extend(kind.__subclasses__())
            if kind.__module__.startswith(_PACKAGE):
                _KNOWN.setdefault(kind.__name__, kind)
    return _KNOWN[name]
