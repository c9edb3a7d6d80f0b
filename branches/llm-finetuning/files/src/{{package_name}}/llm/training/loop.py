"""TRL's trainer with what a long run needs: whole states, and a stop at a loss that is no number."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..config import TrainingConfig
from ..distributed.fsdp_config import check_is_sharding, let_the_cpu_shard
from ..distributed.multi_node import world_size
from ..distributed.strategy import strategy_of
from ..errors import ModelError
from .arguments import RunPlace, rows_in_a_step, training_arguments
from .progress import progress_callback
from .scoring import counted_only
from .states import SAVING, keep_state, rotate
from .token_store import TokenRows
from .validation import Validation

if TYPE_CHECKING:
    import torch
    from transformers import TrainerCallback
    from trl.trainer.sft_trainer import SFTTrainer

SHOWN_ROWS = 3
SHOWN_TOKENS = 24


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
            if validation and not model.training:  # a mean over all tokens, however the rows are batched
                options["num_items_in_batch"] = len(inputs["labels"]) * validation.counted * world_size()
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

    held_out = rows.get("validation")
    validation = Validation.of(held_out, config.batch_size, world_size()) if held_out else None
    callbacks: list[TrainerCallback] = [progress_callback(run.on_progress)]
    if config.early_stopping and validation and config.keep_states:
        callbacks.append(EarlyStoppingCallback(config.early_stopping))
    trainer: SFTTrainer = Trainer(
        model=model,
        args=training_arguments(config, run, len(rows["train"]), validation),
        train_dataset=rows["train"].dataset,
        eval_dataset=validation.dataset if validation else None,
        processing_class=tokenizer,
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer
