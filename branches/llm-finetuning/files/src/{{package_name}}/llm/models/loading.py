"""From a checkpoint to a model that answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ...errors import first_line
from ...logs import get_logger
from ..config import LLMConfig
from ..errors import CheckpointError, ModelError
from ..inference.tickets import Watch
from ..serving.models import Served, start_engine
from ..training.checkpointing import CheckpointManager
from .config import Profile
from .memory import NoRoomError, gib
from .sharing import share_weights

if TYPE_CHECKING:
    from .slots import Slot

_log = get_logger(__name__)

Stamp = dict[str, tuple[int, int, int]]


class Loader:
    """Loads checkpoints.

    Parameters
    ----------
    config
        Of the project.
    checkpoints
        Where they are.
    watch
        Is told what all engines do together.
    failed
        Is told the errors of each model.
    """

    def __init__(
        self,
        config: LLMConfig,
        checkpoints: CheckpointManager,
        watch: Watch | None,
        failed: Callable[[str, Exception], None],
    ) -> None:
        offload = {"offload_folder": checkpoints.project / config.serving.offload_folder}
        serving = config.serving.model_copy(update=offload)
        self._config, self._checkpoints = config.model_copy(update={"serving": serving}), checkpoints
        self._apart: WeakValueDictionary[tuple[str, str], Any] = WeakValueDictionary()
        self._totals = _Totals(watch or Watch(), failed)

    def load(self, slot: Slot, profile: Profile) -> Served:
        """Load a model and have it answer.

        Raises
        ------
        CheckpointError
            If the checkpoint is not as it was saved, or is being replaced.
        ModelError
            If there is no memory for it, or the disk fails.
        """
        import torch

        from ..process import quiet_transformers

        quiet_transformers()
        try:
            try:
                return self._load(slot, profile)
            except _ReplacedError:
                _log.warning("the checkpoint was replaced while it was read, and is read again", model=slot.name)
                return self._load(slot, profile)
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise NoRoomError(
                f"{slot.name} can't be loaded: {first_line(error)}", hint="see whether it fits the memory"
            ) from error
        except OSError as error:
            raise ModelError(f"{slot.name} can't be loaded: {first_line(error)}", hint="see to the disk") from error

    def check(self, slot: Slot, served: Served) -> None:
        """Have a model answer the golden prompts of its checkpoint.

        Raises
        ------
        CheckpointError
            If it does not, or gives numbers that are none.
        """
        from ..training.golden import check_answers

        check_answers(served.engine.model, served.tokenizer, self._checkpoints.metadata(slot.folder))

    def unload(self, served: Served) -> None:
        """End a model, and give its memory back; answers that are under way fail."""
        served.engine.close()
        self._totals.forget(served.name)

    def _load(self, slot: Slot, profile: Profile) -> Served:
        before = _stamp(slot.folder)
        try:
            model, tokenizer, _ = self._checkpoints.load_checkpoint(slot.folder)
        except CheckpointError as error:
            if _stamp(slot.folder) != before:
                raise _ReplacedError(error.message, hint=error.hint) from error
            raise
        if _stamp(slot.folder) != before:
            raise _ReplacedError(f"{slot.folder} is being replaced", hint="save it under another version")
        if self._config.models.share_bases and slot.base and hasattr(model, "merge_and_unload"):
            model = self._on_shared_base(slot, model)
        else:
            model = self._made_smaller(model, profile)
        return start_engine(slot.name, model, tokenizer, self._config, self._totals.watch(slot.name))

    def _on_shared_base(self, slot: Slot, model: Any) -> Any:
        """Give a base model with the adapter in its layers, and weights that other adapters on it have too."""
        model = model.get_base_model()
        for (base, name), other in [*self._apart.items()]:
            if base == slot.base:
                shared = share_weights(model, other)
                _log.info("base model shared", model=slot.name, other=name, size=gib(shared))
                break
        self._apart[slot.base, slot.name] = model
        return model

    def _made_smaller(self, model: Any, profile: Profile) -> Any:
        """Load as a profile has it; an adapter is merged before its base model is rounded."""
        if profile == "saved":
            return model
        from ..base_model import dtype_of
        from ..quantization.methods import METHODS
        from ..quantization.weights import check_layers, quantize_weights

        model = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
        if profile == "bfloat16":
            for weight in model.parameters():  # buffers, such as those of rotary embeddings, need all their digits
                weight.data = weight.data.to(dtype_of("bfloat16"))
        else:
            method, group_size = METHODS[profile], self._config.quantization.group_size
            check_layers(model, method, group_size)
            quantize_weights(model, method, group_size)
        return model


class _ReplacedError(CheckpointError):
    """A checkpoint whose files changed while they were read."""


def _stamp(folder: Path) -> Stamp:
    """Tell by what files are whether they are the same ones later."""
    try:
        found = {path.name: path.stat() for path in folder.iterdir()}
    except OSError:
        return {}
    return {name: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


class _Totals:
    """What several engines do, as if they were one."""

    def __init__(self, watch: Watch, failed: Callable[[str, Exception], None]) -> None:
        self._watch, self.fail = watch, failed
        self._states: dict[str, tuple[int, int, int]] = {}

    def watch(self, name: str) -> Watch:
        """Give what one engine tells."""
        return _Part(self, self._watch, name)

    def tell(self, name: str, state: tuple[int, int, int]) -> None:
        """Take the state of one engine."""
        self._states[name] = state
        self._tell()

    def forget(self, name: str) -> None:
        """Leave out an engine that has ended."""
        self._states.pop(name, None)
        self._tell()

    def _tell(self) -> None:
        states = [*self._states.values()]
        running, waiting, nbytes = (sum(state[place] for state in states) for place in range(3))
        self._watch.state(running, waiting, nbytes)


class _Part(Watch):
    """One engine of several: its requests are told as they are, its state is added to that of the others."""

    def __init__(self, totals: _Totals, watch: Watch, name: str) -> None:
        self._totals, self._watch, self._name = totals, watch, name

    def began(self, waited: float, prompt: int) -> None:
        self._watch.began(waited, prompt)

    def first(self, seconds: float) -> None:
        self._watch.first(seconds)

    def next(self, seconds: float) -> None:
        self._watch.next(seconds)

    def guessed(self, count: int, right: int) -> None:
        self._watch.guessed(count, right)

    def ended(self, reason: str) -> None:
        self._watch.ended(reason)

    def failed(self, error: Exception) -> None:
        self._totals.fail(self._name, error)

    def state(self, running: int, waiting: int, nbytes: int) -> None:
        self._totals.tell(self._name, (running, waiting, nbytes))
