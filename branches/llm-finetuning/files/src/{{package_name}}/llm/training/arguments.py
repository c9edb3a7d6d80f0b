"""What the configuration says, as TRL's trainer takes it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import DistributedConfig, TrainingConfig
from ..distributed.multi_node import world_size
from ..distributed.strategy import strategy_arguments, strategy_of
from .progress import Progress
from .validation import Validation

if TYPE_CHECKING:
    import torch
    from trl.trainer.sft_config import SFTConfig


@dataclass(frozen=True)
class RunPlace:
    """Where a run takes place, and who is told about it.

    Attributes
    ----------
    device : torch.device
        Where the model is.
    folder : Path
        Where states of the run are kept.
    on_progress : callable, optional
        Told about each measure.
    distributed : DistributedConfig
        How processes share the run.
    """

    device: torch.device
    folder: Path
    on_progress: Progress | None = None
    distributed: DistributedConfig = field(default_factory=DistributedConfig)


def training_arguments(config: TrainingConfig, run: RunPlace, rows: int, validation: Validation | None) -> SFTConfig:
    """Say to TRL what the configuration says."""
    import torch
    from trl.trainer.sft_config import SFTConfig

    on_gpu = run.device.type == "cuda"
    recompute = config.activation_checkpointing and strategy_of(run.distributed) != "fsdp"  # which does it itself
    epoch = math.ceil(rows / rows_in_a_step(config))
    steps = config.max_steps or math.ceil(epoch * config.epochs)
    every = config.eval_steps or max(1, steps // config.evaluations)
    return SFTConfig(
        output_dir=str(run.folder),
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=validation.batch_size if validation else config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.schedule,
        optim=config.optimizer,
        warmup_steps=math.ceil(config.warmup * steps),
        weight_decay=config.weight_decay,
        max_length=None,
        padding_free=config.packing == "always",
        completion_only_loss=True,
        logging_steps=max(1, steps // 40),
        logging_nan_inf_filter=False,
        eval_strategy="steps" if validation else "no",
        eval_steps=every,
        save_strategy="steps" if config.keep_states else "no",
        save_steps=every,
        load_best_model_at_end=validation is not None and config.keep_states > 0,
        metric_for_best_model="eval_loss" if validation else None,
        greater_is_better=False if validation else None,
        report_to="none",
        disable_tqdm=True,
        use_cpu=run.device.type == "cpu",
        bf16=on_gpu and torch.cuda.is_bf16_supported(),
        fp16=on_gpu and not torch.cuda.is_bf16_supported(),
        gradient_checkpointing=recompute,
        activation_checkpointing=recompute,
        dataloader_pin_memory=on_gpu,
        ddp_backend="gloo" if world_size() > 1 and not on_gpu else None,
        ddp_find_unused_parameters=False,
        seed=config.seed,
        **strategy_arguments(run.distributed, config),
    )


def rows_in_a_step(config: TrainingConfig) -> int:
    """Count the rows of an optimiser step in all processes."""
    return config.batch_size * config.gradient_accumulation * world_size()
