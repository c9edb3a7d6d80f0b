"""The files of a checkpoint: written to last, and checked before one of them is trusted."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import CheckpointError

FORMAT = 1
METADATA = "metadata.json"
CHECKSUMS = "checksums.json"
KINDS = ("adapter", "full", "quantized", "reward")
# Every kind of file that a model or a tokenizer is saved as. None of them runs code when it is read.
SAFE_SUFFIXES = frozenset({".safetensors", ".json", ".jinja", ".txt", ".model"})
METADATA_TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "version": str,
    "created_at": str,
    "kind": str,
    "base_model": (str, type(None)),
    "base_model_revision": (str, type(None)),
    "base_model_fingerprint": (str, type(None)),
    "packages": dict,
    "git_commit": (str, type(None)),
    "metadata": dict,
}
RESTORE = "restore it from a copy, or train again"


def verify_folder(folder: Path) -> None:
    """Check that a checkpoint holds just the files that were saved, as they were saved.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoint.

    Raises
    ------
    CheckpointError
        At the first file that is missing, changed, unknown, not a plain file, or could run code.
    """
    if folder.is_symlink():
        raise CheckpointError(f"{folder} is a link", hint="name the folder that it points to")
    expected = _read_checksums(folder)
    present = {path.relative_to(folder).as_posix(): path for path in _plain_files(folder)}
    present.pop(CHECKSUMS)
    for name, path in present.items():
        check_suffix(path)
        if name not in expected:
            raise CheckpointError(f"{path} was not saved with the checkpoint", hint="remove it")
    for name, digest in expected.items():
        if name not in present:
            raise CheckpointError(f"{folder / name} is missing", hint=RESTORE)
        if file_sha256(present[name]) != digest:
            raise CheckpointError(f"{folder / name} is not as it was saved: cut short or changed", hint=RESTORE)


def is_as_sealed(folder: Path) -> bool:
    """Say whether every file that `seal` saw in a folder is there, as it was."""
    try:
        expected = _read_checksums(folder)
        return all(file_sha256(folder / name) == digest for name, digest in expected.items())
    except (CheckpointError, OSError):
        return False


def check_suffix(path: Path | PurePosixPath) -> None:
    """Refuse a file that could run code when it is loaded.

    Raises
    ------
    CheckpointError
        If it is neither safetensors, nor JSON, nor text.
    """
    if path.suffix not in SAFE_SUFFIXES:
        raise CheckpointError(
            f"{path}: a checkpoint holds safetensors, JSON and text, and other files could run code when loaded",
            hint="remove it, and load it with nothing else unless you know who made it",
        )


def check_weights(folder: Path) -> None:
    """Read the head of each file of weights: what only has the name of one is found before it is loaded.

    Raises
    ------
    CheckpointError
        If there are no weights, or a file is none.
    """
    from safetensors import SafetensorError, safe_open

    files = sorted(folder.rglob("*.safetensors"))
    if not files:
        raise CheckpointError(f"{folder} has no weights", hint=RESTORE)
    for path in files:
        try:
            with safe_open(path, framework="numpy") as tensors:
                tensors.keys()
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path} holds no weights: {error}", hint=RESTORE) from error


def read_metadata(folder: Path) -> dict[str, Any]:
    """Read and check ``metadata.json``.

    Raises
    ------
    CheckpointError
        If it is not there, or not what a checkpoint of this project has.
    """
    path = folder / METADATA
    facts = read_json(path)
    if facts.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: format {facts.get('format')!r} is not one that this project reads ({FORMAT})",
            hint="load it with the version of the project that saved it",
        )
    for key, kinds in METADATA_TYPES.items():
        if not isinstance(facts.get(key), kinds):
            raise CheckpointError(f"{path}: {key} is missing or of the wrong type", hint=RESTORE)
    if facts["kind"] not in KINDS:
        raise CheckpointError(f"{path}: kind {facts['kind']!r} is none of {', '.join(KINDS)}", hint=RESTORE)
    return facts


def read_json(path: Path) -> dict[str, Any]:
    """Read an object of JSON.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    if path.is_symlink() or not path.is_file():
        raise CheckpointError(f"{path.parent} is no checkpoint: it has no file {path.name}", hint=RESTORE)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not JSON: {error}", hint=RESTORE) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds no JSON object", hint=RESTORE)
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object as JSON for people to read."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def seal(folder: Path) -> None:
    """Write the checksums, and have everything on the disk before the folder gets its name."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    write_json(folder / CHECKSUMS, {path.relative_to(folder).as_posix(): file_sha256(path) for path in files})
    mode = (folder / CHECKSUMS).stat().st_mode
    for path in files:
        path.chmod(mode)  # safetensors lets nobody but the owner read its files
    sync_tree(folder)


def sync_tree(folder: Path) -> None:
    """Have a folder and all that is in it on the disk."""
    for path in [*folder.rglob("*"), folder]:
        sync(path)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    # Windows can't open a folder, and wants a file to be writable.
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: Path) -> str:
    """Give the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise CheckpointError(f"{path} is a link or no plain file", hint="remove it, or copy in what it stands for")
        if path.is_file():
            yield path


def _read_checksums(folder: Path) -> dict[str, str]:
    checksums = read_json(folder / CHECKSUMS)
    for name, digest in checksums.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name or ":" in name:
            raise CheckpointError(f"{folder / CHECKSUMS}: {name!r} leaves the checkpoint", hint=RESTORE)
        if not isinstance(digest, str):
            raise CheckpointError(f"{folder / CHECKSUMS}: {name} has no checksum", hint=RESTORE)
    return checksums
