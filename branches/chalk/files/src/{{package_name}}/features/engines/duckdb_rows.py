"""Tables of what features are made of, in DuckDB: per question the aggregates, and the newest row.

There are two ways to the same values. The quick one unites rows and questions, sorts them once by event time, and looks
back from each question over a frame: (t - w, t] in microseconds is `RANGE BETWEEN w - 1 PRECEDING AND CURRENT ROW`. It
takes a row as known when it happened. Where a row is known later, the running maximum of the times at which rows became
known lies after t: just these questions go the exact way, which joins each with the rows that it may see. The newest
row needs no join: among the rows in the order in which they are seen, it is the highest so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..definitions.entities import Kind
from ..definitions.expressions import Expression
from ..definitions.features import Aggregate, Session, Window
from ..times import micros
from .expressions import quoted, to_sql, wide_sql
from .grouping import Group

_FUNCTIONS = {
    Aggregate.COUNT: "COUNT({x})",
    Aggregate.COUNT_DISTINCT: "COUNT(DISTINCT {x})",
    Aggregate.SUM: "SUM({x})",
    Aggregate.MEAN: "AVG({x})",
    Aggregate.MIN: "MIN({x})",
    Aggregate.MAX: "MAX({x})",
    Aggregate.STD: "STDDEV_SAMP({x})",
    Aggregate.FIRST: "MIN({s})",
    Aggregate.LAST: "MAX({s})",
}
_PLACES = 2**64  # more than there can be
# Rows come before the questions of their time.
_ROWS_FIRST = "_at, _row NULLS FIRST, _created, _place"


@dataclass(slots=True)
class Columns:
    """Names of the columns that aggregates are made of, and the SQL of each: every one is computed once."""

    group: Group
    now: str = "NULL"
    sql: dict[str, str] = field(default_factory=dict)

    def _name(self, prefix: str, sql: str) -> str:
        for name, known in self.sql.items():
            if known == sql and name.startswith(prefix):
                return name
        name = f"{prefix}{len(self.sql)}"
        self.sql[name] = sql
        return name

    def marks(self, where: Expression | None) -> str:
        """Name the column that is not NULL for the rows that count."""
        test = self.test(where)
        return self._name("m", f"CASE WHEN {test} THEN 1 END" if test else "1")

    def values(self, one: Window | Session) -> str:
        """Name the column with the values that count."""
        test = self.test(one.where)
        column = quoted(one.column or "")
        return self._name("x", f"CASE WHEN {test} THEN {column} END" if test else column)

    def rows(self, one: Window | Session) -> str:
        """Name the column with values that are ordered as their rows are; NULL is a value in it."""
        test = self.test(one.where) or "TRUE"
        packed = f"{{'t': _at, 'c': _created, 'p': _place, 'v': {quoted(one.column or '')}}}"
        return self._name("s", f"CASE WHEN {test} THEN {packed} END")

    def aggregate(self, one: Window | Session, tail: str) -> str:
        """Write an aggregate; the tail is `OVER (…)`, `FILTER (…)` or nothing."""
        if one.aggregate is Aggregate.ROWS:
            return f"COUNT({self.marks(one.where)}) {tail}"
        if one.aggregate in {Aggregate.FIRST, Aggregate.LAST}:
            return f"({_FUNCTIONS[one.aggregate].format(s=self.rows(one))} {tail}).v"
        return f"{_FUNCTIONS[one.aggregate].format(x=self.values(one))} {tail}"

    def selected(self) -> str:
        """Write the columns as a part of SELECT."""
        return "".join(f", {sql} AS {name}" for name, sql in self.sql.items())

    def absent(self) -> str:
        """Write as many NULLs, for the questions among the rows."""
        return ", NULL" * len(self.sql)

    def test(self, where: Expression | None) -> str:
        """Write a condition that is true or false; nothing if there is none."""
        if where is None:
            return ""
        kinds = self.group.source.columns
        names = wide_sql(where, {name: quoted(name) for name in kinds}, kinds)
        return f"COALESCE({to_sql(where, names, self.now)}, FALSE)"


def rows_sql(group: Group, columns: Sequence[str], table: str, until: int, keys: str | None) -> str:
    """Select the rows of a group with times in microseconds, up to the last question and of its keys."""
    parts = ["_key, epoch_us(_time) AS _at, epoch_us(_created) AS _created, _place"]
    for name in columns:
        value = f"epoch_us({quoted(name)})" if group.source.columns[name] is Kind.TIMESTAMP else quoted(name)
        parts.append(f"{value} AS {quoted(name)}")
    among = f" AND _key IN (SELECT _key FROM {keys})" if keys else ""
    return f"SELECT {', '.join(parts)} FROM {table} WHERE _time <= make_timestamptz({until}){among}"


def windows_sql(group: Group, asked: Mapping[str, Window], *, late: bool, counted: set[str]) -> str:
    """Write the quick way of windows: `v0, v1, …`, `n0, n1, …`, and `_late` for questions that need the other way."""
    columns = Columns(group)
    parts = []
    for place, (column, feature) in enumerate(asked.items()):
        frame = f"RANGE BETWEEN {micros(feature.over) - 1} PRECEDING AND CURRENT ROW"
        over = f"OVER (PARTITION BY _key ORDER BY _at {frame})"
        parts.append(f"{columns.aggregate(feature, over)} AS v{place}")
        if column in counted:
            parts.append(f"COUNT({columns.marks(feature.where)}) {over} AS n{place}")
    if late:
        parts.append(f"{_late('ORDER BY _at RANGE UNBOUNDED PRECEDING')} AS _late")
    inner = f"SELECT _row, {', '.join(parts)} FROM ({_moments(columns, late=late)})"
    return f"SELECT * FROM ({inner}) WHERE _row IS NOT NULL"


def latest_sql(group: Group, names: Sequence[str], *, late: bool) -> str:
    """Write the quick way to the newest row: `_seen` has its time and its columns."""
    if group.source.created is None:
        return _asof_sql(names)
    columns = Columns(group)
    columns.sql["_seen"] = _packed(names)
    order = f"ORDER BY {_ROWS_FIRST} ROWS UNBOUNDED PRECEDING"
    parts = [f"LAST_VALUE(_seen IGNORE NULLS) OVER (PARTITION BY _key {order}) AS _seen"]
    if late:
        parts.append(f"{_late(order)} AS _late")
    inner = f"SELECT _row, {', '.join(parts)} FROM ({_moments(columns, late=late, ordered=True)})"
    return f"SELECT * FROM ({inner}) WHERE _row IS NOT NULL"


def _asof_sql(names: Sequence[str]) -> str:
    """Write an ASOF join, where rows are known when they happen: one number of 128 bits tells their whole order."""
    rows = f"SELECT _key, {_packed(names)} AS _seen, _at::HUGEINT * {_PLACES} + _place AS _order FROM rows"
    return f"""
        SELECT q._row, r._seen FROM questions q ASOF JOIN ({rows}) r
        ON q._key = r._key AND q._at::HUGEINT * {_PLACES} + {_PLACES - 1} >= r._order"""


def sessions_sql(group: Group, asked: Mapping[str, Session], *, late: bool, counted: set[str]) -> str:
    """Write the quick way of sessions of one gap and one condition."""
    first = next(iter(asked.values()))
    columns = Columns(group)
    test = columns.test(first.where)
    over = "OVER (PARTITION BY _key, _session ORDER BY _at RANGE UNBOUNDED PRECEDING)"
    parts = _parts(columns, asked, over, counted)
    order = f"PARTITION BY _key ORDER BY {_ROWS_FIRST}"
    gap = micros(first.gap)
    known = f", {_late('ORDER BY _at RANGE UNBOUNDED PRECEDING')} AS _late" if late else ""
    moments = _moments(columns, late=late, ordered=True, where=test)
    before = "CASE WHEN _row IS NULL THEN _at END IGNORE NULLS"
    return f"""
        WITH seen AS (
            SELECT *{known},
                LAST_VALUE({before}) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _before
            FROM ({moments})
        ), numbered AS (
            SELECT *, COUNT(CASE WHEN _row IS NULL AND (_before IS NULL OR _at - _before > {gap}) THEN 1 END)
                OVER ({order} ROWS UNBOUNDED PRECEDING) AS _session
            FROM seen
        )
        SELECT * EXCLUDE (_open) FROM (
            SELECT _row, _at - _before <= {gap} AS _open{", _late" if late else ""}, {", ".join(parts)} FROM numbered
        ) WHERE _row IS NOT NULL AND (_open{" OR _late" if late else ""})"""


def pairs_sql(
    group: Group, asked: Mapping[str, Window], counted: set[str], questions: str, *, late: bool = True
) -> str:
    """Write the exact way of windows: each question with the rows that it may see."""
    columns = Columns(group, now="_t")
    parts = []
    longest = 0
    for place, (column, feature) in enumerate(asked.items()):
        span = micros(feature.over)
        longest = max(longest, span)
        only = f"FILTER (WHERE _at > _t - {span})"
        parts.append(f"{columns.aggregate(feature, only)} AS v{place}")
        if column in counted:
            parts.append(f"COUNT({columns.marks(feature.where)}) {only} AS n{place}")
    # Rows are looked for in the span of a question's time and the one before, not among all of their key.
    spans = f"(SELECT *, UNNEST([_at // {longest}, _at // {longest} - 1]) AS _span FROM {questions})"
    pairs = _pairs(spans, f"AND r._at // {longest} = q._span AND r._at > q._at - {longest}", late=late)
    return f"SELECT _row, {', '.join(parts)} FROM (SELECT *{columns.selected()} FROM ({pairs})) GROUP BY _row"


def latest_known_sql(names: Sequence[str], questions: str) -> str:
    """Write the exact way to the newest row: the highest of those that are seen by then, in the order they are seen."""
    packed = _packed(names, ordered=True)
    rows = f"SELECT _key, GREATEST(_at, _created) AS _at, NULL AS _row, {packed} AS _one FROM rows"
    seen = "MAX(_one) OVER (PARTITION BY _key ORDER BY _at RANGE UNBOUNDED PRECEDING) AS _seen"
    union = f"{rows} UNION ALL SELECT _key, _at, _row, NULL FROM {questions}"
    back = ", ".join(f"{quoted(name)}: _seen.{quoted(name)}" for name in ("_time", *names))
    inner = f"SELECT _row, {seen} FROM ({union})"
    return f"SELECT _row, {{{back}}} AS _seen FROM ({inner}) WHERE _row IS NOT NULL AND _seen IS NOT NULL"


def session_pairs_sql(group: Group, asked: Mapping[str, Session], counted: set[str], questions: str) -> str:
    """Write the exact way of sessions: back from each question, until a gap is too long."""
    first = next(iter(asked.values()))
    columns = Columns(group, now="_t")
    test = columns.test(first.where) or "TRUE"
    parts = _parts(columns, asked, "", counted)
    gap = micros(first.gap)
    back = "ORDER BY _at DESC, _created DESC, _place DESC"
    return f"""
        WITH pairs AS (SELECT * FROM ({_pairs(questions)}) WHERE {test}),
        gaps AS (
            SELECT *, COALESCE(LAG(_at) OVER (PARTITION BY _row {back}), _t) - _at > {gap} AS _broken FROM pairs
        ), chosen AS (
            SELECT *, COUNT(CASE WHEN _broken THEN 1 END)
                OVER (PARTITION BY _row {back} ROWS UNBOUNDED PRECEDING) AS _breaks
            FROM gaps
        )
        SELECT _row, {", ".join(parts)} FROM (SELECT *{columns.selected()} FROM chosen WHERE _breaks = 0)
        GROUP BY _row"""


def _parts(columns: Columns, asked: Mapping[str, Session], tail: str, counted: set[str]) -> list[str]:
    parts = []
    for place, (column, feature) in enumerate(asked.items()):
        parts.append(f"{columns.aggregate(feature, tail)} AS v{place}")
        if column in counted:
            parts.append(f"COUNT({columns.marks(feature.where)}) {tail} AS n{place}")
    return parts


def _packed(names: Sequence[str], *, ordered: bool = False) -> str:
    fields = {"_time": "_at"} | ({"_created": "_created", "_place": "_place"} if ordered else {})
    fields |= {name: quoted(name) for name in names}
    return f"{{{', '.join(f'{quoted(name)}: {sql}' for name, sql in fields.items())}}}"


def _late(order: str) -> str:
    return f"COALESCE(MAX(_known) OVER (PARTITION BY _key {order}) > _at, FALSE)"


def _moments(columns: Columns, *, late: bool, ordered: bool = False, where: str = "") -> str:
    extra = (", _created AS _known" if late else "") + (", _created, _place" if ordered else "")
    none = (", NULL" if late else "") + (", NULL, NULL" if ordered else "")
    only = f" WHERE {where}" if where else ""
    rows = f"SELECT _key, _at, CAST(NULL AS BIGINT) AS _row{extra}{columns.selected()} FROM rows{only}"
    return f"{rows} UNION ALL SELECT _key, _at, _row{none}{columns.absent()} FROM questions"


def _pairs(questions: str, more: str = "", *, late: bool = True) -> str:
    known = "AND r._created <= q._at" if late else ""
    join = f"SELECT q._row, q._at AS _t, r.* FROM {questions} q JOIN rows r"
    return f"{join} ON r._key = q._key AND r._at <= q._at {known} {more}"
