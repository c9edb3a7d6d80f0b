"""Files of Parquet that are there as a whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..disk import room_for
from .errors import FeatureError


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table beside its place, and move it there when it is whole.

    Raises
    ------
    FeatureError
        If there is no room; what was there is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        place = Path(file.name)
    try:
        with room_for(str(path), FeatureError):
            pq.write_table(table, place)
            os.replace(place, path)
    finally:
        place.unlink(missing_ok=True)
