"""How the bytes of a message become an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import orjson

from .checks import Reason, Rejected
from .messages import Payload

Decode: TypeAlias = Callable[[Payload], Mapping[str, Any]]

_SHOWN = 60


def decode_json(payload: Payload) -> Mapping[str, Any]:
    """Read an object of JSON; a row whose values are Python's stays as it is.

    Raises
    ------
    Rejected
        If it is none.
    """
    if not isinstance(payload, bytes):
        return payload
    try:
        event: Any = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise Rejected(Reason.UNREADABLE, f"it is no JSON: {error}") from None
    if isinstance(event, dict):
        return event
    raise Rejected(Reason.UNREADABLE, f"it is no object of JSON: {payload[:_SHOWN]!r}")
