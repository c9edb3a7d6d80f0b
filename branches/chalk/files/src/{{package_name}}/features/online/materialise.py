"""Filling the online store from the tables that features are made of: at first all that matters, then what is new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol

import duckdb
import orjson

from ..definitions.entities import Kind, Source
from ..definitions.features import Latest, Session, Window
from .features import OnlineFeatures
from .plan import Plan, from_micros, key_text, micros, to_line, to_micros
from .protocol import Lines

_FETCHED = 50_000  # rows in memory
_WRITTEN = 2_000  # entities of one transaction


class Rows(Protocol):
    """The clean rows of a source: `_key`, `_time`, `_created`, `_place`, and the columns that were asked for."""

    def create(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make a view of them in a connection."""


class Tables(Protocol):
    """What finds the rows of sources."""

    def scan(self, source: Source, columns: Sequence[str]) -> Rows:
        """Prepare to read a source."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written of a source for an entity.

    Attributes
    ----------
    since
        Rows that became known after this time were written; None: all that matter at `until`.
    skipped
        Why nothing was written.
    """

    entity: str
    source: str
    rows: int
    entities: int
    since: datetime | None
    until: datetime
    skipped: str = ""


def materialise(
    online: OnlineFeatures, tables: Tables, until: datetime, sources: Iterable[str] | None = None
) -> list[Filled]:
    """Write to the online store what is known until a time, and was not written before.

    It can be done again after it was interrupted: rows that were written already are told by their place.

    Parameters
    ----------
    sources
        Names; all if None.

    Raises
    ------
    FeatureError
        If a table can't be read, or the store can't be used.
    """
    wanted = None if sources is None else set(sources)
    plans = [plan for plan in online.plans if wanted is None or plan.source.name in wanted]
    return [_fill(online, tables, plan, until) for plan in plans]


def _fill(online: OnlineFeatures, tables: Tables, plan: Plan, until: datetime) -> Filled:
    told, moment = online.filled(plan), to_micros(until)
    after = None if told is None else told.get("until")
    begun = None if after is None else from_micros(after)
    if online.store.marks(f"stream/{plan.part}/"):
        if told is None:  # the stream has read its topics from their beginning for this definition
            online.store.append([], {plan.part: orjson.dumps({}).decode()})
        return Filled(plan.entity.name, plan.source.name, 0, 0, begun, until, "a stream brings its rows")
    if after is not None and after >= moment:
        return Filled(plan.entity.name, plan.source.name, 0, 0, begun, until, "all is known until then")
    rows = entities = 0
    first = moment - micros(online.history)
    for many in _chunks(_by_entity(_read(tables, plan, _Span(after, first, moment)), plan)):
        online.store.append(many, None, online.keep)
        online.compact(plan, [one.key for one in many], moment)
        rows, entities = rows + sum(one.size for one in many), entities + len(many)
    online.store.append([], {plan.part: orjson.dumps({"until": moment, "since": first}).decode()})
    _drop_older(online, plan)
    return Filled(plan.entity.name, plan.source.name, rows, entities, begun, until)


@dataclass(frozen=True, slots=True)
class _Span:
    """What is to be written, in microseconds: what became known after a time, for questions from a first time on."""

    after: int | None
    first: int
    until: int


def _by_entity(rows: Iterable[tuple[Any, ...]], plan: Plan) -> Iterator[Lines]:
    for text, many in groupby(rows, key=itemgetter(0)):
        data = [to_line(list(row)) for _, *row in many]
        yield Lines(plan.part, text, b"".join(data), len(data))


def _read(tables: Tables, plan: Plan, span: _Span) -> Iterator[tuple[Any, ...]]:
    """Give the key and the kept row of what is to be written, those of an entity together."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        tables.scan(plan.source, plan.columns).create(connection, "rows")
        rows = _needed(connection.view("rows"), plan, span)
        for batch in rows.to_arrow_reader(_FETCHED):
            for key, *row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield (key_text(plan.entity, key), *row)


def _needed(rows: duckdb.DuckDBPyRelation, plan: Plan, span: _Span) -> duckdb.DuckDBPyRelation:
    """Choose the rows to write; at first without those that are too old for any window, where that is safe."""
    stamped = {name: plan.source.columns[name] is Kind.TIMESTAMP for name in plan.columns}
    values = [f'epoch_us("{name}") AS "{name}"' if is_time else f'"{name}"' for name, is_time in stamped.items()]
    columns = ["_key", "epoch_us(_time) AS _t", "epoch_us(_created) AS _c", "_place", *values]
    known = rows.project(", ".join(columns)).filter(f"_c <= {span.until}")
    kinds = {type(one) for one in plan.features.values()}
    if span.after is not None:
        known = known.filter(f"_c > {span.after}")
    elif Session not in kinds:  # which may go back for ever
        longest = max((micros(one.over) for one in plan.features.values() if isinstance(one, Window)), default=0)
        late = f"(_t > {span.first} OR _c > {span.first})"
        # What is seen only later is counted apart, as it would hide the newest row that is seen at first.
        number = f"row_number() OVER (PARTITION BY _key, {late} ORDER BY _t DESC, _c DESC, _place DESC)"
        last = f" OR {late} OR _number = 1" if Latest in kinds else ""
        known = known.project(f"*, {number} AS _number").filter(f"_t > {span.first - longest}{last}")
        known = known.project("* EXCLUDE _number")
    return known.order("_key, _t, _c, _place")


def _chunks(many: Iterable[Lines]) -> Iterator[list[Lines]]:
    chunk: list[Lines] = []
    for one in many:
        chunk.append(one)
        if len(chunk) == _WRITTEN:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _drop_older(online: OnlineFeatures, plan: Plan) -> None:
    """Forget what a definition that is no more has filled."""
    same = plan.part.rpartition("/")[0] + "/"
    for part in online.store.parts():
        if part.startswith(same) and part != plan.part:
            online.store.drop(part)
