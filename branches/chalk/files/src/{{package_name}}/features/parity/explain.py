"""Why a value is not the same online and offline: the rows of both sides are compared, and computed by brute force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from ..definitions.features import Latest, OnDemand, meaning
from ..definitions.sets import FeatureSet
from ..engines.connection import connect, explained
from ..engines.protocol import Reader
from ..online.features import OnlineFeatures
from ..online.plan import HEAD, Kept, Plan, key_text
from ..online.reading import Found
from ..online.state import State
from ..oracle import Row, value_at
from ..semantics import FeatureValue
from ..times import from_micros, to_micros
from .compare import alike

Explanation: TypeAlias = tuple[FeatureValue | None, str, str]
"""The value by the rows kept online, the reason of a difference, and what shows it."""

_SHOWN = 3
_RELEASE = ": is that of another release?"


class Explainer:
    """Explains differences of a feature set."""

    def __init__(self, online: OnlineFeatures, reader: Reader, features: FeatureSet, tolerance: float) -> None:
        self._online, self._reader, self._features, self._tolerance = online, reader, features, tolerance
        self._rows: dict[tuple[str, Any], dict[tuple[int, int], list[Row]]] = {}

    def explain(self, name: str, key: Any, time: datetime, there: Found, others: Found) -> Explanation:
        """Say what a value computed of the rows kept online is, the reason of a difference, and what shows it.

        Parameters
        ----------
        there, others
            What the entity has online, and offline.
        """
        feature = self._features[name]
        theirs = self._online.definitions[self._features.name]
        if theirs.fingerprint(name) != self._features.fingerprint(name):
            return None, *_of_definitions(theirs, self._features, name)
        online, offline = there[name], others[name]
        if isinstance(feature, OnDemand):
            return self._of_parts(feature, key, time, there, others)
        plan = self._plan(f"{self._features.name}.{name}")
        (data,) = self._online.store.states([(plan.part, key_text(plan.entity, key))])
        state = State(plan) if data is None else State.from_bytes(plan, data)
        stream = state.value_at(feature, time)
        rows = self._source_rows(plan, key)
        known = [row for row in rows if row.created <= time]
        if not alike(online, stream, self._tolerance):
            return stream, "kept value", "the value that is kept is not that of the rows that are kept beside it"
        exact = value_at(feature, rows, time)
        if not alike(exact, offline, self._tolerance):
            return stream, "offline computation", f"by brute force it is {exact.value!r} ({exact.status})"
        if alike(exact, online, self._tolerance):
            return stream, "rounding", f"by brute force it is {exact.value!r}, which both are by the tolerance"
        return stream, *self._of_rows(plan, state, known)

    def _of_parts(self, feature: OnDemand, key: Any, time: datetime, there: Found, others: Found) -> Explanation:
        """Explain a value by that of its parts which differs too."""
        parts = sorted(feature.expression.names())
        for part in parts:
            if not alike(there[part], others[part], self._tolerance):
                _, reason, told = self.explain(part, key, time, there, others)
                return None, reason, f"it is made of {part}: {told}"
        return None, "definition", f"what it is made of is the same: {', '.join(parts) or 'the request'}"

    def _of_rows(self, plan: Plan, state: State, known: list[Row]) -> tuple[str, str]:
        """Tell which rows one side lacks."""
        kept = {(row[0], row[1]) for row in state.rows}
        needed = State(plan, [_kept(plan, row) for row in known])
        needed.expire(state.since)
        lacking = sorted({(row[0], row[1]) for row in needed.rows} - kept)
        added = sorted(kept - {(to_micros(row.time), to_micros(row.created)) for row in known})
        told = self._online.filled(plan) or {}
        if lacking and all(created > told.get("until", state.since) for _, created in lacking):
            return "late data", f"not written online yet: {_told(lacking)}; run `features materialise`"
        if any(created > time for time, created in lacking):
            return "late data", f"rows that came late are not online: {_told(lacking)}"
        if lacking:
            return "rows", f"rows of {plan.source.name} are not online: {_told(lacking)}"
        if added:
            return "rows", f"rows are online that {plan.source.name} lacks: {_told(added)}"
        return "rows", "rows of the same times have other values"

    def _plan(self, reference: str) -> Plan:
        return next(plan for plan in self._online.plans if reference in plan.features)

    def _source_rows(self, plan: Plan, key: Any) -> list[Row]:
        with connect() as connection, explained(f"the rows of {plan.source.name} can't be read"):
            self._reader.scan(plan.source, plan.columns).create(connection, "rows")
            times = "epoch_us(_time) AS _t, epoch_us(_created) AS _c, _place"
            chosen = connection.view("rows").filter(f"_key = {_literal(key)}")
            columns = ", ".join(f'"{name}"' for name in plan.columns)
            table = chosen.project(f"{times}, {columns}" if columns else times).to_arrow_table()
        rows = (one.values() for one in table.to_pylist())
        return [_row(plan, list(values)) for values in rows]


def _of_definitions(theirs: FeatureSet, ours: FeatureSet, name: str) -> tuple[str, str]:
    """Tell what is defined otherwise online, as by a service of another release."""
    one, other = theirs[name], ours[name]
    if theirs.kinds[name] is not ours.kinds[name]:
        return "type", f"it is {theirs.kinds[name]} online, and {ours.kinds[name]} offline{_RELEASE}"
    if isinstance(one, Latest) and isinstance(other, Latest) and meaning(replace(one, ttl=other.ttl)) == meaning(other):
        return "ttl", f"its ttl is {one.ttl} online, and {other.ttl} offline{_RELEASE}"
    if isinstance(one, OnDemand) and isinstance(other, OnDemand):
        parts = sorted(one.expression.names()) if one.expression.to_json() == other.expression.to_json() else []
        for part in (part for part in parts if theirs.fingerprint(part) != ours.fingerprint(part)):
            reason, told = _of_definitions(theirs, ours, part)
            return reason, f"it is made of {part}: {told}"
    return "definition", f"what is asked for online is defined otherwise{_RELEASE}"


def _row(plan: Plan, values: list[Any]) -> Row:
    named: Mapping[str, Any] = dict(zip(plan.columns, values[HEAD:], strict=True))
    return Row(from_micros(values[0]), from_micros(values[1]), values[2], named)


def _kept(plan: Plan, row: Row) -> Kept:
    values = (row.values[name] for name in plan.columns)
    plain = (to_micros(value) if isinstance(value, datetime) else value for value in values)
    return [to_micros(row.time), to_micros(row.created), row.place, *plain]


def _literal(key: Any) -> str:
    return str(key) if isinstance(key, int) else "'" + str(key).replace("'", "''") + "'"


def _told(rows: list[tuple[int, int]]) -> str:
    shown = ", ".join(from_micros(time).isoformat() for time, _ in rows[:_SHOWN])
    return f"{shown} and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else shown
