"""Times as they are computed with and kept: microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .errors import FeatureError
from .semantics import in_utc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Give a time as microseconds since 1970 in UTC.

    Raises
    ------
    FeatureError
        If it has no zone.
    """
    return (in_utc(moment) - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Give a time of microseconds since 1970 in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def micros(span: timedelta) -> int:
    """Give a length of time in microseconds."""
    return span // MICROSECOND


def read_time(text: str) -> datetime:
    """Read a time as a person writes it; one without a zone is for who uses it to refuse.

    Raises
    ------
    FeatureError
        If it is no time.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise FeatureError(f"{text!r} is no time", hint="write it as 2026-01-31T12:00:00+00:00") from error
