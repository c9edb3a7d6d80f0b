"""Events whose schema is in a registry of Confluent's kind: a 0, the schema's number in four bytes, then the event."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import httpx
import orjson

from ...errors import first_line
from ..errors import FeatureError
from .checks import Reason, Rejected
from .decoding import Decode, decode_json
from .messages import Payload, Unavailable

_HEADER = struct.Struct(">BI")
_UNKNOWN = 404
_SECONDS = 10.0
_HINT = "set features.streaming.schema_registry to its address, and see whether it runs"


def registry_decoder(url: str) -> Decode:
    """Give a function that reads events by the schemas of a registry, of Avro or of JSON.

    Each schema is asked for once. A number that the registry does not know makes a dead letter of the event; a registry
    that does not answer is an error: no event is given up for it.

    Raises
    ------
    FeatureError
        If the extra is missing.
    """
    try:
        import fastavro
    except ImportError as error:
        hint = "install the extra: uv sync --extra kafka"
        raise FeatureError("events by a schema registry need fastavro", hint=hint) from error
    schemas: dict[int, Any] = {}  # None: of JSON

    def schema_of(number: int) -> Any:
        if number not in schemas:
            found = _ask(url, number)
            is_avro = found.get("schemaType", "AVRO") == "AVRO"
            schemas[number] = fastavro.parse_schema(orjson.loads(found["schema"])) if is_avro else None
        return schemas[number]

    def decode(payload: Payload) -> Mapping[str, Any]:
        if not isinstance(payload, bytes):
            return payload
        if len(payload) < _HEADER.size or payload[0] != 0:
            raise Rejected(Reason.UNREADABLE, "it names no schema: it does not begin with 0 and the schema's number")
        number = _HEADER.unpack_from(payload)[1]
        schema, body = schema_of(number), payload[_HEADER.size :]
        if schema is None:
            return decode_json(body)
        try:
            event: Any = fastavro.schemaless_reader(BytesIO(body), schema, None)
        except (EOFError, ValueError, IndexError, KeyError, OverflowError, struct.error) as error:
            raise Rejected(Reason.UNREADABLE, f"it is not of schema {number}: {first_line(error)}") from None
        if isinstance(event, dict):
            return event
        raise Rejected(Reason.UNREADABLE, f"schema {number} is of no record")

    return decode


def _ask(url: str, number: int) -> Mapping[str, Any]:
    address = httpx.URL(url)
    shown = str(address.copy_with(username=None, password=None))
    try:
        answer = httpx.get(f"{url.rstrip('/')}/schemas/ids/{number}", timeout=_SECONDS)
        if answer.status_code == _UNKNOWN:
            raise Rejected(Reason.UNREADABLE, f"its schema {number} is not in the registry")
        found: Any = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable(f"the schema registry {shown} can't be asked: {first_line(error)}", hint=_HINT) from error
    if not isinstance(found, dict) or "schema" not in found:
        raise Unavailable(f"{shown} answers like no schema registry", hint=_HINT)
    return found
