"""Names that nobody can guess, and that a database can put in order."""

from __future__ import annotations

import secrets
import time

_RANDOM = 20  # hexadecimal digits
_MANY = 256


class Ids:
    """Makes ids of the milliseconds since 1970 and 80 random bits, as UUIDs of version 7 are (RFC 9562).

    What was made at one time lies together in the index of a database: to write to a log of 100,000 predictions takes
    twice as long where each goes to a page of its own. The random bits are drawn many at a time, since each call of the
    system gives other threads the turn.
    """

    def __init__(self) -> None:
        self._next: list[str] = []

    def next(self) -> str:
        """Give one, as 32 letters and digits."""
        if not self._next:
            drawn = secrets.token_hex(_RANDOM * _MANY // 2)
            self._next = [drawn[start : start + _RANDOM] for start in range(0, len(drawn), _RANDOM)]
        return f"{time.time_ns() // 1_000_000:012x}{self._next.pop()}"
