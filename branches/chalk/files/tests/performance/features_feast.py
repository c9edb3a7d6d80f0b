"""Feast's own server with the values that this project serves, in an environment of its own."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measuring import run

from service import Server, serving

VERSION = "0.67.*"

# Values lie there ready-made: Feast computes neither windows nor features on demand when it is asked.
_FILL = """
import json, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Bool, Float64, Int64, String, UnixTimestamp
told = json.loads(Path("rows.json").read_text())
types = {"boolean": Bool, "integer": Int64, "float": Float64, "string": String, "timestamp": UnixTimestamp}
keys = {"integer": ValueType.INT64, "string": ValueType.STRING}
frame = pd.DataFrame(told["values"])
for name, kind in told["kinds"].items():
    if kind == "timestamp":
        frame[name] = pd.to_datetime(frame[name], utc=True)
frame["event_timestamp"] = datetime.now(UTC)
frame.to_parquet("rows.parquet")
entity = Entity(name=told["set"], join_keys=[told["key"]], value_type=keys[told["key_kind"]])
view = FeatureView(
    name=told["set"], entities=[entity], ttl=timedelta(days=1),
    schema=[Field(name=name, dtype=types[kind]) for name, kind in told["kinds"].items()],
    source=FileSource(name="rows", path="rows.parquet", timestamp_field="event_timestamp"),
)
store = FeatureStore(".")
store.apply([entity, view])
store.write_to_online_store(told["set"], frame)
"""
_STORE = """
project: measured
registry: registry.db
provider: local
online_store: {type: sqlite, path: online.db}
entity_key_serialization_version: 3
"""


@contextmanager
def feast_serving(folder: Path, told: Mapping[str, Any], cores: Sequence[int]) -> Iterator[Server | None]:
    """Run Feast's server with one worker, until it is no longer needed; None where uv or Feast can't be had.

    Parameters
    ----------
    told
        The name of the `set`, its `key` and `key_kind`, the `kinds` of features by name, and their `values` by name.
    """
    uv = shutil.which("uv")
    if uv is None:
        print("Feast is not measured: uv is not there to install it", file=sys.stderr)
        yield None
        return
    folder.mkdir()
    (folder / "rows.json").write_text(json.dumps(told), encoding="utf-8")
    (folder / "feature_store.yaml").write_text(_STORE, encoding="utf-8")
    python = folder / "feast" / "bin" / "python"
    try:
        run([uv, "venv", "--quiet", "--python", sys.executable, folder / "feast"], folder)
        run([uv, "pip", "install", "--quiet", "--python", python, f"feast=={VERSION}"], folder)
    except SystemExit as error:
        print(f"Feast is not measured: {error}", file=sys.stderr)
        yield None
        return
    run([python, "-c", _FILL], folder)
    # It would start its worker anew after a thousand requests.
    lasting = ["--max-requests", "100000000", "--no-access-log"]
    with serving([str(python.with_name("feast")), "serve", "--port", "PORT", *lasting], folder, cores) as server:
        yield server
