"""What is known of an entity from one source: enough rows that every value at every later time is exact.

A state is written as lines, a row each, so that new rows are appended without reading the old ones. What is there twice
or out of order is put right when the state is read; what is no longer needed is dropped when it is expired.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from operator import itemgetter
from typing import Any

import orjson

from ..definitions.entities import Kind
from ..definitions.expressions import Expression, has_now
from ..definitions.features import COUNTS, Latest, Session, Stored, Window
from ..oracle import aggregated
from ..semantics import FeatureValue, Status
from ..times import from_micros, micros, to_micros
from .plan import HEAD, Kept, Plan, to_line

_TIME = itemgetter(0)
_CREATED = itemgetter(1)
_ORDER = itemgetter(0, 1, 2)
_CODES = {Status.PRESENT: "P", Status.NULL: "N", Status.EXPIRED: "E", Status.MISSING: "M"}
_STATUSES = {code: status for status, code in _CODES.items()}
_NEVER = 2**62  # microseconds: no value changes then


@dataclass(frozen=True, slots=True)
class Computed:
    """The values of a plan's features, in its order, and how long they hold.

    Attributes
    ----------
    since, until
        Microseconds: they are exact at all times t with since <= t < until, if no row is added.
    """

    values: list[FeatureValue]
    since: int
    until: int

    def to_bytes(self) -> bytes:
        """Write the values."""
        values = [_plain(one.value) for one in self.values]
        times = [None if one.time is None else _plain(one.time) for one in self.values]
        return orjson.dumps([values, "".join(_CODES[one.status] for one in self.values), times])


def read_values(plan: Plan, data: bytes) -> list[FeatureValue]:
    """Read what `Computed.to_bytes` wrote."""
    values, codes, times = orjson.loads(data)
    moments = {time: None if time is None else from_micros(time) for time in set(times)}  # many are of one row
    found = []
    for value, code, time, stamped in zip(values, codes, times, plan.stamped, strict=True):
        own = from_micros(value) if stamped and code == "P" else value  # a default is what was written
        found.append(FeatureValue(own, _STATUSES[code], moments[time]))
    return found


class State:
    """The rows of an entity in one source.

    Parameters
    ----------
    rows
        As `Plan.keep` makes them, in any order; a row with the times and the place of another is that one again.
    since
        Microseconds: values are exact from this time on. What only earlier ones need was dropped.
    forgotten
        Microseconds: the newest row that was dropped from sessions.
    """

    __slots__ = ("forgotten", "plan", "rows", "since")

    def __init__(self, plan: Plan, rows: Iterable[Kept] = (), since: int = -_NEVER, forgotten: int = -_NEVER) -> None:
        self.plan = plan
        self.rows = _in_order(rows)
        self.since = since
        self.forgotten = forgotten

    @classmethod
    def from_bytes(cls, plan: Plan, data: bytes) -> State:
        """Read what `to_bytes` wrote, and the lines that were appended to it."""
        lines = orjson.loads(b"[" + data.rstrip(b"\n").replace(b"\n", b",") + b"]")  # JSON has no raw line break
        if lines and len(lines[0]) < HEAD:
            return cls(plan, lines[1:], *lines[0])
        return cls(plan, lines)

    def to_bytes(self) -> bytes:
        """Write it as lines."""
        return orjson.dumps([self.since, self.forgotten]) + b"\n" + b"".join(map(to_line, self.rows))

    def add(self, row: Kept) -> bool:
        """Add a row.

        Returns
        -------
        bool
            False if it is so late that rows it would have joined to a session are gone: sessions may be shorter then.
        """
        rows, order = self.rows, row[:HEAD]
        if not rows or rows[-1] < order:
            rows.append(row)
        else:
            at = bisect_left(rows, order, key=lambda one: one[:HEAD])
            if at == len(rows) or rows[at][:HEAD] != order:
                rows.insert(at, row)
        time: int = row[0]
        return self.forgotten < time - _longest_gap(self.plan)

    def value_at(self, feature: Stored, at: datetime | int) -> FeatureValue:
        """Compute a feature of the plan, as the semantics have it.

        Parameters
        ----------
        at
            Not before `since`, which is where exact values begin.
        """
        moment = at if isinstance(at, int) else _plain(at)
        return _value(self.plan, feature, _visible(self.rows, moment), moment, {})

    def compute(self, at: datetime | int) -> Computed:
        """Compute all features of the plan, and how long they hold if no row is added."""
        moment = at if isinstance(at, int) else _plain(at)
        visible = _visible(self.rows, moment)
        chosen: dict[tuple[Any, ...], list[Kept]] = {}
        features = self.plan.features.values()
        values = [_value(self.plan, one, visible, moment, chosen) for one in features]
        return Computed(values, moment, _until(self, visible, moment))

    def expire(self, at: datetime | int) -> None:
        """Drop what no question at this time or later needs."""
        moment = at if isinstance(at, int) else _plain(at)
        needed: set[int] = set()
        for feature in self.plan.features.values():
            if isinstance(feature, Session):
                needed |= self._of_session(feature, moment)
            elif isinstance(feature, Window):
                first = bisect_right(self.rows, moment - micros(feature.over), key=_TIME)
                needed.update(self._asked(feature.where, first))
        if any(isinstance(one, Latest) for one in self.plan.features.values()):
            needed |= _newest(self.rows, moment)
        self.rows = [self.rows[place] for place in sorted(needed)]
        self.since = max(self.since, moment)

    def _of_session(self, feature: Session, at: int) -> set[int]:
        """Give the rows of sessions that are open, or that a row could join that comes as late as is allowed."""
        gap, rows = micros(feature.gap), self.rows
        asked = list(self._asked(feature.where, 0))
        first = bisect_left(asked, at - micros(self.plan.lateness) - gap, key=lambda place: rows[place][0])
        while 0 < first < len(asked) and rows[asked[first]][0] - rows[asked[first - 1]][0] <= gap:
            first -= 1
        if first > 0:
            self.forgotten = max(self.forgotten, rows[asked[first - 1]][0])
        return set(asked[first:])

    def _asked(self, where: Expression | None, first: int) -> Iterable[int]:
        places = range(first, len(self.rows))
        if where is None or has_now(where):
            return places
        return [place for place in places if _matches(self.plan, where, self.rows[place], 0)]


def _in_order(rows: Iterable[Kept]) -> list[Kept]:
    found = sorted(rows, key=_ORDER)
    twice = any(one[:HEAD] == other[:HEAD] for one, other in pairwise(found))
    return list({tuple(row[:HEAD]): row for row in reversed(found)}.values())[::-1] if twice else found


def _visible(rows: list[Kept], at: int) -> list[Kept]:
    past = rows[: bisect_right(rows, at, key=_TIME)]
    return past if not past or max(map(_CREATED, past)) <= at else [row for row in past if row[1] <= at]


def _newest(rows: Sequence[Kept], at: int) -> set[int]:
    """Give the rows that are the last visible one at some time from `at` on: each is known before all later ones."""
    found, known = set(), _NEVER
    for place in range(len(rows) - 1, -1, -1):
        seen = max(rows[place][0], rows[place][1], at)
        if seen < known:
            found.add(place)
            known = seen
    return found


def _value(
    plan: Plan, feature: Stored, visible: list[Kept], at: int, chosen: dict[tuple[Any, ...], list[Kept]]
) -> FeatureValue:
    """Compute a feature; `chosen` remembers the rows of windows that others have too."""
    if isinstance(feature, Latest):
        return _latest(plan, feature, visible, at)
    span = feature.over if isinstance(feature, Window) else feature.gap
    same = (type(feature), span, id(feature.where))
    rows = chosen.get(same)
    if rows is None:
        rows = chosen[same] = _choose(plan, feature, visible, at)
    if not rows:
        zero = 0 if feature.default is None and feature.aggregate in COUNTS else feature.default
        return FeatureValue(zero, Status.MISSING)
    newest = from_micros(rows[-1][0])
    if feature.column is None:
        return FeatureValue(len(rows), Status.PRESENT, newest)
    place = plan.place(feature.column)
    value = aggregated(feature, [row[place] for row in rows])
    if feature.kind is Kind.TIMESTAMP and value is not None:
        value = from_micros(value)
    return FeatureValue(value, Status.NULL if value is None else Status.PRESENT, newest)


def _latest(plan: Plan, feature: Latest, visible: list[Kept], at: int) -> FeatureValue:
    if not visible:
        return FeatureValue(feature.default, Status.MISSING)
    last = visible[-1]
    time = from_micros(last[0])
    if feature.ttl is not None and at - last[0] > micros(feature.ttl):
        return FeatureValue(feature.default, Status.EXPIRED, time)
    value = last[plan.place(feature.column.name)]
    if value is None:
        return FeatureValue(None, Status.NULL, time)
    return FeatureValue(from_micros(value) if feature.kind is Kind.TIMESTAMP else value, Status.PRESENT, time)


def _choose(plan: Plan, feature: Window | Session, visible: list[Kept], at: int) -> list[Kept]:
    if isinstance(feature, Window):
        visible = visible[bisect_right(visible, at - micros(feature.over), key=_TIME) :]
    if feature.where is not None:
        visible = [row for row in visible if _matches(plan, feature.where, row, at)]
    if isinstance(feature, Window):
        return visible
    gap, until, first = micros(feature.gap), at, len(visible)
    while first > 0 and until - visible[first - 1][0] <= gap:
        first -= 1
        until = visible[first][0]
    return visible[first:]


def _until(state: State, visible: list[Kept], at: int) -> int:
    """Find the next time at which a value may change although no row is added."""
    ends = [_NEVER]
    if len(visible) < len(state.rows):  # rows that happen, or are known, only later
        ends += [seen for row in state.rows if (seen := max(row[0], row[1])) > at]
    for feature in state.plan.features.values():
        if not isinstance(feature, Latest) and has_now(feature.where):
            return at
        if isinstance(feature, Window):
            first = bisect_right(visible, at - micros(feature.over), key=_TIME)
            ends += [row[0] + micros(feature.over) for row in visible[first : first + 1]]
        elif isinstance(feature, Session):
            rows = _choose(state.plan, feature, visible, at)
            ends += [row[0] + micros(feature.gap) + 1 for row in rows[-1:]]
        elif feature.ttl is not None:
            ends += [row[0] + micros(feature.ttl) + 1 for row in visible[-1:]]
    return min(end for end in ends if end > at)


def _matches(plan: Plan, where: Expression, row: Kept, at: int) -> bool:
    values = {
        name: from_micros(value) if value is not None and plan.source.columns[name] is Kind.TIMESTAMP else value
        for name, value in zip(plan.columns, row[HEAD:], strict=True)
    }
    return where.evaluate(values, from_micros(at)) is True


def _longest_gap(plan: Plan) -> int:
    gaps = [micros(one.gap) for one in plan.features.values() if isinstance(one, Session)]
    return max(gaps, default=-_NEVER)


def _plain(value: Any) -> Any:
    return to_micros(value) if isinstance(value, datetime) else value
