"""Which variant a user gets: the same one each time, with nothing kept."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from .config import VariantConfig

_SIZE = 8  # bytes of a hash


def assign(variants: Sequence[VariantConfig], salt: str, user: str) -> VariantConfig:
    """Choose a variant for a user by weighted rendezvous hashing.

    Each variant draws a number from the hash of its name and the user, and the greatest wins: a share that grows takes
    users from the others, and moves nobody between them (Schindelhauer and Schomaker, 2005,
    doi:10.1145/1073970.1074008). The salt makes experiments independent of each other.
    """
    return max(variants, key=lambda one: _height(one, salt, user))


def anonymous(salt: str, user: str) -> str:
    """Name a user of an experiment without saying who it is."""
    return hashlib.blake2b(f"{salt}\0{user}".encode(), digest_size=_SIZE).hexdigest()


def _height(variant: VariantConfig, salt: str, user: str) -> float:
    if not variant.share:
        return -math.inf
    digest = hashlib.blake2b(f"{salt}\0{variant.name}\0{user}".encode(), digest_size=_SIZE).digest()
    drawn = (int.from_bytes(digest) + 0.5) / 2 ** (8 * _SIZE)
    return -variant.share / math.log(drawn)
