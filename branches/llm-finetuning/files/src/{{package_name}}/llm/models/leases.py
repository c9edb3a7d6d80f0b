"""The use of models: who wants one waits until it is loaded, and nobody is kept by it who wants another.

name → slot → loaded? → a lease: as long as one is held, the model stays
                 no → one thread loads it, all who want it wait for the same future
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Self

from ...errors import first_line
from ..config import ServingConfig
from ..errors import ModelError
from .levels import Levels
from .memory import NoRoomError, gib, loaded_size
from .names import Names
from .room import Room
from .slots import Slot

if TYPE_CHECKING:
    from types import TracebackType

    from ..serving.models import Served
    from .config import Profile

PAUSE = 5.0
"""Seconds after a failure in which the same reason is given again: to read a checkpoint takes long."""


class Lease:
    """The use of a model: while it is held, the model stays.

    Attributes
    ----------
    served : Served
        The model.
    """

    def __init__(self, served: Served, release: Callable[[], None]) -> None:
        self.served = served
        self._release: Callable[[], None] | None = release

    def release(self) -> None:
        """Let it go; to do so again changes nothing."""
        release, self._release = self._release, None
        if release is not None:
            release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Leases:
    """Gives models to who wants to use them.

    Parameters
    ----------
    settings
        How many may wait for a model, and how long.
    names
        Of the models.
    room
        Where they are.
    levels
        How each is loaded.
    load
        Loads a model by a profile; is called in one thread, one after another.
    """

    def __init__(
        self,
        settings: ServingConfig,
        names: Names,
        room: Room,
        levels: Levels,
        load: Callable[[Slot, Profile], Served],
    ) -> None:
        self._settings, self._names, self._room, self._levels = settings, names, room, levels
        self._decisions, self._read = room.decisions, load
        self._pool = ThreadPoolExecutor(1, "llm-loader")

    async def open(self, name: str) -> Lease:
        """Use a model; it is loaded if it is not yet, while nobody's thread waits.

        Raises
        ------
        UnknownModelError
            If there is none with this name.
        CheckpointError
            If it can't be loaded.
        ModelError
            If there is no memory for it, the disk fails, or it takes too long.
        BusyError
            If too many wait for it already.
        """
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                while not isinstance(found := self._lease_or_load(name), Lease):
                    if found is None:
                        await asyncio.to_thread(self._names.find, name)
                        continue
                    slot, loaded = found
                    try:
                        await asyncio.shield(asyncio.wrap_future(loaded))
                    finally:
                        self._stop_waiting(slot)
        except TimeoutError as error:
            raise ModelError(f"{name} is being loaded still", hint="try again later") from error
        return found

    def ready(self, name: str) -> Lease | None:
        """Use a model if it is loaded."""
        with self._room.changed:
            slot = self._names.known(name)
            if slot is None or slot.served is None or slot.state == "draining":
                return None
            slot.leases += 1
            slot.used = time.monotonic()
            return Lease(slot.served, partial(self._release, slot))

    def get(self, name: str) -> Lease:
        """Use a model, as `open` does; this thread waits until it is loaded.

        Raises
        ------
        ProjectError
            As `open` does.
        """
        while not isinstance(found := self._lease_or_load(name), Lease):
            if found is None:
                self._names.find(name)
                continue
            slot, loaded = found
            try:
                loaded.result()
            finally:
                self._stop_waiting(slot)
        return found

    def close(self) -> None:
        """Load nothing more."""
        self._pool.shutdown(cancel_futures=True)

    def _lease_or_load(self, name: str) -> Lease | tuple[Slot, Future[None]] | None:
        """Use a model, or have it loaded, if that has not begun, and count who waits; None if it is to be found first.

        Nothing is read from the disk here: the event loop does not wait for it.
        """
        from ..inference.tickets import BusyError

        with self._room.changed:
            found, slot = self.ready(name), self._names.known(name)
            if found is not None or slot is None:
                return found
            if self._room.closed:
                raise ModelError("the service ends", hint="try again later")
            if slot.state == "failed" and time.monotonic() - slot.failed < PAUSE:
                raise ModelError(slot.error, hint="try again later")
            if slot.waiting >= self._settings.queue:
                raise BusyError(f"{slot.waiting} requests wait for {slot.name} to be loaded", int(PAUSE))
            if slot.coming is None:
                slot.coming = self._pool.submit(self._load, slot)
            slot.waiting += 1
            return slot, slot.coming

    def _release(self, slot: Slot) -> None:
        with self._room.changed:
            slot.leases -= 1
            slot.used = time.monotonic()
            if not slot.leases:
                self._room.changed.notify_all()

    def _stop_waiting(self, slot: Slot) -> None:
        with self._room.changed:
            slot.waiting -= 1
            self._room.changed.notify_all()

    # What one thread does after another

    def _load(self, slot: Slot) -> None:
        changed = self._room.changed
        try:
            with changed:  # one that is asked for while it is drained comes back after that
                changed.wait_for(lambda: slot.state != "draining")
                slot.state, slot.error = "loading", ""
            began = time.monotonic()
            served = self._load_as_it_fits(slot)
        except BaseException as error:
            with changed:
                slot.state, slot.error, slot.failed = "failed", first_line(error), time.monotonic()
                slot.coming = None
            self._decisions.note(slot.name, "not loaded", slot.error)
            raise
        profile = self._levels.profile(slot)
        with changed:
            slot.served, slot.state, slot.coming = served, "ready", None
            slot.nbytes, slot.used = loaded_size(served.engine.model), time.monotonic()
            slot.sizes[profile] = slot.nbytes
            changed.notify_all()
        took = f"asked for, as {profile}; it took {time.monotonic() - began:.1f} s, and {gib(slot.nbytes)}"
        self._decisions.note(slot.name, "loaded", took)
        self._room.trim(slot)

    def _load_as_it_fits(self, slot: Slot) -> Served:
        """Load a model by the best profile that there is room for, from its own on."""
        while True:
            try:
                self._room.make(slot.name, lambda: self._levels.expected(slot, slot.profile, self._room.loaded()))
                return self._read(slot, self._levels.profile(slot))
            except NoRoomError as error:
                if not self._levels.change(slot, 1, error.message):
                    raise
