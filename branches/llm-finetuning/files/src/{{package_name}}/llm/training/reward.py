"""Reward models: a language model with a head that scores answers instead of writing them.

chosen answers score above rejected ones: https://arxiv.org/abs/2009.01325
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..data.examples import Example, conversation
from ..errors import ModelError
from .data_preparation import Messages, encode

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH = 32  # answers scored at once


def make_reward_model(
    model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase
) -> tuple[PreTrainedModel, list[str]]:
    """Put a new head on a language model; an adapter is merged into it.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Language model, not in four bits. Its layers are used, and not copied.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.

    Returns
    -------
    model : PreTrainedModel
        Model that gives one number for a conversation.
    heads : list of str
        Names of the new layers.

    Raises
    ------
    ModelError
        If transformers has no model with such a head for its type.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    maker: Any = AutoModelForSequenceClassification  # has no types, and neither has PEFT
    language_model: Any = model
    if hasattr(model, "get_base_model"):
        language_model = language_model.merge_and_unload()
    config = type(language_model.config).from_dict(language_model.config.to_dict())
    config.num_labels, config.pad_token_id = 1, tokenizer.pad_token_id
    try:
        with torch.device("meta"):  # only the head is made: the rest is there
            scorer: Any = maker.from_config(config)
    except ValueError as error:
        raise ModelError(
            f"transformers has no reward model of type {config.model_type}", hint="take another base model"
        ) from error
    body = scorer.base_model_prefix
    setattr(scorer, body, getattr(language_model, body))
    heads = [name for name, _ in scorer.named_children() if name != body]
    for name in heads:
        head = getattr(scorer, name).to_empty(device=language_model.device)
        for weight in head.parameters():
            torch.nn.init.normal_(weight, std=1 / config.hidden_size**0.5)
        setattr(scorer, name, head.to(language_model.dtype))
    scorer.config.name_or_path = language_model.config.name_or_path
    return scorer, heads


def score_answers(model: Any, tokenizer: PreTrainedTokenizerBase, talks: Sequence[Messages]) -> list[float]:
    """Score the last answer of each conversation.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Reward model.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.
    talks : sequence of conversations
        Each ends with what the assistant says.

    Returns
    -------
    list of float
        Higher is better; only differences mean something.
    """
    import torch

    rows = [row.input_ids for row in encode(tokenizer, talks, "completion")]
    scores: list[float] = []
    was_training = model.training
    model.eval()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        width = max(map(len, batch))
        ids = torch.tensor([[*row, *[tokenizer.pad_token_id] * (width - len(row))] for row in batch])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in batch])
        with torch.inference_mode():
            logits = model(ids.to(model.device), attention_mask=mask.to(model.device)).logits  # (batch, 1)
        scores += logits[:, 0].float().tolist()
    model.train(was_training)
    return scores


def judge_of(
    model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase
) -> Callable[[Sequence[Messages]], list[float]]:
    """Make a function that scores the last answer of each conversation."""
    return lambda talks: score_answers(model, tokenizer, talks)


def chosen_share(model: Any, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Example]) -> float:
    """Give the share of rows whose chosen answer scores above the rejected one."""
    chosen = [conversation(row) for row in rows]
    rejected = [[*talk[:-1], {**talk[-1], "content": row.rejected}] for talk, row in zip(chosen, rows, strict=True)]
    scores = score_answers(model, tokenizer, [*chosen, *rejected])
    return sum(one > other for one, other in zip(scores[: len(rows)], scores[len(rows) :], strict=True)) / len(rows)
