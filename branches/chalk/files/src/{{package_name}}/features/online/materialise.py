"""Filling the online store from the tables that features are made of: at first all that matters, then what is new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol
from uuid import uuid4

import duckdb
import orjson

from ..definitions.entities import Kind, Source
from ..definitions.features import Latest, Session, Window
from ..engines.connection import connect, explained
from ..errors import FeatureError
from ..times import from_micros, micros, to_micros
from .features import OnlineFeatures, read_mark
from .lacking import OfEntity, lacking
from .plan import Plan, key_text
from .protocol import Lines, Overtaken
from .streams import is_streamed

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

    Rows that landed late in a table are found as long as they became known within the features' lateness before the
    last time. A row that is there already, of an interrupted run or of a stream, is told by its times and values.

    Parameters
    ----------
    sources
        Names; all if None.

    Raises
    ------
    DefinitionError
        If there is no such source.
    FeatureError
        If a table can't be read, another fills the same, or the store can't be used.
    """
    wanted = None if sources is None else {online.definitions.source(name).name for name in sources}
    plans = [plan for plan in online.plans if wanted is None or plan.source.name in wanted]
    return [_fill(online, tables, plan, until) for plan in plans]


def _fill(online: OnlineFeatures, tables: Tables, plan: Plan, until: datetime) -> Filled:
    mark, moment = online.mark(plan), to_micros(until)
    told = read_mark(mark) or {}
    after = told.get("until")
    begun = None if after is None else from_micros(after)
    if "filling" in told:  # which was interrupted: streams leave out what was known by then
        moment = max(moment, told["filling"])
    elif after is not None and is_streamed(online.store, plan):
        return Filled(plan.entity.name, plan.source.name, 0, 0, begun, until, "a stream brings its rows")
    elif after is not None and after >= moment:
        return Filled(plan.entity.name, plan.source.name, 0, 0, begun, until, "all is known until then")
    filling = _begin(online, plan, mark, moment)
    rows = entities = 0
    first = moment - micros(online.history)
    overlap = None if after is None else after - micros(plan.lateness)
    for many in _chunks(_by_entity(_read(tables, plan, _Span(overlap, first, moment)))):
        lines = lacking(online, plan, many)
        _write(online, plan, lines, None, filling)
        online.compact(plan, [one.key for one in lines], moment)
        rows, entities = rows + sum(one.size for one in lines), entities + len(lines)
    _write(online, plan, [], {"until": moment, "since": first, "at": to_micros(datetime.now(UTC))}, filling)
    _drop_older(online, plan)
    return Filled(plan.entity.name, plan.source.name, rows, entities, begun, from_micros(moment))


def _begin(online: OnlineFeatures, plan: Plan, mark: str | None, moment: int) -> str:
    """Have streams leave out what the table brings, before it is read: else they would write it meanwhile too."""
    while True:
        told = read_mark(mark)
        filling = {**({"first": True} if told is None else told), "filling": moment, "by": uuid4().hex}
        text = orjson.dumps(filling).decode()
        try:
            online.store.append([], {plan.part: text}, None, {plan.part: mark})
        except Overtaken:
            mark = online.mark(plan)
        else:
            return text


def _write(
    online: OnlineFeatures, plan: Plan, lines: Sequence[Lines], told: Mapping[str, int] | None, filling: str
) -> None:
    marks = None if told is None else {plan.part: orjson.dumps(told).decode()}
    try:
        online.store.append(lines, marks, online.keep, {plan.part: filling})
    except Overtaken as error:
        what = f"{plan.entity.name} of {plan.source.name}"
        hint = "leave it to the other one: no row is written twice"
        raise FeatureError(f"another process began to fill {what}", hint=hint) from error


@dataclass(frozen=True, slots=True)
class _Span:
    """What is to be written, in microseconds: what became known after a time, for questions from a first time on."""

    after: int | None
    first: int
    until: int


def _by_entity(rows: Iterable[tuple[Any, ...]]) -> Iterator[OfEntity]:
    for text, many in groupby(rows, key=itemgetter(0)):
        yield text, [list(row) for _, *row in many]


def _read(tables: Tables, plan: Plan, span: _Span) -> Iterator[tuple[Any, ...]]:
    """Give the key and the kept row of what is to be written, those of an entity together."""
    with connect() as connection, explained(f"the rows of {plan.source.name} can't be read"):
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


def _chunks(many: Iterable[OfEntity]) -> Iterator[list[OfEntity]]:
    chunk: list[OfEntity] = []
    for one in many:
        chunk.append(one)
        if len(chunk) == _WRITTEN:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _drop_older(online: OnlineFeatures, plan: Plan) -> None:
    """Forget what older definitions have filled, but the last: processes that still have it answer by it."""
    same = plan.part.rpartition("/")[0] + "/"
    older = [part for part in online.store.parts() if part.startswith(same) and part != plan.part]
    marks = online.store.marks(same)
    older.sort(key=lambda part: orjson.loads(marks.get(part, "{}")).get("at", 0))
    for part in older[:-1]:
        online.store.drop(part)
