"""Events whose schema is in a registry of Confluent's kind: a 0, the schema's number in four bytes, then the event."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import Any, TypeAlias

import httpx
import orjson

from ...errors import first_line
from ..errors import FeatureError
from .checks import Reason, Rejected
from .decoding import Decode, decode_json
from .messages import Payload, Unavailable

Read: TypeAlias = Callable[[bytes], Mapping[str, Any]]

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
    readers: dict[int, Read] = {}

    def decode(payload: Payload) -> Mapping[str, Any]:
        if not isinstance(payload, bytes):
            return payload
        if len(payload) < _HEADER.size or payload[0] != 0:
            raise Rejected(Reason.UNREADABLE, "it names no schema: it does not begin with 0 and the schema's number")
        number = _HEADER.unpack_from(payload)[1]
        if number not in readers:
            readers[number] = _reader(fastavro, _ask(url, number), number)
        return readers[number](payload[_HEADER.size :])

    return decode


def _reader(fastavro: Any, told: Mapping[str, Any], number: int) -> Read:
    """Make what reads events of a schema; of one that can't be read here, each event is refused."""
    kind = told.get("schemaType", "AVRO")
    if kind == "JSON":
        return decode_json
    if kind != "AVRO":
        return partial(_refuse, f"its schema {number} is of {kind}, and Avro and JSON are read")
    try:
        schema = fastavro.parse_schema(orjson.loads(told["schema"]))
    except (ValueError, fastavro.schema.SchemaParseException) as error:  # it refers to others, too
        return partial(_refuse, f"its schema {number} can't be read: {first_line(error)}")

    def read(body: bytes) -> Mapping[str, Any]:
        try:
            event: Any = fastavro.schemaless_reader(BytesIO(body), schema, None)
        except (EOFError, ValueError, IndexError, KeyError, OverflowError, struct.error) as error:
            raise Rejected(Reason.UNREADABLE, f"it is not of schema {number}: {first_line(error)}") from None
        if isinstance(event, dict):
            return event
        raise Rejected(Reason.UNREADABLE, f"schema {number} is of no record")

    return read


def _refuse(why: str, _body: bytes) -> Mapping[str, Any]:
    raise Rejected(Reason.UNREADABLE, why)


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
