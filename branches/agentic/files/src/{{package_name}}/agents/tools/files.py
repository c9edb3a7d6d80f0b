"""Files of the task's own folder, and no others: a path can't leave it, whatever `..` and symbolic links say."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Annotated
from uuid import uuid4

from pydantic import Field, JsonValue

from ...config import Config
from ...disk import room_for
from ..config import AgenticConfig
from ..errors import ToolError
from ..jsonable import EDGE, clean_part
from .spec import Effect, Tool, ToolContext, ToolOutput, tool

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LISTED = 1_000
_DEEPEST = 10
# Names that tools give to files; others can be words of whoever had the file written.
_OF_TOOLS = re.compile(r"(?:plot|code|mcp|predictions)-[0-9a-f]{6,64}(?:-[0-9]{1,4})?\.[a-z]{3,7}")

MEGABYTE = 1_000_000
"""Bytes."""

FilePath = Annotated[str, Field(description="Such as notes/today.md, in the folder of the task", max_length=500)]


def make_files(config: Config) -> list[Tool]:
    """Make the tools `files_list`, `files_read` and `files_write`."""
    limits = config.group("agentic", AgenticConfig).tools

    def files_list(context: ToolContext) -> ToolOutput:
        """List the files of the task's folder, with their sizes in bytes."""
        names: list[str] = []
        found: list[JsonValue] = []
        for name, size in files_of(context.work):
            names.append(name)
            found.append({"path": name, "bytes": size})
        told: dict[str, JsonValue] = {"files": found[:_MOST_LISTED], "more": max(0, len(found) - _MOST_LISTED)}
        return ToolOutput(told, tainted=not all(map(_OF_TOOLS.fullmatch, names)))

    def files_read(
        path: FilePath,
        context: ToolContext,
        start: Annotated[int, Field(description="Bytes to leave out", ge=0)] = 0,
    ) -> dict[str, JsonValue]:
        """Read a text file of the task's folder. Of a large one a part is given, and where it goes on."""
        with _opened(context.work, path, os.O_RDONLY) as descriptor:
            size = os.fstat(descriptor).st_size
            first = max(start - EDGE, 0)
            around = os.pread(descriptor, start - first + limits.max_output + EDGE, first)
        end = _whole_end(around, start - first + limits.max_output)
        before, content, after = around[: start - first], around[start - first : end], around[end:]
        if b"\0" in content:
            raise ToolError(f"{path} is no text", hint="it has zero bytes")
        head, text, tail = (part.decode(errors="replace") for part in (before, content, after))
        shown = clean_part(head + text + tail, len(head), len(head) + len(text), context.clean)
        told: dict[str, JsonValue] = {"text": shown, "bytes": size}
        return {**told, "goes_on_at": first + end} if first + end < size else told

    def files_write(path: FilePath, text: str, context: ToolContext) -> ToolOutput:
        """Write a text file into the task's folder. One of that name is replaced."""
        content = text.encode()
        used = sum(size for name, size in files_of(context.work) if name != path)
        if used + len(content) > limits.work_mb * MEGABYTE:
            raise ToolError(f"{path} would fill the folder beyond {limits.work_mb} MB", hint="write less")
        with room_for(f"the file {path}", ToolError):
            _write(context.work, path, content)
        return ToolOutput({"path": path, "bytes": len(content)}, files=(Path(path),))

    return [
        tool(Effect.READ)(files_list),
        tool(Effect.READ, untrusted=True)(files_read),
        tool(Effect.WRITE, honours_key=True)(files_write),
    ]


def files_of(folder: Path) -> Iterator[tuple[str, int]]:
    """Give regular files and their sizes, in order; links are not followed and not given."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                yield path.relative_to(folder).as_posix(), found.st_size


def _whole_end(content: bytes, end: int) -> int:
    """Move the end of a part to where a character begins, as UTF-8 writes it (RFC 3629): three bytes back at most."""
    if end >= len(content):
        return len(content)
    inside = 0b1000_0000
    return next((place for place in range(end, max(end - 4, 0), -1) if content[place] & 0b1100_0000 != inside), end)


def _parts(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path.replace("\\", "/")).parts
    if not parts or "\0" in path or ".." in parts or parts[0] == "/" or len(parts) > _DEEPEST:
        raise ToolError(f"{path[:100]!r} is no file of the task's folder", hint="give a path in it, without ..")
    return parts


@contextmanager
def _parent(folder: Path, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Open the folder of a file, step by step, so that no link in between is followed, even one made meanwhile."""
    *above, name = _parts(path)
    place = os.open(folder, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for part in above:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=place)
            inner = os.open(part, _FOLDER, dir_fd=place)
            os.close(place)
            place = inner
        yield place, name
    except OSError as error:
        raise ToolError(f"{path} can't be used: {error.strerror}", hint="`files_list` names what is there") from error
    finally:
        os.close(place)


@contextmanager
def _opened(folder: Path, path: str, flags: int) -> Iterator[int]:
    with _parent(folder, path) as (place, name):
        # Without waiting: a named pipe would never open.
        descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                raise ToolError(f"{path} is no plain file", hint="`files_list` names those that are")
            yield descriptor
        finally:
            os.close(descriptor)


def _write(folder: Path, path: str, content: bytes) -> None:
    """Write beside the place and rename, so that a link of that name is replaced, and nobody reads half a file."""
    with _parent(folder, path, make=True) as (place, name):
        scratch = f".{uuid4().hex}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(scratch, flags, 0o600, dir_fd=place), "wb") as file:
            try:
                file.write(content)
                file.flush()
                os.replace(scratch, name, src_dir_fd=place, dst_dir_fd=place)
            except BaseException:
                os.unlink(scratch, dir_fd=place)
                raise
