"""The models that are in memory, the room that there is for more, and how a model leaves."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from ..config import LLMConfig
from ..errors import ModelError
from .memory import GIB, AllMemory, DeviceMemory, Memory, NoRoomError, gib, loaded_size
from .slots import Decisions, Slot

if TYPE_CHECKING:
    from ..serving.models import Served


class Room:
    """Memory for models.

    Parameters
    ----------
    config
        Of the project.
    slots
        All models, by name; whether each is loaded is told by itself.
    decisions
        Takes what was loaded and unloaded, and why.
    unload
        Ends a model and forgets it.
    memory
        Where models are; that of their device by default.

    Attributes
    ----------
    changed : threading.Condition
        Guards what is known of slots, and wakes who waits for another state of one.
    closed : bool
        Whether the service ends: nobody waits any longer.
    """

    def __init__(
        self,
        config: LLMConfig,
        slots: Mapping[str, Slot],
        decisions: Decisions,
        unload: Callable[[Served], None],
        memory: Memory | None = None,
    ) -> None:
        self._config, self._settings = config, config.models
        self._slots, self.decisions, self._unload, self._given = slots, decisions, unload, memory
        self.changed = threading.Condition()
        self.closed = False

    # What there is

    @cached_property
    def memory(self) -> Memory:
        """Where models are."""
        from ..base_model import pick_device

        if self._given is not None:
            return self._given
        if self._config.serving.device_map != "single":
            return AllMemory()
        return DeviceMemory(pick_device(self._config.model.device))

    @cached_property
    def limit(self) -> int:
        """Bytes that models may take at most."""
        given = int(self._settings.memory_gb * GIB)
        return given or int(self.memory.total() * self._settings.memory_share)

    def loaded(self) -> list[Slot]:
        """Give the models that are in memory."""
        return [slot for slot in [*self._slots.values()] if slot.served is not None]

    def taken(self) -> int:
        """Give the bytes that models take, with their keys and values; weights that are shared count once."""
        engines = [served.engine for slot in self.loaded() if (served := slot.served) is not None]
        return loaded_size(*(one.model for one in engines)) + sum(one.nbytes for one in engines)

    def left(self) -> int:
        """Give the bytes that models may take beside those that they take, as far as they are free."""
        return min(self.limit - self.taken(), self.memory.free())

    # Making room

    def make(self, name: str, expected: Callable[[], int]) -> None:
        """Unload what was not used for longest until a model fits; wait for what is in use.

        Parameters
        ----------
        name
            Of the model.
        expected
            Gives the bytes that it takes beside those that are loaded at the time.

        Raises
        ------
        NoRoomError
            If it does not fit even so.
        ModelError
            If the service ends meanwhile.
        """
        until = time.monotonic() + self._settings.drain_seconds
        while (short := (need := expected()) - self.left()) > 0:
            with self.changed:
                idle = self._idle()
                if idle is None:
                    self._check_fits(name, need, short)
                    self._wait_for_idle(name, short, until)
                    continue
                idle.state = "draining"
            self._drop(idle, f"not used for longest, and {name} needs {gib(need)}")

    def trim(self, kept: Slot) -> None:
        """Unload others if what was loaded is larger than its files had told."""
        while self.taken() > self.limit:
            with self.changed:
                idle = self._idle(kept)
                if idle is None:
                    return
                idle.state = "draining"
            self._drop(idle, f"not used for longest, and {kept.name} takes {gib(kept.nbytes)}, more than expected")

    def _idle(self, kept: Slot | None = None) -> Slot | None:
        """Give the model that was not used for longest, and is not in use."""
        idle = [slot for slot in self.loaded() if slot is not kept and slot.is_idle()]
        return min(idle, key=lambda slot: slot.used, default=None)

    def _wait_for_idle(self, name: str, short: int, until: float) -> None:
        found = self.changed.wait_for(lambda: self.closed or self._idle(), until - time.monotonic())
        if self.closed:
            raise ModelError("the service ends", hint="try again later")
        if not found:
            used = ", ".join(slot.name for slot in self.loaded())
            raise NoRoomError(
                f"{name} needs {gib(short)} more than there is, and all others are in use: {used}",
                hint="try again later, or raise llm.models.memory_gb",
            )

    def _check_fits(self, name: str, need: int, short: int) -> None:
        others = self.loaded()
        if not others:
            room = min(self.limit, self.memory.free())
            raise NoRoomError(
                f"{name} needs {gib(need)}, and models may take {gib(room)} here",
                hint="raise llm.models.memory_gb or memory_share, free memory, or quantise it",
            )
        if all(slot.pinned for slot in others):
            raise NoRoomError(
                f"there is no memory for {name} beside {others[0].name}: it needs {gib(short)} more than there is",
                hint="raise llm.models.memory_gb or memory_share, or unload the other one first",
            )

    # Leaving

    def retire(self, slot: Slot, reason: str) -> None:
        """Let a model end what it has begun, and unload it."""
        with self.changed:
            if slot.served is None or slot.state == "draining":
                return
            slot.state = "draining"
        self.drain(slot, reason)

    def drain(self, slot: Slot, reason: str) -> None:
        """Unload a model that takes no more requests, once those that it has have ended or their time is over."""
        with self.changed:
            in_time = self.changed.wait_for(lambda: self.closed or not slot.leases, self._settings.drain_seconds)
        if not in_time:
            reason = f"{reason}; {slot.leases} requests had not ended in {self._settings.drain_seconds:g} s"
        self._drop(slot, reason)

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def clear(self) -> None:
        """Unload all; answers that are under way fail."""
        for slot in self.loaded():
            self._drop(slot, "the service ends")

    def _drop(self, slot: Slot, reason: str) -> None:
        with self.changed:
            served, slot.served = slot.served, None
            if served is None:
                return
        self._unload(served)
        del served
        _give_back()
        with self.changed:
            slot.state = "unloaded"
            self.changed.notify_all()
        self.decisions.note(slot.name, "unloaded", reason)


def _give_back() -> None:
    """Give memory back that PyTorch would keep for the next tensors."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
