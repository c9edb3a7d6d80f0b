"""Why a value is not the same online and offline: the rows of both sides are compared, and computed by brute force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from ..definitions.features import OnDemand
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
from .compare import kind_of_difference

Explanation: TypeAlias = tuple[FeatureValue | None, str, str]
"""The value by the rows kept online, the reason of a difference, and what shows it."""

_SHOWN = 3


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
        if self._online.definitions[self._features.name].fingerprint(name) != self._features.fingerprint(name):
            return None, "definition", "what is asked for online is defined otherwise: is it of another release?"
        online, offline = there[name], others[name]
        if isinstance(feature, OnDemand):
            return self._of_parts(feature, key, time, there, others)
        plan = self._plan(f"{self._features.name}.{name}")
        (data,) = self._online.store.states([(plan.part, key_text(plan.entity, key))])
        state = State(plan) if data is None else State.from_bytes(plan, data)
        stream = state.value_at(feature, time)
        rows = self._source_rows(plan, key)
        known = [row for row in rows if row.created <= time]
        difference = kind_of_difference(online, offline, self._tolerance)
        if kind_of_difference(online, stream, self._tolerance) is not None:
            return stream, "kept value", "the value that is kept is not that of the rows that are kept beside it"
        exact = value_at(feature, rows, time)
        if kind_of_difference(exact, offline, self._tolerance) is not None:
            return stream, "offline computation", f"by brute force it is {exact.value!r} ({exact.status})"
        if kind_of_difference(exact, online, self._tolerance) is None:
            return stream, difference or "value", "both are right by brute force"
        return stream, *self._of_rows(plan, state, known, difference or "value")

    def _of_parts(self, feature: OnDemand, key: Any, time: datetime, there: Found, others: Found) -> Explanation:
        """Explain a value by that of its parts which differs too."""
        parts = sorted(feature.expression.names())
        for part in parts:
            if kind_of_difference(there[part], others[part], self._tolerance) is not None:
                _, reason, told = self.explain(part, key, time, there, others)
                return None, reason, f"it is made of {part}: {told}"
        return None, "definition", f"what it is made of is the same: {', '.join(parts) or 'the request'}"

    def _of_rows(self, plan: Plan, state: State, known: list[Row], difference: str) -> tuple[str, str]:
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
        if difference in {"ttl", "type"}:
            return difference, "the rows are the same"
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
