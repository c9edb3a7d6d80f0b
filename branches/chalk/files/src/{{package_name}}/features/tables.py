"""Files that are there as a whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    with _beside(path) as draft:
        pq.write_table(table, draft)


def write_text(text: str, path: Path) -> None:
    """Write a text beside its place, and move it there when it is whole.

    Raises
    ------
    FeatureError
        If there is no room; what was there is as it was.
    """
    with _beside(path) as draft:
        draft.write_text(f"{text}\n", encoding="utf-8")


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        draft = Path(file.name)
    try:
        with room_for(str(path), FeatureError):
            yield draft
            os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
