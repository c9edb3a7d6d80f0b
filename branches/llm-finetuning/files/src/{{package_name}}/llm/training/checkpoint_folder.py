"""The folder that holds checkpoints: what is in it, and how a new one gets its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from ..errors import CheckpointError
from .checkpoint_files import read_metadata, sync
from .checkpoint_names import Checkpoint, Version, is_name, is_version, parse_version, version_text

_UNFINISHED = ".saving-"


class CheckpointFolder:
    """A folder with one folder for each checkpoint.

    Parameters
    ----------
    root
        It need not be there yet.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self) -> tuple[Checkpoint, ...]:
        """List what can be loaded, by name and then by version."""
        if not self._root.is_dir():
            return ()
        found: dict[tuple[str, Version], Checkpoint] = {}
        for path in sorted(self._root.iterdir()):
            one = _identify(path)
            if one and (path.name == str(one) or (one.name, one.number) not in found):
                found[one.name, one.number] = one
        return tuple(sorted(found.values()))

    @contextmanager
    def saving(self, name: str) -> Iterator[Path]:
        """Give a new folder, which is removed unless `keep` names it. One process saves at a time."""
        self._root.mkdir(parents=True, exist_ok=True)
        with FileLock(self._root / ".lock"):
            # Whoever began these was killed: a process that still saves would hold the lock.
            for left in self._root.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(left)
            folder = self._root / f"{_UNFINISHED}{name}"
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def new_version(self, name: str, version: str | None) -> Version:
        """Give the number of a new version: the one that is asked for, or the next minor one.

        Raises
        ------
        CheckpointError
            If it is none, or is there already.
        """
        taken = [one.number for one in self.list() if one.name == name]
        if version is None:
            return (taken[-1][0], taken[-1][1] + 1, 0) if taken else (1, 0, 0)
        number = parse_version(version)
        if number in taken:
            major, minor, patch = taken[-1]
            following = f"{major}.{minor + 1}.0 or {major}.{minor}.{patch + 1}"
            raise CheckpointError(
                f"{self._root / name}@v{version_text(number)} exists, and a checkpoint is never overwritten",
                hint=f"give another version, such as {following}",
            )
        return number

    def keep(self, folder: Path, name: str, number: Version) -> Path:
        """Give a finished folder its name."""
        target = self._root / f"{name}@v{version_text(number)}"
        folder.rename(target)
        sync(self._root)
        return target


def _identify(path: Path) -> Checkpoint | None:
    """Tell the checkpoint in a folder by the folder's name, or else by its metadata."""
    if not path.is_dir() or path.name.startswith(_UNFINISHED):
        return None
    name, _, version = path.name.partition("@v")
    if not version:
        with suppress(CheckpointError):
            facts = read_metadata(path)
            name, version = facts["name"], facts["version"]
    return Checkpoint(name, parse_version(version), path) if is_name(name) and is_version(version) else None
