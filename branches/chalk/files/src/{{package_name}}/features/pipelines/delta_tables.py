"""Tables of features once more as Delta tables, for what reads those: Spark, Databricks, Trino, DuckDB, polars.

A table has a partition for each time and the definitions that it was computed by, so it says itself what is in it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from ...errors import first_line
from ..definitions.sets import FeatureSet
from ..errors import FeatureError
from ..extras import bring
from ..times import to_micros
from .feature_store import FeatureTables

_TIME, _DEFINITIONS = "_time", "_definitions"


def publish(tables: FeatureTables, one: FeatureSet, folder: Path) -> int:
    """Bring the Delta table of a set to what its files have.

    Each time is written in a transaction of its own, in the place of what was there. Times that are of an older
    definition, and wait for a backfill, are left as they are.

    Parameters
    ----------
    folder
        With a Delta table for each set.

    Returns
    -------
    int
        How many times were written.

    Raises
    ------
    FeatureError
        If the extra is missing, or the table can't be written, as when a feature is of another kind than before.
    """
    delta = bring("deltalake", "delta", "Delta tables")
    errors = bring("deltalake.exceptions", "delta", "Delta tables")
    place = str(folder / one.name)
    written = 0
    try:
        known: dict[str, str] | None = None
        if delta.DeltaTable.is_deltatable(place):
            known = {part[_TIME]: part[_DEFINITIONS] for part in delta.DeltaTable(place).partitions()}
        for at in tables.times(one.name):
            mark, digest = str(to_micros(at)), _digest(tables, one, at)
            if tables.outdated(one, at) or (known or {}).get(mark) == digest:
                continue
            rows = tables.read(one, at)
            for name, value in ((_TIME, mark), (_DEFINITIONS, digest)):
                rows = rows.append_column(name, pa.array([value] * rows.num_rows, pa.string()))
            if known is None:
                delta.write_deltalake(place, rows, partition_by=[_TIME, _DEFINITIONS])
                known = {}
            else:
                there = f"{_TIME} = '{mark}'"
                delta.write_deltalake(place, rows, mode="overwrite", predicate=there, schema_mode="merge")
            written += 1
    except (errors.DeltaError, OSError) as error:
        hint = "look at the table, or remove it: the next backfill makes it again of the times that are computed"
        raise FeatureError(f"the Delta table {place} can't be written: {first_line(error)}", hint=hint) from error
    return written


def _digest(tables: FeatureTables, one: FeatureSet, at: datetime) -> str:
    told = json.dumps(sorted(tables.versions(one.name, at).items()))
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
