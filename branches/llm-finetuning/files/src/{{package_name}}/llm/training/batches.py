"""How rows become batches: padded beside rows of similar length, or end to end in one sequence with nothing to pad.

Packed rows keep the positions that they have alone, and attention stays within a row: a block-diagonal mask, or the
kernels for rows of any length that FlashAttention has (https://arxiv.org/abs/2307.08691).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..acceleration import FLASH
from ..config import TrainingConfig
from ..distributed.resource_management import fitted_batch
from ..errors import ModelError

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel

# On a CPU larger batches take memory, and hardly less time: what layers give for one is to have so many numbers.
CPU_NUMBERS = 2**19
CPU_TOKENS = 256  # that a batch may have all the same: with fewer, products of matrices are slow
TRIED_TOKENS = 8
TOLERANCE = 1e-3  # of the largest logit: far below what one token more to attend to changes


def plan_batches(
    config: TrainingConfig, *, attention: str, longest: int, numbers: int, device: torch.device
) -> TrainingConfig:
    """Settle what ``packing: auto`` leaves open; the rows of an optimiser step stay the same.

    Short rows go into larger batches, up to the tokens that ``batch_size`` rows of ``max_length`` have; on the CPU into
    batches that are no larger than it has use for. They are packed where FlashAttention computes each row by itself;
    elsewhere attention over packed rows costs more than padding to rows of similar length.

    Parameters
    ----------
    config : TrainingConfig
        How to train.
    attention : str
        How the model computes attention, by its name in transformers.
    longest : int
        Tokens of the longest row.
    numbers : int
        What the layers give for a token: width of the model times layers.
    device : torch.device
        Where it is trained.
    """
    if config.packing != "auto":
        return config
    tokens = config.batch_size * config.max_length
    if device.type == "cpu":
        tokens = min(tokens, max(CPU_TOKENS, CPU_NUMBERS // numbers))
    batch_size, accumulation = fitted_batch(
        config.batch_size, config.gradient_accumulation, longest=longest, tokens=tokens
    )
    return config.model_copy(
        update={
            "batch_size": batch_size,
            "gradient_accumulation": accumulation,
            "packing": "always" if attention == FLASH else "never",
        }
    )


def settle_batches(
    config: TrainingConfig, model: PreTrainedModel | PeftModel, longest: int, device: torch.device
) -> TrainingConfig:
    """Settle how a loaded model is given its rows, on the device that it will be on.

    Raises
    ------
    ModelError
        If rows are to be packed, and one would see another in this model.
    """
    settings: Any = model.config
    text = settings.get_text_config()
    numbers = text.hidden_size * text.num_hidden_layers
    planned = plan_batches(config, attention=attention_of(model), longest=longest, numbers=numbers, device=device)
    if planned.packing == "always" and not rows_stay_apart(model):
        if config.packing == "always":
            raise ModelError(
                f"rows can't be packed for a model of type {model.config.model_type}: one would see the row before it",
                hint="set llm.training.packing=never",
            )
        return planned.model_copy(update={"packing": "never"})
    return planned


def attention_of(model: Any) -> str:
    """Give the name of how a model computes attention."""
    return str(model.config._attn_implementation)


def rows_stay_apart(model: PreTrainedModel | PeftModel) -> bool:
    """Try whether a packed row comes out the same whatever row is before it."""
    import torch
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    collate = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    row = [index % model.config.vocab_size for index in range(1, TRIED_TOKENS + 1)]

    def logits_behind(before: list[int]) -> torch.Tensor:
        batch = collate([{"input_ids": before}, {"input_ids": row}])
        placed = {key: value.to(model.device) if torch.is_tensor(value) else value for key, value in batch.items()}
        del placed["labels"]
        logits: torch.Tensor = model(**placed, use_cache=False).logits
        return logits[0, len(before) :].float()

    settings: Any = model.config
    training, asked = model.training, attention_of(model)
    if asked == FLASH and model.device.type != "cuda":  # one to be sharded waits on the CPU, for which it is not made
        settings._attn_implementation = "sdpa"
    model.eval()
    try:
        with torch.no_grad():
            one, other = logits_behind(row), logits_behind(row[::-1])
    finally:
        model.train(training)
        settings._attn_implementation = asked
    return bool((one - other).abs().max() <= TOLERANCE * one.abs().max())
