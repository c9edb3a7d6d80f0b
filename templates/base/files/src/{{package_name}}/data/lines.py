"""The lines of a CSV file that rows begin at. They are the numbers of the rows, unless a field has several lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Text:
    """A CSV file as it is read.

    Attributes
    ----------
    name
        What its rows have as their source.
    path
        The file, or a copy of it in UTF-8.
    """

    name: str
    path: Path
    separator: str
    quote: str | None


def correct(texts: Iterable[Text], quarantine: Path, source: str, line: str) -> None:
    """Replace in a Parquet file the numbers of rows, which count from 2, by the lines that the rows begin at."""
    found = pl.read_parquet(quarantine)
    changed = False
    for text in texts:
        rows = found.filter(pl.col(source) == text.name)[line]
        if text.quote is None or not len(rows) or not _has_long_rows(text):
            continue
        lines = dict(_begins(text, set(rows.to_list())))
        new = pl.col(line).replace(lines)
        found = found.with_columns(pl.when(pl.col(source) == text.name).then(new).otherwise(pl.col(line)).alias(line))
        changed = True
    if changed:
        found.write_parquet(quarantine)


def _has_long_rows(text: Text) -> bool:
    rows = pl.scan_csv(text.path, separator=text.separator, quote_char=text.quote, infer_schema=False, has_header=False)
    ends, last = 0, b"\n"
    with text.path.open("rb") as file:
        while block := file.read(_BLOCK):
            ends += block.count(b"\n")
            last = block
    count: int = rows.select(pl.len()).collect().item()
    return ends + (not last.endswith(b"\n")) != count


def _begins(text: Text, wanted: set[int]) -> Iterator[tuple[int, int]]:
    """Give the first line of each wanted row."""
    last = max(wanted)
    with text.path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(file, delimiter=text.separator, quotechar=text.quote)
        begin = 1
        for number, _ in enumerate(rows, start=1):
            if number in wanted:
                yield number, begin
            if number >= last:
                return
            begin = rows.line_num + 1
