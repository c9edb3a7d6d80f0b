"""Messages become rows: read, checked, and judged by how late they are. Pure: the same messages give the same rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from ...errors import first_line
from ..definitions.entities import Kind, Source
from ..times import from_micros, micros
from .checks import Drift, Reason, Rejected, RowChecker, StreamRow
from .columns import Rows, read_columns
from .decoding import Decode, decode_json
from .messages import Messages, Partition, Payload

_BLOCK = 1000  # messages that are looked at together

Late: TypeAlias = Literal["accept", "drop", "dead_letter"]
"""What becomes of rows behind the watermark; those that are accepted change no answer of before, as semantics say."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done with events that are not as they should be.

    Attributes
    ----------
    lateness
        How far the watermark is behind the newest event of a partition; what is older is late.
    future
        How far ahead of this machine's clock an event may be.
    """

    late: Late = "accept"
    lateness: timedelta = timedelta(hours=1)
    future: timedelta = timedelta(minutes=5)
    missing: Drift = "dead_letter"
    unknown: Drift = "accept"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a partition is, and what became of its messages so far.

    Attributes
    ----------
    next
        The offset that comes next.
    newest
        Event time of the newest row, in microseconds; None without rows.
    """

    next: int = 0
    newest: int | None = None
    rows: int = 0
    late: int = 0
    dropped: int = 0
    rejected: int = 0

    def watermark(self, lateness: timedelta) -> int | None:
        """Give the event time, in microseconds, before which rows are late."""
        return None if self.newest is None else self.newest - micros(lateness)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that is no row, with the reason."""

    partition: Partition
    offset: int
    reason: Reason
    detail: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Taken:
    """What messages came to."""

    source: Source
    partition: Partition
    progress: Progress
    rows: Rows
    dead: list[DeadLetter]


@dataclass(slots=True)
class _Counts:
    late: int = 0
    dropped: int = 0


class Intake:
    """Makes rows of the messages of one source.

    Parameters
    ----------
    clock
        Tells the time of this machine in microseconds since 1970.
    """

    def __init__(
        self,
        source: Source,
        clock: Callable[[], int],
        key: Kind = Kind.STRING,
        policy: Policy | None = None,
        decode: Decode = decode_json,
    ) -> None:
        self.source, self.policy, self._clock, self._key, self._decode = source, policy or Policy(), clock, key, decode
        self._checker = RowChecker(source, key, missing=self.policy.missing, unknown=self.policy.unknown)

    def take(self, messages: Messages, progress: Progress) -> Taken:
        """Make rows of messages that were not taken before.

        Parameters
        ----------
        progress
            Of their partition, before them.
        """
        latest = self._clock() + micros(self.policy.future)
        rows, dead, counts, newest = Rows.of(self.source), list[DeadLetter](), _Counts(), progress.newest
        for part in messages.blocks(_BLOCK):
            found = self._quickly(part, newest, latest, counts)
            if found is None:
                found = self._one_by_one(part, newest, latest, counts, dead)
            if found.times:  # those that are left out as late are older
                newest = max(found.times) if newest is None else max(newest, *found.times)
            rows.extend(found)
        after = Progress(
            messages.offsets[-1] + 1,
            newest,
            progress.rows + len(rows),
            progress.late + counts.late,
            progress.dropped + counts.dropped,
            progress.rejected + len(dead),
        )
        return Taken(self.source, messages.partition, after, rows, dead)

    def _quickly(self, messages: Messages, newest: int | None, latest: int, counts: _Counts) -> Rows | None:
        """Take messages of which each is a row; None if one might not be."""
        policy = self.policy
        try:
            events = list(map(self._decode, messages.payloads))
        except Rejected:
            return None
        rows = read_columns(self.source, self._key, events, list(messages.offsets), policy.unknown)
        if rows is None or max(*rows.times, *rows.created) > latest:
            return None
        late = rows.count_late(rows.times[0] if newest is None else newest, micros(policy.lateness))
        if late and policy.late != "accept":
            return None
        counts.late += late
        return rows

    def _one_by_one(
        self, messages: Messages, newest: int | None, latest: int, counts: _Counts, dead: list[DeadLetter]
    ) -> Rows:
        policy, lateness = self.policy, micros(self.policy.lateness)
        rows: list[StreamRow] = []
        for offset, payload in zip(messages.offsets, messages.payloads, strict=True):
            try:
                row = self._row(payload, offset, latest)
                if newest is None or row.time > newest:
                    newest = row.time
                elif row.time < newest - lateness:
                    counts.late += 1
                    if policy.late == "drop":
                        counts.dropped += 1
                        continue
                    if policy.late == "dead_letter":
                        raise Rejected(Reason.LATE, _lateness(row.time, newest))
                rows.append(row)
            except Rejected as error:
                dead.append(DeadLetter(messages.partition, offset, error.reason, error.detail, payload))
        return Rows.of(self.source, rows)

    def _row(self, payload: Payload, offset: int, latest: int) -> StreamRow:
        event = self._decode(payload)
        try:
            row = self._checker.row(event, offset)
        except (TypeError, AttributeError, ValueError) as error:  # it is no object, or holds what no kind was made for
            raise Rejected(Reason.WRONG_TYPE, first_line(error)) from None
        for name, moment in ((self.source.time, row.time), (self.source.created, row.created)):
            if moment > latest:
                raise Rejected(Reason.FUTURE, f"{name} is {from_micros(moment)}, which is yet to come")
        return row


def _lateness(time: int, newest: int) -> str:
    return f"it happened at {from_micros(time)}, and {from_micros(newest)} was already seen"
