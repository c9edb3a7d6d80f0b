"""What goes into the sandbox, and what comes out: JSON, Arrow and PNG, none of which runs anything when it is read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from .records import SandboxError

if TYPE_CHECKING:
    import pyarrow as pa

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST = 1_000  # frames, and plots
_MOST_HEAD = 4 << 20  # bytes of JSON, of which a program makes up to sixty times as many
_MOST_ROWS = 10_000_000
_MOST_WRITTEN = 1 << 30  # bytes of texts that are there once and stand in many rows
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3  # of Message.fbs
_VERSION_5, _ADDITIONS = 4, 4


class BadResult(Exception):
    """Results that don't have the form that they should have: the code has tampered with them."""


@dataclass(frozen=True, slots=True)
class Results:
    """What the process handed over."""

    value: JsonValue = None
    error: str = ""
    frames: Mapping[str, pa.Table] = field(default_factory=dict)
    plots: tuple[bytes, ...] = ()


def put_frames(frames: Mapping[str, pa.Table], folder: Path) -> list[tuple[str, ...]]:
    """Write frames as Arrow files, and give an entry of the order for each.

    Raises
    ------
    SandboxError
        If a name holds a zero character, which the order could not.
    """
    entries: list[tuple[str, ...]] = []
    for number, (name, table) in enumerate(frames.items()):
        import pyarrow as pa

        if "\0" in name:
            raise SandboxError(f"a frame can't be called {name!r}", hint="give it a name that can be read")
        entries.append(("frame", name, f"{number}.arrow"))
        with pa.OSFile(str(folder / entries[-1][-1]), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return entries


def put_fonts(folder: Path) -> None:
    """Copy matplotlib's list of fonts, where there is one: it takes seconds to make."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
    lists = list(Path(os.environ.get("MPLCONFIGDIR") or cache).glob("fontlist-*.json"))
    if lists:
        (folder / "matplotlib").mkdir()
    for one in lists:
        (folder / "matplotlib" / one.name).write_bytes(one.read_bytes())


def read_results(data: bytes) -> Results:
    """Read what the process handed over.

    Raises
    ------
    BadResult
        If it is not what the launcher writes: code can write there too.
    """
    size = int.from_bytes(data[:8], "big")
    if size > _MOST_HEAD:
        raise BadResult(f"its value has more than {_MOST_HEAD >> 20} MB: put rows into frames")
    try:
        rest = _Cutter(data, 8)
        head = json.loads(rest.cut(size), parse_constant=lambda _: None)
        sizes = [(str(name), int(length)) for name, length in head.get("frames", [])]
        lengths = [int(length) for length in head.get("plots", [])]
        if max(len(sizes), len(lengths)) > _MOST:
            raise BadResult(f"it gave more than {_MOST} frames or plots")
        frames = {name: _read_table(rest.cut(length)) for name, length in sizes}
        plots = tuple(_read_plot(rest.cut(length)) for length in lengths)
        return Results(head.get("value"), str(head.get("error", "")), frames, plots)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadResult(f"what the code gave can't be read: {error}") from error


@dataclass(slots=True)
class _Cutter:
    data: bytes
    place: int

    def cut(self, length: int) -> bytes:
        part = self.data[self.place : self.place + max(0, length)]
        if len(part) != length:
            raise BadResult("what the code gave is shorter than it says")
        self.place += length
        return part


def _read_table(data: bytes) -> pa.Table:
    """Read an Arrow stream that nobody vouches for.

    Its offsets are checked against its buffers. Compressed buffers, of which a few bytes could fill the memory, are
    refused: the launcher writes none.
    """
    import pyarrow as pa

    try:
        for message in pa.ipc.MessageReader.open_stream(pa.py_buffer(data)):
            if fault := _message_fault(bytes(message.metadata)):
                raise BadResult(fault)
        with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
            for column in stream.schema:
                _check_flat(column)
            table = stream.read_all()
        if table.num_rows > _MOST_ROWS:
            raise BadResult(f"a frame has more than {_MOST_ROWS:,} rows")
        table.validate(full=True)
        _check_repeated(table)
    except (pa.ArrowException, OSError) as error:  # a stream that is cut is an OSError
        raise BadResult(f"a frame can't be read: {error}") from error
    return table


def _check_flat(column: pa.Field) -> None:
    """Refuse types of which a few bytes stand for many: nested ones, runs, and views of one buffer."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    views = (pa.types.is_string_view, pa.types.is_binary_view, pa.types.is_run_end_encoded, pa.types.is_dictionary)
    fixed = pa.types.is_fixed_size_binary(kind) and kind.byte_width == 0
    extension = isinstance(kind, pa.BaseExtensionType)
    if pa.types.is_nested(kind) or extension or fixed or any(is_one(kind) for is_one in views):
        raise BadResult(f"the column {column.name[:100]!r} is of the type {str(kind)[:100]}, which is not flat")


def _check_repeated(table: pa.Table) -> None:
    """Refuse long texts that are there once and stand in many rows: written out they could fill the disk."""
    import pyarrow as pa
    from pyarrow import compute

    for column in table.columns:
        if not pa.types.is_dictionary(column.type):
            continue
        whole = 0
        for chunk in column.chunks:
            words = chunk.dictionary
            measurable = len(words) and not pa.types.is_primitive(words.type) and not pa.types.is_null(words.type)
            whole += len(chunk) * (compute.max(compute.binary_length(words)).as_py() or 0) if measurable else 0
        if whole > _MOST_WRITTEN:
            raise BadResult("a frame repeats long texts too often")


def _message_fault(metadata: bytes) -> str:
    """Say why a message of Arrow's IPC is refused: it is of an old version, has additions, or compressed buffers.

    The metadata is a flatbuffer, Message.fbs of the Arrow format: a table starts with the distance to its vtable, and
    that gives the place of each field after its own size and the table's. Before version 5, additions of a message
    could say that it is compressed.
    """

    def number(place: int, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(metadata[place : place + size], "little", signed=signed)

    def field_of(table: int, index: int) -> int:
        vtable = table - number(table, 4, signed=True)
        entry = 4 + 2 * index
        offset = number(vtable + entry, 2) if entry < number(vtable, 2) else 0
        return table + offset if offset else 0

    message = number(0, 4)
    version, kind, header = (field_of(message, index) for index in range(3))
    if not version or number(version, 2) < _VERSION_5 or field_of(message, _ADDITIONS):
        return "a frame is of an old version of Arrow, or has additions"
    if not kind or not header:
        return ""
    batch = header + number(header, 4)
    if number(kind, 1) == _DICTIONARY_BATCH:
        data = field_of(batch, 1)
        batch = data + number(data, 4)
    elif number(kind, 1) != _RECORD_BATCH:
        return ""
    return "a frame is compressed" if field_of(batch, 3) else ""


def _read_plot(data: bytes) -> bytes:
    if not data.startswith(_PNG):
        raise BadResult("a plot is no PNG")
    return data
