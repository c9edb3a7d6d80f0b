"""The lines of a CSV file that rows begin at. They are the numbers of the rows, unless a field has several lines."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
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


def correct(texts: Sequence[Text], quarantine: Path, total: int, source: str, line: str) -> None:
    """Replace in a Parquet file the numbers of rows, which count from 2, by the lines that the rows begin at.

    Parameters
    ----------
    total
        How many rows all sources have.
    source, line
        The columns that hold the name of the file and the number of the row.
    """
    long = [text for text in texts if text.quote is not None]
    if len(texts) == 1 and long and _lines(long[0].path) == total + 1:
        return
    found = pl.read_parquet(quarantine)
    for text in long:
        here = pl.col(source) == text.name
        rows = found.filter(here)[line].to_list()
        if rows:
            lines = pl.col(line).replace(dict(_begins(text, set(rows))))
            found = found.with_columns(pl.when(here).then(lines).otherwise(pl.col(line)).alias(line))
    found.write_parquet(quarantine)


def _lines(path: Path) -> int:
    ends, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            ends += block.count(b"\n")
            last = block
    return ends + (not last.endswith(b"\n"))


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
