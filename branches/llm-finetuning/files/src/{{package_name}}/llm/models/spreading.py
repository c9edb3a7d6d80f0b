"""A model that is larger than a device, on several of them, in the memory of the machine, and on its disk.

free memory of each device → layers to devices, in their order → weights to where they belong

Accelerate moves what goes from one layer to the next, and brings weights that are elsewhere for their layer:
https://huggingface.co/docs/accelerate/concept_guides/big_model_inference
"""

from __future__ import annotations

import shutil
import weakref
from collections import Counter
from importlib import import_module
from tempfile import mkdtemp
from typing import Any

from ...logs import get_logger
from ..base_model import pick_device, place
from ..config import LLMConfig
from ..errors import ModelError
from .memory import loaded_size

_log = get_logger(__name__)


def put(model: Any, config: LLMConfig) -> None:
    """Put a model where it is to run: on one device, or as `llm.serving.device_map` says.

    Parameters
    ----------
    model : PreTrainedModel
        In the memory of the machine. One that fits a device is put there whole.
    config : LLMConfig
        Says which devices may be used, how much of each, and the folder for weights that no memory has room for. What
        is put there goes with the model.

    Raises
    ------
    ModelError
        If the configuration names a device that is not there, or the weights are packed, which can't be spread.
    """
    device, wanted = pick_device(config.model.device), config.serving.device_map
    if wanted == "single":
        place(model, device)
        return
    dispatch_model: Any = import_module("accelerate").dispatch_model

    mapped = _map(model, config)
    used = {str(one) for one in mapped.values()}
    if len(used) == 1 and "disk" not in used:
        place(model, device)
        return
    if any(hasattr(weight, "__tensor_flatten__") for weight in model.parameters()):
        raise ModelError(
            f"the model does not fit one device, and its packed weights can't be spread over {', '.join(sorted(used))}",
            hint="serve it with the profile saved or bfloat16, or set llm.serving.device_map=single",
        )
    folder = None
    if "disk" in used:
        config.serving.offload_folder.mkdir(parents=True, exist_ok=True)
        folder = mkdtemp(dir=config.serving.offload_folder)
    dispatch_model(model, mapped, offload_dir=folder)
    if folder is not None:
        weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
    counts = Counter(map(str, mapped.values()))
    told = ", ".join(f"{count} on {_name(one)}" for one, count in counts.items())
    _log.info("model spread", parts=told, in_memory_mib=loaded_size(model) // 2**20)


def _map(model: Any, config: LLMConfig) -> dict[str, Any]:
    """Give the device of each part; layers stay whole."""
    accelerate, tools = import_module("accelerate"), import_module("accelerate.utils")
    given: Any = {int(name) if name.isdigit() else name: size for name, size in config.serving.device_memory.items()}
    whole = list(getattr(model, "_no_split_modules", None) or ())
    try:
        limits = tools.get_max_memory(given or None)
    except ValueError as error:
        hint = "as in {0: 20GiB, cpu: 48GiB}, with the numbers of GPUs"
        raise ModelError(f"llm.serving.device_memory can't be used: {error}", hint=hint) from error
    if config.serving.device_map == "balanced":
        limits = tools.get_balanced_memory(model, max_memory=limits, no_split_module_classes=whole)
    found: dict[str, Any] = accelerate.infer_auto_device_map(model, max_memory=limits, no_split_module_classes=whole)
    return found


def _name(device: str) -> str:
    return f"GPU {device}" if device.isdigit() else device
