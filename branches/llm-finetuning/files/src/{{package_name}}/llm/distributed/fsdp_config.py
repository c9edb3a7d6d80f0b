"""FSDP2: each process holds a part of the parameters, gradients and moments, and gathers a layer when it needs it.

The plan of wrapping, the states and the clipping are those of accelerate; https://arxiv.org/abs/2304.11277 describes
the method. On the CPU, where accelerate would copy the whole model to each process and say nothing, it is told to
shard all the same.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..config import DistributedConfig, TrainingConfig
from ..errors import ModelError
from .multi_node import world_size

if TYPE_CHECKING:
    from torch import nn


def fsdp_arguments(config: DistributedConfig, training: TrainingConfig) -> dict[str, Any]:
    """Give what transformers' training arguments say for FSDP2.

    Parameters
    ----------
    config : DistributedConfig
        How processes share the work.
    training : TrainingConfig
        Whether activations are computed twice: within shards that is FSDP's to do.
    """
    parallelism = import_module("accelerate.parallelism_config")  # imported so because it has no types
    return {
        "fsdp": True,
        "fsdp_config": {
            "version": 2,
            "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
            "reshard_after_forward": config.reshard_after_forward,
            "cpu_offload": config.offload,
            "activation_checkpointing": training.activation_checkpointing,
            "state_dict_type": "SHARDED_STATE_DICT",
        },
        # Without it torch takes the machine's accelerator for the mesh, even if the run is on the CPU.
        "parallelism_config": parallelism.ParallelismConfig(dp_shard_size=world_size()),
    }


def let_the_cpu_shard() -> None:
    """Have accelerate shard on the CPU as it does on GPUs: its list of devices for that lacks the CPU."""
    kinds = import_module("accelerate.utils").DistributedType
    state = import_module("accelerate.state").PartialState()
    if state.distributed_type == kinds.MULTI_CPU:
        state.distributed_type = kinds.MULTI_GPU


def check_is_sharding(accelerator: Any) -> None:
    """Refuse to train with copies where shards were asked for.

    Raises
    ------
    ModelError
        If accelerate would not shard.
    """
    if not accelerator.is_fsdp2:
        raise ModelError(
            f"accelerate would not shard here: it makes {accelerator.distributed_type.value} of fsdp",
            hint="set llm.distributed.strategy=ddp, or train on CUDA GPUs or the CPU",
        )


def gather_weights(model: nn.Module) -> dict[str, Any]:
    """Gather the trained weights of a sharded model on the CPU of the main process; all processes must call it.

    Returns
    -------
    dict of str to Tensor
        Weights by name; none in the other processes.
    """
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

    options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
    return get_model_state_dict(model, options=options)
