"""The models that are served: found by name, loaded when they are wanted, unloaded when memory is short."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ProjectError, first_line
from ..config import LLMConfig
from ..errors import CheckpointError
from ..training.checkpointing import CheckpointManager
from .leases import PAUSE, Lease, Leases
from .levels import Levels
from .memory import Memory, NoRoomError, gib
from .names import Names, without_version
from .pressure import Pressure
from .room import Room
from .slots import Decisions, Slot

if TYPE_CHECKING:
    from ..inference.tickets import Watch
    from ..serving.models import Served
    from .config import Profile
    from .loading import Loader


class ModelManager:
    """What is served.

    Parameters
    ----------
    config
        Of the project.
    root
        Folder of the project, which has its checkpoints.
    watch
        Is told what the engines do.
    memory
        Where models are; that of their device by default.
    """

    def __init__(
        self, config: LLMConfig, root: Path, watch: Watch | None = None, *, memory: Memory | None = None
    ) -> None:
        self._config, self._watch = config, watch
        self._checkpoints = CheckpointManager.of_project(root)
        default = config.served
        references = [*dict.fromkeys((default, *config.models.served))]
        self._names = Names(self._checkpoints, references, on_demand=config.models.on_demand)
        self.decisions = Decisions()
        self.levels = Levels(config.models, self._checkpoints, self.decisions)
        self.room = Room(config, self._names.slots, self.decisions, self._unload, memory)
        self._leases = Leases(config.serving, self._names, self.room, self.levels, self._load)
        self.pressure = Pressure(self, config.models)
        self._swapping = threading.Lock()

    # Names

    def default(self) -> str:
        """Give the default model, such as ``documents-qa@v1.0.0``.

        Raises
        ------
        CheckpointError
            If there is no such checkpoint.
        """
        return self._names.find(self._names.default()).name

    def names(self) -> list[tuple[str, int]]:
        """Give each name that can be asked for, and when its checkpoint was made, in seconds since 1970.

        Raises
        ------
        CheckpointError
            If there is no default.
        """
        return self._names.listed()

    def describe(self) -> dict[str, Any]:
        """Tell the state of every model, the memory, and what was decided last."""
        room = self.room
        with room.changed:
            models = [self._facts(slot) for slot in self._names.slots.values()]
            taken = room.taken()
        memory = {"taken_bytes": taken, "limit_bytes": room.limit, "free_bytes": room.memory.free()}
        return {"models": models, "memory": memory, "decisions": self.decisions.last()}

    # Use

    async def open(self, name: str) -> Lease:
        """Use a model; it is loaded if it is not yet, while nobody's thread waits.

        Raises
        ------
        ProjectError
            As `Leases.open` does.
        """
        return await self._leases.open(name)

    def ready(self, name: str) -> Lease | None:
        """Use a model if it is loaded."""
        return self._leases.ready(name)

    def get(self, name: str) -> Lease:
        """Use a model; this thread waits until it is loaded.

        Raises
        ------
        ProjectError
            As `Leases.open` does.
        """
        return self._leases.get(name)

    # Changes

    def preload(self) -> None:
        """Load the default model, and as many others as fit beside it.

        Raises
        ------
        ProjectError
            If the default can't be loaded.
        """
        with self.get(self.default()):  # it stays, whatever the others take
            self.names()  # finds what is configured
            for slot in [*self._names.slots.values()]:
                try:
                    self._preload(slot)
                except ProjectError as error:
                    self.decisions.note(slot.name, "left unloaded", error.message)

    def load(self, reference: str | Path) -> dict[str, Any]:
        """Load a checkpoint, configured or not, and serve it by its name with a version, and without if that is free.

        Raises
        ------
        ProjectError
            If it can't be loaded.
        """
        with suppress(CheckpointError):
            self._names.default()  # what is configured has its names first
        slot, is_new = self._names.add(reference)
        try:
            self.get(slot.name).release()
        except Exception:
            if is_new:
                self._forget(slot)
            raise
        self._names.name(slot)
        return self._facts(slot)

    def swap(self, name: str, reference: str | Path) -> dict[str, Any]:
        """Put another checkpoint behind a name without a version, without a request that fails.

        It is loaded beside the old one, answers its golden prompts, and gets what is asked from then on. The old one
        ends what it has begun and is unloaded, unless another name means it. If anything fails, the old one stays.

        Raises
        ------
        UnknownModelError
            If no model has the name.
        CheckpointError
            If there is no such checkpoint, it is not as it was saved, or it does not answer.
        ModelError
            If there is no memory for it beside the old one.
        BusyError
            If another one is being replaced.
        """
        from ..inference.tickets import BusyError

        if not self._swapping.acquire(blocking=False):
            raise BusyError("another model is being replaced", int(PAUSE))
        try:
            old = self._names.find(name := without_version(name))
            new, is_new = self._names.add(reference)
            if new is old:
                self.get(new.name).release()
            else:
                self._replace(name, old, new, is_new=is_new)
        except Exception as error:
            self.decisions.note(name, "not replaced", first_line(error))
            raise
        finally:
            self._swapping.release()
        return self._facts(new)

    def unload(self, name: str, reason: str = "asked to") -> dict[str, Any]:
        """Unload a model once its requests have ended, or their time is over; it is loaded again when it is wanted.

        Raises
        ------
        UnknownModelError
            If there is none with this name.
        """
        slot = self._names.find(name)
        self.room.retire(slot, reason)
        return self._facts(slot)

    def close(self) -> None:
        """End; answers that are under way fail."""
        self.room.close()
        self.pressure.stop()
        self._leases.close()
        self.room.clear()

    def _replace(self, name: str, old: Slot, new: Slot, *, is_new: bool) -> None:
        old.pinned, was_loaded = True, new.served is not None
        try:
            with self.room.changed:
                new.failed = 0.0  # somebody asks for it: it is read again
            with self.get(new.name) as lease:
                self._loader.check(new, lease.served)
                with self.room.changed:
                    self._names.point(name, new)
            self._names.keep()
        except Exception:
            if not was_loaded:
                self.room.retire(new, "it was to replace another model, and can't")
            if is_new:
                self._forget(new)
            raise
        finally:
            old.pinned = False
        self.decisions.note(new.name, "put in place", f"of {old.name} as {name}: it answers its golden prompts")
        if not self._names.of(old):
            self.room.retire(old, f"replaced by {new.name}")

    def _preload(self, slot: Slot) -> None:
        if slot.served is not None:
            return
        need, left = self.levels.expected(slot, slot.profile, self.room.loaded()), self.room.left()
        if need > left:
            raise NoRoomError(f"it needs {gib(need)}, and {gib(left)} are left beside the others")
        self.get(slot.name).release()

    def _forget(self, slot: Slot) -> None:
        with self.room.changed:
            self._names.forget(slot)

    def change_profile(self, slot: Slot, step: int, reason: str) -> bool:
        """Load a model anew by a profile that takes less memory, or with a step of -1 more; requests wait meanwhile.

        Returns
        -------
        bool
            Whether there is such a profile.
        """
        with self.room.changed:
            if slot.served is None or slot.state == "draining" or not self.levels.change(slot, step, reason):
                return False
            slot.state = "draining"
        self.room.drain(slot, reason)
        self.get(slot.name).release()
        return True

    def _facts(self, slot: Slot) -> dict[str, Any]:
        return slot.facts(self._names.of(slot), self.levels.profile(slot))

    # Loading

    @cached_property
    def _loader(self) -> Loader:
        from .loading import Loader

        return Loader(self._config, self._checkpoints, self._watch, self.pressure.failed)

    def _load(self, slot: Slot, profile: Profile) -> Served:
        served = self._loader.load(slot, profile)
        self.pressure.start()
        return served

    def _unload(self, served: Served) -> None:
        self._loader.unload(served)
