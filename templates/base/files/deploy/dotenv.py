"""The variables of `.env`, and making those in it that nobody needs to know."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from dotenv import dotenv_values, set_key

_BYTES = 32


def load(file: Path) -> None:
    """Set the variables of a file that are not set in the environment."""
    for name, value in dotenv_values(file).items():
        if value:
            os.environ.setdefault(name, value)


def make_secrets(file: Path, names: Iterable[str]) -> list[str]:
    """Write a random value for each variable that has none; what is there stays.

    Returns
    -------
    list of str
        The variables that were written.
    """
    known = dotenv_values(file)
    missing = [name for name in names if not known.get(name)]
    if not file.exists():
        file.touch(mode=0o600)
    for name in missing:
        set_key(file, name, secrets.token_hex(_BYTES), quote_mode="never")
    return missing
