"""Training a smaller model to give what the whole one gives: its logits, where an answer stands.

A mean of Kullback-Leibler divergences from the whole model's distribution, as in https://arxiv.org/abs/1503.02531, and
in https://arxiv.org/abs/2305.17888 for models that are quantised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..console import console
from ..data.examples import Row, conversation
from ..errors import ModelError
from ..training.data_preparation import IGNORED, TokenRow, encode

if TYPE_CHECKING:
    from torch import Tensor

    from .config import RecoveryConfig
    from .quantizing import Original

_WARM_UP = 0.1  # of the steps
_FEWEST = 2  # steps of it, without which there is no slope
_LONGEST_GRADIENT = 1.0
_TOLD = 4  # times that the divergence is printed


def recover(model: Any, original: Original, rows: Sequence[Row], settings: RecoveryConfig, *, seed: int) -> None:
    """Train all weights of a model, in single precision, to answer as another.

    Parameters
    ----------
    model : PreTrainedModel
        What is trained, in place.
    original : Original
        What it is to answer as.
    rows : sequence of Row
        What they are asked, and the answers after which both say what comes next.
    settings : RecoveryConfig
        How long, and how fast.
    seed : int
        Seed of the batches.

    Raises
    ------
    ModelError
        If the divergence is no number.
    """
    import torch

    tokenizer = original.tokenizer
    encoded = encode(tokenizer, [conversation(row) for row in rows])
    for weight in model.parameters():
        weight.requires_grad = True
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.0)
    whole = settings.steps + 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=whole, pct_start=max(_WARM_UP, _FEWEST / whole)
    )
    draw, found, part = np.random.default_rng(seed), [], max(settings.steps // _TOLD, 1)
    model.train()
    for step in range(1, settings.steps + 1):
        chosen = draw.choice(len(encoded), min(settings.batch_size, len(encoded)), replace=False)
        batch = [encoded[index] for index in chosen]
        loss: Any = _divergence(model, original.model, batch, tokenizer.pad_token_id)  # whose backward has no types
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), _LONGEST_GRADIENT)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        found.append(float(loss.detach()))
        if found[-1] != found[-1]:
            hint = "lower llm.quantization.recovery.learning_rate"
            raise ModelError(f"the divergence is no number at step {step}", hint=hint)
        if step % part == 0:
            console.print(f"step {step} of {settings.steps}: {sum(found[-part:]) / part:.3g} nats a token")
    model.eval()
    for weight in model.parameters():
        weight.requires_grad = False


def padded(rows: Sequence[TokenRow], padding: int, device: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Give tokens, which of them are there, and which the next token of counts, each of shape (rows, most tokens)."""
    import torch

    width = max(len(row.input_ids) for row in rows)
    ids = torch.tensor([row.input_ids + [padding] * (width - len(row.input_ids)) for row in rows])
    there = torch.tensor([[1] * len(row.input_ids) + [0] * (width - len(row.input_ids)) for row in rows])
    counts = [[label != IGNORED for label in row.labels[1:]] + [False] * (width + 1 - len(row.labels)) for row in rows]
    return ids.to(device), there.to(device), torch.tensor(counts).to(device)


def _divergence(model: Any, original: Any, batch: Sequence[TokenRow], padding: int) -> Tensor:
    import torch

    ids, there, counts = padded(batch, padding, model.device)
    with torch.no_grad():
        wanted = original(ids, attention_mask=there).logits[counts].float()  # (counted, vocabulary)
    said = model(ids, attention_mask=there).logits[counts].float()
    return torch.nn.functional.kl_div(
        said.log_softmax(-1), wanted.log_softmax(-1), reduction="batchmean", log_target=True
    )
