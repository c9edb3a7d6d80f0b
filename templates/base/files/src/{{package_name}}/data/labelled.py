"""Rows that a model was asked about in use and whose labels have arrived, beside those of the source.

file of labelled rows → the checks of the source → without those that the source has → split of each → appended

No model may be judged on rows that it, or the champion, has learned from. So a labelled row keeps its split as long as
the source, its columns and `split` stay as they are, whatever other labels arrive: it is drawn from the row's inputs. A
row whose inputs the source has too goes where that one went. If the source changes, its rows are divided anew, unless
they are split by hash, and with them those that follow; with other columns, all are. Where a dataset is split by time,
all rows are divided by their times together.

By hash, a row of a source without key and unique columns is drawn from its inputs too: it stays where it was when it
comes with the source later. A row of a source with a key is then drawn from that, which its prediction did not know: it
may move, from training to the test too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from ..logs import get_logger
from .card import Step
from .check import CLEAN, QUARANTINE, check
from .config import ColumnConfig, DatasetConfig
from .readers import Table
from .split import Codes, assign, draw

_log = get_logger(__name__)

FOLDER = Path("data") / "labelled"
"""Where these rows are, in the project's folder: JSON lines, one file for each dataset."""
ADDED = "labelled rows added"
"""The step of the data card that counts them."""
REFUSED = "quarantine_labelled.parquet"

_PLACE, _SPLIT, _TARGET = "_place", "_split", "_target"


@dataclass(frozen=True, slots=True)
class Divided:
    """Clean rows, and the split of each: 0 for training, 1 for validation, 2 for the test."""

    rows: pl.LazyFrame
    codes: Codes


def append(
    source: Divided, table: Table, dataset: DatasetConfig, now: datetime, folder: Path
) -> tuple[Divided, list[Step]]:
    """Append labelled rows to those of the source.

    Parameters
    ----------
    table
        The labelled rows: their values are as models take them, so that units are not changed again.
    dataset
        With its columns.
    folder
        Where rows that break a rule are written, as `quarantine_labelled.parquet`.

    Returns
    -------
    Divided
        The rows of the source, then the labelled ones.
    list of Step
        How many were added, and what became of the others.

    Raises
    ------
    DataError
        If the labelled rows can't be read.
    """
    rows, steps = _checked(table, dataset, now, folder)
    if dataset.split.method == "group":
        _log.warning("labelled rows are left out: predictions do not tell the group that the dataset is split by")
        return source, [*steps, Step(name="labelled rows without a group", changed=len(rows))]
    known = len(rows)
    if dataset.task == "classification":
        rows = rows.join(source.rows.select(dataset.target).unique().collect(), on=dataset.target, how="semi")
    rows, codes, repeated = _divide(source, rows, dataset)
    steps += [
        Step(name="labelled rows of unknown classes", changed=known - len(rows) - repeated),
        Step(name="labelled rows that the source has", changed=repeated),
        Step(name=ADDED, changed=len(rows)),
    ]
    both = pl.concat([source.rows, rows.lazy()])
    if dataset.split.method == "time":
        return Divided(both, assign(both, dataset)), steps
    return Divided(both, np.concatenate([source.codes, codes])), steps


def without_keys(dataset: DatasetConfig) -> dict[str, ColumnConfig]:
    """Describe columns so that the keys of rows may be missing: predictions have none."""
    free = {"nullable": True, "unique": False, "fill": None}
    keys, columns = dataset.keys, dataset.columns
    return {name: column.model_copy(update=free) if name in keys else column for name, column in columns.items()}


def _checked(table: Table, dataset: DatasetConfig, now: datetime, folder: Path) -> tuple[pl.DataFrame, list[Step]]:
    asked = {name: _clean_already(column) for name, column in without_keys(dataset).items()}
    there = table.frame.collect_schema().names()
    absent = [pl.lit(None, pl.String).alias(name) for name in asked if name not in there]
    place = folder / "labelled"
    place.mkdir()
    rows = replace(table, frame=table.frame.with_columns(absent))
    outcome = check(rows, dataset.model_copy(update={"key": []}), asked, now, place)
    if outcome.quarantined:
        (place / QUARANTINE).replace(folder / REFUSED)
    clean = pl.read_parquet(place / CLEAN, columns=list(asked))
    for path in (place / CLEAN, place / QUARANTINE):
        path.unlink(missing_ok=True)
    place.rmdir()
    return clean, [Step(name="labelled rows refused", changed=outcome.quarantined)]


def _clean_already(column: ColumnConfig) -> ColumnConfig:
    same_unit = column.factor == 1 and not column.offset
    return column if same_unit else column.model_copy(update={"factor": 1.0, "offset": 0.0, "range": None})


def _divide(source: Divided, rows: pl.DataFrame, dataset: DatasetConfig) -> tuple[pl.DataFrame, Codes, int]:
    """Find the split of each row, and leave out those that the source has with their labels."""
    inputs = [name for name in rows.columns if name not in {dataset.target, *dataset.keys}]
    asked = rows.select(*inputs, dataset.target).with_row_index(_PLACE)
    marked = pl.concat([source.rows, pl.LazyFrame({_SPLIT: source.codes})], how="horizontal")
    marked = marked.select(*inputs, pl.col(dataset.target).alias(_TARGET), _SPLIT)
    same = pl.col(dataset.target).eq_missing(pl.col(_TARGET)).any()
    found = (
        asked.lazy()
        .join(marked, on=inputs, how="inner", nulls_equal=True)
        .group_by(_PLACE)
        .agg(pl.col(_SPLIT).max(), same.alias(_TARGET))
        .collect(engine="streaming")
    )
    twin = {place: (split, label) for place, split, label in found.iter_rows()}
    drop = {place for place, (_, label) in twin.items() if label and dataset.duplicates == "drop"}
    kept = [place for place in range(len(rows)) if place not in drop]
    drawn = draw(rows.lazy(), dataset)
    codes = [twin[place][0] if place in twin else drawn[place] for place in kept]
    return rows[kept], np.array(codes, dtype=np.uint8), len(drop)
