"""How processes share a run: copies of the model (DDP), or parts of it (FSDP2, ZeRO)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..config import DistributedConfig, LLMConfig, Strategy, TrainingConfig
from ..errors import ModelError
from .deepspeed_config import check_deepspeed, deepspeed_settings, gather_partitions
from .fsdp_config import fsdp_arguments, gather_weights
from .multi_node import is_main_process, world_size

if TYPE_CHECKING:
    import torch
    from torch import nn

SHARDS_WEIGHTS: tuple[Strategy, ...] = ("fsdp", "zero3")


def strategy_of(config: DistributedConfig) -> Strategy:
    """Give the strategy of this run; one process has nobody to share with."""
    return config.strategy if world_size() > 1 else "ddp"


def is_in_parts(config: DistributedConfig) -> bool:
    """Say whether no process of this run holds all weights."""
    return strategy_of(config) in SHARDS_WEIGHTS


def strategy_arguments(config: DistributedConfig, training: TrainingConfig) -> dict[str, Any]:
    """Give what transformers' training arguments say for a strategy."""
    strategy = strategy_of(config)
    if strategy == "fsdp":
        return fsdp_arguments(config, training)
    return {} if strategy == "ddp" else {"deepspeed": deepspeed_settings(config)}


def check_strategy(config: LLMConfig, processes: int, device: torch.device) -> None:
    """Refuse a strategy that can't be had.

    Parameters
    ----------
    config : LLMConfig
        Strategy and method.
    processes : int
        How many share the run.
    device : torch.device
        Where they run.

    Raises
    ------
    ModelError
        If DeepSpeed can't run here, or four-bit weights should be in parts.
    """
    strategy = config.distributed.strategy
    if processes == 1 or strategy == "ddp":
        return
    if strategy in SHARDS_WEIGHTS and config.training.method == "qlora":
        raise ModelError(
            f"{strategy} does not shard the four-bit weights of qlora",
            hint="set llm.training.method=lora, or llm.distributed.strategy=ddp",
        )
    if strategy != "fsdp":
        check_deepspeed(device)


def gather(model: nn.Module, config: DistributedConfig) -> dict[str, Any]:
    """Gather the trained weights of a model in parts on the CPU of the main process; all processes must call it."""
    if config.strategy == "fsdp":
        return gather_weights(model)
    return gather_partitions(model, keep=is_main_process())


def put_weights(model: nn.Module, weights: Mapping[str, Any]) -> None:
    """Give a whole model the trained weights that were gathered.

    Raises
    ------
    ModelError
        If they are not those of the model.
    """
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    unknown = model.load_state_dict(dict(weights), strict=False).unexpected_keys
    if unknown or trained - set(weights):
        raise ModelError(
            f"the weights from the shards do not fit the model: {sorted([*unknown, *(trained - set(weights))])[0]}",
            hint="the states of the run are kept: train with llm.distributed.strategy=ddp from the start",
        )
