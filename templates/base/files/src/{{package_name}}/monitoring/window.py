"""The stretch of time that is looked at."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

VERSION = "version"

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,6})([mhdw])")


def parse_since(text: str) -> timedelta | datetime | None:
    """Read where a window starts.

    Returns
    -------
    timedelta, datetime or None
        How long ago, a moment in UTC, or None for when the version was registered.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> parse_since("36h")
    datetime.timedelta(days=1, seconds=43200)
    >>> parse_since("2026-01-31")
    datetime.datetime(2026, 1, 31, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if text == VERSION:
        return None
    if found := _DURATION.fullmatch(text):
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no start of a window: write 24h, 7d, an ISO time, or {VERSION}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def start_of(text: str, now: datetime, registered: datetime) -> datetime:
    """Find the moment at which a window starts.

    Raises
    ------
    ValueError
        If the text can't be read, or means no time before `now`.
    """
    since = parse_since(text)
    if since is None:
        return registered
    try:
        start = now - since if isinstance(since, timedelta) else since
    except OverflowError as error:
        raise ValueError(f"{text!r} is before the year 1") from error
    if start > now:
        raise ValueError(f"{text!r} lies in the future: nothing was predicted since then")
    return start
