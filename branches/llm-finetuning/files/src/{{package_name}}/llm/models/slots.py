"""A place for one model: loaded or not, and who uses it."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...logs import get_logger

if TYPE_CHECKING:
    from ..serving.models import Served

State = Literal["unloaded", "loading", "ready", "draining", "failed"]

_KEPT = 200
_log = get_logger(__name__)


@dataclass(eq=False, slots=True)
class Slot:
    """A checkpoint, and the model that was loaded from it.

    Attributes
    ----------
    name : str
        Such as ``documents-qa@v1.0.0``.
    created : int
        When the checkpoint was made, in seconds since 1970.
    kind : str
        Of the checkpoint.
    base : str
        What an adapter stands on.
    profile : int
        How it is loaded: the number of one of ``llm.models.profiles``.
    sizes : dict of str to int
        Bytes of its weights by profile, as far as they were measured.
    nbytes : int
        Memory of its weights: estimated until it has been loaded, measured from then on.
    leases : int
        Requests that use it.
    waiting : int
        Requests that wait until it is loaded.
    used : float
        When it was used last, by the monotonic clock.
    pinned : bool
        Whether it stays while another one is loaded to take its place.
    error : str
        Why it could not be loaded.
    """

    name: str
    folder: Path
    created: int
    kind: str = "full"
    base: str = ""
    profile: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    nbytes: int = 0
    served: Served | None = None
    state: State = "unloaded"
    leases: int = 0
    waiting: int = 0
    used: float = field(default_factory=time.monotonic)
    coming: Future[None] | None = None
    pinned: bool = False
    error: str = ""
    failed: float = 0.0

    def taken(self) -> int:
        """Give the bytes that it takes now, with its keys and values."""
        return self.nbytes + self.served.engine.nbytes if self.served is not None else 0

    def is_idle(self) -> bool:
        """Say whether it is loaded, and nobody uses it or is about to."""
        return self.state == "ready" and not (self.leases or self.waiting or self.pinned)

    def facts(self, aliases: list[str], profile: str) -> dict[str, Any]:
        """Describe it."""
        told: dict[str, Any] = {
            "name": self.name,
            "aliases": aliases,
            "state": self.state,
            "profile": profile,
            "memory_bytes": self.taken(),
            "weights_bytes": self.nbytes,
            "requests": self.leases,
            "waiting": self.waiting,
            "idle_seconds": round(time.monotonic() - self.used, 1) if self.served and not self.leases else 0.0,
        }
        return {**told, "error": self.error} if self.error else told


class Decisions:
    """What was decided about models, and why: in the log, and the last ones for who asks."""

    def __init__(self) -> None:
        self._kept: deque[dict[str, str]] = deque(maxlen=_KEPT)

    def note(self, model: str, action: str, reason: str) -> None:
        """Remember a decision."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self._kept.append({"at": at, "model": model, "action": action, "reason": reason})
        _log.info(f"model {action}", model=model, reason=reason)

    def last(self) -> list[dict[str, str]]:
        """Give the last ones, the newest first."""
        return [*reversed(self._kept)]
