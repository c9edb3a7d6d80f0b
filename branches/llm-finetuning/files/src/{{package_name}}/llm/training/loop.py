"""TRL's trainer with what a long run needs: whole states, a stop at a loss that is no number, and a history."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import DistributedConfig, TrainingConfig
from ..distributed.fsdp_config import check_is_sharding, let_the_cpu_shard
from ..distributed.multi_node import world_size
from ..distributed.strategy import strategy_arguments, strategy_of
from ..errors import ModelError
from .scoring import counted_only
from .states import SAVING, keep_state, rotate
from .token_store import TokenRows

if TYPE_CHECKING:
    import torch
    from transformers import TrainerCallback
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called with the step, the last step and what was measured there: ``loss`` or ``eval_loss``, and what goes with it."""

MEASURED = {
    "loss": "loss",
    "eval_loss": "eval_loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "mean_token_accuracy": "token_accuracy",
    "eval_mean_token_accuracy": "eval_token_accuracy",
    "reward": "reward",
    "rewards/accuracies": "reward_accuracy",
    "rewards/margins": "reward_margin",
    "accuracy": "reward_accuracy",
    "margin": "reward_margin",
}
SHOWN_ROWS = 3
SHOWN_TOKENS = 24


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


def make_trainer(
    model: Any,
    tokenizer: Any,
    config: TrainingConfig,
    rows: Mapping[str, TokenRows],
    run: RunPlace,
) -> SFTTrainer:
    """Set up training on rows that are tokens already.

    Parameters
    ----------
    model, tokenizer
        What is trained.
    config : TrainingConfig
        How to train.
    rows : mapping of str to TokenRows
        Under ``train``, and ``validation`` if there are any.
    run : RunPlace
        Where the run takes place.
    """
    from transformers import EarlyStoppingCallback, PrinterCallback
    from trl.trainer.sft_trainer import SFTTrainer

    from ...disk import room_for
    from .sampling import LengthSampler

    class Trainer(SFTTrainer):
        def create_accelerator_and_postprocess(self) -> None:
            create: Any = super().create_accelerator_and_postprocess
            if strategy_of(run.distributed) == "fsdp":
                let_the_cpu_shard()
                create()
                check_is_sharding(self.accelerator)
            else:
                create()

        def training_step(self, model: Any, inputs: dict[str, Any], *args: Any, **options: Any) -> torch.Tensor:
            first = inputs["input_ids"][:SHOWN_ROWS, :SHOWN_TOKENS]
            step: Any = super().training_step  # has no types, like what it overrides
            loss: torch.Tensor = step(model, inputs, *args, **options)
            if not loss.isfinite():
                shown = "; ".join(repr(tokenizer.decode(ids)) for ids in first)
                raise ModelError(
                    f"the train loss is {loss.item()} at step {self.state.global_step + 1}, "
                    f"in the batch that begins with {shown}",
                    hint="the weights are as before that step: lower llm.training.learning_rate, or look at those rows",
                )
            return loss

        def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **options: Any) -> Any:
            compute: Any = super().compute_loss
            if not model.training:  # a mean over all tokens, however the rows are batched; each process has its part
                options["num_items_in_batch"] = len(inputs["labels"]) * counted_in_a_row * world_size()
            if run.device.type == "cuda":
                return compute(model, inputs, *args, **options)
            with counted_only(self.accelerator.unwrap_model(model), inputs) as counted:
                return compute(model, counted, *args, **options)

        def _save_checkpoint(self, model: Any, trial: Any) -> None:
            staging = run.folder / SAVING
            if self.is_world_process_zero():
                shutil.rmtree(staging, ignore_errors=True)
            self.accelerator.wait_for_everyone()
            self.args.output_dir = str(staging)
            try:
                save: Any = super()._save_checkpoint
                with room_for(f"a state of the run in {run.folder}", ModelError):
                    save(model, trial)
            finally:
                self.args.output_dir = str(run.folder)
            self.accelerator.wait_for_everyone()
            if self.state.best_global_step is not None:
                self.state.best_model_checkpoint = str(run.folder / f"checkpoint-{self.state.best_global_step}")
            if self.is_world_process_zero():
                made = staging / f"checkpoint-{self.state.global_step}"
                with room_for(f"a state of the run in {run.folder}", ModelError):
                    self.state.save_to_json(str(made / "trainer_state.json"))
                    keep_state(made, run.folder)
                rotate(run.folder, config.keep_states, self.state.best_global_step)
                shutil.rmtree(staging, ignore_errors=True)
            self.accelerator.wait_for_everyone()

        def _get_train_sampler(self, train_dataset: Any = None) -> LengthSampler:
            return LengthSampler(rows["train"].sizes.tolist(), rows_in_a_step(config), config.seed)

        def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
            """Leave batches for validation padded: how many rows they have is how much they weigh."""
            collate: Any = self.data_collator  # TRL's own, which the types of its trainer do not say
            self.data_collator = replace(collate, padding_free=False)
            try:
                return super().get_eval_dataloader(eval_dataset)
            finally:
                self.data_collator = collate

        def create_model_card(self, *args: Any, **options: Any) -> None:
            """Leave out the card of a state that nobody but this run reads."""

    validate = "validation" in rows
    counted_in_a_row = float(rows["validation"].supervised.mean()) if validate else 0.0
    callbacks: list[TrainerCallback] = [progress_callback(run.on_progress)]
    if config.early_stopping and validate and config.keep_states:
        callbacks.append(EarlyStoppingCallback(config.early_stopping))
    trainer: SFTTrainer = Trainer(
        model=model,
        args=training_arguments(config, run, len(rows["train"]), validate=validate),
        train_dataset=rows["train"].dataset,
        eval_dataset=rows["validation"].dataset if validate else None,
        processing_class=tokenizer,
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def training_arguments(config: TrainingConfig, run: RunPlace, rows: int, *, validate: bool) -> SFTConfig:
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
        per_device_eval_batch_size=4 * config.batch_size,
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
        eval_strategy="steps" if validate else "no",
        eval_steps=every,
        save_strategy="steps" if config.keep_states else "no",
        save_steps=every,
        load_best_model_at_end=validate and config.keep_states > 0,
        metric_for_best_model="eval_loss" if validate else None,
        greater_is_better=False if validate else None,
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


def read_history(log: Sequence[Mapping[str, float]]) -> dict[str, list[dict[str, float]]]:
    """Give the curves of a run: points with the step, the loss and the token accuracy.

    Examples
    --------
    >>> read_history([{"step": 2, "loss": 0.5, "mean_token_accuracy": 0.9}])["train"]
    [{'step': 2.0, 'loss': 0.5, 'token_accuracy': 0.9}]
    """
    curves: dict[str, list[dict[str, float]]] = {"train": [], "validation": []}
    for logs in log:
        for prefix, curve in (("", "train"), ("eval_", "validation")):
            if f"{prefix}loss" in logs:
                point = {"step": float(logs["step"]), "loss": float(logs[f"{prefix}loss"])}
                if (accuracy := logs.get(f"{prefix}mean_token_accuracy")) is not None:
                    point["token_accuracy"] = float(accuracy)
                curves[curve].append(point)
    return curves


def progress_callback(on_progress: Progress | None) -> TrainerCallback:
    """Make the callback that tells about progress and stops at a loss that is no number."""
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

    class Told(TrainerCallback):
        last = (time.monotonic(), 0.0)

        def on_log(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            logs: Mapping[str, float] | None = None,
            **kwargs: Any,
        ) -> None:
            measured = {name: float(logs[key]) for key, name in MEASURED.items() if key in logs} if logs else {}
            if "loss" not in measured and "eval_loss" not in measured:
                return
            lost = measured.get("eval_loss", measured.get("loss", 0.0))
            if not math.isfinite(lost):
                curve = "validation" if "eval_loss" in measured else "train"
                raise ModelError(
                    f"the {curve} loss is {lost} at step {state.global_step}",
                    hint="lower llm.training.learning_rate",
                )
            if logs and "loss" in measured and "num_tokens" in logs:
                now, seen = time.monotonic(), float(logs["num_tokens"])
                measured["tokens_per_second"] = (seen - self.last[1]) / max(now - self.last[0], 1e-9)
                self.last = now, seen
            if on_progress and state.is_world_process_zero:
                on_progress(state.global_step, state.max_steps, measured)

    return Told()
