"""What happens when memory gets short: models that nobody uses leave, the others get smaller, and back with room.

free < reserve_share → unload the model that was not used for longest, or lower the largest one by a profile
free > recover_share for settle_seconds, and the next better profile fits → raise the one that was lowered
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ...errors import ProjectError
from ...logs import get_logger
from .memory import gib

if TYPE_CHECKING:
    from .config import ModelsConfig
    from .manager import ModelManager
    from .slots import Slot

_log = get_logger(__name__)
_WORDS = ("out of memory", "can't allocate memory")
"""How PyTorch says so where it has no error of its own for it, as on the CPU and on MPS."""


class Pressure:
    """Looks at the memory in a thread of its own.

    Parameters
    ----------
    manager
        Whose models they are.
    settings
        What is to stay free.
    """

    def __init__(self, manager: ModelManager, settings: ModelsConfig) -> None:
        self._manager, self._settings = manager, settings
        self._wake = threading.Event()
        self._failed: set[str] = set()
        self._changed = time.monotonic()
        self._ended = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look, if that was wanted and has not begun."""
        if self._thread is None and self._settings.watch_seconds:
            self._thread = threading.Thread(target=self._run, name="llm-memory", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def failed(self, name: str, error: Exception) -> None:
        """Take an error of a model: if it ran out of memory, it is lowered soon."""
        if isinstance(error, MemoryError) or any(words in str(error).lower() for words in _WORDS):
            self._failed.add(name)
            self._wake.set()

    def look(self) -> None:
        """Do what is to be done now, one step at most."""
        room = self._manager.room
        total, free, loaded = room.memory.total(), room.memory.free(), room.loaded()
        while self._failed:
            name = self._failed.pop()
            slot = next((one for one in loaded if one.name == name), None)
            if slot is not None and self._step(slot, 1, "it ran out of memory while it answered"):
                return
        if free < total * self._settings.reserve_share:
            self._give(loaded, f"{gib(free)} of {gib(total)} are free, less than llm.models.reserve_share")
            return
        settled = time.monotonic() - self._changed >= self._settings.settle_seconds
        if settled and free > total * self._settings.recover_share:
            self._take(loaded, free, total)

    def _give(self, loaded: list[Slot], reason: str) -> None:
        idle = min((one for one in loaded if one.is_idle()), key=lambda one: one.used, default=None)
        if idle is not None and len(loaded) > 1:
            self._changed = time.monotonic()
            self._manager.room.retire(idle, reason)
            return
        for slot in sorted(loaded, key=lambda one: -one.taken()):
            if self._step(slot, 1, reason):
                return

    def _take(self, loaded: list[Slot], free: int, total: int) -> None:
        for slot in sorted((one for one in loaded if one.profile), key=lambda one: one.used, reverse=True):
            more = self._manager.levels.expected(slot, slot.profile - 1) - slot.nbytes
            left = free - more
            if left > total * self._settings.reserve_share and more <= self._manager.room.left():
                self._step(slot, -1, f"{gib(free)} of {gib(total)} are free again, and it takes {gib(more)} more")
                return

    def _step(self, slot: Slot, step: int, reason: str) -> bool:
        self._changed = time.monotonic()
        return self._manager.change_profile(slot, step, reason)

    def _run(self) -> None:
        while True:
            self._wake.wait(self._settings.watch_seconds)
            self._wake.clear()
            if self._ended:
                return
            try:
                self.look()
            except ProjectError as error:
                _log.warning("memory could not be given or taken", reason=error.message)
            except Exception:  # whatever a model or a device raises: memory is looked at again
                _log.exception("memory could not be given or taken")
