"""Work that one process does at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import FeatureError


@contextmanager
def alone(path: Path, busy: str, hint: str) -> Iterator[None]:
    """Keep others, processes and threads, from the same work as long as the block lasts.

    Parameters
    ----------
    path
        The file that is locked; its folder is made.
    busy, hint
        What is told to those who come while another is at it.

    Raises
    ------
    FeatureError
        If another is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise FeatureError(busy, hint=hint) from error
    try:
        yield
    finally:
        lock.release()
