"""DeepSpeed ZeRO: the JSON that accelerate and transformers take for stages 2 and 3.

Stage 2 shards gradients and moments over the processes, stage 3 the weights too: https://arxiv.org/abs/1910.02054.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..config import DistributedConfig
from ..errors import ModelError

if TYPE_CHECKING:
    import torch
    from torch import nn

INSTALL = "DS_BUILD_OPS=0 uv pip install --no-build-isolation deepspeed"  # its build looks at the torch that is there
AUTO = "auto"  # transformers puts in what the training arguments say


def deepspeed_settings(config: DistributedConfig) -> dict[str, Any]:
    """Write the settings of DeepSpeed.

    Batches, accumulation, clipping and precision are those of the training arguments. The optimiser is ours too, so
    that its weights are the same as with any other strategy.

    Parameters
    ----------
    config : DistributedConfig
        With ``zero2`` or ``zero3``.

    Examples
    --------
    >>> deepspeed_settings(DistributedConfig(strategy="zero2"))["zero_optimization"]["stage"]
    2
    """
    zero: dict[str, Any] = {"stage": 3 if config.strategy == "zero3" else 2, "contiguous_gradients": True}
    if config.offload:
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": True}
    if config.strategy == "zero3":
        zero |= {
            "reduce_bucket_size": AUTO,
            "stage3_prefetch_bucket_size": AUTO,
            "stage3_param_persistence_threshold": AUTO,
        }
        if config.offload:
            zero["offload_param"] = {"device": "cpu", "pin_memory": True}
    return {
        "train_batch_size": AUTO,
        "train_micro_batch_size_per_gpu": AUTO,
        "gradient_accumulation_steps": AUTO,
        "gradient_clipping": AUTO,
        "bf16": {"enabled": AUTO},
        "fp16": {"enabled": AUTO},
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
    }


def check_deepspeed(device: torch.device) -> None:
    """Refuse DeepSpeed where it can't run, and tell it where it does: on the CPU it would take a GPU that is there.

    Raises
    ------
    ModelError
        With neither CUDA GPUs nor the CPU, or without DeepSpeed.
    """
    if device.type not in {"cuda", "cpu"}:
        raise ModelError(
            f"DeepSpeed needs CUDA GPUs or the CPU, and this runs on {device.type}",
            hint="set llm.distributed.strategy=fsdp, or llm.model.device=cpu",
        )
    if find_spec("deepspeed") is None:
        raise ModelError(
            "DeepSpeed is not installed",
            hint=f"install it with `{INSTALL}`, or set llm.distributed.strategy=fsdp",
        )
    if device.type == "cpu":
        os.environ["DS_ACCELERATOR"] = "cpu"


def gather_partitions(model: nn.Module, *, keep: bool) -> dict[str, Any]:
    """Gather the trained weights that stage 3 has split up, one at a time; all processes must call it.

    Parameters
    ----------
    model : nn.Module
        Model whose weights are in parts.
    keep : bool
        Whether this process is the one that wants them.
    """
    zero = import_module("deepspeed").zero  # imported so because it is only there where someone wants it
    weights = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            with zero.GatheredParameters([weight]):
                if keep:
                    weights[name] = weight.detach().cpu().clone()
    # Else transformers would split up each model that is loaded from here on, and wait for the other processes.
    import_module("transformers.integrations.deepspeed").unset_hf_deepspeed_config()
    return weights
