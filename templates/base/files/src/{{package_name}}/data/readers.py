"""Reading raw data, lazily where the format allows. Plugins of the group `readers` add more.

A reader is a function of a source and its options that gives a `Table`. It raises `DataError` for a source that is
missing, empty or unreadable, and gives text where a file has only text: types are the schema's business.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from ..config.settings import one_of
from ..disk import FREE, is_full
from ..errors import first_line
from ..plugins import find_plugins
from .databases import fetch, without_user
from .errors import DataError
from .lines import Text

LINE = "_line"
SOURCE = "_source"

_BLOCK = 1 << 20
_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that are read when they are needed.

    Attributes
    ----------
    frame
        The columns of the source, then `_source` (the file) and `_line` (line of text, or row of a table, from 1).
    files
        What was read, for its hash.
    scratch
        A folder with what the reader had to write first. It goes when the table does.
    texts
        The files of CSV, in which a row may have several lines.
    """

    frame: pl.LazyFrame
    files: tuple[Path, ...]
    scratch: list[tempfile.TemporaryDirectory[str]] = field(default_factory=list)
    texts: tuple[Text, ...] = ()

    def sha256(self) -> str:
        """Hash the bytes of all files."""
        digest = hashlib.sha256()
        for path in self.files:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        return digest.hexdigest()


Reader = Callable[[str, Mapping[str, Any]], Table]


def read(source: str, reader: str = "auto", options: Mapping[str, Any] | None = None) -> Table:
    """Open a source.

    Parameters
    ----------
    source
        A file, a folder, or the address of a database.
    reader
        `csv`, `parquet`, `jsonl`, `sql`, `folder`, the name of a plugin, or `auto` to choose by the source.
    options
        What the reader takes: `separator` and `encoding` for CSV, `query` for SQL.

    Raises
    ------
    DataError
        If there is no such reader, or the source can't be read.
    """
    name = _choose(source) if reader == "auto" else reader
    plugins = find_plugins("readers")
    if name in READERS:
        function: Any = READERS[name]
    elif name in plugins:
        function = plugins[name].load()
        if not callable(function):
            raise plugins[name].error("it is no function")
        function = plugins[name].guard(function)
    else:
        raise DataError(f"there is no reader {name!r}", hint=one_of(name, [*READERS, *plugins]))
    table = function(source, options or {})
    if not isinstance(table, Table):
        raise plugins[name].error(f"it gave a {type(table).__name__}, not a Table")
    return table


def _choose(source: str) -> str:
    if "://" in source:
        return "sql"
    if os.path.isdir(source):  # unlike that of a Path, it never fails
        return "folder"
    ending = Path(source).suffix.lower()
    if ending not in _ENDINGS:
        hint = f"name its reader, or use one of {', '.join(_ENDINGS)}"
        raise DataError(f"{source}: no reader is known for {ending or 'a file without an ending'}", hint=hint)
    return _ENDINGS[ending]


def read_csv(source: str, options: Mapping[str, Any]) -> Table:
    """Read CSV: `separator`, `quote` and `encoding` may be given. Every value stays text."""
    _refuse_unknown("csv", options, {"separator", "quote", "encoding"})
    path = _file(source)
    scratch: list[tempfile.TemporaryDirectory[str]] = []
    readable = path
    encoding = str(options.get("encoding", "utf-8"))
    if _lookup(encoding) != "utf-8":
        scratch.append(tempfile.TemporaryDirectory(prefix="data-"))
        readable = _transcode(path, encoding, Path(scratch[0].name) / path.name)
    separator, quote = str(options.get("separator", ",")), options.get("quote", '"')
    _refuse_doubled(readable, separator, quote)
    frame = pl.scan_csv(
        readable,
        separator=separator,
        quote_char=quote,
        infer_schema=False,
        row_index_name=LINE,
        row_index_offset=2,  # the header is line 1
    )
    text = Text(path.name, readable, separator, quote)
    return Table(_named(frame, path), (path,), scratch, (text,))


def read_parquet(source: str, options: Mapping[str, Any]) -> Table:
    """Read Parquet."""
    _refuse_unknown("parquet", options, set())
    path = _file(source)
    return Table(_named(pl.scan_parquet(path, row_index_name=LINE, row_index_offset=1), path), (path,))


def read_jsonl(source: str, options: Mapping[str, Any]) -> Table:
    """Read JSON lines, one object a line. Every value stays text, as its type may change from line to line."""
    _refuse_unknown("jsonl", options, set())
    path = _file(source)
    head = pl.scan_ndjson(path, infer_schema_length=1_000)
    with explained(Table(head, (path,))):
        names = head.collect_schema().names()
    schema = dict.fromkeys(names, pl.String)
    frame = pl.scan_ndjson(path, schema=schema, row_index_name=LINE, row_index_offset=1)
    frame = frame.with_columns(pl.col(names).replace("null", None))  # JSON's null arrives as this text
    return Table(_named(frame, path), (path,))


def read_folder(source: str, options: Mapping[str, Any]) -> Table:
    """Read all files of a folder as one table, in the order of their names. `options` are for the files' reader."""
    folder = Path(source)
    if not os.path.isdir(folder):
        raise DataError(f"{source} is no folder", hint="check the path")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)
    if not paths:
        raise DataError(f"{source} holds no data", hint=f"these endings are read: {', '.join(_ENDINGS)}")
    tables = [READERS[_choose(str(path))](str(path), options) for path in paths]
    found: list[set[str]] = []
    for table in tables:
        with explained(table):
            found.append(set(table.frame.collect_schema().names()))
    for path, names in zip(paths, found, strict=True):
        odd = found[0] ^ names
        if odd:
            message = f"{path} and {paths[0]} differ in their columns: {', '.join(sorted(odd))}"
            raise DataError(message, hint="a folder is one table: put other tables elsewhere")
    frame = pl.concat([table.frame for table in tables], how="diagonal_relaxed")
    scratch = [folder for table in tables for folder in table.scratch]
    return Table(frame, tuple(paths), scratch, tuple(text for table in tables for text in table.texts))


def read_sql(source: str, options: Mapping[str, Any]) -> Table:
    """Read a `query`: of `postgresql://…`, `sqlite:///file.db`, `duckdb:///file.db`, or of files with `duckdb://`."""
    _refuse_unknown("sql", options, {"query"})
    query = options.get("query")
    if not isinstance(query, str) or not query.strip():
        raise DataError(f"{without_user(source)}: there is no query", hint="set options.query")
    scratch = tempfile.TemporaryDirectory(prefix="data-")
    result = Path(scratch.name) / "result.parquet"
    fetch(source, query, result)
    frame = pl.scan_parquet(result, row_index_name=LINE, row_index_offset=1)
    return Table(frame.with_columns(pl.lit(without_user(source)).alias(SOURCE)), (result,), [scratch])


READERS: dict[str, Reader] = {
    "csv": read_csv,
    "parquet": read_parquet,
    "jsonl": read_jsonl,
    "folder": read_folder,
    "sql": read_sql,
}


def _file(source: str) -> Path:
    path = Path(source)
    try:
        mode = path.stat().st_mode  # `is_file()` would hide why it can't say
        if stat.S_ISDIR(mode):
            raise DataError(f"{source} is a folder", hint="the reader `folder` reads the files in one")
        if not stat.S_ISREG(mode):
            raise DataError(f"{source} is no file", hint="a device or a pipe can't be read twice: make it a file")
        with path.open("rb") as file:
            if not file.read(_BLOCK).strip():
                raise DataError(f"{source} is empty", hint="export it again")
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # no file has a name with a null character
        hint = "check the path; `data sample` writes sample data"
        raise DataError(f"{source}: there is no such file", hint=hint) from error
    except OSError as error:
        raise DataError(f"{source} can't be read: {error.strerror}", hint="check its permissions") from error
    return path


def _refuse_doubled(path: Path, separator: str, quote: str | None) -> None:
    """Refuse a header that names a column twice: polars would give one of them another name."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        lines = csv.reader(
            text,
            delimiter=separator,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        )
        names = next(lines, [])
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(f"{path.name} has columns of one name: {', '.join(doubled)}", hint="rename one in its header")


def _named(frame: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    return frame.with_columns(pl.lit(path.name).alias(SOURCE))


def _refuse_unknown(reader: str, options: Mapping[str, Any], known: set[str]) -> None:
    for name in options:
        if name not in known:
            raise DataError(f"the reader {reader} has no option {name!r}", hint=one_of(name, known))


def _lookup(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise DataError(f"there is no encoding {encoding!r}", hint="for example latin-1 or utf-16") from error


def _transcode(path: Path, encoding: str, result: Path) -> Path:
    try:
        with path.open(encoding=encoding, newline="") as text, result.open("w", encoding="utf-8", newline="") as copy:
            while block := text.read(_BLOCK):
                copy.write(block)
    except UnicodeError as error:
        raise DataError(f"{path} is not written in {encoding}: {error}", hint="set options.encoding") from error
    return result


@contextmanager
def explained(table: Table) -> Iterator[None]:
    """Say what is wrong with a source, in place of what polars says."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = first_line(error)
        if is_full(error):
            raise DataError(f"there is no room for the result: {reason}", hint=FREE) from error
        names = ", ".join(path.name for path in table.files)
        raise DataError(f"{names} can't be read: {reason}", hint=_advice(table, reason)) from error


def _advice(table: Table, reason: str) -> str:
    if "utf-8" in reason.lower():
        return "save it as UTF-8, or set options.encoding of the dataset, for example to latin-1"
    for path in table.files:
        if path.suffix.lower() == ".csv":
            odd = _ragged_line(path)
            if odd:
                return f"look at line {odd} of {path.name}: it has more fields than the header"
    return "check that the file is whole, and that its reader is the right one"


def _ragged_line(path: Path) -> int | None:
    with path.open(encoding="utf-8", errors="replace", newline="") as text:
        lines = csv.reader(text)
        width = len(next(lines, []))
        try:
            return next((lines.line_num for line in lines if len(line) > width), None)
        except csv.Error:
            return lines.line_num
