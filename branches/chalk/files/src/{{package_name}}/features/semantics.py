"""What a feature's value at a time is: the rules that batches, streams and online reads have in common.

For a question about an entity at the time t:

- A row is visible if it happened, and was known, by then: `time <= t` and `created <= t`. What came late changes no
  answer that was given before it came.
- Rows are ordered by event time, then by when they became known, then by their place in the source: of two rows of one
  time, the one that was known last wins.
- `Latest` is the value of the last visible row, and holds while `t - time <= ttl`.
- `Window` is made of the visible rows with `t - over < time <= t`: the window is open on its left.
- `Session` is made of the visible rows that end with the last one, each at most `gap` after the one before; it is open
  while `t - time of the last <= gap`.
- NULL is a value: it is not replaced by an older one. Aggregates leave it out as SQL does.
- A number that its kind can't hold is NULL: an integer of more than 64 bits, a float that is not finite. It is the
  result that counts; what is in between, such as in `a * b / c`, may be larger.
- Times have a zone; they are compared in UTC, to the microsecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from typing import Any

from .definitions.entities import Kind
from .errors import FeatureError

_LEAST, _MOST = -(2**63), 2**63 - 1


class Status(StrEnum):
    """How a value came to be. Where a default stands in, the status tells why."""

    PRESENT = "PRESENT"
    NULL = "NULL"  # the rows say that there is no value
    EXPIRED = "EXPIRED"  # the last row is older than the feature's ttl
    MISSING = "MISSING"  # no row is visible, or none is in the window
    UNAVAILABLE = "UNAVAILABLE"  # the store did not answer, and defaults are to stand in


@dataclass(frozen=True, slots=True)
class FeatureValue:
    """A value and where it comes from.

    Attributes
    ----------
    value
        With the default in place where there is one.
    time
        Event time of the newest row that it is made of; None without rows.
    """

    value: Any
    status: Status
    time: datetime | None = None


def held(kind: Kind, value: Any) -> Any:
    """Give a result as its kind holds it: a float for an integer where it is one, NULL for what is too large."""
    if value is None or not kind.is_number:
        return value
    if kind is Kind.INTEGER:
        return value if _LEAST <= value <= _MOST else None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:  # an integer that no float is as large as
        return None


def in_utc(moment: datetime, what: str = "a time") -> datetime:
    """Give a time in UTC.

    Raises
    ------
    FeatureError
        If it has no zone.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        hint = "write it as 2026-01-31T12:00:00+00:00"
        raise FeatureError(f"{what} {moment.isoformat()} has no time zone", hint=hint)
    return moment.astimezone(UTC)
