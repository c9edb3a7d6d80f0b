"""One pass over the raw data: good rows clean into one file, bad rows with their reasons into another.

read types → rules of one row → rules about several rows → clean → write both files and count, all while streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from ..config.settings import one_of
from .card import Step
from .config import ColumnConfig, DatasetConfig
from .errors import DataError
from .lines import correct
from .readers import LINE, SOURCE, Table, explained
from .rules import Rule, cleaned, rules, rules_between
from .values import typed, value

CLEAN = "clean.parquet"
QUARANTINE = "quarantine.parquet"
REASONS = "_reasons"

_BAD = "_bad"
_DUPLICATE = "_duplicate"
_CHANGED = "_changed:"
_SEPARATOR = "; "


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass found.

    Attributes
    ----------
    rows, good, broken
        Rows that were read, those that passed, and those that broke a rule. The others repeat an earlier row.
    steps
        What cleaning changed.
    reasons
        How many rows broke each rule, the most frequent first. A row may break several.
    """

    rows: int
    good: int
    broken: int
    steps: list[Step]
    reasons: dict[str, int]

    @property
    def quarantined(self) -> int:
        """Rows that were refused."""
        return self.rows - self.good


def check(
    table: Table, dataset: DatasetConfig, columns: Mapping[str, ColumnConfig], now: datetime, folder: Path
) -> Outcome:
    """Write `clean.parquet` and `quarantine.parquet` into a folder.

    Parameters
    ----------
    now
        What `now` in a range stands for.

    Raises
    ------
    DataError
        If the source has no rows, lacks a column, or can't be read to its end.
    """
    with explained(table):
        raw = table.frame.collect_schema()
    _refuse_missing_columns(columns, raw)
    asked = [*rules(columns, now), *rules_between(dataset.rules, columns)]
    repeats = _repeats(dataset, columns)
    marked = _mark(typed(table.frame, columns, dataset.missing), asked, repeats)
    broken_rules = [pl.when(rule.broken).then(pl.lit(str(rule))) for rule in asked]
    repeated = [pl.when(pl.col(_DUPLICATE) == i).then(pl.lit(reason)) for i, reason in enumerate(repeats, start=1)]
    with explained(table):
        steps = _stream(marked, [*broken_rules, *repeated], columns, folder)
    good = pl.scan_parquet(folder / CLEAN).select(pl.len()).collect().item()
    refused, broken = pl.scan_parquet(folder / QUARANTINE).select(pl.len(), pl.col(_BAD).sum()).collect().row(0)
    if not good + refused:
        raise DataError(f"{table.files[0].name} has no rows", hint="export it again")
    if refused:
        with explained(table):
            correct(table.texts, folder / QUARANTINE, good + refused, SOURCE, LINE)
    removed = [Step(name="bad rows", changed=broken), Step(name="duplicates", changed=refused - broken)]
    return Outcome(good + refused, good, broken, [*removed, *steps], count_reasons(folder / QUARANTINE))


def _refuse_missing_columns(columns: Mapping[str, ColumnConfig], raw: pl.Schema) -> None:
    known = [name for name in raw if name not in {LINE, SOURCE}]
    absent = [name for name in columns if name not in raw]
    if absent:
        message = f"the source lacks {len(absent)} of its columns: {', '.join(absent)}"
        raise DataError(message, hint=f"for {absent[0]}: {one_of(absent[0], known)}")


def _mark(frame: pl.LazyFrame, asked: list[Rule], repeats: Mapping[str, list[str]]) -> pl.LazyFrame:
    """Add `_bad`, for rows that break a rule, and `_duplicate`, the number from 1 of what a row repeats, or else 0."""
    bad = pl.any_horizontal(rule.broken for rule in asked).fill_null(value=False)
    frame = frame.with_columns(bad.alias(_BAD))
    code = pl.lit(0, pl.UInt8)
    for number, names in enumerate(repeats.values(), start=1):
        key = pl.struct(value(name) for name in names) if len(names) > 1 else value(names[0])
        seen = pl.when(~pl.col(_BAD)).then(key)
        code = pl.when(seen.is_first_distinct() | seen.is_null()).then(code).otherwise(pl.lit(number, pl.UInt8))
    return frame.with_columns(code.alias(_DUPLICATE))


def _repeats(dataset: DatasetConfig, columns: Mapping[str, ColumnConfig]) -> dict[str, list[str]]:
    """List what may be there only once: the reason for a row that repeats it, and its columns."""
    repeats = {f"{name}: unique": [name] for name, column in columns.items() if column.unique}
    if dataset.key:
        repeats[f"{', '.join(dataset.key)}: key"] = dataset.key
    elif dataset.duplicates == "drop" and not repeats:
        repeats["the whole row is there twice"] = list(columns)
    return repeats


def _stream(
    marked: pl.LazyFrame, reasons: list[pl.Expr], columns: Mapping[str, ColumnConfig], folder: Path
) -> list[Step]:
    """Write both files in one scan. How many values a step changed stands beside each row, and is added up after."""
    results = {name: cleaned(name, column) for name, column in columns.items()}
    by_step: dict[str, list[pl.Expr]] = {}
    for _, changed in results.values():
        for step, where in changed.items():
            by_step.setdefault(step, []).append(where)
    numbers = [pl.sum_horizontal(parts).cast(pl.UInt16).alias(_CHANGED + step) for step, parts in by_step.items()]
    keep = ~pl.col(_BAD) & (pl.col(_DUPLICATE) == 0)
    why = pl.concat_str(reasons, separator=_SEPARATOR, ignore_nulls=True)
    raw = [pl.col(name).cast(pl.String, strict=False) for name in columns]
    used = [*(value(name) for name in columns), _BAD, _DUPLICATE]
    good = marked.select(used).filter(keep).select(*(result for result, _ in results.values()), *numbers)
    bad = marked.filter(~keep).select(SOURCE, LINE, pl.col(_BAD), why.alias(REASONS), *raw)
    files = [good.sink_parquet(folder / CLEAN, lazy=True), bad.sink_parquet(folder / QUARANTINE, lazy=True)]
    # With fewer columns asked for, polars would not notice a line with too many fields.
    whole = pl.QueryOptFlags(projection_pushdown=False)
    pl.collect_all(files, engine="streaming", optimizations=whole)
    if not by_step:
        return []
    sums = pl.scan_parquet(folder / CLEAN).select(pl.col(_CHANGED + step).cast(pl.Int64).sum() for step in by_step)
    return [Step(name=step, changed=number) for step, number in zip(by_step, sums.collect().row(0), strict=True)]


def count_reasons(quarantine: Path) -> dict[str, int]:
    """Count the rows of each reason, the most frequent first."""
    reasons = pl.scan_parquet(quarantine).select(pl.col(REASONS).str.split(_SEPARATOR).explode())
    counts = reasons.group_by(REASONS).len().sort("len", REASONS, descending=[True, False]).collect()
    return dict(counts.iter_rows())


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row in quarantine, with those of its values that the reasons are about."""

    source: str
    line: int
    reasons: list[str]
    values: dict[str, str | None]


def examples(quarantine: Path, limit: int) -> list[BadRow]:
    """Give the first bad rows."""
    rows = pl.scan_parquet(quarantine).head(limit).collect().to_dicts()
    return [_example(row) for row in rows]


def _example(row: Mapping[str, Any]) -> BadRow:
    reasons = row[REASONS].split(_SEPARATOR)
    named = [name for reason in reasons for name in reason.partition(": ")[0].split(", ")]
    return BadRow(row[SOURCE], row[LINE], reasons, {name: row[name] for name in named if name in row})
