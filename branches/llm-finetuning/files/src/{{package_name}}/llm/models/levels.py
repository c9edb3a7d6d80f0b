"""By which profile each model is loaded, and the memory that it takes so."""

from __future__ import annotations

from collections.abc import Collection

from ..training.checkpointing import CheckpointManager
from .config import ModelsConfig, Profile
from .memory import SHARES, files_size, saved_size
from .slots import Decisions, Slot


class Levels:
    """The profiles of models.

    Parameters
    ----------
    settings
        Names the profiles, the best first.
    checkpoints
        Of the project.
    decisions
        Takes what was changed, and why.
    """

    def __init__(self, settings: ModelsConfig, checkpoints: CheckpointManager, decisions: Decisions) -> None:
        self._profiles, self._shares = settings.profiles, settings.share_bases
        self._checkpoints, self._decisions = checkpoints, decisions

    def profile(self, slot: Slot) -> Profile:
        """Give the profile by which a model is loaded."""
        return self._profiles[slot.profile]

    def shares(self, slot: Slot) -> bool:
        """Say whether a model is an adapter that has its base in common with others."""
        return self._shares and slot.kind == "adapter"

    def expected(self, slot: Slot, number: int, beside: Collection[Slot] = ()) -> int:
        """Give the bytes that a model's weights take by a profile: measured if it was loaded so, else estimated.

        Parameters
        ----------
        slot
            The model.
        number
            Of the profile.
        beside
            Models that it may have a base in common with.
        """
        if self.shares(slot) and any(one.base == slot.base for one in beside):
            return files_size(slot.folder)
        name = self._profiles[number]
        if name not in slot.sizes and "files" not in slot.sizes:
            slot.sizes["files"] = saved_size(self._checkpoints, slot.folder)
        return slot.sizes.get(name) or int(slot.sizes["files"] * SHARES[name])

    def change(self, slot: Slot, step: int, reason: str) -> bool:
        """Say how a model is to be loaded from now on, unless it was quantised or shares its base.

        Returns
        -------
        bool
            Whether there is such a profile.
        """
        wanted = slot.profile + step
        if slot.kind == "quantized" or self.shares(slot) or not 0 <= wanted < len(self._profiles):
            return False
        slot.profile = wanted
        self._decisions.note(slot.name, f"{'lowered' if step > 0 else 'raised'} to {self.profile(slot)}", reason)
        return True
