"""Models in the format of GPTQ, with their weights turned back into numbers.

Eight numbers of four bits share one of 32, along the inputs of a layer; its zeros do along the outputs.
Source: https://github.com/ModelCloud/GPTQModel, whose layers compute with it
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_BITS = 4
_PACKED = ".qweight"
_PARTS = (_PACKED, ".qzeros", ".scales", ".g_idx")


def read_gptq(folder: Path, facts: Mapping[str, Any], device: torch.device) -> Any:
    """Load a model in the format of GPTQ.

    Parameters
    ----------
    folder : Path
        Where its files are.
    facts : mapping
        What its configuration says of the format.
    device : torch.device
        Where it goes.

    Raises
    ------
    ValueError
        If its numbers are packed in another way.
    """
    from safetensors.torch import load_file
    from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

    packing = facts.get("checkpoint_format", "gptq")
    if facts.get("bits") != _BITS or packing not in ("gptq", "gptq_v2"):
        raise ValueError(f"its weights have {facts.get('bits')} bits, packed as {packing}")
    tensors = {name: value for file in sorted(folder.glob("*.safetensors")) for name, value in load_file(file).items()}
    names = [name.removesuffix(_PACKED) for name in tensors if name.endswith(_PACKED)]
    config: Any = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    del config.quantization_config  # transformers would look for the library that reads it
    plain = {name: value for name, value in tensors.items() if not name.endswith(_PARTS)}
    for name in names:
        parts = [tensors[name + part] for part in _PARTS]
        # Kept one lower in the first version of the format.
        plain[f"{name}.weight"] = unpacked(*parts, offset=packing == "gptq").to(config.dtype)
    make: Any = AutoModelForCausalLM.from_config
    with import_module("accelerate").init_empty_weights():
        model = make(config, trust_remote_code=False, dtype=config.dtype)
    found = model.load_state_dict(plain, strict=False, assign=True)
    model.tie_weights()
    lacking = [name for name, weight in model.named_parameters() if weight.is_meta]
    unfit = [*lacking, *found.unexpected_keys]
    if unfit:
        raise ValueError(f"the weights don't fit the model: {unfit[0]}")
    if (folder / "generation_config.json").is_file():
        model.generation_config = GenerationConfig.from_pretrained(folder)
    return model.to(device).eval()


def unpacked(
    weights: torch.Tensor, zeros: torch.Tensor, scales: torch.Tensor, groups: torch.Tensor, *, offset: bool
) -> torch.Tensor:
    """Give the weights of a layer.

    Parameters
    ----------
    weights : Tensor of shape (inputs / 8, outputs)
        As int32.
    zeros : Tensor of shape (groups, outputs / 8)
        As int32: the number that stands for zero.
    scales : Tensor of shape (groups, outputs)
        What a step is.
    groups : Tensor of shape (inputs,)
        The group of each input.
    offset : bool
        Whether zeros are kept one lower than they are.

    Returns
    -------
    Tensor of shape (outputs, inputs)

    Examples
    --------
    >>> import torch
    >>> eights = torch.full((1, 1), 0x77777777, dtype=torch.int32)
    >>> packed = torch.full((1, 8), 0x76543210, dtype=torch.int32)
    >>> unpacked(packed, eights, torch.ones(1, 8), torch.zeros(8, dtype=torch.int32), offset=True)[0].tolist()
    [-8.0, -7.0, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0]
    """
    import torch

    shifts = torch.arange(0, 32, _BITS, dtype=torch.int32)
    numbers = ((weights[:, None] >> shifts[:, None]) & 15).flatten(0, 1)  # (inputs, outputs)
    zero = ((zeros[..., None] >> shifts) & 15).flatten(1) + int(offset)  # (groups, outputs)
    chosen = groups.long()
    return ((numbers - zero[chosen]) * scales[chosen]).T.contiguous()
