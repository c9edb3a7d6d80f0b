"""Whether an event is a row of its source: what is wrong with it otherwise is said, and it becomes a dead letter."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias

from ..definitions.entities import Kind, Source
from ..times import EPOCH, MICROSECOND

LARGEST = 2**63 - 1
EARLIEST, LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999  # of the years 1 and 9999

_SHOWN = 60  # characters of a value


class Reason(StrEnum):
    """Why an event can't be a row."""

    UNREADABLE = "unreadable"
    MISSING_COLUMN = "missing_column"
    UNKNOWN_COLUMN = "unknown_column"
    WRONG_TYPE = "wrong_type"
    NO_KEY = "no_key"
    NO_ZONE = "no_zone"
    INFINITE = "infinite"
    FUTURE = "future"
    LATE = "late"


class Rejected(Exception):
    """An event that can't be a row.

    Parameters
    ----------
    reason, detail
        What is wrong, for counting and for people.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class StreamRow(NamedTuple):
    """A row of a source as it came from a stream.

    Attributes
    ----------
    time, created
        Microseconds since 1970 in UTC.
    place
        Its offset: later rows have higher ones.
    values
        In the order of the source's columns; times as microseconds.
    """

    key: str | int
    time: int
    created: int
    place: int
    values: list[Any]


Convert: TypeAlias = Callable[[Any], Any]
Drift: TypeAlias = Literal["dead_letter", "accept"]


class RowChecker:
    """Makes rows of events, by the columns of their source.

    Parameters
    ----------
    source
        What an event should hold.
    key
        What the entity's key is: a text or an integer.
    missing
        Whether an event without a column is refused, or has NULL there.
    unknown
        Whether an event with a column that the source does not name is refused, or the column left out.
    """

    def __init__(
        self, source: Source, key: Kind = Kind.STRING, *, missing: Drift = "dead_letter", unknown: Drift = "accept"
    ) -> None:
        self.source = source
        self._key = CONVERSIONS[key]
        self._columns = [(name, CONVERSIONS[kind]) for name, kind in source.columns.items()]
        self._null_if_missing = missing == "accept"
        special = [name for name in (source.key, source.time, source.created) if name]
        self._known = frozenset((*special, *source.columns)) if unknown == "dead_letter" else None

    def row(self, event: Mapping[str, Any], place: int) -> StreamRow:
        """Make a row of an event.

        Raises
        ------
        Rejected
            If it is none.
        """
        source, column = self.source, self.source.key
        try:
            if event[column] is None:
                raise Rejected(Reason.NO_KEY, f"{column} is NULL: the row belongs to nobody")
            key = self._key(event[column])
            column = source.time
            time = _moment(event[column])
            created = time
            if source.created is not None:
                column = source.created
                created = _moment(event[column])
            values = []
            for column, convert in self._columns:
                found = event.get(column) if self._null_if_missing else event[column]
                values.append(None if found is None else convert(found))
        except KeyError:
            raise Rejected(Reason.MISSING_COLUMN, f"it has no {column}; it has {_names(event)}") from None
        except Rejected as error:
            if error.reason is not Reason.NO_KEY:
                error.detail = f"{column} {error.detail}"
            raise
        if self._known is not None and not self._known.issuperset(event):
            raise Rejected(Reason.UNKNOWN_COLUMN, f"{source.name} has no {_names(event.keys() - self._known)}")
        return StreamRow(key, time, created, place, values)


def _moment(value: Any) -> int:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Rejected(Reason.WRONG_TYPE, f"is {_short(value)}, which is no time") from None
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise Rejected(Reason.NO_ZONE, f"is {value.isoformat()}, which has no time zone")
        return (value - EPOCH) // MICROSECOND
    if type(value) is int and EARLIEST <= value <= LATEST:
        return value
    raise Rejected(Reason.WRONG_TYPE, f"is {_short(value)}, which is no time")


def _integer(value: Any) -> int:
    if type(value) is int and -LARGEST - 1 <= value <= LARGEST:
        return value
    raise Rejected(Reason.WRONG_TYPE, f"is {_short(value)}, which is no integer of 64 bits")


def _float(value: Any) -> float:
    if type(value) is float or type(value) is int:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
        raise Rejected(Reason.INFINITE, f"is {_short(value)}, which is no finite number")
    raise Rejected(Reason.WRONG_TYPE, f"is {_short(value)}, which is no number")


def _string(value: Any) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a pair of surrogates, which no store keeps
            raise Rejected(Reason.WRONG_TYPE, f"is {_short(value)}, which is no text of UTF-8") from None
        return value
    raise Rejected(Reason.WRONG_TYPE, f"is {_short(value)}, which is no text")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise Rejected(Reason.WRONG_TYPE, f"is {_short(value)}, which is neither true nor false")


CONVERSIONS: dict[Kind, Convert] = {
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.FLOAT: _float,
    Kind.STRING: _string,
    Kind.TIMESTAMP: _moment,
}


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(map(str, names))[:10]) or "nothing"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
