"""Supervised fine-tuning of a causal language model with TRL and PEFT.

base model → rows of prompt and answer → adapter (or every weight) → training on the answers only → history
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

from .base_model import TINY_BASE, load_base_model, pick_device, place
from .compilation import choose_compilation, compiled_layers
from .config import DistributedConfig, LLMConfig, Method, ModelConfig, Precision, TrainingConfig
from .distributed.multi_node import is_main_process, wait_for_workers, world_size
from .distributed.resource_management import (
    free_cached_memory,
    is_out_of_memory,
    with_batch_that_fits,
    with_smaller_batch,
)
from .distributed.strategy import check_strategy, gather, is_in_parts, put_weights, strategy_of
from .errors import ModelError
from .training.arguments import RunPlace
from .training.batches import settle_batches
from .training.checkpointing import CheckpointManager
from .training.data_preparation import Conversations, check_rows
from .training.first_weights import keep_weights, put_back, trained_weights
from .training.full_finetuning import unfreeze
from .training.loop import make_trainer
from .training.lora_training import add_adapter, check_qlora
from .training.progress import Progress, TrainingResult, read_history
from .training.states import Resume, last_state, open_states
from .training.token_store import TokenRows, prepare_rows

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


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
        ``single``, ``bfloat16``, ``float16``, or the one in which the weights were ``saved``.
    distributed : DistributedConfig, optional
        How several processes share a run.

    Attributes
    ----------
    model : PreTrainedModel or PeftModel
        The base model, and after `fine_tune` the tuned one.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.
    tokens : Path or None
        Folder in which rows in tokens are kept for the next run with the same; by default they go when a run ends.

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
        precision: Precision = "single",
        distributed: DistributedConfig | None = None,
    ) -> None:
        base = ModelConfig.model_validate(
            {"base_model": model_name_or_path or TINY_BASE, "precision": precision, "device": device}
        )
        self._set_up(base, config or TrainingConfig(), distributed or DistributedConfig(), device)

    @classmethod
    def from_config(cls, config: LLMConfig, tokens: Path | None = None) -> Self:
        """Make a trainer of what the configuration says, which keeps rows in tokens in a folder if there is one."""
        trainer = cls.__new__(cls)
        trainer._set_up(config.model, config.training, config.distributed, config.model.device)
        trainer.tokens = tokens
        return trainer

    def _set_up(self, model: ModelConfig, config: TrainingConfig, distributed: DistributedConfig, device: str) -> None:
        self.config = config
        self.tokens: Path | None = None
        self.device = pick_device(device)
        self._base = model
        self._distributed = distributed
        self._load()

    def _load(self) -> None:
        """Load the base model to the device, in four bits for QLoRA; one to be sharded waits on the CPU."""
        four_bits = self.config.method == "qlora"
        check_strategy(self._settings(), world_size(), self.device)
        if four_bits:
            check_qlora(self.device)
        self.model: PreTrainedModel | PeftModel
        self.tokenizer: PreTrainedTokenizerBase
        self.model, self.tokenizer = load_base_model(self._base, four_bits=four_bits)
        if not four_bits and not is_in_parts(self._distributed):
            place(self.model, self.device)

    def _settings(self) -> LLMConfig:
        return LLMConfig(model=self._base, training=self.config, distributed=self._distributed)

    def fine_tune(
        self,
        dataset: Conversations,
        method: Method | None = None,
        on_progress: Progress | None = None,
        *,
        states: Path | None = None,
        resume: Resume = False,
    ) -> TrainingResult:
        """Train on what is under ``train``, and take the loss on what is under ``validation`` now and then.

        A device that runs out of memory is given smaller batches, with as many rows in a step as before; of several
        processes all do, when they are started again. The model ends with the weights of the lowest validation loss;
        one that was sharded is whole in the main process then, on the CPU.

        Parameters
        ----------
        dataset : mapping of str to sequence, or str or Path
            Splits of pairs or conversations, of which only ``train`` must be there; or a file of conversations.
        method : str, optional
            ``lora``, ``qlora`` or ``full``; what the configuration says by default.
        on_progress : callable, optional
            Told about each measured loss.
        states : Path, optional
            Folder for states to resume from; by default they go when the run ends.
        resume : bool or str
            Whether to go on from the last whole state, to the same numbers as without a break; ``auto`` begins where
            there is no run of the same settings and data.

        Raises
        ------
        DataError
            If there is nothing to train on, or a row does not fit into ``max_length`` tokens.
        ModelError
            If the method can't be used here, a loss is no number, or one row is too much for the memory.
        """
        self._choose(method)
        with TemporaryDirectory(ignore_cleanup_errors=True) as temporary:  # Windows can't remove a mapped file
            scratch = Path(temporary)
            rows = prepare_rows(self.tokenizer, dataset, self.config.loss, self.tokens or scratch / "tokens")
            for some in rows.values():
                check_rows(some.sizes.tolist(), some.supervised.tolist(), self.config.max_length)
            folder = states or scratch / "states"
            if resume and states is None:
                raise ModelError("there is nothing to resume without a folder of states", hint="give states")
            if world_size() > 1 and states is None:
                raise ModelError("several processes need a folder of states that all can reach", hint="give states")
            if is_main_process():
                open_states(folder, self._settings(), rows, resume=resume)
            wait_for_workers()
            return self._train(rows, folder, on_progress)

    def _choose(self, method: Method | None) -> None:
        """Have the model ready for a method."""
        from transformers import set_seed

        if method and method != self.config.method:
            reload = "qlora" in (method, self.config.method)
            self.config = self.config.model_copy(update={"method": method})
            if reload:
                self._load()
        set_seed(self.config.seed)
        self._make_trainable()

    def _make_trainable(self) -> None:
        if self.config.method == "full":
            unfreeze(self.model)
        else:
            self.model = add_adapter(self.model, self.config)

    def _train(self, rows: Mapping[str, TokenRows], folder: Path, on_progress: Progress | None) -> TrainingResult:
        """Train, with smaller batches each time that memory runs out."""
        started = time.monotonic()
        longest = max(int(some.sizes.max()) for some in rows.values())
        config = with_batch_that_fits(settle_batches(self.config, self.model, longest, self.device), folder)
        run = RunPlace(self.device, folder, on_progress, self._distributed)
        if world_size() == 1:
            keep_weights(self.model, folder)
        wanted = choose_compilation(config, self.device, strategy_of(self._distributed))
        while True:
            trainer = make_trainer(self.model, self.tokenizer, config, rows, run)
            state = last_state(folder)
            try:
                with compiled_layers(self.model, wanted=wanted):
                    trainer.train(resume_from_checkpoint=str(state) if state else None)
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                config = with_smaller_batch(config, error, folder, self.device)
            del trainer
            free_cached_memory()
            put_back(self.model, folder)
        reached: Any = trainer.state
        if is_in_parts(self._distributed):
            weights = gather(self.model, self._distributed)
            del trainer
            self._make_whole(weights)
        self.model.eval()
        return TrainingResult(
            steps=reached.global_step,
            seconds=time.monotonic() - started,
            trainable_parameters=sum(weight.numel() for _, weight in trained_weights(self.model)),
            parameters=sum(weight.numel() for weight in self.model.parameters()),
            history=read_history(reached.log_history),
            batch_size=config.batch_size,
            gradient_accumulation=config.gradient_accumulation,
            best_step=reached.best_global_step,
        )

    def _make_whole(self, weights: Mapping[str, Any]) -> None:
        """Put what was gathered from the shards into a model of its own, on the CPU of the main process."""
        if not is_main_process():
            return
        self._load()
        self._make_trainable()
        put_weights(self.model, weights)

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
