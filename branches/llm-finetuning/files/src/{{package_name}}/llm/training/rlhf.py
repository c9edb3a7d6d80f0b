"""Training on preferences and rewards with TRL: better answers become likelier than worse ones, or score above them.

rows → prompts with chosen and rejected answers, or with the right one → DPO, KTO, GRPO, reward model → share in order

DPO: https://arxiv.org/abs/2305.18290, KTO: https://arxiv.org/abs/2402.01306, GRPO: https://arxiv.org/abs/2402.03300
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..base_model import place
from ..config import TrainingConfig
from ..data.examples import Row
from ..errors import ModelError
from ..evaluation.metrics import token_f1
from .arguments import rows_in_a_step
from .data_preparation import check_rows, encode
from .lora_training import add_adapter
from .preference_rows import ANSWERED, ANSWERS, PreferenceMethod, check_step, make_records
from .preference_scores import Judge, measure
from .progress import Progress, progress_callback
from .reward import make_reward_model

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BETA = 0.1  # how firmly the model is held to where it began
LONGEST_ANSWER = 24  # tokens


@dataclass(frozen=True)
class Preferring:
    """How to train on preferences.

    Attributes
    ----------
    method : str
        ``dpo``, ``kto``, ``grpo`` or ``reward``.
    config : TrainingConfig
        Adapter, steps, batches and learning rate.
    on_progress : callable, optional
        Told about each measured loss.
    judge : callable, optional
        Scores the last answer of each conversation, in place of its token F1 in ``grpo``.
    """

    method: PreferenceMethod
    config: TrainingConfig
    on_progress: Progress | None = None
    judge: Judge | None = None


@dataclass(frozen=True)
class Preference:
    """What training on preferences did.

    Attributes
    ----------
    model : PreTrainedModel or PeftModel
        The trained model: a reward model is whole, the others are adapters on their base model.
    steps : int
        Optimiser steps taken.
    before, after : float
        For DPO and KTO the share of rows whose chosen answer is likelier than the rejected one, for a reward model of
        those that it scores in order, for GRPO the reward.
    measure : str
        What that is called.
    """

    model: PreTrainedModel | PeftModel
    steps: int
    before: float
    after: float
    measure: str


def train_preferences(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Row],
    how: Preferring,
) -> Preference:
    """Train an adapter on preferences, or on rewards for right answers; or a reward model on preferences.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Model on its device, in four bits for QLoRA; one that was fine-tuned before goes on from there.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.
    rows : sequence of Row
        For ``dpo``, ``kto`` and ``reward`` examples with a rejected answer. For ``grpo`` any rows: an answer is
        rewarded with its token F1 against the row's, or as the judge says.
    how : Preferring
        The method, and its settings.

    Raises
    ------
    DataError
        If there are no rows for the method, too few for a step of ``grpo``, or a row does not fit into ``max_length``
        tokens.
    ModelError
        If every weight is to be trained, a step has no whole groups of answers for ``grpo``, or a batch for ``kto`` one
        row.
    """
    from transformers import PrinterCallback, set_seed

    method, config = how.method, how.config
    if config.method == "full":
        raise ModelError("preferences train an adapter, not every weight", hint="set llm.training.method=lora")
    if config.method == "qlora" and method == "reward":
        raise ModelError("a reward model can't be trained in four bits", hint="set llm.training.method=lora")
    records = make_records(rows, method)
    check_step(method, config, len(records))
    if method != "grpo":
        talks = [[*one["prompt"], *one[part]] for one in records for part in ANSWERED if part in one]
        encoded = encode(tokenizer, talks, "completion")
        sizes, supervised = [len(row.input_ids) for row in encoded], [row.supervised for row in encoded]
        check_rows(sizes, supervised, config.max_length)
    set_seed(config.seed)
    device: torch.device = model.device
    heads: list[str] = []
    if method == "reward":
        model, heads = make_reward_model(model, tokenizer)
    tuned = add_adapter(model, config, heads)
    place(tuned, device)
    before = measure(tuned, tokenizer, rows, method, how.judge)
    with TemporaryDirectory() as folder:
        taken = len(records) * (ANSWERS if method == "grpo" else 1)
        steps = config.max_steps or math.ceil(taken / rows_in_a_step(config) * config.epochs)
        arguments = _arguments(method, config, device, Path(folder), steps)
        trainer = _make_trainer(how, tuned, tokenizer, records, arguments)
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(progress_callback(how.on_progress))
        trainer.train()
    tuned.eval()
    after = measure(tuned, tokenizer, rows, method, how.judge)
    measured = "reward" if method == "grpo" else "chosen_preferred"
    merge: Any = tuned.merge_and_unload  # has no types
    return Preference(merge() if heads else tuned, trainer.state.global_step, before, after, measured)


def _make_trainer(
    how: Preferring, model: PeftModel, tokenizer: Any, records: Sequence[dict[str, Any]], arguments: Any
) -> Any:
    module = import_module(f"trl.trainer.{how.method}_trainer")
    rewarded = {"reward_funcs": _judged(how.judge) if how.judge else _reward} if how.method == "grpo" else {}
    if how.method == "reward":
        records = [_tokens(tokenizer, one) for one in records]
    return getattr(module, f"{_in_trl(how.method)}Trainer")(
        model=model,
        args=arguments,
        train_dataset=import_module("datasets").Dataset.from_list(list(records)),
        processing_class=tokenizer,
        **rewarded,
    )


def _arguments(method: PreferenceMethod, config: TrainingConfig, device: torch.device, folder: Path, steps: int) -> Any:
    """Say to TRL what the configuration says."""
    settings = import_module(f"trl.trainer.{method}_config")
    own: dict[str, Any] = {"max_length": config.max_length}
    if method == "grpo":
        own = {"num_generations": ANSWERS, "max_completion_length": LONGEST_ANSWER}
    if method != "reward":
        own["beta"] = BETA
    return getattr(settings, f"{_in_trl(method)}Config")(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.schedule,
        optim=config.optimizer,
        warmup_steps=math.ceil(config.warmup * steps),
        weight_decay=config.weight_decay,
        save_strategy="no",
        logging_steps=max(1, steps // 40),
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        use_cpu=device.type == "cpu",
        bf16=False,
        gradient_checkpointing=config.activation_checkpointing,
        activation_checkpointing=config.activation_checkpointing,
        seed=config.seed,
        **own,
    )


def _in_trl(method: PreferenceMethod) -> str:
    return "Reward" if method == "reward" else method.upper()


def _tokens(tokenizer: Any, record: Mapping[str, Any]) -> dict[str, list[int]]:
    """Give the two conversations of a pair as tokens, the same that are scored later."""
    talks = [[*record["prompt"], *record[part]] for part in ("chosen", "rejected")]
    chosen, rejected = encode(tokenizer, talks, "completion")
    return {"chosen_ids": chosen.input_ids, "rejected_ids": rejected.input_ids}


def _judged(judge: Judge) -> Callable[..., list[float]]:
    """Make the reward of GRPO of a judge of conversations."""

    def reward(prompts: Sequence[Any], completions: Sequence[Any], **_: Any) -> list[float]:
        return judge([[*prompt, *said] for prompt, said in zip(prompts, completions, strict=True)])

    return reward


def _reward(completions: Sequence[Any], expected: Sequence[str], **_: Any) -> list[float]:
    """Reward answers with their token F1."""
    said = [one[-1]["content"] if isinstance(one, list) else str(one) for one in completions]
    return [token_f1(text, right) for text, right in zip(said, expected, strict=True)]
