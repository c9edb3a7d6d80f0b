"""Which model gets a request: always the same one for the same key."""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal

from .config import TrafficConfig

Route = Literal["champion", "canary", "shadow"]

_PARTS = 2**64


def route(traffic: TrafficConfig, model: str, key: str) -> Route:
    """Choose by a hash of the key, so that every worker chooses the same.

    Examples
    --------
    >>> route(TrafficConfig(mode="canary", share=1.0), "homes", "customer 7")
    'canary'
    >>> route(TrafficConfig(mode="canary", share=0.0), "homes", "customer 7")
    'champion'
    """
    if traffic.mode == "off":
        return "champion"
    digest = blake2b(f"{model}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return traffic.mode if int.from_bytes(digest) < traffic.share * _PARTS else "champion"
