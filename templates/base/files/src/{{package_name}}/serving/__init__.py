"""Models in use: loaded from the registry, reloaded when another is promoted, asked, and logged.

rows → check → champion or challenger → answer, and beside it the prediction log
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .service import Serving

__all__ = ["Serving"]


def __getattr__(name: str) -> Any:
    """Import `Serving` on first use: the configuration of this package is read by every command."""
    if name != "Serving":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .service import Serving

    return Serving
