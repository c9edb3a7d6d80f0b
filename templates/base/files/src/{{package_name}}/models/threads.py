"""How many threads numeric libraries get."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

_FEW_ROWS = 20_000


@contextmanager
def suited_threads(rows: int) -> Iterator[None]:
    """Use one thread for few rows.

    Threads that wait for each other every few microseconds cost more than they bring, above all on cores that are busy
    with something else.
    """
    if rows < _FEW_ROWS:
        with threadpool_limits(limits=1):
            yield
    else:
        yield
