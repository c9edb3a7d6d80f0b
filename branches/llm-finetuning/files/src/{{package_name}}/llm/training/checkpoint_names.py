"""Names and versions of checkpoints, and the references that find them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckpointError

Version = tuple[int, int, int]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION = re.compile(r"v?(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")
_CARET = re.compile(r"\^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?")


@dataclass(frozen=True, order=True)
class Checkpoint:
    """A saved version of a model.

    Attributes
    ----------
    name : str
        Name that its versions share.
    number : tuple of int
        Major, minor and patch number.
    path : Path
        Folder that holds it.
    """

    name: str
    number: Version
    path: Path

    @property
    def version(self) -> str:
        """Version as text, such as ``1.2.0``."""
        return version_text(self.number)

    def __str__(self) -> str:
        """Give the reference that loads it, such as ``demo@v1.2.0``."""
        return f"{self.name}@v{self.version}"


def label_of(facts: Mapping[str, Any]) -> str:
    """Give the reference that loads the checkpoint with this metadata.

    Examples
    --------
    >>> label_of({"name": "demo", "version": "1.2.0"})
    'demo@v1.2.0'
    """
    return f"{facts['name']}@v{facts['version']}"


def is_name(text: str) -> bool:
    """Say whether a checkpoint may have this name."""
    return _NAME.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """Say whether this is a full version, with or without a ``v``.

    Examples
    --------
    >>> is_version("v1.2.0"), is_version("1.2")
    (True, False)
    """
    return _VERSION.fullmatch(text) is not None


def check_name(name: str) -> None:
    """Refuse a name that can't be a part of the name of a folder.

    Raises
    ------
    CheckpointError
        If it has other characters than letters, digits, ``.``, ``_`` and ``-``, or more than 64.
    """
    if not is_name(name):
        raise CheckpointError(
            f"{name!r} is no name of a checkpoint",
            hint="use at most 64 letters, digits, '.', '_' and '-', and start with a letter or a digit",
        )


def parse_version(text: str) -> Version:
    """Turn the text of a version into its numbers.

    Raises
    ------
    CheckpointError
        If it is not three numbers.

    Examples
    --------
    >>> parse_version("v1.10.0")
    (1, 10, 0)
    """
    if not is_version(text):
        raise CheckpointError(f"{text!r} is no version", hint="give three numbers, such as 1.2.0")
    major, minor, patch = text.removeprefix("v").split(".")
    return int(major), int(minor), int(patch)


def version_text(number: Version) -> str:
    """Write a version.

    Examples
    --------
    >>> version_text((1, 2, 0))
    '1.2.0'
    """
    return ".".join(map(str, number))


def choose(reference: str, known: Sequence[Checkpoint], place: Path) -> Checkpoint:
    """Find the highest of the known checkpoints that a reference takes.

    Parameters
    ----------
    reference : str
        ``name``, ``name@latest``, ``name@1.2.0``, ``name@v1.2.0`` or ``name@^1.2``.
    known : sequence of Checkpoint
        Sorted.
    place : Path
        Where they are, for the message.

    Raises
    ------
    CheckpointError
        If there is none, or the reference is none.
    """
    name, _, wanted = reference.partition("@")
    check_name(name)
    versions = [one for one in known if one.name == name]
    if not versions:
        raise CheckpointError(f"{place} has no checkpoint {name}", hint=_nearest(name, known))
    matching = [one for one in versions if _matches(one.number, wanted)]
    if not matching:
        has = ", ".join(one.version for one in versions)
        raise CheckpointError(f"{place} has no checkpoint {reference}", hint=f"{name} has {has}")
    return matching[-1]


def _matches(number: Version, wanted: str) -> bool:
    if wanted in ("", "latest"):
        return True
    if is_version(wanted):
        return number == parse_version(wanted)
    caret = _CARET.fullmatch(wanted)
    if not caret:
        raise CheckpointError(
            f"{wanted!r} is no version of a checkpoint",
            hint="give an exact version (1.2.0), a range (^1.0), or latest",
        )
    given = [int(part) for part in caret.groups() if part is not None]
    # The first number that is not zero must stay; where all are zero, the last that was given.
    fixed = next((at for at, part in enumerate(given) if part), len(given) - 1)
    lowest = tuple(given + [0] * (3 - len(given)))
    return number >= lowest and list(number[: fixed + 1]) == given[: fixed + 1]


def _nearest(name: str, known: Sequence[Checkpoint]) -> str:
    names = sorted({one.name for one in known})
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are: {', '.join(names)}" if names else "nothing is saved there yet: train first"
