"""From raw data to checked, cleaned and split data: `data run`.

read → check, with bad rows into quarantine → clean → split → card
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .card import DataCard
    from .config import FeatureConfig
    from .dataset import Splits, load_splits
    from .errors import DataError
    from .features import build_features

__all__ = ["DataCard", "DataError", "FeatureConfig", "Splits", "build_features", "load_splits"]

_HOMES = {
    "DataCard": "card",
    "DataError": "errors",
    "FeatureConfig": "config",
    "Splits": "dataset",
    "build_features": "features",
    "load_splits": "dataset",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use: the command line is quick that way."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
