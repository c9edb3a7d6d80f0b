"""A stand-in for Chalk's service: it speaks what Chalk's own client sends, by HTTP, and computes nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import polars as pl
import pyarrow as pa
from chalk.byte_transmit.model import ByteDict
from chalk.client.models import MultiUploadFeaturesRequest, OnlineQueryResponseFeather, OnlineQueryResultFeather

_MAGIC = b"chal1"
COMPUTED = datetime(2026, 3, 29, 12, tzinfo=UTC)
"""When a query for one entity says that values were computed."""


class StandIn:
    """What the service knows, and what it was asked.

    Attributes
    ----------
    rows
        What it has of an entity, by its key as JSON has it.
    errors
        Told with each answer, as Chalk's client reads them.
    status
        Of all answers but that to keys.
    """

    def __init__(self) -> None:
        self.url = ""
        self.forget()

    def forget(self) -> None:
        """Know nothing, and begin anew."""
        self.rows: dict[Any, dict[str, Any]] = {}
        self.errors: list[dict[str, Any]] = []
        self.status = 200
        self.paths: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.uploads: list[pl.DataFrame] = []

    def answer(self, path: str, body: bytes) -> tuple[bytes, str]:
        """Give a body and its kind."""
        if path == "/v1/query/feather":
            return self._many(body), "application/octet-stream"
        if path == "/v1/upload_features/multi":
            told = MultiUploadFeaturesRequest.deserialize(body)
            self.uploads.append(pl.DataFrame(pa.ipc.open_file(told.table_bytes).read_all()))
            return _json({"operation_id": "1", "errors": self.errors}), "application/json"
        if path == "/v1/query/online":
            return _json(self._one(json.loads(body))), "application/json"
        return _json({"user": "service-token", "environment_id": "env"}), "application/json"

    def _one(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked)
        row = self.rows.get(next(iter(asked["inputs"].values())), {})
        time = COMPUTED.isoformat()
        data = [{"field": name, "value": row.get(name), "ts": time, "valid": True} for name in asked["outputs"]]
        return {"data": data, "errors": self.errors}

    def _many(self, body: bytes) -> bytes:
        stream = BytesIO(body)
        assert stream.read(len(_MAGIC)) == _MAGIC
        asked = json.loads(stream.read(int.from_bytes(stream.read(8), "big")))
        inputs = pa.ipc.open_file(stream.read(int.from_bytes(stream.read(8), "big"))).read_all()
        self.asked.append({**asked, "inputs": inputs.to_pydict()})
        ((key, keys),) = inputs.to_pydict().items()
        found = [{name: ({key: one} | self.rows.get(one, {})).get(name) for name in asked["outputs"]} for one in keys]
        result = OnlineQueryResultFeather(
            has_data=True,
            scalar_data=_feather(pa.Table.from_pylist(found[::-1])),  # in an order of its own
            groups_data=ByteDict({}),
            errors=[json.dumps(one) for one in self.errors] or None,
            meta=None,
        )
        return OnlineQueryResponseFeather(query_results_bytes=ByteDict({"0": result.serialize()})).serialize()


@contextmanager
def serve_chalk() -> Iterator[StandIn]:
    """Serve on a free port."""
    known = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer."""
            self._answer(b"")

        def do_POST(self) -> None:
            """Answer."""
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            known.paths.append(self.path)
            if self.path == "/v1/oauth/token":
                token = {"access_token": "t", "token_type": "bearer", "expires_in": 3600, "api_server": known.url}
                status, made, kind = 200, _json({**token, "primary_environment": "env"}), "application/json"
            elif self.headers["Authorization"] != "Bearer t" or known.status != 200:
                status, made, kind = max(known.status, 401), _json({"detail": "closed for today"}), "application/json"
            else:
                status, (made, kind) = 200, known.answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(made)))
            self.end_headers()
            self.wfile.write(made)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _json(told: Any) -> bytes:
    return json.dumps(told).encode()


def _feather(table: pa.Table) -> bytes:
    sink = BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()
