"""Tables of features that grow with their sources: computed once for each time, and again where a definition changed.

    times that lack values → slices of keys and times → engine → a file for each time

A run that is interrupted goes on where it stopped; of a definition that changed only its own column is computed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...config import Config
from ..config import FeaturesConfig
from ..definitions.sets import FeatureSet
from ..engines.connection import connect, explained
from ..engines.factory import open_engine
from ..engines.protocol import EVENT_TIME, UTC_TIME, Engine
from ..errors import FeatureError
from ..semantics import in_utc
from ..sources import SourceReader, open_reader
from ..tables import write_table
from ..times import EPOCH, micros
from .feature_store import FeatureTables, TableWriter
from .workers import Share, for_workers, open_share


@dataclass(slots=True)
class BackfillReport:
    """What a backfill did.

    Attributes
    ----------
    times, rows
        How many were computed.
    columns
        How many columns were, over all times.
    done_before
        Times that had all values already.
    set_aside
        Rows by source that could not be used.
    """

    name: str
    times: int = 0
    rows: int = 0
    columns: int = 0
    done_before: int = 0
    set_aside: dict[str, int] = field(default_factory=dict)

    def add(self, part: BackfillReport) -> None:
        """Count what a part of the work did."""
        self.times += part.times
        self.rows += part.rows
        self.columns += part.columns

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Backfill:
    """What computes the tables of features.

    Attributes
    ----------
    every
        The time between the times of a table; they are whole multiples of it since 1970 in UTC.
    chunk_rows
        How many rows are computed at once.
    set_aside
        Folder for the rows that could not be used; they are only counted if None.
    share
        What has times computed at once, by workers that see the same folders; this process does it alone if None.
    """

    tables: FeatureTables
    read: SourceReader
    engine: Engine
    every: timedelta = timedelta(days=1)
    chunk_rows: int = 500_000
    set_aside: Path | None = None
    share: Share | None = None

    def run(self, one: FeatureSet, start: datetime | None = None, end: datetime | None = None) -> BackfillReport:
        """Compute the values that are missing, or of another definition.

        Parameters
        ----------
        start, end
            The first and the last time, each rounded to the time of a table inwards; the first row's and the present if
            None.

        Raises
        ------
        FeatureError
            If a time has no zone or is in the future, or another backfill of the set is under way.
        """
        with self.tables.locked(one.name), explained(f"{one.name} could not be computed"):
            report = BackfillReport(one.name, set_aside=self._put_aside(one))
            keys = self._keys(one)
            pending: dict[tuple[str, ...], list[datetime]] = {}
            for at in self._times(keys, start, end):
                outdated = tuple(self.tables.outdated(one, at))
                if outdated:
                    pending.setdefault(outdated, []).append(at)
                else:
                    report.done_before += 1
            for names, times in pending.items():
                if self.share is None:
                    report.add(self.compute(one, names, times, keys))
                    continue
                work = replace(self, share=None).compute
                parts = [(one, names, some, keys) for some in self._parts(times, keys)]
                for done in self.share(work, parts):
                    report.add(done)
            return report

    def compute(
        self, one: FeatureSet, names: Sequence[str], times: Sequence[datetime], keys: pa.Table
    ) -> BackfillReport:
        """Compute some features at some times, slice by slice, and write each time as soon as it is whole.

        Parameters
        ----------
        keys
            Table of shape (n_entities, 2): the entities, and when each was first known.
        """
        report = BackfillReport(one.name)
        wanted = one.select(names)
        whole = len(names) == len(one.stored)
        with explained(f"{one.name} could not be computed"), ExitStack() as stack:
            writer: TableWriter | None = None
            written = 0
            for spine, ends in self._slices(one, times, keys, whole=whole):
                table = self.engine.point_in_time(spine, [wanted], self.read)
                for at in ends or [spine.column(EVENT_TIME)[0].as_py()]:
                    rows = table.filter(pc.equal(table.column(EVENT_TIME), pa.scalar(at, UTC_TIME)))
                    writer = writer or stack.enter_context(self.tables.writing(one, at))
                    writer.write(rows if whole else self._merged(one, at, rows, written))
                    written += rows.num_rows
                    if at in ends:
                        stack.close()
                        report.times += 1
                        report.rows += written
                        report.columns += len(names)
                        writer, written = None, 0
        return report

    def _parts(self, times: Sequence[datetime], keys: pa.Table) -> Iterator[list[datetime]]:
        """Put times together so that a worker has about as many rows as are computed at once."""
        known = np.sort(keys.column("first").cast(pa.int64()).to_numpy())
        part: list[datetime] = []
        rows = 0
        for at in times:
            more = int(np.searchsorted(known, micros(at - EPOCH), side="right"))
            if part and rows + more > self.chunk_rows:
                yield part
                part, rows = [], 0
            part.append(at)
            rows += more
        if part:
            yield part

    def _merged(self, one: FeatureSet, at: datetime, rows: pa.Table, first: int) -> pa.Table:
        """Put new columns in place of old ones; rows are those of the file from the first on, in its order."""
        known = pq.read_table(self.tables.path(one.name, at), memory_map=True).slice(first, rows.num_rows)
        columns = {name: known.column(name) for name in known.column_names} | {
            name: rows.column(name) for name in rows.column_names
        }
        names = [one.entity.key, EVENT_TIME, *(f"{one.name}.{feature.name}" for feature in one.stored)]
        return pa.table({name: columns[name] for name in names})

    def _slices(
        self, one: FeatureSet, times: Sequence[datetime], keys: pa.Table, *, whole: bool
    ) -> Iterator[tuple[pa.Table, list[datetime]]]:
        """Give the questions in slices, each with the times that end with it."""
        waiting: list[pa.Table] = []
        ends: list[datetime] = []
        for at in times:
            spine = self._spine(one, at, keys, whole=whole)
            if waiting and sum(table.num_rows for table in waiting) + spine.num_rows > self.chunk_rows:
                yield pa.concat_tables(waiting), ends
                waiting, ends = [], []
            for first in range(0, max(spine.num_rows - self.chunk_rows, 0), self.chunk_rows):
                yield spine.slice(first, self.chunk_rows), []
            left = max(spine.num_rows - 1, 0) // self.chunk_rows * self.chunk_rows
            waiting.append(spine.slice(left))
            ends.append(at)
        if waiting:
            yield pa.concat_tables(waiting), ends

    def _spine(self, one: FeatureSet, at: datetime, keys: pa.Table, *, whole: bool) -> pa.Table:
        path = self.tables.path(one.name, at)
        if path.exists() and not whole:  # the columns that stay have the rows of then
            found = pq.read_table(path, columns=[one.entity.key]).column(0)
        else:
            found = keys.filter(pc.less_equal(keys.column("first"), pa.scalar(at, UTC_TIME))).column("key")
        moments = pa.array([at], UTC_TIME).take(pa.array([0] * len(found), pa.int64()))
        return pa.table({one.entity.key: found, EVENT_TIME: moments})

    def _keys(self, one: FeatureSet) -> pa.Table:
        """Give the entities and when each was first known, in the order of their keys."""
        with connect() as connection:
            parts = []
            for place, source in enumerate(one.sources):
                self.read.scan(source, []).create(connection, f"rows{place}")
                parts.append(f"SELECT _key AS key, GREATEST(_time, _created) AS first FROM rows{place}")
            union = " UNION ALL ".join(parts)
            sql = f"SELECT key, MIN(first) AS first FROM ({union}) GROUP BY key ORDER BY key"
            return connection.sql(sql).to_arrow_table()

    def _times(self, keys: pa.Table, start: datetime | None, end: datetime | None) -> list[datetime]:
        present = self.read.clock()
        last = in_utc(end, "the end") if end is not None else present
        if last > present:
            raise FeatureError(f"the end {last.isoformat()} is in the future", hint="nothing is known of it yet")
        first = in_utc(start, "the start") if start is not None else pc.min(keys.column("first")).as_py()
        if first is None:
            return []
        if first > last:
            raise FeatureError(f"the start {first.isoformat()} is after the end {last.isoformat()}", hint="swap them")
        number = -((EPOCH - first) // self.every)  # rounded up
        return [EPOCH + place * self.every for place in range(number, (last - EPOCH) // self.every + 1)]

    def _put_aside(self, one: FeatureSet) -> dict[str, int]:
        found = {}
        for source in one.sources:
            rows = self.read.set_aside(source)
            if rows.num_rows:
                found[source.name] = rows.num_rows
                if self.set_aside is not None:
                    write_table(rows, self.set_aside / f"{source.name}.parquet")
        return found


def open_backfill(config: Config) -> Backfill:
    """Make the backfill that a project's configuration describes."""
    features = config.group("features", FeaturesConfig)
    batch = features.batch
    engine, share = open_engine(features.engine, config.root), open_share(batch)
    return Backfill(
        FeatureTables(config.root / batch.tables),
        open_reader(config),
        engine if share is None else for_workers(engine),
        timedelta(hours=batch.every_hours),
        batch.chunk_rows,
        config.root / batch.set_aside,
        share,
    )
