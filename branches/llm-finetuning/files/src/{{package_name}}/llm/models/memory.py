"""The memory of models: what one is going to take, what it takes, and what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ModelError
from ..host_memory import host_memory
from ..training.checkpoint_base import WEIGHT_SUFFIXES, locate, weights_folder
from ..training.checkpointing import CheckpointManager
from .config import Profile

if TYPE_CHECKING:
    import torch

GIB = 2**30
SHARES: dict[Profile, float] = {"saved": 1.0, "bfloat16": 1.0, "int8": 0.7, "int8-dynamic": 0.7}
"""Of the files that a profile takes at most, until it was measured: files of 16 bits, and scales beside the 8."""


class NoRoomError(ModelError):
    """A model that memory has no room for, as it is wanted."""


class Memory(Protocol):
    """Where models are."""

    def total(self) -> int:
        """Give all bytes, taken or not."""
        ...

    def free(self) -> int:
        """Give the bytes that can be had now."""
        ...


class DeviceMemory:
    """The memory of a device.

    Parameters
    ----------
    device : torch.device
        CPU, CUDA or MPS.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def total(self) -> int:
        """Give all bytes, taken or not; on MPS those that Metal recommends, on the CPU those of the container."""
        import torch

        if self._device.type == "cuda":
            return int(torch.cuda.mem_get_info(self._device)[1])
        if self._device.type == "mps":
            return int(torch.mps.recommended_max_memory())
        return host_memory().total

    def free(self) -> int:
        """Give the bytes that can be had now."""
        from ..training.memory import available_memory

        return available_memory(self._device)


class AllMemory:
    """The memory of all GPUs and of the machine, for models that are spread over them."""

    def total(self) -> int:
        """Give all bytes, taken or not."""
        return sum(one.total() for one in self._parts())

    def free(self) -> int:
        """Give the bytes that can be had now."""
        return sum(one.free() for one in self._parts())

    @staticmethod
    def _parts() -> list[DeviceMemory]:
        import torch

        devices = [torch.device("cpu"), *(torch.device("cuda", number) for number in range(torch.cuda.device_count()))]
        return [DeviceMemory(one) for one in devices]


def saved_size(checkpoints: CheckpointManager, folder: Path) -> int:
    """Give the bytes of a checkpoint's weights on disk, those of an adapter's base model included.

    Raises
    ------
    CheckpointError
        If its metadata can't be read, or its base model is missing.
    """
    size, facts = files_size(folder), checkpoints.metadata(folder)
    if facts["kind"] == "adapter" and facts["base_model"]:
        location = locate(facts["base_model"], checkpoints.project)
        size += files_size(weights_folder(location, facts["base_model_revision"]))
    return size


def files_size(folder: Path) -> int:
    """Give the bytes of the weights in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.suffix in WEIGHT_SUFFIXES)


def loaded_size(*models: Any) -> int:
    """Give the bytes of the weights and buffers of models in memory; those that are shared count once."""
    tensors = {id(tensor): tensor for model in models for tensor in (*model.parameters(), *model.buffers())}
    return sum(map(_bytes_of, tensors.values()))


def _bytes_of(tensor: Any) -> int:
    """Look into a quantised tensor, which gives the size that it would have without."""
    if hasattr(tensor, "__tensor_flatten__"):
        return sum(_bytes_of(getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0])
    return 0 if tensor.is_meta else int(tensor.nbytes)  # weights on the disk


def gib(size: float) -> str:
    """Write bytes for people.

    Examples
    --------
    >>> gib(3 * 2**29), gib(5 * 2**20)
    ('1.50 GiB', '5 MiB')
    """
    return f"{size / GIB:.2f} GiB" if size >= GIB / 10 else f"{size / 2**20:.0f} MiB"
