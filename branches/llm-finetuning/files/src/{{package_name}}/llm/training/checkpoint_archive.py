"""Checkpoints as one file: ``model_v1.2.3.zip`` with the folder ``model_v1.2.3/``, so that `unzip` gives what loads.

A zip may come from anywhere: nothing in it is written before its table of contents is checked, and nothing of it is
given a name before the checksums are.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

from ...disk import room_for
from ..errors import CheckpointError
from .checkpoint_files import check_suffix, sync

MOST_FILES = 1000
MOST_EXPANSION = 100
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""How entries may be packed: `zipfile` unpacks any other method with as much memory as the entry asks for."""

CHUNK = 1 << 20
_ASK = "ask for it again, or export it once more: `checkpoints export`"
_STAMP = (1980, 1, 1, 0, 0, 0)  # the same checkpoint gives the same file


def pack(folder: Path, target: Path, top: str) -> None:
    """Write a folder as a zip with one top folder, whole or not at all.

    Parameters
    ----------
    folder : Path
        What to pack.
    target : Path
        Zip to make.
    top : str
        Name of the folder in the zip.

    Raises
    ------
    CheckpointError
        If the target exists, or the disk is full.
    """
    if target.exists():
        raise CheckpointError(f"{target} exists", hint="remove it, or give another path with --output")
    target.parent.mkdir(parents=True, exist_ok=True)
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    with room_for(str(target), CheckpointError):
        write_zip(target, [(f"{top}/{path.relative_to(folder).as_posix()}", path) for path in files])


def write_zip(
    target: Path, files: Iterable[tuple[str, Path]], check: Callable[[Path], None] = lambda _written: None
) -> None:
    """Write files as a zip, whole or not at all; the same files give the same bytes.

    Parameters
    ----------
    target : Path
        Zip to make. Its folder is made too.
    files : iterable of (str, Path)
        Names in the zip, and files.
    check : callable, optional
        Called with what was written before it gets its name; it raises where that must not be.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        half = Path(scratch) / target.name
        with zipfile.ZipFile(half, "w") as archive:
            for name, path in files:
                entry = zipfile.ZipInfo(name, _STAMP)
                entry.external_attr = (stat.S_IFREG | 0o644) << 16
                # Weights look like noise: trying to compress them takes minutes and gains nothing.
                entry.compress_type = zipfile.ZIP_STORED if path.suffix == ".safetensors" else zipfile.ZIP_DEFLATED
                with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                    shutil.copyfileobj(source, sink, CHUNK)
        sync(half)
        check(half)
        half.replace(target)


def unpack(source: Path, folder: Path) -> None:
    """Write the content of a zip's one top folder into a folder that is there and empty.

    Raises
    ------
    CheckpointError
        If the zip can't be read, leaves its folder, holds links or files that could run code, or would fill the disk.
    """
    if not source.is_file():
        raise CheckpointError(f"{source}: no such file", hint="give the path of a zip")
    try:
        with zipfile.ZipFile(source) as archive, room_for(f"the content of {source.name}", CheckpointError):
            for entry, place in _checked(archive, source, folder):
                path = folder / place
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as packed, path.open("xb") as sink:
                    shutil.copyfileobj(packed, sink, CHUNK)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise CheckpointError(f"{source} is no zip, or is cut short or damaged: {error}", hint=_ASK) from error


def _checked(archive: zipfile.ZipFile, source: Path, folder: Path) -> Sequence[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Check the table of contents; give the files with their places below the top folder."""
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise CheckpointError(f"{source} holds {len(entries)} entries, more than {MOST_FILES}", hint=_ASK)
    found: dict[str, tuple[zipfile.ZipInfo, PurePosixPath]] = {}
    tops = set()
    for entry in entries:
        _check_entry(entry, source)
        parts = PurePosixPath(entry.filename).parts
        tops.add(parts[0])
        if entry.is_dir():
            continue
        place = PurePosixPath(*parts[1:])
        if len(parts) == 1 or len(tops) > 1:
            raise CheckpointError(f"{source} does not hold one folder alone: {entry.filename!r} lies beside", hint=_ASK)
        check_suffix(source / place)
        if str(place).casefold() in found:
            raise CheckpointError(f"{source} holds {entry.filename!r} twice", hint=_ASK)
        found[str(place).casefold()] = entry, place
    _check_size([entry for entry, _ in found.values()], source, folder)
    return list(found.values())


def _check_entry(entry: zipfile.ZipInfo, source: Path) -> None:
    # `filename` is cut at a zero byte, and a backslash in it is replaced on Windows: what was written counts.
    name = entry.orig_filename
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts or any(sign in name for sign in ("\\", ":", "\0")):
        raise CheckpointError(f"{source}: {name!r} leaves the folder of the zip", hint="do not unpack it")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFDIR if entry.is_dir() else stat.S_IFREG):
        raise CheckpointError(f"{source}: {name!r} is a link or no plain file", hint="do not unpack it")
    if entry.compress_type not in METHODS:
        raise CheckpointError(f"{source}: {name!r} is neither stored nor deflated", hint=_ASK)
    if entry.flag_bits & 1:
        raise CheckpointError(f"{source}: {name!r} is encrypted", hint="ask for a zip without a password")


def _check_size(entries: Sequence[zipfile.ZipInfo], source: Path, folder: Path) -> None:
    """Refuse what would fill the disk. `zipfile` writes no more of an entry than it declares."""
    size, packed = sum(entry.file_size for entry in entries), os.path.getsize(source)
    if size > MOST_EXPANSION * packed:
        raise CheckpointError(
            f"{source} would grow from {packed:,} to {size:,} bytes, as no checkpoint does", hint="do not unpack it"
        )
    free = shutil.disk_usage(folder).free
    if size > free:
        raise CheckpointError(f"{source} needs {size:,} bytes, and {free:,} are free", hint="free some space")
