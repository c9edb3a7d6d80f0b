"""Files that appear whole or not at all, and what can go wrong with them."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout
from pydantic import ValidationError

from .errors import LockedError, TrackingError
from .store import check_name

_PART = ".part"


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Say in words what a file, a lock or the disk can't do."""
    try:
        yield
    except Timeout as error:
        message = f"{error.lock_file} is held by another process"
        raise TrackingError(message, hint="wait for it, or end it") from error
    except ValidationError as error:
        message = f"a file in {place} is damaged: {error.errors()[0]['msg']}"
        raise TrackingError(message, hint="bring it back from a copy") from error
    except OSError as error:
        from ..logs import get_logger  # heavier than all of this module, and needed only here

        reason = error.strerror or str(error)
        get_logger(__name__).debug("tracking failed", place=str(place), reason=reason)
        hint = "is there room on the disk, and may this user write there?"
        raise TrackingError(f"{error.filename or place}: {reason}", hint=hint) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, and a crash, finds the former one or this one."""
    with _replacing(path) as file:
        file.write(content)


def copy_whole(source: Path, path: Path) -> None:
    """Copy a file so that a reader, and a crash, finds the former one or this one."""
    with source.open("rb") as read, _replacing(path) as file:
        shutil.copyfileobj(read, file)


def clear(folder: Path) -> None:
    """Remove what a writer that was killed has left."""
    for part in folder.rglob(f".*{_PART}"):
        part.unlink(missing_ok=True)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex}{_PART}")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path, model: str, wait: float) -> Iterator[None]:
    """Let only one of those that share a folder into the `with` block.

    Raises
    ------
    LockedError
        If another did not end within `wait` seconds.
    TrackingError
        If the folder can't be written.
    """
    check_name(model)
    path = folder / "locks" / f"{model}.lock"
    lock = FileLock(path, timeout=wait)
    with explained(folder):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout as error:
            raise LockedError(model, wait) from error
    try:
        yield
    finally:
        lock.release()
