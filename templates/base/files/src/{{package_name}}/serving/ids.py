"""Names that nobody can guess."""

from __future__ import annotations

import secrets

_SIZE = 16
_MANY = 256


class Ids:
    """Makes ids of 128 random bits, many at a time: each call of the system gives other threads the turn."""

    def __init__(self) -> None:
        self._next: list[str] = []

    def next(self) -> str:
        """Give one, as 32 letters and digits."""
        if not self._next:
            drawn = secrets.token_hex(_SIZE * _MANY)
            self._next = [drawn[start : start + 2 * _SIZE] for start in range(0, len(drawn), 2 * _SIZE)]
        return self._next.pop()
