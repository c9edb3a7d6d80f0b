"""What the process uses that no limit of the kernel's measures as we need it: files, and tasks."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MOST_FILES = 2_000
MOST_TASKS = 128
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
        size, files = _written(work)
        if size > disk:
            return f"it wrote more than {disk >> 20} MB"
        if files > MOST_FILES:
            return f"it wrote more than {MOST_FILES} files"
        if _tasks(process) > MOST_TASKS:
            return f"it started more than {MOST_TASKS} threads and processes"
        return ""

    return look


def _written(folder: Path | str) -> tuple[int, int]:
    """Give the bytes on the disk, and the number of files, below a folder."""
    size = files = 0
    folders = [folder]
    while folders and files <= MOST_FILES:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                files += 1
                with suppress(OSError):
                    size += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
    return size, files


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
