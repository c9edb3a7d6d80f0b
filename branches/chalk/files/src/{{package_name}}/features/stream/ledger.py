"""Rows and how far their stream is, kept together: in one transaction of the online store, so each row counts once.

After a crash the store has the rows of a batch and its progress, or neither. A row that is delivered once more all the
same (by a member of the group that did not know yet that it lost the partition) has the place of the first, and is it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import chain, repeat
from typing import Any, TypeAlias

import orjson

from ..errors import FeatureError
from ..online.features import OnlineFeatures, read_mark
from ..online.lacking import OfEntity, Seen, lacking, see
from ..online.plan import Kept, Plan, key_text
from ..online.protocol import Lines, Overtaken
from ..online.streams import PARTITIONS, stream_prefix
from .columns import Rows
from .dead_letters import DeadLetters
from .intake import Progress, Taken
from .messages import Partition

_ByKey: TypeAlias = dict[str | int, list[bytes]]


class Ledger:
    """Keeps what a stream brings, in the online features and the dead letters."""

    def __init__(self, features: OnlineFeatures, dead_letters: DeadLetters | None = None) -> None:
        self._features, self._dead = features, dead_letters
        self._seen: Seen = {}

    def progress(self, source: str, partition: Partition) -> Progress | None:
        """Tell how far a partition is; None if it is to be read from its beginning."""
        found = [self._mark(plan, partition) for plan in self._plans(source)]
        known = [one for one in found if one is not None]
        return min(known, key=lambda one: one.next) if len(known) == len(found) else None

    def keep(self, taken: Sequence[Taken]) -> None:
        """Keep rows, dead letters and progress.

        Raises
        ------
        FeatureError
            If a store can't be used; then the online features are as before.
        """
        for one in taken:
            if one.partition.number >= PARTITIONS:
                hint = f"give it {PARTITIONS} at most"
                raise FeatureError(f"{one.partition.topic} has too many partitions", hint=hint)
            if one.dead and self._dead is not None:
                self._dead.add(one.source.name, one.dead)
        self._add(taken, progress=True)

    def add(self, taken: Taken) -> None:
        """Keep rows, and leave progress as it is; those that tables may have brought are kept if they are not there.

        Equal rows of several calls are each one row: a ledger counts them.

        Raises
        ------
        FeatureError
            If the store can't be used, or a table is being read; then the online features are as before.
        """
        self._add([taken], progress=False)

    def _add(self, taken: Sequence[Taken], *, progress: bool) -> None:
        while True:
            try:
                self._append(taken, progress=progress)
                return
            except Overtaken:  # a table began to be read, or was read, in this moment
                continue

    def _append(self, taken: Sequence[Taken], *, progress: bool) -> None:
        """Add rows, but for those that tables bring: unless one begins to be read before they are added."""
        found: dict[str, tuple[Plan, _ByKey]] = {}
        older: list[tuple[Plan, list[OfEntity]]] = []
        lacked: list[Lines] = []
        marks: dict[str, str] = {}
        expected: dict[str, str | None] = {}
        for one in taken:
            done = orjson.dumps(asdict(one.progress)).decode()
            for plan in self._plans(one.source.name):
                if plan.part not in expected:
                    expected[plan.part] = self._features.mark(plan)
                until = _handover(expected[plan.part])
                rows = one.rows if until is None else one.rows.known_after(until)
                _, by_key = found.setdefault(plan.part, (plan, {}))
                _gather(plan, rows, one.partition.number, by_key)
                if progress:
                    marks[mark_name(plan, one.partition)] = done
                elif until is not None:
                    older.append((plan, _known_by(plan, one, until, expected[plan.part])))
                    lacked += lacking(self._features, *older[-1], self._seen)
        lines = (line for plan, by_key in found.values() for line in _lines(plan, by_key))
        self._features.append(chain(lacked, lines), marks, expected)
        for plan, many in older:
            see(self._seen, plan, many)

    def tidy(self, at: datetime) -> int:
        """Compact what has grown."""
        return self._features.tidy(at)

    def _mark(self, plan: Plan, partition: Partition) -> Progress | None:
        # A part that is not filled may have been dropped while its stream ran: what it held must come again.
        found = self._features.store.marks(name := mark_name(plan, partition)).get(name)
        return None if found is None or self._features.filled(plan) is None else Progress(**orjson.loads(found))

    def _plans(self, source: str) -> list[Plan]:
        found = [plan for plan in self._features.plans if plan.source.name == source]
        if not found:
            raise FeatureError(f"no feature is made of {source}", hint="define one, or leave its topic out")
        return found


def _handover(mark: str | None) -> int | None:
    """Tell until when rows were known that tables brought, or are bringing: their events are left out."""
    told = read_mark(mark) or {}
    return max((told[name] for name in ("until", "filling") if name in told), default=None)


def _known_by(plan: Plan, taken: Taken, until: int, mark: str | None) -> list[OfEntity]:
    """Choose the rows that were known by a time: tables may have brought them."""
    if "filling" in (read_mark(mark) or {}):
        hint = "do it again when `features materialise` has ended; repeat that if it was interrupted"
        raise FeatureError(f"the table of {plan.source.name} is being read", hint=hint)
    by_key: dict[str, list[Kept]] = {}
    rows = taken.rows.known_by(until)
    for key, row in zip(rows.keys, _kept(plan, rows, taken.partition.number), strict=True):
        by_key.setdefault(key_text(plan.entity, key), []).append(list(row))
    return list(by_key.items())


def mark_name(plan: Plan, partition: Partition) -> str:
    """Name the mark of a partition: a changed definition has marks of its own, and reads the stream anew."""
    file = f"{partition.file}/" if partition.file else ""
    return f"{stream_prefix(plan)}{partition.topic}/{file}{partition.number}"


def _gather(plan: Plan, rows: Rows, number: int, by_key: _ByKey) -> None:
    """Write rows as a plan keeps them, and add them to those of their entities.

    Parameters
    ----------
    number
        Of the partition: rows of two partitions have different places.
    """
    lines = map(orjson.dumps, _kept(plan, rows, number), repeat(None), repeat(orjson.OPT_APPEND_NEWLINE))
    for key, line in zip(rows.keys, lines, strict=True):
        by_key.setdefault(key, []).append(line)


def _kept(plan: Plan, rows: Rows, number: int) -> Iterator[tuple[Any, ...]]:
    names = list(plan.source.columns)
    values = [rows.values[names.index(column)] for column in plan.columns]
    places = [place * PARTITIONS + number for place in rows.places]
    return zip(rows.times, rows.created, places, *values, strict=True)


def _lines(plan: Plan, by_key: _ByKey) -> Iterator[Lines]:
    """Give the lines of entities in the order of their keys: so pages of a file are written once."""
    for key in sorted(by_key):
        yield Lines(plan.part, key_text(plan.entity, key), b"".join(by_key[key]), len(by_key[key]))
