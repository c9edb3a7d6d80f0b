"""Quantised weights as safetensors, those of four bits two to a byte.

model → tensors, and what they are (torchao) → packed → quantized.safetensors → unpacked → the same model
"""

from __future__ import annotations

import json
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .foreign import foreign_size, is_foreign, read_foreign, write_foreign

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

MARK = {"quant_method": "torchao-packed"}
# No name that transformers looks for: it would take the packed weights for missing ones, and go on with random ones.
WEIGHTS = "quantized.safetensors"
_TORCHAO = "torchao.prototype.safetensors.safetensors_support"  # has no types
_FOUR_BITS = {"_type": "torch.dtype", "_data": "int4"}


def mark_quantized(model: PreTrainedModel) -> None:
    """Have a model, and what is saved of it, say that it was quantised here."""
    model.config.quantization_config = dict(MARK)


def is_quantized(model: Any) -> bool:
    """Say whether a model was quantised, here or by another library."""
    return is_foreign(model) or getattr(getattr(model, "config", None), "quantization_config", None) == MARK


def packed_tensors(model: PreTrainedModel) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Give the tensors of a quantised model as they are written, and torchao's description of them."""
    flatten = import_module(_TORCHAO).flatten_tensor_state_dict
    state, second = model.state_dict(), _second_names(model)
    kept = {name: tensor for name, tensor in state.items() if name not in second}
    tensors, described = flatten(kept)
    for name in _four_bit_names(described):
        tensors[name] = pack(tensors[name])
    return {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}, described


def size_of(model: PreTrainedModel) -> int:
    """Give the bytes that the weights of a quantised model, and what describes them, take in a file."""
    if is_foreign(model):
        return foreign_size(model)
    tensors, described = packed_tensors(model)
    return sum(tensor.nbytes for tensor in tensors.values()) + len(json.dumps(described))


def bfloat16_size(model: PreTrainedModel) -> int:
    """Give the bytes that the weights of a model take as bfloat16."""
    return sum(2 * weight.numel() for weight in model.parameters())


def write_quantized(folder: Path, model: PreTrainedModel) -> None:
    """Save a quantised model: its configuration and its weights."""
    from safetensors.torch import save_file

    if is_foreign(model):
        write_foreign(folder, model)
        return
    model.config.save_pretrained(folder)
    if model.generation_config is not None:
        model.generation_config.save_pretrained(folder)
    tensors, described = packed_tensors(model)
    save_file(tensors, folder / WEIGHTS, metadata=described)


def read_quantized(folder: Path) -> PreTrainedModel:
    """Load a quantised model, which is just as it was.

    Raises
    ------
    ValueError
        If the weights are not those of the model. What reads files that are none raises errors of its own.
    """
    from safetensors import safe_open
    from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

    if not (folder / WEIGHTS).is_file():
        whole: PreTrainedModel = read_foreign(folder)
        return whole
    make: Any = AutoModelForCausalLM.from_config
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    with safe_open(folder / WEIGHTS, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.offset_keys()}
        described = file.metadata() or {}
    for name in _four_bit_names(described):
        tensors[name] = unpack(tensors[name])
    state, left = import_module(_TORCHAO).unflatten_tensor_state_dict(tensors, described)
    with import_module("accelerate").init_empty_weights():
        model: PreTrainedModel = make(config, trust_remote_code=False)
    found = model.load_state_dict(state, strict=False, assign=True)
    model.tie_weights()
    missing = [name for name in found.missing_keys if name not in _second_names(model)]
    unfit = [*missing, *left, *found.unexpected_keys, *_odd_names(model)]
    if unfit:
        raise ValueError(f"the weights don't fit the model: {unfit[0]}")
    if (folder / "generation_config.json").is_file():
        model.generation_config = GenerationConfig.from_pretrained(folder)
    return model


def pack(values: torch.Tensor) -> torch.Tensor:
    """Put two numbers from -8 to 7 into each byte, the first in its lower half.

    Parameters
    ----------
    values : Tensor of shape (rows, columns)
        As int8; the number of columns is even.

    Returns
    -------
    Tensor of shape (rows, columns / 2)
        As uint8.

    Examples
    --------
    >>> import torch
    >>> pack(torch.tensor([[1, -1]], dtype=torch.int8)).tolist()
    [[241]]
    """
    import torch

    halves = (values & 15).view(torch.uint8)
    return halves[:, 0::2] | (halves[:, 1::2] << 4)


def unpack(packed: torch.Tensor) -> torch.Tensor:
    """Give the numbers that `pack` was given.

    Examples
    --------
    >>> import torch
    >>> unpack(torch.tensor([[241]], dtype=torch.uint8)).tolist()
    [[1, -1]]
    """
    import torch

    halves = torch.stack((packed & 15, packed >> 4), dim=-1).flatten(1).view(torch.int8)
    return (halves ^ 8) - 8  # the fourth bit is the sign


def _second_names(model: PreTrainedModel) -> set[str]:
    """Name weights that are known by another name too, since they are tied."""
    once = dict(model.named_parameters())
    return {name for name, _ in model.named_parameters(remove_duplicate=False) if name not in once}


def _odd_names(model: PreTrainedModel) -> list[str]:
    """Name weights whose scales don't match their numbers, or whose type is another than that of most."""
    weights = dict(model.named_parameters())
    types = Counter(weight.dtype for weight in weights.values())
    usual = max(types, key=types.__getitem__)
    return [name for name, weight in weights.items() if weight.dtype != usual or not _is_whole(weight)]


def _is_whole(weight: Any) -> bool:
    """Say whether each group of quantised numbers has a scale, and each part its type; so has what isn't quantised."""
    import torch

    block = getattr(weight, "block_size", None)
    if block is None:
        return True
    groups = tuple(length // size for length, size in zip(weight.shape, block, strict=True))
    zero = getattr(weight, "zero_point", None)
    scaled = weight.scale.is_floating_point() and all(
        tuple(part.shape) == groups for part in (weight.scale, zero) if part is not None
    )
    whole = all(part.dtype == torch.int8 for part in (weight.qdata, zero) if part is not None)
    return scaled and whole


def _four_bit_names(described: dict[str, str]) -> list[str]:
    """Name the tensors whose numbers have four bits."""
    found = []
    for name in json.loads(described.get("tensor_names", "[]")):
        facts = json.loads(described[name]).get("_data")
        if isinstance(facts, dict) and facts.get("target_dtype") == _FOUR_BITS:
            layer, _, weight = name.rpartition(".")
            found.append(f"{layer}._{weight}_qdata")
    return found
