"""Supervised fine-tuning of a causal language model with TRL and PEFT.

base model → rows of prompt and answer → adapter (or every weight) → training on the answers only → history
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, Self

from .base_model import TINY_BASE, load_base_model, pick_device, place
from .config import LLMConfig, TrainingConfig
from .data.examples import Row, conversation
from .errors import DataError, ModelError
from .training.checkpointing import CheckpointManager

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, TrainerCallback
    from trl.trainer.sft_config import SFTConfig

IGNORED = -100
Method = Literal["lora", "full"]
Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called with the step, the last step and what was measured there (``loss`` or ``eval_loss``)."""


@dataclass
class TrainingResult:
    """What a training run did.

    Attributes
    ----------
    steps : int
        Optimiser steps taken.
    seconds : float
        Wall time of the training loop.
    trainable_parameters, parameters : int
        Weights that were trained, and all weights.
    history : dict of str to list of dict
        Points ``{"step", "loss"}`` of the curves ``train`` and ``validation``.
    """

    steps: int = 0
    seconds: float = 0.0
    trainable_parameters: int = 0
    parameters: int = 0
    history: dict[str, list[dict[str, float]]] = field(default_factory=lambda: {"train": [], "validation": []})


class LLMTrainer:
    """Fine-tuning of one base model.

    Parameters
    ----------
    model_name_or_path : str, optional
        ``package:<folder>``, a folder, or an id on the Hugging Face hub; by default the model that the project ships.
    config : TrainingConfig, optional
        How to train.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    precision : str
        ``single``, or the precision in which the weights were ``saved``.

    Attributes
    ----------
    model : PreTrainedModel or PeftModel
        The base model, and after `fine_tune` the tuned one.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.

    Examples
    --------
    >>> trainer = LLMTrainer(config=TrainingConfig(epochs=2))
    >>> result = trainer.fine_tune(dataset=splits, method="lora")  # doctest: +SKIP
    >>> folder = trainer.save()  # doctest: +SKIP
    """

    def __init__(
        self,
        model_name_or_path: str | None = None,
        config: TrainingConfig | None = None,
        *,
        device: str = "auto",
        precision: Literal["single", "saved"] = "single",
    ) -> None:
        self.base_model = model_name_or_path or TINY_BASE
        self.config = config or TrainingConfig()
        self.device = pick_device(device)
        self.model: PreTrainedModel | PeftModel
        self.model, self.tokenizer = load_base_model(self.base_model, precision=precision)
        place(self.model, self.device)

    @classmethod
    def from_config(cls, config: LLMConfig) -> Self:
        """Make a trainer of what the configuration says."""
        model = config.model
        return cls(model.base_model, config.training, device=model.device, precision=model.precision)

    def fine_tune(
        self,
        dataset: Mapping[str, Sequence[Row]],
        method: Method | None = None,
        on_progress: Progress | None = None,
    ) -> TrainingResult:
        """Train on the rows under ``train``, and take the loss on those under ``validation`` now and then.

        Parameters
        ----------
        dataset : mapping of str to sequence of Row
            Splits; only ``train`` must be there.
        method : str, optional
            ``lora`` or ``full``; what the configuration says by default.
        on_progress : callable, optional
            Told about each measured loss.

        Raises
        ------
        DataError
            If there is nothing to train on, or a row does not fit into ``max_length`` tokens.
        ModelError
            If the loss is no longer a number.
        """
        from transformers import PrinterCallback, set_seed
        from trl.trainer.sft_trainer import SFTTrainer

        if not dataset.get("train"):
            raise DataError("there are no pairs to train on", hint="give pairs under 'train'")
        set_seed(self.config.seed)
        if (method or self.config.method) == "lora":
            self._add_adapter()
        rows = {name: self._rows(dataset[name]) for name in ("train", "validation") if dataset.get(name)}
        result = TrainingResult(
            trainable_parameters=sum(p.numel() for p in self.model.parameters() if p.requires_grad),
            parameters=sum(p.numel() for p in self.model.parameters()),
        )
        with TemporaryDirectory() as scratch:
            trainer = SFTTrainer(
                model=self.model,
                args=self._arguments(Path(scratch), len(dataset["train"]), validate="validation" in rows),
                train_dataset=rows["train"],
                eval_dataset=rows.get("validation"),
                processing_class=self.tokenizer,
                callbacks=[_history_callback(result, on_progress)],
            )
            trainer.remove_callback(PrinterCallback)
            self._check_supervised(trainer.train_dataset)
            started = time.monotonic()
            trainer.train()
        self.model.eval()
        result.steps = trainer.state.global_step
        result.seconds = time.monotonic() - started
        return result

    def save(
        self, name: str | None = None, *, root: Path = Path("checkpoints"), metadata: Mapping[str, Any] | None = None
    ) -> Path:
        """Save the model as the next version of a checkpoint.

        Returns
        -------
        Path
            Folder of the checkpoint.
        """
        return CheckpointManager(root).save(
            name or self.config.name, model=self.model, tokenizer=self.tokenizer, metadata=metadata or {}
        )

    def _rows(self, dataset: Sequence[Row]) -> Any:
        """Give rows as a data set of prompts and completions."""
        talks = [conversation(row) for row in dataset]
        rows = [{"prompt": talk[:-1], "completion": talk[-1:]} for talk in talks]
        return import_module("datasets").Dataset.from_list(rows)  # imported so because it has no types

    def _add_adapter(self) -> None:
        """Put an adapter on the base model; one that is there already is trained on."""
        from peft import LoraConfig, PeftModel, get_peft_model

        if isinstance(self.model, PeftModel):
            return
        config = LoraConfig(
            r=self.config.lora_rank,
            lora_alpha=self.config.lora_alpha,
            lora_dropout=self.config.lora_dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        self.model = get_peft_model(self.model, config)

    def _arguments(self, folder: Path, rows: int, *, validate: bool) -> SFTConfig:
        import torch
        from trl.trainer.sft_config import SFTConfig

        config = self.config
        on_gpu = self.device.type == "cuda"
        steps = math.ceil(math.ceil(rows / (config.batch_size * config.gradient_accumulation)) * config.epochs)
        return SFTConfig(
            output_dir=str(folder),
            num_train_epochs=config.epochs,
            per_device_train_batch_size=config.batch_size,
            per_device_eval_batch_size=4 * config.batch_size,
            gradient_accumulation_steps=config.gradient_accumulation,
            learning_rate=config.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=math.ceil(config.warmup * steps),
            weight_decay=config.weight_decay,
            max_length=None,
            completion_only_loss=True,
            train_sampling_strategy="group_by_length",
            logging_steps=max(1, steps // 40),
            logging_nan_inf_filter=False,
            eval_strategy="steps" if validate else "no",
            eval_steps=max(1, steps // config.evaluations),
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=self.device.type == "cpu",
            bf16=on_gpu and torch.cuda.is_bf16_supported(),
            gradient_checkpointing=config.activation_checkpointing,
            activation_checkpointing=config.activation_checkpointing,
            dataloader_pin_memory=on_gpu,
            seed=config.seed,
        )

    def _check_supervised(self, rows: Any) -> None:
        """Refuse rows that are too long, or in which no token counts: they would train on nothing in silence."""
        for row in rows:
            length, longest = len(row["input_ids"]), self.config.max_length
            if length > longest:
                raise DataError(
                    f"a row has {length} tokens, more than llm.training.max_length ({longest})",
                    hint="raise llm.training.max_length, or cut passages shorter with llm.data.max_sentences",
                )
            if all(label == IGNORED for label in row["labels"]):
                raise DataError(
                    "a row has no token to learn from: its answer is empty, or the chat template hides it",
                    hint="look at the model's chat template and at the pairs",
                )


def _history_callback(result: TrainingResult, on_progress: Progress | None) -> TrainerCallback:
    """Make the callback that fills the history, tells about progress and stops at a loss that is no number."""
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

    class History(TrainerCallback):
        def on_log(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            logs: Mapping[str, float] | None = None,
            **kwargs: Any,
        ) -> None:
            for key, curve in (("loss", "train"), ("eval_loss", "validation")):
                if logs is None or key not in logs:
                    continue
                loss = float(logs[key])
                if not math.isfinite(loss):
                    raise ModelError(
                        f"the {curve} loss is {loss} at step {state.global_step}",
                        hint="lower llm.training.learning_rate",
                    )
                result.history[curve].append({"step": float(state.global_step), "loss": loss})
                if on_progress:
                    on_progress(state.global_step, state.max_steps, {key: loss})

    return History()
