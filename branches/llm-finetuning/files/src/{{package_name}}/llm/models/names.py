"""Which checkpoint a name means: what is listed is what answers, whatever is saved later."""

from __future__ import annotations

import difflib
import json
import threading
from datetime import datetime
from pathlib import Path

from ...errors import ProjectError, first_line
from ...logs import get_logger
from ..errors import CheckpointError
from ..training.checkpoint_files import CHECKSUMS
from ..training.checkpoint_names import label_of
from ..training.checkpointing import CheckpointManager
from .slots import Slot

_log = get_logger(__name__)


class UnknownModelError(ProjectError):
    """A model that is not served."""


def unknown_model(name: str, names: list[str]) -> UnknownModelError:
    """Word that there is no such model, with the nearest of those that there are."""
    nearest = next(iter(difflib.get_close_matches(name, names, 1, 0.0)), names[0])
    return UnknownModelError(f"there is no model {name!r}", hint=f"did you mean {nearest!r}?")


class Names:
    """The models that are served, by their names with a version and without.

    Parameters
    ----------
    checkpoints
        Of the project.
    references
        What is served; the first one is the default.
    on_demand
        Whether every checkpoint is served.
    """

    def __init__(self, checkpoints: CheckpointManager, references: list[str], *, on_demand: bool) -> None:
        self._checkpoints, self._references, self._on_demand = checkpoints, references, on_demand
        self._lock = threading.RLock()
        self._pending = dict.fromkeys(references)  # not found yet; a set that keeps its order
        self._default = ""
        self._kept = checkpoints.root / ".served.json"
        self.slots: dict[str, Slot] = {}
        self.aliases: dict[str, str] = {}

    def default(self) -> str:
        """Give the name without a version that the default model answers to.

        Raises
        ------
        CheckpointError
            If there is no such checkpoint.
        """
        if self._default:  # nobody waits for who reads the disk
            return self._default
        with self._lock:
            if not self._default:
                slot = self._take(self._references[0])
                self._restore()
                self._default = without_version(slot.name)
            return self._default

    def listed(self) -> list[tuple[str, int]]:
        """Give each name, and when its checkpoint was made; what is configured and not there is left out.

        Raises
        ------
        CheckpointError
            If there is no default.
        """
        with self._lock:
            self.default()
            self._look()
            named = [(slot.name, slot.created) for slot in self.slots.values()]
            return named + [(alias, self.slots[name].created) for alias, name in self.aliases.items()]

    def known(self, name: str) -> Slot | None:
        """Give what a name means, if it was found before; nothing is read from the disk."""
        return self.slots.get(self.aliases.get(name, name))

    def find(self, name: str) -> Slot:
        """Give what a name means.

        Raises
        ------
        UnknownModelError
            If no model has it; the nearest one is told.
        CheckpointError
            If there is no default, or what the name means can't be read.
        """
        found = self.known(name)
        if found is not None:  # nobody waits for who reads the disk
            return found
        with self._lock:
            self.default()
            self._look()
            found = self.known(name)
            if found is not None:
                return found
            if name in self._pending:  # it is configured: say what is wrong with it
                return self._take(name)
            if self._on_demand and name in self._registered():
                return self._take(name)
            names = [*self.slots, *self.aliases, *(self._registered() if self._on_demand else ())]
            raise unknown_model(name, names)

    def add(self, reference: str | Path) -> tuple[Slot, bool]:
        """Take a checkpoint that was not configured; no name without a version means it yet.

        Returns
        -------
        slot : Slot
            Its place.
        is_new : bool
            Whether there was none before.

        Raises
        ------
        CheckpointError
            If there is no such checkpoint.
        """
        with self._lock:
            before = len(self.slots)
            slot = self._slot(reference)
            return slot, len(self.slots) > before

    def name(self, slot: Slot) -> None:
        """Let a name without a version mean a model, unless it means another."""
        with self._lock:
            self.aliases.setdefault(without_version(slot.name), slot.name)

    def point(self, alias: str, slot: Slot) -> None:
        """Let a name mean another model from now on."""
        with self._lock:
            self.aliases[alias] = slot.name

    def forget(self, slot: Slot) -> None:
        """Leave out a model that no name without a version means, unless it is loaded or about to be."""
        with self._lock:
            if not self.of(slot) and slot.served is None and slot.coming is None:
                self.slots.pop(slot.name, None)

    def keep(self) -> None:
        """Have what names mean now outlive a restart, as long as the configuration finds the same checkpoints."""
        with self._lock:
            aliases = {alias: self._reference(name) for alias, name in self.aliases.items()}
            kept = {"found": self._found(), "aliases": aliases}
            new = self._kept.with_suffix(".new")
            try:
                new.write_text(json.dumps(kept), encoding="utf-8")
                new.replace(self._kept)
            except OSError as error:
                _log.warning("a restart will serve what is configured", reason=str(error))

    def of(self, slot: Slot) -> list[str]:
        """Give the names without a version that mean a model."""
        return [alias for alias, name in self.aliases.items() if name == slot.name]

    def _restore(self) -> None:
        """Let names mean what they meant at the last exchange, if nothing was configured or saved since."""
        try:
            kept = json.loads(self._kept.read_text(encoding="utf-8"))
            if kept["found"] == self._found():
                for alias, reference in kept["aliases"].items():
                    self.aliases[alias] = self._slot(reference).name
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, AttributeError, CheckpointError) as error:
            _log.warning("what was served before is not served again", reason=first_line(error))

    def _found(self) -> dict[str, str]:
        """Give the checkpoints that the configuration means today."""
        found = {}
        for reference in self._references:
            try:
                found[reference] = label_of(self._checkpoints.metadata(reference))
            except CheckpointError:
                continue
        return found

    def _registered(self) -> list[str]:
        return [text for one in self._checkpoints.list() for text in (str(one), one.name)]

    def _look(self) -> None:
        """Find what was configured and is there by now."""
        for reference in [*self._pending]:
            try:
                self._take(reference)
            except CheckpointError:
                continue

    def _take(self, reference: str) -> Slot:
        slot = self._slot(reference)
        self.name(slot)
        self._pending.pop(reference, None)
        return slot

    def _reference(self, name: str) -> str:
        """Give what finds a model after a restart: its folder, where that is none of the project's checkpoints."""
        folder = self.slots[name].folder.resolve()
        return name if folder.parent == self._checkpoints.root.resolve() else str(folder)

    def _slot(self, reference: str | Path) -> Slot:
        known = self.slots.get(str(reference))
        if known is not None:
            return known
        folder = self._checkpoints.path(reference)
        found = self._checkpoints.metadata(folder)
        name = label_of(found)
        known = self.slots.get(name)
        if known is not None:
            _check_same(known, folder)
            return known
        created = datetime.fromisoformat(found["created_at"]).timestamp()
        base = f"{found['base_model']}@{found['base_model_revision']}" if found["kind"] == "adapter" else ""
        slot = self.slots[name] = Slot(name, folder, int(created), found["kind"], base)
        return slot


def _check_same(known: Slot, folder: Path) -> None:
    """Refuse another checkpoint under a label that is served already."""
    if known.folder.resolve() == folder.resolve():
        return
    try:
        same = (known.folder / CHECKSUMS).read_bytes() == (folder / CHECKSUMS).read_bytes()
    except OSError:
        same = False
    if not same:
        raise CheckpointError(
            f"{known.name} is served from {known.folder}, and {folder} holds another checkpoint of this name",
            hint="give it a version of its own: `checkpoints import` takes --version",
        )


def without_version(name: str) -> str:
    """Give the name that the versions of a model share.

    Examples
    --------
    >>> without_version("documents-qa@v1.0.0")
    'documents-qa'
    """
    return name.partition("@")[0]
