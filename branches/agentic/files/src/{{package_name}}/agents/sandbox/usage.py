"""What the process uses that no limit of the kernel's measures as we need it: files, and tasks."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

MOST_FILES = 2_000
MOST_TASKS = 128
DEEPEST = 100  # folders in folders
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 512  # bytes of st_blocks, stat(2)


def watcher(work: Path, disk: int) -> Callable[[int], str]:
    """Make the look that is taken now and then.

    Parameters
    ----------
    work
        Folder in which the process writes.
    disk
        Bytes that it may write.
    """

    def look(process: int) -> str:
        written = _written(work)
        if written.fault:
            return written.fault
        if written.size > disk:
            return f"it wrote more than {disk >> 20} MB"
        if written.files > MOST_FILES:
            return f"it wrote more than {MOST_FILES} files"
        if _tasks(process) > MOST_TASKS:
            return f"it started more than {MOST_TASKS} threads and processes"
        return ""

    return look


@dataclass(slots=True)
class _Written:
    """What lies below a folder: bytes on the disk, files, and what forbids to look at all of it."""

    size: int = 0
    files: int = 0
    fault: str = ""

    def add(self, folder: int, depth: int = 0) -> None:
        """Count below an open folder. No path is put together: it could be longer than the kernel takes."""
        with os.scandir(folder) as entries:
            for entry in entries:
                self.files += 1
                if self.fault or self.files > MOST_FILES:
                    return
                with suppress(FileNotFoundError, NotADirectoryError):  # gone meanwhile
                    found = os.stat(entry.name, dir_fd=folder, follow_symlinks=False)
                    self.size += found.st_blocks * _BLOCK
                    if stat.S_ISDIR(found.st_mode):
                        self._enter(folder, entry.name, depth + 1)

    def _enter(self, folder: int, name: str, depth: int) -> None:
        if depth > DEEPEST:
            self.fault = f"it nested folders more than {DEEPEST} deep"
            return
        inner = os.open(name, _FOLDER, dir_fd=folder)
        try:
            self.add(inner, depth)
        finally:
            os.close(inner)


def _written(folder: Path) -> _Written:
    written = _Written()
    try:
        place = os.open(folder, _FOLDER)
        try:
            written.add(place)
        finally:
            os.close(place)
    except OSError as error:
        written.fault = f"what it wrote can't be counted: {error.strerror}"
    return written


def empty(folder: Path) -> None:
    """Delete all that is in a folder, however deep: what lies below a folder in it is first moved up into it."""
    with suppress(OSError):
        place = os.open(folder, _FOLDER)
        try:
            while names := os.listdir(place):
                for name in names:
                    _delete(place, name)
        finally:
            os.close(place)


def _delete(place: int, name: str) -> None:
    if not stat.S_ISDIR(os.stat(name, dir_fd=place, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=place)
        return
    os.chmod(name, 0o700, dir_fd=place)
    inner = os.open(name, _FOLDER, dir_fd=place)
    try:
        for one in os.listdir(inner):
            os.rename(one, uuid4().hex, src_dir_fd=inner, dst_dir_fd=place)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=place)


def _tasks(process: int) -> int:
    """Count the threads of a process and of those below it; 0 where the system has no /proc."""
    count, processes = 0, [process]
    while processes and count <= MOST_TASKS:
        one = processes.pop()
        with suppress(OSError):
            count += os.stat(f"/proc/{one}/task").st_nlink - 2
            with open(f"/proc/{one}/task/{one}/children", encoding="ascii") as file:
                processes += [int(child) for child in file.read().split()]
    return count
