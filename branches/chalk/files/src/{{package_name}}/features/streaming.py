"""Rows at hand, in a frame or a list, taken as the events of a stream are: checked, kept, and made features of.

``features = StreamProcessor().transform(raw_data).to_chalk(store)``
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pyarrow as pa

from ..errors import first_line
from .definitions.entities import Source
from .definitions.registry import Definitions, find_definitions
from .engines.protocol import ARROW_TYPES
from .errors import FeatureError
from .online.features import OnlineFeatures
from .online.reading import Found
from .online.streams import NUMBERED, UNNUMBERED
from .stream.columns import Rows
from .stream.file_source import table_events
from .stream.intake import DeadLetter, Intake, Policy, Progress, Taken
from .stream.ledger import Ledger
from .stream.messages import Messages, Partition
from .times import from_micros

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from .chalk_service import ChalkService

RawData: TypeAlias = "pd.DataFrame | pl.DataFrame | pa.Table | Iterable[Mapping[str, Any]]"


class Store(Protocol):
    """What features are read of."""

    definitions: Definitions

    def read(self, name: str, keys: Sequence[Any], *, at: datetime | None = None) -> list[Found]:
        """Read the features of entities."""


class HasOnline(Store, Protocol):
    """A feature store with online features, or in whose place Chalk's service is, such as `ChalkFeatureStore`."""

    service: ChalkService | None

    @property
    def online(self) -> OnlineFeatures:
        """Its online features."""


@dataclass(frozen=True, slots=True)
class StreamFeatures:
    """Rows that were checked, on their way into a store.

    Attributes
    ----------
    source
        Of the rows.
    rows
        Those that are right.
    dead_letters
        Those that are not, with the reasons.
    """

    source: Source
    rows: Rows
    dead_letters: Sequence[DeadLetter]
    _taken: Taken
    _first: int | None

    def to_chalk(self, store: OnlineFeatures | HasOnline, *, at: datetime | None = None) -> pa.Table:
        """Keep the rows in a store, and give the features of the entities that they are about.

        Parameters
        ----------
        at
            The time of the question; the moment at which the last of the rows was known if None. Chalk is then asked
            for what is now.

        Returns
        -------
        pyarrow.Table
            A row for each entity: its key, `event_time`, and a column for each feature, such as `customer.spend_30d`.

        Raises
        ------
        FeatureError
            If the store can't be used, or the time is before what it keeps.
        """
        if not isinstance(store, OnlineFeatures) and store.service is not None:
            store.service.upload(self.source, self.rows, first=self._first)
            return _read(store, self.source, sorted(set(self.rows.keys)), at)
        online = store if isinstance(store, OnlineFeatures) else store.online
        ledger, rows = Ledger(online), self.rows
        number = UNNUMBERED if self._first is None else NUMBERED
        taken = replace(self._taken, partition=self._taken.partition._replace(number=number))
        before = ledger.progress(self.source.name, taken.partition) or Progress()
        if self._first is None:
            first, done = online.next_place(taken.progress.next), 0
        else:
            first, done = self._first, max(0, before.next - self._first)  # of these rows, which are counted from 0
        kept = rows.placed_from(done)
        kept.places = [place + first for place in kept.places]
        total = taken.progress
        progress = replace(
            before,
            next=max(before.next, first + total.next),
            newest=max((one for one in (before.newest, total.newest) if one is not None), default=None),
            rows=before.rows + len(kept),
            rejected=before.rejected + sum(one.offset >= done for one in taken.dead),
        )
        ledger.keep([replace(taken, rows=kept, progress=progress, dead=[])])
        moment = at or from_micros(max((*rows.times, *rows.created), default=0))
        return _read(online, self.source, sorted(set(rows.keys)), moment)


class StreamProcessor:
    """Makes features of rows as they come.

    Parameters
    ----------
    definitions
        Those of the project, if None.
    policy
        What is done with rows that are not as they should be; as configured, if None.

    Examples
    --------
    ``StreamProcessor().transform(frame, "purchases").to_chalk(ChalkFeatureStore())``
    """

    def __init__(self, definitions: Definitions | None = None, policy: Policy | None = None) -> None:
        self._definitions = find_definitions() if definitions is None else definitions
        self._policy = _configured() if policy is None else policy
        self._newest: dict[str, int | None] = {}

    def transform(self, raw_data: RawData, source: str | None = None, *, first: int | None = None) -> StreamFeatures:
        """Check rows.

        Parameters
        ----------
        raw_data
            Rows of one source: a frame of pandas or polars, a table of Arrow, or mappings.
        source
            Its name; the only one that has such columns, if None.
        first
            Number of the first row, of those that this source has ever brought this way: rows that are kept already are
            then not kept again. Without it, all rows are new.

        Raises
        ------
        FeatureError
            If no source, or more than one, has such rows.
        """
        events = _events(raw_data)
        found = self._source(source, events)
        kind = self._definitions.entity_of(found).kind
        intake = Intake(found, lambda: time.time_ns() // 1000, kind, self._policy)
        partition = Partition(found.topic or found.name, NUMBERED)
        progress = Progress(newest=self._newest.get(found.name))
        if events:
            taken = intake.take(Messages(partition, range(len(events)), events), progress)
        else:
            taken = Taken(found, partition, progress, Rows.of(found), [])
        self._newest[found.name] = taken.progress.newest
        return StreamFeatures(found, taken.rows, taken.dead, taken, first)

    def _source(self, name: str | None, events: Sequence[Mapping[str, Any]]) -> Source:
        sources = self._definitions.sources
        if name is not None:
            chosen = [one for one in sources if one.name == name]
        else:
            columns = set(events[0]) if events else set()
            chosen = [one for one in sources if {one.key, one.time, *one.columns} <= columns]
        if len(chosen) == 1:
            return chosen[0]
        names = ", ".join(one.name for one in chosen or sources) or "none"
        if name is not None:
            raise FeatureError(f"there is no source {name!r}", hint=f"there is {names}")
        few = "more than one source has" if chosen else "no source has"
        raise FeatureError(f"{few} the columns of these rows", hint=f"name the source: {names}")


def _events(raw_data: Any) -> list[Mapping[str, Any]]:
    try:
        if isinstance(raw_data, pa.Table):
            return table_events(raw_data)
        if hasattr(raw_data, "to_arrow"):
            return table_events(raw_data.to_arrow())
        if hasattr(raw_data, "to_dict"):
            return table_events(pa.Table.from_pandas(raw_data, preserve_index=False))
        return list(raw_data)
    except (pa.ArrowException, TypeError, ValueError) as error:
        hint = "give a frame or table with a kind for each column, or a mapping for each row"
        raise FeatureError(f"these are no rows: {first_line(error)}", hint=hint) from error


def _read(store: Store, source: Source, keys: Sequence[str | int], at: datetime | None) -> pa.Table:
    found: dict[str, Any] = {source.key: list(keys), "event_time": [at or datetime.now(UTC)] * len(keys)}
    for one in store.definitions.sets:
        if source in one.sources:
            values = store.read(one.name, keys, at=at) if keys else []
            for feature in one.features:
                column = [row[feature.name].value for row in values]
                found[f"{one.name}.{feature.name}"] = pa.array(column, ARROW_TYPES[one.kinds[feature.name]])
    return pa.table(found)


def _configured() -> Policy:
    from ..config import load_config
    from .config import FeaturesConfig

    return load_config().group("features", FeaturesConfig).streaming.policy()
