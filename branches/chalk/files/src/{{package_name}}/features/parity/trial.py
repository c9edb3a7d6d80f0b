"""The check without data: rows are made up for every source, so that definitions can be tried before they are merged.

rows with ties, NULLs and delays → the first are materialised, the others streamed → the check
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..definitions.entities import Kind, Source
from ..definitions.features import Latest, Stored, Window
from ..definitions.registry import Definitions
from ..engines.protocol import ARROW_TYPES, UTC_TIME, Engine
from ..online.features import OnlineFeatures
from ..online.materialise import materialise
from ..online.plan import DAY
from ..online.sqlite_store import SqliteStore
from ..sources.memory import MemoryReader
from .check import ParityReport, Sample, check_parity

Moments: TypeAlias = NDArray[np.datetime64]

ROWS = 3000
ENTITIES = 60
_MOMENTS = 700  # fewer than rows, so that times of an entity are alike
_MISSING = 0.05  # share of NULLs
_STREAMED = 0.3  # share of rows that are not materialised


def try_parity(
    definitions: Definitions, engine: Engine, end: datetime, sample: Sample, lateness: timedelta = DAY
) -> list[ParityReport]:
    """Compare all features over rows that are made up, the same at every run.

    Parameters
    ----------
    end
        When all rows are known; nothing is compared after it.
    lateness
        How late rows are known at most.
    """
    tables = {one.name: make_rows(one, definitions, end, lateness, sample.seed) for one in definitions.sources}
    reader = MemoryReader(tables)
    with tempfile.TemporaryDirectory() as folder:
        online = OnlineFeatures(definitions, SqliteStore(Path(folder) / "online.db"), lateness=lateness, history=DAY)
        try:
            for source in definitions.sources:
                rows = tables[source.name]
                first = int(rows.num_rows * (1 - _STREAMED))
                materialise(online, reader, _known(source, rows)[first - 1].as_py(), [source.name])
                online.write(source.name, rows.slice(first).to_pylist(), place=first)
            asked = replace(sample, at=end)
            return [check_parity(online, engine, reader, one, asked) for one in definitions.sets]
        finally:
            online.close()


def make_rows(source: Source, definitions: Definitions, end: datetime, lateness: timedelta, seed: int) -> pa.Table:
    """Make rows of a source in the order in which they are known, over more than the longest reach of its features.

    Returns
    -------
    Table
        Of shape (3000, …): times that are alike, values that are missing, and, where the source says when a row is
        known, delays.
    """
    features = [one for owner in definitions.sets for one in owner.stored if one.source.name == source.name]
    entity = next(one.entity for one in definitions.sets if source in one.sources)
    chance = np.random.default_rng([seed, *source.name.encode()])
    reach = max(map(_reach, features), default=DAY) * 1.5
    step = max(1, int(reach / timedelta(microseconds=1)) // _MOMENTS)
    last = int(lateness / timedelta(microseconds=1)) if source.created else 0
    delays = (chance.random(ROWS) ** 4 * last * 0.9).astype("int64")
    last_moment = np.datetime64(end.replace(tzinfo=None), "us")
    times = last_moment - (chance.integers(0, _MOMENTS, ROWS) * step).astype("timedelta64[us]")
    known = np.minimum(times + delays.astype("timedelta64[us]"), last_moment)
    order = np.argsort(known, kind="stable")
    numbers = chance.integers(0, ENTITIES, ROWS)
    keys = numbers if entity.kind is Kind.INTEGER else [f"e{number}" for number in numbers]
    columns = {source.key: pa.array(keys, ARROW_TYPES[entity.kind]), source.time: pa.array(times).cast(UTC_TIME)}
    if source.created:
        columns[source.created] = pa.array(known).cast(UTC_TIME)
    for name, kind in source.columns.items():
        values = _VALUES[kind](chance, times)
        columns[name] = pa.array(values, ARROW_TYPES[kind], mask=chance.random(ROWS) < _MISSING)
    return pa.table(columns).take(pa.array(order))


def _known(source: Source, rows: pa.Table) -> pa.ChunkedArray:
    return rows.column(source.created or source.time)


def _reach(one: Stored) -> timedelta:
    if isinstance(one, Latest):
        return one.ttl or timedelta(days=30)
    return one.over if isinstance(one, Window) else one.gap * 20


_VALUES: dict[Kind, Callable[[np.random.Generator, Moments], Any]] = {
    Kind.BOOLEAN: lambda chance, _: chance.integers(0, 2, ROWS).astype(bool),
    Kind.INTEGER: lambda chance, _: chance.integers(-5, 20, ROWS),
    Kind.FLOAT: lambda chance, _: chance.normal(10.0, 20.0, ROWS).round(2),
    Kind.STRING: lambda chance, _: np.array([f"v{number}" for number in chance.integers(0, 9, ROWS)], object),
    Kind.TIMESTAMP: lambda chance, times: times - chance.integers(0, 10**10, ROWS).astype("timedelta64[us]"),
}
