"""Reading rows of tokens: what a model expects after each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..training.data_preparation import TokenRow

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def read_in_batches(
    model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase, rows: Sequence[TokenRow], batch_size: int
) -> Iterator[tuple[list[int], Tensor]]:
    """Give the numbers of rows of like length, and the logits after each of their tokens.

    Yields
    ------
    list of int
        Where the rows of a batch stand among all.
    Tensor
        Of shape (batch, most tokens, vocabulary); shorter rows are padded at their end.
    """
    import torch

    order = sorted(range(len(rows)), key=lambda index: len(rows[index].input_ids))
    was_training = model.training
    model.eval()
    try:
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            batch = [rows[index].input_ids for index in chosen]
            width = len(batch[-1])
            ids = torch.tensor([row + [tokenizer.pad_token_id] * (width - len(row)) for row in batch])
            mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in batch])
            with torch.inference_mode():
                logits = model(ids.to(model.device), attention_mask=mask.to(model.device)).logits
            yield chosen, logits
    finally:
        model.train(was_training)
