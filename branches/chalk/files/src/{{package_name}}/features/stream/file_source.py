"""Files that are replayed as if their rows were events: a partition for each file, whose offsets are row numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from ..errors import FeatureError
from ..online.streams import UNNUMBERED
from .messages import Messages, Partition, Payload, Position

_SUFFIXES = (".jsonl", ".ndjson", ".parquet")
_HEAD = 65_536  # bytes
_ROWS = 16_384  # of a Parquet file that are made Python's at a time


class FileSource:
    """Replays a file, or each file of a folder.

    Parameters
    ----------
    path
        JSON lines or Parquet.
    topic
        What their messages belong to.
    share
        Which files are read here, of those that are split among processes: a number, and how many processes there are.

    Raises
    ------
    FeatureError
        If there is no such file.
    """

    def __init__(self, path: Path, topic: str, share: tuple[int, int] = (0, 1)) -> None:
        files = sorted(file for file in path.glob("*") if file.suffix in _SUFFIXES) if path.is_dir() else [path]
        if not files or not files[0].is_file() or files[0].suffix not in _SUFFIXES:
            kinds = ", ".join(_SUFFIXES)
            raise FeatureError(f"{path} has no events of {topic} to replay", hint=f"name a file or folder of {kinds}")
        number, processes = share
        self._files = {_partition(topic, file): file for i, file in enumerate(files) if i % processes == number}
        self._open: dict[Partition, Iterator[tuple[int, Payload]]] = {}

    def open(self, position: Position) -> None:
        """Begin each file at its position."""
        self._open = {one: _payloads(file, position(one) or 0) for one, file in self._files.items()}

    def poll(self, limit: int, seconds: float) -> list[Messages]:
        """Give the next rows, of each file in turn; files are always ready."""
        for partition in list(self._open):
            rows = self._open.pop(partition)
            found = list(islice(rows, limit))
            if found:
                self._open[partition] = rows  # it goes to the end: the next one is another file's turn
                offsets, payloads = zip(*found, strict=True)
                return [Messages(partition, offsets, payloads)]
        return []

    def keep_alive(self) -> None:
        """Do nothing: files wait."""

    @property
    def ended(self) -> bool:
        """Whether all rows were given."""
        return not self._open

    def close(self) -> None:
        """Close the files."""
        self._open = {}


class MemorySource:
    """Rows in memory as events of one partition.

    Parameters
    ----------
    events
        One for each row.
    first
        Offset of the first one.
    """

    def __init__(self, events: Sequence[Payload], topic: str, *, first: int = 0) -> None:
        self._partition = Partition(topic)
        self._events = events
        self._first = self._next = first

    def open(self, position: Position) -> None:
        """Begin at a position."""
        self._next = max(self._first, position(self._partition) or 0)

    def poll(self, limit: int, seconds: float) -> list[Messages]:
        """Give the next rows."""
        begin = self._next - self._first
        found = self._events[begin : begin + limit]
        self._next += len(found)
        return [Messages(self._partition, range(self._next - len(found), self._next), found)] if found else []

    def keep_alive(self) -> None:
        """Do nothing: memory waits."""

    @property
    def ended(self) -> bool:
        """Whether all rows were given."""
        return self._next - self._first >= len(self._events)

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def table_events(table: pa.Table) -> list[Mapping[str, Any]]:
    """Make events of the rows of a table; what is not a number in a frame is NULL."""
    columns = {name: _values(table.column(name)) for name in table.column_names}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    values: list[Any] = column.to_pylist()
    return values


def _partition(topic: str, file: Path) -> Partition:
    """Tell a file by its name and how it begins: a file may grow, and others may come before it in its folder."""
    with file.open("rb") as data:
        head = data.readline(_HEAD) if file.suffix != ".parquet" else data.read(_HEAD)
    digest = hashlib.blake2b(file.name.encode() + b"\n" + head.rstrip(), digest_size=8)
    return Partition(topic, int.from_bytes(digest.digest()) % UNNUMBERED, f"{file.name}-{digest.hexdigest()[:8]}")


def _payloads(file: Path, first: int) -> Iterator[tuple[int, Payload]]:
    if file.suffix == ".parquet":
        yield from _rows(file, first)
        return
    with file.open("rb") as lines:
        for offset, line in enumerate(lines):
            if offset >= first and not line.isspace():
                yield offset, line


def _rows(file: Path, first: int) -> Iterator[tuple[int, Payload]]:
    offset = 0
    for batch in ds.dataset(file, format="parquet").to_batches(batch_size=_ROWS):
        begin = max(0, first - offset)
        if begin < batch.num_rows:
            rows = table_events(pa.Table.from_batches([batch.slice(begin)]))
            yield from enumerate(rows, offset + begin)
        offset += batch.num_rows
